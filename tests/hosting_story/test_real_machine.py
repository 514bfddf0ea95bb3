"""A machine that really boots: its console shows it, its address answers, HTTP is shut until a group opens it."""

from __future__ import annotations

import subprocess
import urllib.error
import urllib.request
from typing import Any

import pytest

from tests.clouds import CloudForTests
from tests.hosting_story.conftest import Agency, eventually

pytestmark = [pytest.mark.timeout(900), pytest.mark.slow]

GREETING = "Bonjour from the guest"
WRITTEN = "minutes of the council, Monday"


@pytest.fixture(scope="module")
def real(agency: Agency, key: str, story_cloud: CloudForTests, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A machine with a floating address and a web page that its user data wrote."""
    if story_cloud.mode != "qemu":
        pytest.skip("no machine boots in this cloud")
    script = tmp_path_factory.mktemp("desk") / "first.sh"
    script.write_text(f"#!/bin/sh\necho '{GREETING}' > /www/index.html\necho 'user data was read'\n")
    agency.order("security-group", "create", "shut")
    server = machine(agency, key, "real", "--user-data", str(script))
    agency.order("floating-ip", "create", "--server", "real")
    return server


def machine(agency: Agency, key: str, name: str, *more: str) -> Any:
    """A machine that only its security group lets be reached."""
    return agency.order(
        "server", "create", name, "--plan", "nano", "--image", "debian", "--key", key, "--security-group", "shut", *more
    )


@pytest.fixture(scope="module")
def address(agency: Agency, real: Any) -> str:
    """Where the machine is reached from outside."""
    (one,) = [one for one in agency.ask("floating-ip", "list") if (one["server"] or {}).get("id") == real["id"]]
    return str(one["address"])


def asked(address: str, path: str = "/", data: str | None = None) -> str:
    """What the machine's web server answers; nothing when it cannot be reached."""
    try:
        sent = data.encode() if data else None
        with urllib.request.urlopen(f"http://{address}{path}", data=sent, timeout=10) as answer:
            return str(answer.read().decode())
    except (urllib.error.URLError, TimeoutError, OSError):
        return ""


def test_its_console_shows_that_it_booted_and_read_its_user_data(agency: Agency, real: Any) -> None:
    def read() -> str:
        told = agency.run("server", "console", "real").stdout
        return told if "user data was read" in told else ""

    told = eventually(read, seconds=180, every=1)
    assert "guest: kernel" in told
    assert "host name 'real'" in told
    assert "1 SSH keys" in told


def test_its_floating_address_answers_once_its_group_lets_ping_in(agency: Agency, address: str) -> None:
    def answers() -> bool:
        done = subprocess.run(["ping", "-c1", "-W1", address], capture_output=True, check=False)
        return done.returncode == 0

    assert not answers()
    agency.order("security-group", "allow", "shut", "--protocol", "icmp")
    assert eventually(answers, seconds=120)


def test_http_is_shut_until_the_group_opens_it(agency: Agency, address: str) -> None:
    assert asked(address) == ""
    agency.order("security-group", "allow", "shut", "--port", "80")
    assert GREETING in eventually(lambda: asked(address), seconds=120)
    agency.order("security-group", "deny", "shut", "--port", "80")
    eventually(lambda: asked(address) == "", seconds=120)


def test_what_one_machine_wrote_on_a_volume_another_reads(agency: Agency, key: str, address: str) -> None:
    agency.order("security-group", "allow", "shut", "--port", "80")
    agency.order("volume", "create", "minutes", "--size", "1")
    agency.run("volume", "attach", "minutes", "real", "--yes")
    assert WRITTEN in eventually(lambda: asked(address, "/cgi-bin/volume", WRITTEN), seconds=120)
    agency.run("volume", "detach", "minutes", "--yes")
    machine(agency, key, "reader")
    agency.run("volume", "attach", "minutes", "reader", "--yes")
    agency.run("floating-ip", "attach", address, "reader", "--yes")
    assert eventually(lambda: asked(address, "/cgi-bin/volume"), seconds=150).startswith(WRITTEN)
    agency.run("volume", "detach", "minutes", "--yes")
