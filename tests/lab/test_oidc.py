"""The lab's identity provider as people start and stop it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from core.errors import Conflict
from core.instance import Instance
from core.service_user import service_user
from core.sign_in.issuers import IssuersFile
from lab.oidc import control, provider

URL = "http://127.0.0.1:1"


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Instance]:
    why_not = provider.absent()
    if why_not:
        pytest.skip(f"the identity provider cannot run here: {why_not}")
    made = Instance("test", 1, tmp_path / "state", tmp_path / "run")
    if provider.listens(made.oidc_port):
        pytest.skip(f"port {made.oidc_port} is in use: another run of the tests has the instance's provider")
    tmp_path.chmod(0o755)
    for folder in tmp_path.parents:
        if folder.name.startswith("pytest-"):
            folder.chmod(0o755)
    yield made
    control.down(made)


def test_it_starts_once_is_taken_at_its_word_and_stops(instance: Instance) -> None:
    user = service_user(create=True)
    issuers = instance.state_dir / "oidc.yaml"
    first = control.up(instance, user, url=URL, issuers=issuers)
    assert first.started
    assert control.running(instance)
    about = httpx2.get(f"{first.issuer}/.well-known/openid-configuration", trust_env=False).json()
    assert about["issuer"] == first.issuer == f"http://127.0.0.1:{instance.oidc_port}"
    known = IssuersFile(issuers).named("lab")
    assert (known.issuer, known.resource) == (first.issuer, f"{URL}/api/v1")
    again = control.up(instance, user, url=URL, issuers=issuers)
    assert (again.started, again.machine) == (False, first.machine)
    moved = control.up(instance, user, url="http://127.0.0.1:2", issuers=issuers)
    assert (moved.started, moved.machine) == (True, first.machine)  # anew, for it knows its callers' addresses
    assert control.down(instance)
    assert not control.running(instance)
    assert not control.down(instance)


def test_somebodys_own_providers_are_left_alone(instance: Instance) -> None:
    instance.state_dir.mkdir(parents=True)
    issuers = instance.state_dir / "oidc.yaml"
    issuers.write_text("issuers: []\n")
    with pytest.raises(Conflict, match="is not the lab's"):
        control.up(instance, service_user(create=True), url=URL, issuers=issuers)
    assert issuers.read_text() == "issuers: []\n"


def test_the_lock_file_names_no_address_and_a_digest_for_each_package() -> None:
    text = (provider.FOLDER / "package-lock.json").read_text()
    packages = json.loads(text)["packages"]
    assert "resolved" not in text
    assert "://" not in "".join(line for line in text.splitlines() if "funding" not in line and '"url"' not in line)
    assert [name for name, one in packages.items() if name and "integrity" not in one] == []


def test_its_packages_are_brought_once() -> None:
    why_not = provider.absent()
    if why_not:
        pytest.skip(f"the identity provider cannot run here: {why_not}")
    provider.install()
    assert provider.install() is False
