"""Real agents on loopback: Net-SNMP's snmpd, honest or made to say what a test wants (``override``, ``pass``)."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from network.drivers.snmp import Community, SnmpTarget, User
from network.drivers.snmp.reading import Credentials

__all__ = ["COMMUNITY", "USER", "agent", "free_port", "start_agent"]

COMMUNITY = Community("a-test")
USER = User("tester", "authentication", "encryption")
_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin"


def free_port() -> int:
    """A UDP port that nobody has."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def start_agent(folder: Path, port: int, lines: Sequence[str] = ()) -> subprocess.Popen[bytes]:
    """Start an agent; it serves soon afterwards."""
    program = shutil.which("snmpd", path=_PATH)
    if program is None:
        pytest.skip("snmpd is not installed")
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "snmpd.conf"
    config.write_text(
        "\n".join(
            [
                f"rwcommunity {COMMUNITY.community}",
                f'createUser {USER.name} SHA-256 "{USER.auth}" AES "{USER.privacy}"',
                f"rwuser {USER.name} authpriv",
                "sysName agent",
                *lines,
            ]
        )
        + "\n"
    )
    return subprocess.Popen(
        [program, "-f", "-Lf", str(folder / "log"), "-C", "-c", str(config), "-p", str(folder / "pid"), "-I",
         "-smux,-mteTrigger", f"udp:127.0.0.1:{port}"],
        env={"PATH": _PATH, "SNMP_PERSISTENT_DIR": str(folder / "kept"), "MIBS": ""},
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


@contextmanager
def agent(folder: Path, *lines: str, credentials: Credentials = COMMUNITY, name: str = "agent") -> Iterator[SnmpTarget]:
    """An agent that answers, for a while."""
    port = free_port()
    process = start_agent(folder, port, lines)
    try:
        _await(process, port, folder)
        yield SnmpTarget(name, "127.0.0.1", credentials, port)
    finally:
        process.kill()
        process.wait()


def _await(process: subprocess.Popen[bytes], port: int, folder: Path) -> None:
    get = shutil.which("snmpget", path=_PATH)
    if get is None:
        pytest.skip("snmpget is not installed")
    ask = [get, "-v2c", "-c", COMMUNITY.community, "-r", "0", "-t", "1", f"127.0.0.1:{port}", ".1.3.6.1.2.1.1.5.0"]
    end = time.monotonic() + 60
    while subprocess.run(ask, capture_output=True, check=False, env={"PATH": _PATH, "MIBS": ""}).returncode:
        assert process.poll() is None, (folder / "log").read_text()
        assert time.monotonic() < end, (folder / "log").read_text()
        time.sleep(0.1)
