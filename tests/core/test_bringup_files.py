"""What the bootstrap stands on: lock files that name no address, one Makefile target for each everyday command."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from core.instance import ROOT

LOCKED = sorted((ROOT / "requirements").glob("*.txt"))


@pytest.mark.parametrize("path", LOCKED, ids=lambda path: path.name)
def test_a_lock_file_has_hashes_and_no_address(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"[a-z]+://|index-url|find-links", text)
    pinned = re.findall(r"^([a-zA-Z0-9._-]+)(?:\[[^]]*\])?==\S+ .*\\$", text, flags=re.MULTILINE)
    blocks = re.split(r"^(?=[a-zA-Z0-9])", text, flags=re.MULTILINE)[1:]
    assert len(pinned) == len(blocks) > 0
    assert all("--hash=sha256:" in block for block in blocks)


def test_what_is_developed_with_is_what_runs() -> None:
    runtime, dev = (
        dict(re.findall(r"^(\S+)==(\S+)", (ROOT / "requirements" / name).read_text(encoding="utf-8"), re.MULTILINE))
        for name in ("runtime.txt", "dev.txt")
    )
    assert runtime.items() <= dev.items()


def test_make_lists_the_everyday_commands() -> None:
    said = subprocess.run(["make", "-s", "-C", str(ROOT)], capture_output=True, text=True, check=True).stdout
    named = re.findall(r"^  make (\S+) +\S", said, flags=re.MULTILINE)
    assert {"help", "up", "down", "status", "test", "test-long", "check", "bench", "clean"} <= set(named)


@pytest.mark.parametrize("script", ["scripts/bootstrap", "scripts/lock", ".ci/run"])
def test_scripts_are_executable_and_parse(script: str) -> None:
    path = ROOT / script
    assert path.stat().st_mode & 0o111
    subprocess.run(["bash", "-n", str(path)], check=True)


@pytest.mark.parametrize("name", ["debian-packages.txt", "debian-packages-dev.txt"])
def test_every_debian_package_has_a_plain_name(name: str) -> None:
    lines = (ROOT / "scripts" / name).read_text(encoding="utf-8").splitlines()
    names = [line.split("#", 1)[0].strip() for line in lines]
    assert all(re.fullmatch(r"[a-z0-9.+-]+", name) for name in names if name)
