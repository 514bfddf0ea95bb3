"""Input made to hurt: archives, reasons, selectors, cursors, addresses. Never a 500, never a leak, always a way out."""

from __future__ import annotations

import base64
import io
import json
import struct
import zipfile
from urllib.parse import quote

import pytest

from core.db import Database
from core.journal.sequencer import Sequencer
from tests.api.people import Person

ZIP = {"Content-Type": "application/zip"}


def _packed(*members: tuple[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", how) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return out.getvalue()


def _altered(content: bytes, offset: int, value: bytes) -> bytes:
    """With a field of the first local header and of the directory overwritten."""
    directory = content.rindex(b"PK\x01\x02")
    out = bytearray(content)
    for at in (offset, directory + offset + 2):
        out[at : at + len(value)] = value
    return bytes(out)


GOOD = _packed(("vrfs.csv", b"name,rd\n" + b"guest,64512:7\n" * 40))
ARCHIVES = {
    "cut off": GOOD[: len(GOOD) // 2],
    "only a beginning": b"PK\x03\x04",
    "spoilt inside": GOOD[:45] + bytes(12) + GOOD[57:],
    "encrypted, it says": _altered(GOOD, 6, struct.pack("<H", 1)),
    "packed in no known way": _altered(GOOD, 8, struct.pack("<H", 77)),
    "sixty-four bits of nothing": _altered(GOOD, 22, struct.pack("<I", 0xFFFFFFFF)),
    "a bomb": _packed(*[(f"{n}.csv", bytes(30 << 20)) for n in range(9)]),
    "spoilt lzma": _packed(("vrfs.csv", b"name\nguest\n" * 99), how=zipfile.ZIP_LZMA).replace(b"\x5d\x00", b"\xff\xff"),
    "spoilt bzip2": _packed(("vrfs.csv", b"name\nguest\n" * 99), how=zipfile.ZIP_BZIP2).replace(b"BZh", b"BZx"),
}


@pytest.mark.parametrize("content", ARCHIVES.values(), ids=ARCHIVES)
def test_a_hostile_archive_is_refused_with_a_hint(engineer: Person, content: bytes) -> None:
    for path in ("/api/v1/region:check", "/api/v1/region:import"):
        answer = engineer.post(path, content=content, headers=ZIP)
        assert answer.status_code == 422, answer.text
        assert answer.json()["hint"]


def test_names_in_an_archive_are_only_names(engineer: Person) -> None:
    """They stand in the report and are never a place on the disk."""
    names = ("../../etc/cron.d/vrfs.csv", "/etc/passwd.csv", "..\\..\\vrfs.csv", "C:\\vrfs.csv", "\x1b[2Jvrfs.csv")
    answer = engineer.post(
        "/api/v1/region:check", content=_packed(*[(name, b"name\nguest\n") for name in names]), headers=ZIP
    )
    assert answer.status_code == 200, answer.text
    assert "\x1b" not in answer.text


def test_files_in_json_are_as_harmless(engineer: Person) -> None:
    for file in (
        {"name": "a.zip", "base64": base64.b64encode(ARCHIVES["spoilt inside"]).decode()},
        {"name": "vrfs.csv", "base64": "!!!"},
        {"name": "vrfs.csv", "text": "name\n\ud800\n"},
        {"name": "vrfs.csv", "text": '"' * 50_000},
        {"name": "vrfs.json", "text": "[" * 50_000},
        {"name": "vrfs.json", "text": '[{"name": 1e999}]'},
        {"name": "sites.geojson", "text": '{"type":"FeatureCollection","features":[{"geometry":{"coordinates":[]}}]}'},
    ):
        answer = engineer.post(
            "/api/v1/region:check",
            content=json.dumps({"files": [file]}).encode(),
            headers={"Content-Type": "application/json"},
        )
        assert answer.status_code < 500, (file["name"], answer.text)


@pytest.mark.parametrize(
    "given", ["%00", "a%00b", "%ED%A0%80", "%ff%fe", "a%0d%0aX-Evil: 1", "%1b[2J", "x" * 5000, "%E2%80%AE"]
)
def test_a_hostile_reason_is_kept_as_plain_text(engineer: Person, given: str) -> None:
    answer = engineer.post(
        "/api/v1/tokens", json={"name": "r", "scopes": ["network:read"]}, headers={"X-Reason": given}
    )
    assert answer.status_code in {201, 422}, answer.text
    assert "X-Evil" not in answer.headers


def test_no_reason_speaks_to_a_terminal(engineer: Person, database: Database) -> None:
    asked = {"name": "r", "scopes": ["network:read"]}
    assert (
        engineer.post("/api/v1/tokens", json=asked, headers={"X-Reason": "%1b[2Jclear%0d%0aforged"}).status_code == 201
    )
    Sequencer(database, None).drain()
    told = [one["reason"] for one in engineer.get("/api/v1/audit?action=token.").json()["items"]]
    assert "[2Jclear forged" in told
    assert not any(character < " " for reason in told for character in reason)


@pytest.mark.parametrize(
    "given",
    ["'; drop table device; --", "name=(", "name~[", "name~" + "*" * 5000, "," * 5000, "!" * 5000, "role=", "=",
     "name==x", "name=\x1b[2J", "name~%%%s{0}", "é=ü", "name=" + "a" * 3000, "(" * 2000,
     "region=x" + ",region=x" * 400],
)  # fmt: skip
def test_a_hostile_selector_is_empty_or_refused(engineer: Person, given: str) -> None:
    for path in ("/api/v1/devices", "/api/v1/devices:select", "/api/v1/ansible-inventory", "/api/v1/network/devices"):
        answer = engineer.get(f"{path}?select={quote(given, safe='')}")
        assert answer.status_code in {200, 400, 422}, (path, answer.text)
        assert answer.status_code == 200 or answer.json()["hint"]


@pytest.mark.parametrize(
    "key",
    ["[]", "[1]", '["a","b","c"]', '["\\u0000"]', '["\\ud800"]', "[null]", "{}", '["' + "x" * 9000 + '"]', '["\'"]'],
)
def test_a_hostile_cursor_is_refused_or_harmless(engineer: Person, key: str) -> None:
    cursor = base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")
    for path in ("/api/v1/devices", "/api/v1/prefixes", "/api/v1/changes", "/api/v1/audit", "/api/v1/vlans"):
        answer = engineer.get(f"{path}?cursor={cursor}")
        assert answer.status_code in {200, 400, 422}, (path, answer.text)
        assert answer.status_code == 200 or answer.json()["hint"]


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1/", "https://user:word@example.org/", "file:///etc/passwd", "gopher://x/", "https://[::1",
     "https://", "https://a\r\nHost: b/", "https://x:99999/", "https://x:0/", "javascript:alert(1)",
     "https://" + "a" * 9000, "\x00", "https://é\ud7ff/ x"],
)  # fmt: skip
def test_a_hostile_webhook_address_is_refused(engineer: Person, url: str) -> None:
    answer = engineer.post("/api/v1/webhooks", json={"url": url})
    assert answer.status_code in {400, 422}, answer.text
    assert answer.json()["hint"]
    assert "word" not in answer.text
