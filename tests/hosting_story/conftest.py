"""A region without routers beside a real cloud: agencies order in it by command, as they would on any day.

The cloud is that of ``tests/clouds.py``: with real machines where they can run, otherwise without. The region is an
instance of its own, brought up by ``irisplane up`` and gone afterwards; ``IRISPLANE_TEST_STORY`` names one that runs
already, to be used as it stands. ``IRISPLANE_TEST_RUNNING`` names one that ``make up`` left running, with the lab's
cloud in it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from core.instance import Instance
from lab.openstack.software import missing
from tests.clouds import GIVEN, CloudForTests, cloud_of
from tests.region.conftest import Region, eventually, left_running

if TYPE_CHECKING:
    import subprocess

__all__ = ["Agency", "eventually"]


@dataclass
class Agency:
    """Somebody of an administration at a desk."""

    region: Region
    profile: str

    def run(self, *words: str, code: int | None = 0, timeout: float = 300) -> subprocess.CompletedProcess[str]:
        """A command, as this person types it."""
        return self.region.run("--profile", self.profile, *words, code=code, timeout=timeout)

    def ask(self, *words: str, code: int | None = 0) -> Any:
        """A command's ``--json`` answer."""
        return self.region.ask("--profile", self.profile, *words, code=code)

    def order(self, *words: str) -> Any:
        """An order that goes through: the thing that was ordered, as it is afterwards."""
        told = self.ask(*words, "--yes")
        assert told["change"]["state"] == "succeeded", told
        return told["resource"]

    def api(self, method: str, path: str, **how: Any) -> Any:
        """A request of this person."""
        return self.region.api(method, path, who=self.profile, **how)


@pytest.fixture(scope="session")
def running() -> Region | None:
    """A region that runs already, if one is named."""
    return left_running()


@pytest.fixture(scope="session")
def running_cloud(running: Region | None) -> Iterator[CloudForTests]:
    """The lab's cloud of the region that runs already, once it is up."""
    assert running is not None
    now = running.run("lab", "cloud", "wait", "--json", code=None, timeout=1000)
    if now.returncode:
        pytest.skip(f"the cloud of {running.instance.name} does not run: {now.stdout or now.stderr}")
    yield from cloud_of(running.instance, json.loads(now.stdout)["mode"])


@pytest.fixture(scope="session")
def story_cloud(request: pytest.FixtureRequest, running: Region | None) -> CloudForTests:
    """The cloud of the story: that of the region that runs already, else with real machines if they can run here."""
    real = not os.environ.get(GIVEN) and missing("qemu") is None
    name = "running_cloud" if running is not None else "qemu_cloud" if real else "cloud"
    found: CloudForTests = request.getfixturevalue(name)
    return found


@pytest.fixture(scope="session")
def hosting(story_cloud: CloudForTests, running: Region | None) -> Iterator[Region]:
    """A region that hosts: API, worker, people of two administrations, the lab's catalogue."""
    if running is not None:
        yield running
        return
    named = os.environ.get("IRISPLANE_TEST_STORY", "")
    instance = Instance.named(named or "story")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("IRISPLANE_")}
    environment |= {
        "IRISPLANE_INSTANCE": instance.name,
        "IRISPLANE_LAB": "off",
        "IRISPLANE_LAB_CLOUD": "off",
        "IRISPLANE_CLOUDS_FILE": str(story_cloud.clouds_file),
        "IRISPLANE_CLOUD_NAME": story_cloud.name,
        "LC_ALL": "C.UTF-8",
    }
    made = Region(instance, environment)
    if not named:
        made.run("clean", "--yes", timeout=300)
    try:
        made.run("up", timeout=900)
        made.people = json.loads((instance.state_dir / "credentials" / "cli.json").read_text())["profiles"]
        compute: Any = story_cloud.admin.compute
        there = min(zone.name for zone in compute.availability_zones())
        made.run("--profile", "manager", "zone", "set", "arts", "--site", "DC-ARTS", "--availability-zone", there,
                 "--data", "open", "--data", "internal", "--data", "personal")  # fmt: skip
        yield made
    finally:
        if not named:
            made.run("clean", "--yes", code=None, timeout=300)


@pytest.fixture(scope="session")
def agency(hosting: Region) -> Agency:
    """Somebody of Ixelles, with a key and what else everybody needs once."""
    return Agency(hosting, "agency")


@pytest.fixture(scope="session")
def admin(hosting: Region) -> Agency:
    """The administrator of Ixelles."""
    return Agency(hosting, "agency-admin")


@pytest.fixture(scope="session")
def manager(hosting: Region) -> Agency:
    """A platform manager of the region."""
    return Agency(hosting, "manager")


@pytest.fixture(scope="session")
def key(agency: Agency, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of an SSH key that the agency has brought in; a region that stays does not keep it."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    public = Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    file = tmp_path_factory.mktemp("desk") / "id_ed25519.pub"
    file.write_bytes(public + b" somebody@ixelles\n")
    name = f"story-{os.urandom(3).hex()}"
    agency.run("key", "add", name, "--file", str(file))
    yield name
    agency.run("key", "delete", name, "--yes", code=None)


def in_the_cloud(cloud: CloudForTests, server: str) -> Sequence[Any]:
    """The servers of the cloud that are marked as ours under this id."""
    compute: Any = cloud.admin.compute
    return list(compute.servers(all_projects=True, tags=f"irisplane-{server}"))
