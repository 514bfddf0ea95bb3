"""The real Terraform, driven through python-terraform where it is run to its end, and as a process where it is not."""

from __future__ import annotations

import os
import shutil
import subprocess
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from fastapi import FastAPI
from python_terraform import IsFlagged, IsNotFlagged, Terraform

from core.instance import Instance
from tests.api.people import Hire, Person
from tests.api.serving import serve
from tests.datacenter.ordering import Hosting, Worker

__all__ = ["AROUND", "TERRAFORM", "Folder", "Write", "configured", "irisplane", "needs_terraform", "provider", "terra"]

TERRAFORM = shutil.which("terraform")

HEAD = """
terraform {{
  required_providers {{ irisplane = {{ source = "brussels/irisplane" }} }}
  {backend}
}}
provider "irisplane" {{ {said} }}
"""
BACKEND = """
  backend "http" {{
    address        = "{0}"
    lock_address   = "{0}/lock"
    unlock_address = "{0}/lock"
    lock_method    = "PUT"
    unlock_method  = "DELETE"
  }}
"""
AROUND = """
variable "key" { default = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl ann@desk" }
variable "port" { default = "443" }
variable "group" { default = "web" }
resource "irisplane_ssh_key" "ann" {
  name       = "ann"
  public_key = var.key
}
resource "irisplane_network" "inner" {
  name = "inner"
  cidr = "10.77.0.0/24"
}
resource "irisplane_security_group" "web" {
  name = var.group
  rule {
    direction = "ingress"
    protocol  = "tcp"
    ports     = var.port
  }
  rule {
    direction = "ingress"
    protocol  = "icmp"
    remote    = "10.0.0.0/8"
  }
}
resource "irisplane_floating_ip" "web" {
  description = "web"
  server      = local.server
}
output "address" { value = irisplane_floating_ip.web.address }
locals { server = null }
"""
"""What stands around servers, and needs none."""

needs_terraform = pytest.mark.skipif(TERRAFORM is None, reason="needs the program terraform")


@dataclass(frozen=True)
class Folder:
    """A configuration in a folder of its own, and the variables Terraform is run with."""

    path: Path
    environment: dict[str, str] = field(default_factory=dict)

    def run(self, verb: str, *arguments: str, **options: object) -> tuple[int, str]:
        """Run a verb to its end: its code, and all that it said.

        ``destroy`` of python-terraform asks Terraform for ``-force``, which it gave up: so it is told not to.
        """
        terraform = Terraform(working_dir=str(self.path), terraform_bin_path=TERRAFORM)
        given: dict[str, object] = {"no_color": IsFlagged, "input": False, **options}
        if verb == "destroy":
            given |= {"force": IsNotFlagged, "auto_approve": IsFlagged}
        if verb == "apply":
            given |= {"skip_plan": True}
        with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
            # on a failure it logs through a method that the standard library gave up
            warnings.simplefilter("ignore", DeprecationWarning)
            for name, value in self._environment().items():
                patch.setenv(name, value)
            if verb in {"init", "plan", "apply", "destroy"}:
                code, out, err = getattr(terraform, verb)(*arguments, **given)
            else:
                code, out, err = terraform.cmd(verb, *arguments, **options)
        return int(code or 0), f"{out}{err}"

    def must(self, verb: str, *arguments: str, **options: object) -> str:
        """Run a verb that succeeds: what it said."""
        code, said = self.run(verb, *arguments, **options)
        assert code == 0, said
        return said

    def changes(self) -> bool:
        """Whether a plan has anything to do."""
        code, said = self.run("plan")
        assert code in {0, 2}, said
        return code == 2

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Begin a run in a process group of its own."""
        assert TERRAFORM is not None
        return subprocess.Popen(
            [TERRAFORM, *arguments], cwd=self.path, env={**os.environ, **self._environment()}, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip

    def _environment(self) -> dict[str, str]:
        return {
            "CHECKPOINT_DISABLE": "1",
            "TF_CLI_CONFIG_FILE": str(self.path / "cli.tfrc"),
            "TF_IN_AUTOMATION": "1",
            **self.environment,
        }


@pytest.fixture(scope="session")
def provider(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The provider in its own environment: what Terraform's configuration file says of it.

    Its environment is kept between sessions: it is made anew only when its lock file is another.
    """
    from cli.hosting.provider_install import lay

    return lay(Instance.current().state_dir / "terraform-provider").configuration


Write = Callable[..., Folder]


@pytest.fixture(scope="module")
def irisplane(app: FastAPI, hosting: Hosting, worker: Worker) -> Iterator[str]:
    """The address of an API on loopback whose orders a worker carries out in a real cloud."""
    with serve(app) as url:
        yield url


@pytest.fixture(scope="module")
def terra(hire: Hire) -> Person:
    """An administrator's token with the scopes that the page for Terraform names, and no other."""
    scopes = ("hosting:read", "hosting:write", "change:read")
    return hire("terra", "agency-admin", tenant="ixelles", scopes=scopes)


@pytest.fixture
def configured(provider: str, irisplane: str, terra: Person, tmp_path: Path) -> Iterator[Write]:
    """Write a configuration: ``configured(text, state="name of its state here")``; what it made is given back."""
    made: list[Folder] = []

    def make(text: str, *, state: str = "", said: str = "", person: Person = terra) -> Folder:
        path = tmp_path / f"folder{len(made)}"
        path.mkdir()
        backend = BACKEND.format(f"{irisplane}/api/v1/terraform/state/{state}") if state else ""
        (path / "main.tf").write_text(HEAD.format(backend=backend, said=said) + text)
        (path / "cli.tfrc").write_text(provider)
        access = {"IRISPLANE_URL": irisplane, "IRISPLANE_TOKEN": person.token}
        folder = Folder(path, {**access, "TF_HTTP_USERNAME": "irisplane", "TF_HTTP_PASSWORD": person.token})
        folder.must("init")
        made.append(folder)
        return folder

    yield make
    for folder in made:
        folder.run("destroy", lock=False)
