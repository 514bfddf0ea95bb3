"""After all kinds of changes, no secret stands anywhere but where it belongs: canaries are planted, then looked for."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from core.postgres_cluster import binaries
from core.service_user import service_user
from tests.region.conftest import Region

pytestmark = pytest.mark.lab

_BELONGS = ("credentials/cli.json", "lab/credentials.json", "keys/", "lab/routers/")
"""Where people's tokens, the lab's passwords and the keys are kept; and the routers' disks: they are equipment."""
_PIECE = 1 << 20
_LEAST = 12


def _forms(secret: str) -> dict[str, bytes]:
    """Everything that a secret may be written as."""
    raw = secret.encode()
    forms = {
        "plain": raw,
        "hex": raw.hex().encode(),
        "HEX": raw.hex().upper().encode(),
        "URL": quote(secret, safe="").encode(),
        "form": quote_plus(secret).encode(),
        "JSON": json.dumps(secret)[1:-1].encode(),
    }
    for shift in range(3):
        for name, encode in (("base64", base64.b64encode), ("base64url", base64.urlsafe_b64encode)):
            text = encode(b"\0" * shift + raw)
            # Only what depends on the secret alone: neither what stands before it nor what follows.
            forms[f"{name}+{shift}"] = text[(0, 2, 3)[shift] : (shift + len(raw)) // 3 * 4]
    return {name: form for name, form in forms.items() if len(form) >= _LEAST}


class Canaries:
    """Secrets by what they are, and the search for all of their forms."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._wanted = [(f"{name} ({form})", value) for name, secret in secrets.items()
                        for form, value in _forms(secret).items()]  # fmt: skip
        self._longest = max(len(value) for _, value in self._wanted)

    def found_in(self, pieces: Iterator[bytes]) -> set[str]:
        """What a stream holds, also across two pieces of it."""
        found: set[str] = set()
        rest = b""
        for piece in pieces:
            text = rest + piece
            found |= {name for name, value in self._wanted if value in text}
            rest = text[-self._longest :]
        return found


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece


def test_the_search_finds_every_form() -> None:
    canaries = Canaries({"it": "S3cret/with+signs"})
    for shift in range(3):
        hidden = base64.b64encode(b"x" * shift + b"S3cret/with+signs" + b"yy")
        assert canaries.found_in(iter([b"..." + hidden[:9], hidden[9:] + b"..."]))
    assert canaries.found_in(iter([b"a S3cret%2Fwith%2Bsigns b"]))
    assert not canaries.found_in(iter([b"S3cret/without+signs"]))


def _as_service(region: Region, *command: str | Path) -> Iterator[bytes]:
    """The output of a program that runs as the service's user."""
    user = service_user()
    line = user.command([str(word) for word in command], instance=region.instance)
    environment = user.environment(region.instance, {"PGHOST": str(region.instance.runtime_dir)})
    with subprocess.Popen(line, env=environment, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        while piece := process.stdout.read(_PIECE):
            yield piece
    assert process.returncode == 0, command


@pytest.fixture
def planted(region: Region, tmp_path: Path) -> Iterator[dict[str, str]]:
    """Canaries in the secret store and among the tokens; everything that the lab keeps secret is one as well."""
    lab = json.loads((region.instance.state_dir / "lab" / "credentials.json").read_text())
    secrets = {
        "password of irisplane": lab["irisplane"]["password"],
        "password of admin": lab["admin"]["password"],
        "SNMP community": lab["snmp"]["community"],
        "SNMPv3 authentication": lab["snmp"]["v3_auth"],
        "SNMPv3 privacy": lab["snmp"]["v3_privacy"],
        **{f"token of {name}": person["token"] for name, person in region.people.items()},
    }
    for name in ("canary/bgp", "canary/stored"):
        value = f"Kn4ry/{os.urandom(9).hex()}+%&~"
        file = tmp_path / "value"
        file.write_text(value)
        region.run("secret", "set", name, "--file", str(file), "--reason", "a canary", "--profile", "lead")
        secrets[name] = value
    secrets["a new token"] = str(region.ask("token", "create", "canary", "--reason", "a canary")["token"])
    yield secrets
    for name in ("canary/bgp", "canary/stored"):
        region.run("secret", "remove", name, "--reason", "over", "--profile", "lead", code=None)


def _lived(region: Region, planted: Mapping[str, str], tmp_path: Path) -> None:
    """What brings secrets near every place: pushes that succeed, fail, are refused; wrong tokens and bodies."""
    neighbor = (
        "router bgp 64512\n neighbor 192.0.2.77 remote-as 64999\n neighbor 192.0.2.77 password {{ secret('%s') }}\n"
    )

    def intent(template: str) -> dict[str, Any]:
        return {"select": "name=ac01", "template": template, "name": "canary"}

    pushed = region.carried_out("network.snippet", intent(neighbor % "canary/bgp"))
    assert pushed["state"] == "succeeded", pushed["outcome"]
    assert f"password {planted['canary/bgp']}" in region.running("ac01")
    undo = region.api("POST", f"/api/v1/changes/{pushed['id']}:undo", json={"reason": "as it was"}).json()
    region.approve(undo)
    assert region.ended(undo["id"])["state"] == "succeeded"

    broken = (neighbor % "canary/bgp").replace("remote-as", "remoteas").replace(" password", " pasword")
    in_the_open = (neighbor % "x").replace("{{ secret('x') }}", planted["canary/stored"])
    for template in (broken, in_the_open, neighbor % "no/such/secret"):
        body = {"kind": "network.snippet", "intent": intent(template), "reason": "refused"}
        answer = region.api("POST", "/api/v1/changes", json=body)
        assert answer.status_code >= 400, answer.text
        assert not Canaries(planted).found_in(iter([answer.content]))

    # Typed by hand on the router: seen as drift, kept by the backup of configurations.
    region.typed("ac01", "router bgp 64512", "neighbor 192.0.2.78 remote-as 64998",
                 f"neighbor 192.0.2.78 password {planted['canary/stored']}")  # fmt: skip
    shown = region.run("config", "diff", "--select", "name=ac01", code=None)
    assert "192.0.2.78" in shown.stdout
    assert not Canaries(planted).found_in(iter([shown.stdout.encode()]))
    restored = region.carried_out("network.config", {"select": "name=ac01"})
    assert restored["state"] == "succeeded", restored["outcome"]

    wrong = {"Authorization": f"Bearer {planted['a new token']}x"}
    assert region.api("GET", "/api/v1/changes", headers=wrong).status_code == 401
    # A token where it does not belong: in a query, and in a body that is refused.
    region.api("GET", f"/api/v1/changes?cursor={planted['a new token']}")
    region.api("POST", "/api/v1/changes", json={"kind": planted["canary/stored"], "intent": {}, "reason": "oops"})


def test_after_all_this_no_secret_stands_where_it_does_not_belong(
    region: Region, planted: dict[str, str], tmp_path: Path
) -> None:
    before = region.running("ac01")
    _lived(region, planted, tmp_path)
    assert region.running("ac01") == before
    canaries = Canaries(planted)
    assert canaries.found_in(_pieces(region.instance.state_dir / "lab" / "credentials.json")), "the search finds them"
    leaks: dict[str, set[str]] = {}

    def look(where: str, pieces: Iterator[bytes]) -> None:
        if found := canaries.found_in(pieces):
            leaks[where] = found

    for folder in (region.instance.state_dir, region.instance.runtime_dir):
        for path in sorted(folder.rglob("*")):
            inside = str(path.relative_to(folder))
            if path.is_file() and not path.is_symlink() and not inside.startswith(_BELONGS):
                look(inside, _pieces(path))
    login = ("--host", region.instance.runtime_dir, "--username", "irisplane_owner", "irisplane")
    look("dump of the database", _as_service(region, binaries() / "pg_dump", *login))

    archive, keys = tmp_path / "archive", tmp_path / "keys"
    region.run("backup", str(archive), "--keys-to", str(keys))
    for path in archive.rglob("*"):
        if path.is_file():
            look(f"backup: {path.name}", _pieces(path))
    for dump in archive.rglob("*.dump"):
        plain = subprocess.run([binaries() / "pg_restore", "-f", "-", str(dump)], capture_output=True, check=True)
        look("backup: its tables", iter([plain.stdout]))

    for address in ("/api/v1/audit/export", "/api/v1/secrets", "/api/v1/tokens", "/api/v1/network/devices", "/metrics"):
        answers = [region.api("GET", address, who=who).content for who in ("auditor", "engineer")]
        look(address, iter(answers))
    for change in region.ask("change", "list", "--limit", "50"):
        for part in ("", "/plan", "/steps", "/story"):
            look(f"change{part}", iter([region.api("GET", f"/api/v1/changes/{change['id']}{part}").content]))
    shutil.rmtree(keys)
    assert not leaks
