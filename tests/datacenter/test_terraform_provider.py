"""The provider as Terraform meets it: laid, asked what it has, clear about what is wrong before anything is asked."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.hosting.provider_install import lay
from cli.main import main
from core.instance import ROOT, Instance
from tests.datacenter.terraforming import Folder, needs_terraform

pytestmark = [needs_terraform, pytest.mark.slow]

HEAD = """
terraform {
  required_providers { irisplane = { source = "brussels/irisplane" } }
}
"""
Write = Callable[..., Folder]


@pytest.fixture
def write(provider: str, tmp_path: Path) -> Write:
    """A folder with a configuration, ready to be planned."""

    def make(text: str, **environment: str) -> Folder:
        (tmp_path / "main.tf").write_text(HEAD + text)
        (tmp_path / "cli.tfrc").write_text(provider)
        folder = Folder(tmp_path, environment)
        folder.must("init")
        return folder

    return make


def test_what_lies_in_the_mirror_is_the_same_wherever_it_is_laid(provider: str, tmp_path: Path) -> None:
    there = Instance.current().state_dir / "terraform-provider"
    (tmp_path / "python").symlink_to(there / "python")
    laid = lay(tmp_path)
    files = {path.relative_to(laid.mirror): path.read_bytes() for path in laid.mirror.rglob("*") if path.is_file()}
    known = {path.relative_to(there / "mirror"): path for path in (there / "mirror").rglob("*") if path.is_file()}
    assert files == {name: path.read_bytes() for name, path in known.items()}
    assert not any(name.suffix == ".pyc" for name in files)
    assert not any(str(tmp_path).encode() in content for content in files.values())


def test_every_resource_says_what_it_is(write: Write) -> None:
    folder = write("")
    said = json.loads(folder.must("providers", "schema", "-json"))
    schemas = said["provider_schemas"]["registry.terraform.io/brussels/irisplane"]
    resources = schemas["resource_schemas"]
    assert set(resources) == {
        f"irisplane_{name}" for name in ("server", "volume", "network", "security_group", "floating_ip", "ssh_key")
    }
    for name, schema in resources.items():
        assert all(one["description"] for one in schema["block"]["attributes"].values()), name
    assert resources["irisplane_server"]["block"]["attributes"]["user_data"]["sensitive"] is True
    assert schemas["provider"]["block"]["attributes"]["token"]["sensitive"] is True
    assert set(schemas["data_source_schemas"]) == {"irisplane_flavor", "irisplane_image"}


def test_the_example_is_what_the_page_shows_and_is_valid(write: Write, tmp_path: Path) -> None:
    example = (ROOT / "datacenter" / "terraform" / "examples" / "first-server" / "main.tf").read_text()
    shown = textwrap.indent(example.partition("\n\n")[2], "    ")
    assert shown in (ROOT / "docs" / "terraform.md").read_text()
    folder = write("")
    (tmp_path / "main.tf").write_text(example.replace("~/.ssh/id_ed25519.pub", str(tmp_path / "key.pub")))
    (tmp_path / "key.pub").write_text(
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
    )
    folder.must("validate", "-no-color")
    assert folder.run("fmt", "-check", "-no-color")[0] == 0


def test_the_command_says_what_terraform_is_told(
    provider: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "python").symlink_to(Instance.current().state_dir / "terraform-provider" / "python")
    assert main(("terraform", "install-provider", str(tmp_path))) == 0
    out, err = capsys.readouterr()
    assert out == provider.replace(str(Instance.current().state_dir / "terraform-provider"), str(tmp_path))
    assert "required_providers" in err


WRONG = """
resource "irisplane_volume" "empty" {
  name = ""
  size_gib = 0
}
resource "irisplane_volume" "half" {
  name = "data"
  size_gib = 1.5
}
resource "irisplane_network" "hosts" {
  name = "n"
  cidr = "10.0.0.1/24"
}
resource "irisplane_ssh_key" "private" {
  name = "k"
  public_key = "-----BEGIN OPENSSH PRIVATE KEY-----"
}
resource "irisplane_server" "secret" {
  name = "w"
  plan = "small"
  image = "debian"
  data_class = "secret"
  lease_until = "tomorrow"
  status = "on"
}
resource "irisplane_security_group" "rules" {
  name = "g"
  rule {
    direction = "in"
    protocol = "tcp"
  }
  rule {
    direction = "ingress"
    protocol = "tcp"
    ports = "90-80"
  }
}
"""
SAID = (
    "name has 0 characters", "size_gib is 0; from 1", "size_gib is 1.5, which is no whole number", "has host bits set",
    "public_key holds a private key", "data_class is 'secret'; possible are open, internal, personal, sensitive",
    "lease_until is 'tomorrow'; write a time with its zone",
    "irisplane_server.status is told by Irisplane", "direction is 'in'; possible are ingress, egress",
    "a range from the smaller to the larger",
)  # fmt: skip


def test_what_is_wrong_is_said_at_its_attribute_before_anything_is_asked(write: Write) -> None:
    folder = write('provider "irisplane" { wait_minutes = 0 }\n' + WRONG)
    assert "wait_minutes is 0; from 1" in folder.run("validate", "-no-color")[1]
    code, told = write(WRONG).run("validate", "-no-color")
    assert code == 1
    words = " ".join(told.replace("\u2502", "").split())
    assert [said for said in SAID if said not in words] == [], told
    for line in ("size_gib = 1.5", 'data_class = "secret"', "public_key ="):
        assert line in words, "it points at the line"
    assert "OPENSSH PRIVATE" not in words.replace('public_key = "-----BEGIN OPENSSH PRIVATE KEY-----"', "")


def test_who_cannot_sign_in_is_told_where_to_say_it(write: Write) -> None:
    folder = write('data "irisplane_flavor" "small" { code = "small" }')
    for url, token, said in (
        ("", "", "Where is Irisplane?"),
        ("http://127.0.0.1:9", "", "As whom?"),
        ("irisplane.example.org", "irp_canary", "no address of Irisplane"),
        ("http://irisplane.example.org", "irp_canary", "plain HTTP"),
    ):
        access = {"IRISPLANE_URL": url, "IRISPLANE_TOKEN": token}
        code, told = Folder(folder.path, access).run("plan")
        assert (code, said in told, "irp_canary" in told) == (1, True, False), told
