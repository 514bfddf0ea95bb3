"""Which SSH keys are taken, and what is said of those that are not."""

from __future__ import annotations

import base64
import itertools
import subprocess
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from datacenter.hosting import keys
from datacenter.hosting.networks.errors import KeyRefused
from tests.api.people import Person
from tests.datacenter.ordering import Hosting


def _line(key: Any) -> str:
    return str(key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode())


ED25519 = _line(ed25519.Ed25519PrivateKey.generate())


@pytest.mark.parametrize(
    ("key", "algorithm", "bits"),
    [
        (ed25519.Ed25519PrivateKey.generate(), "ed25519", 256),
        (ec.generate_private_key(ec.SECP256R1()), "ecdsa", 256),
        (ec.generate_private_key(ec.SECP521R1()), "ecdsa", 521),
        (rsa.generate_private_key(65537, 2048), "rsa", 2048),
    ],
    ids=itertools.count(),  # a key has another name each time
)
def test_a_good_key_has_the_fingerprint_that_openssh_shows(key: Any, algorithm: str, bits: int, tmp_path: Path) -> None:
    line = f"{_line(key)} ada@work station"
    found = keys.parse(f"  {line}\n")
    assert (found.algorithm, found.bits, found.comment, found.line) == (algorithm, bits, "ada@work station", _line(key))
    file = tmp_path / "key.pub"
    file.write_text(line)
    shown = subprocess.run(["ssh-keygen", "-lf", str(file)], capture_output=True, text=True, check=True).stdout
    assert shown.split()[1] == found.fingerprint


def _private() -> str:
    return ed25519.Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()
    ).decode()  # fmt: skip


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (_private(), "private key"),
        ("PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none", "private key"),
        (_line(rsa.generate_private_key(65537, 1024)), "1024 bits"),  # noqa: S505 - refused is what it shall be
        (f"ssh-dss {base64.b64encode(b'x' * 40).decode()} old", "DSA"),
        (f'command="rm -rf /",no-pty {ED25519}', "options in front"),
        (f"no-pty {ED25519}", "options in front"),
        (f"{ED25519}\n{ED25519}", "more than one line"),
        (ED25519[:-8], "cannot be read"),
        (ED25519.replace(" ", " !", 1), "not base64"),
        (ED25519.replace("ssh-ed25519", "ssh-rsa", 1), "cannot be read"),
        ("ssh-ed25519", "not base64"),
        ("ssh-ed25519-cert-v01@openssh.com AAAA", "certificate"),
        (f"{ED25519} a\x1b[31mred", "cannot be shown"),
        (f"{ED25519} {'x' * 300}", "comment is longer"),
        ("ssh-ed25519 " + "A" * 9000, "longer than"),
        ("   ", "empty"),
        ("Grüße", "does not begin"),
    ],
    ids=itertools.count(),
)
def test_what_is_no_good_key_is_refused_by_what_is_wrong_with_it(text: str, said: str) -> None:
    with pytest.raises(KeyRefused, match=said) as refused:
        keys.parse(text)
    assert refused.value.pointer == "/public_key"
    body = text.splitlines()[1] if "PRIVATE" in text else text.partition(" ")[2]
    assert len(body) < 20 or body[:40] not in str(refused.value.as_dict())


def test_bytes_behind_the_key_are_refused() -> None:
    kind, encoded = ED25519.split()
    longer = base64.b64encode(base64.b64decode(encoded) + b"\0\0\0\x01x").decode()
    with pytest.raises(KeyRefused):
        keys.parse(f"{kind} {longer}")


def test_a_key_is_brought_in_shown_listed_and_forgotten(ada: Person, ugo: Person, uma: Person) -> None:
    made = ada.post("/api/v1/ssh-keys", json={"name": "Clé d'Ada", "public_key": f"{ED25519} ada", "reason": "mine"})
    assert made.status_code == 201, made.text
    (one,) = ada.get("/api/v1/ssh-keys", params={"name": "Clé d'Ada"}).json()["items"]
    assert (one["public_key"], one["comment"], one["algorithm"]) == (ED25519, "ada", "ed25519")
    path = f"/api/v1/ssh-keys/{one['id']}"
    assert made.json()["resource"] == {"type": "ssh-key", "id": one["id"], "href": path}
    shown = ada.get(path)
    assert shown.json() == one
    assert shown.headers["etag"] == '"1"'
    assert ada.get(path, headers={"If-None-Match": '"1"'}).status_code == 304
    assert uma.get(path).status_code == 404
    assert uma.get("/api/v1/ssh-keys").json()["items"] == []
    again = ada.post("/api/v1/ssh-keys", json={"name": "Clé d'Ada", "public_key": ED25519})
    assert (again.status_code, again.json()["code"], again.json()["errors"][0]["pointer"]) == (409, "HST-104", "/name")
    assert uma.post("/api/v1/ssh-keys", json={"name": "Clé d'Ada", "public_key": ED25519}).status_code == 201

    assert ada.send("DELETE", path).status_code == 428
    assert ada.send("DELETE", path, headers={"If-Match": '"7"'}).status_code == 412
    assert uma.send("DELETE", path, headers={"If-Match": "*"}).status_code == 404
    gone = ada.send("DELETE", path, headers={"If-Match": '"1"'})
    assert gone.status_code == 201, gone.text
    assert ada.get(path).status_code == 404
    back = ada.post(f"/api/v1/changes/{gone.json()['id']}:undo", json={"reason": "it was mine"})
    assert back.status_code == 201, back.text
    assert ada.get(path).json()["fingerprint"] == one["fingerprint"]
    gone = ugo.send("DELETE", path, headers={"If-Match": "*"})
    back = ugo.post(f"/api/v1/changes/{gone.json()['id']}:undo", json={"reason": "it was hers"})
    assert (gone.status_code, back.status_code) == (201, 201), "what needed nobody needs nobody to be taken back"


def test_a_private_key_is_told_nowhere(ada: Person, hosting: Hosting, caplog: pytest.LogCaptureFixture) -> None:
    private = _private()
    canary = private.splitlines()[2]
    answer = ada.post("/api/v1/ssh-keys", json={"name": "oops", "public_key": private})
    assert (answer.status_code, answer.json()["code"]) == (422, "HST-140")
    assert canary not in answer.text + caplog.text
    everywhere = hosting.sql(
        "select string_agg(j::text, ' ') as said from journal j union all"
        " select string_agg(c::text, ' ') from change c union all select string_agg(i::text, ' ') from idempotency i"
    )
    assert not any(canary in (said or "") for (said,) in everywhere)


def test_a_key_is_put_into_nova_once_for_the_account_that_needs_it(hosting: Hosting) -> None:
    connection = hosting.own_cloud()
    key = keys.parse(ED25519)
    name = f"Clé {uuid4().hex[:6]}"
    called = keys.ensure(connection, name, key)
    assert keys.ensure(connection, name, key) == called
    found = connection.compute.get_keypair(called)
    assert found.public_key.split()[:2] == ED25519.split()
    other = keys.ensure(connection, name, keys.parse(_line(ed25519.Ed25519PrivateKey.generate())))
    assert other != called
    for one in (called, other):
        connection.compute.delete_keypair(one)
