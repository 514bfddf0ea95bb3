"""The lab's routers, started for real: what they are, what can happen to them, and that nothing of them stays."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from lab.errors import LabIsDown, NoSuchRouter
from lab.network import Layout, control
from lab.network.router import PROGRAMS
from tests.lab.running import RunningLab, eventually

pytestmark = pytest.mark.lab


def test_every_router_runs_every_program_and_answers(lab: RunningLab) -> None:
    status = control.status(lab.instance)
    assert status.running
    assert [(router.power, router.missing) for router in status.routers] == [("on", ())] * len(lab.topology.routers)
    serials = set()
    for router in lab.topology.routers:
        with lab.driver(router.name) as driver:
            facts = driver.facts()
        assert facts.hostname == router.name
        assert set(facts.interfaces) == {"lo", "mgmt0", *router.interfaces, *router.ports}
        serials.add(facts.serial_number)
    assert len(serials) == len(lab.topology.routers)
    assert len(set(lab.credentials["host_keys"].values())) >= len(serials)


def test_up_again_changes_nothing(lab: RunningLab) -> None:
    before = lab.console("cr01", "cat", "/proc/1/stat").split()[21]
    report = control.up(instance=lab.instance)
    assert report.started == 0
    assert lab.console("cr01", "cat", "/proc/1/stat").split()[21] == before


def test_credentials_are_for_their_owner_only_and_not_in_the_routers_clear_text(lab: RunningLab) -> None:
    layout = Layout(lab.instance)
    assert layout.credentials_file.stat().st_mode & 0o777 == 0o600
    password = lab.credentials["irisplane"]["password"]
    found = subprocess.run(
        ["grep", "-rlF", password, str(layout.base / "routers")], capture_output=True, text=True, check=False
    )
    assert found.stdout == ""


def test_snmp_answers_v2c_and_v3(lab: RunningLab) -> None:
    snmp = lab.credentials["snmp"]
    host = str(lab.instance.mgmt_address(lab.topology.router("cr02").number))
    ways = (
        ["-v2c", "-c", snmp["community"]],
        ["-v3", "-l", "authPriv", "-u", snmp["v3_user"], "-a", "SHA-256", "-A", snmp["v3_auth"], "-x", "AES",
         "-X", snmp["v3_privacy"]],
    )  # fmt: skip
    for way in ways:
        said = subprocess.run(
            ["snmpget", *way, "-Oqv", host, "1.3.6.1.2.1.1.5.0"], capture_output=True, text=True, check=True
        )
        assert said.stdout.strip().strip('"') == "cr02"


def _carrier(lab: RunningLab, router: str, interface: str) -> bool:
    links = json.loads(lab.console(router, "ip", "-j", "link", "show", interface))
    return bool(links[0]["operstate"] == "UP")


def test_a_cut_fibre_is_dark_at_both_ends_until_it_is_spliced(lab: RunningLab) -> None:
    control.cut("ac01", "ag01", instance=lab.instance)
    control.cut("ag01", "ac01", instance=lab.instance)  # again, the other way round: nothing more happens
    assert not _carrier(lab, "ac01", "to-ag01")
    assert not _carrier(lab, "ag01", "to-ac01")
    assert len(control.status(lab.instance).cuts) == 1
    control.mend("ag01", "ac01", lab.instance)
    eventually(lambda: _carrier(lab, "ac01", "to-ag01") and _carrier(lab, "ag01", "to-ac01"), 60, "light at both ends")
    assert control.status(lab.instance).cuts == ()


def _hears(lab: RunningLab) -> bool:
    """Whether ag01 hears ac01 over their fibre (IPv6 link-local, which needs no configuration)."""
    shown = json.loads(lab.console("ac01", "ip", "-6", "-j", "addr", "show", "to-ag01", "scope", "link"))
    address = next(info["local"] for link in shown for info in link.get("addr_info", []))
    ping = ["ping", "-6", "-c", "1", "-W", "1", f"{address}%to-ac01"]
    return control.execute("ag01", ping, lab.instance).returncode == 0


def test_a_silent_cut_keeps_the_light_and_drops_everything(lab: RunningLab) -> None:
    eventually(lambda: _hears(lab), 60, "ag01 hears ac01")
    control.cut("ac01", "ag01", silent=True, instance=lab.instance)
    assert _carrier(lab, "ac01", "to-ag01")
    assert not _hears(lab)
    control.mend("ac01", "ag01", lab.instance)
    eventually(lambda: _hears(lab), 60, "ag01 hears ac01 again")


def test_a_router_without_power_is_off_its_fibres_are_dark_and_it_boots_what_it_saved(lab: RunningLab) -> None:
    control.power_off("ac01", lab.instance)
    control.power_off("ac01", lab.instance)
    assert not _carrier(lab, "ag01", "to-ac01")
    shown = {router.name: router.power for router in control.status(lab.instance).routers}
    assert shown["ac01"] == "off"
    with pytest.raises(LabIsDown):
        control.execute("ac01", ["true"], lab.instance)
    assert control.up(instance=lab.instance).started == 0  # off on purpose
    control.cut("ac01", "cr02", instance=lab.instance)
    control.power_on("ac01", lab.instance)
    assert _carrier(lab, "ag01", "to-ac01")
    assert not _carrier(lab, "ac01", "to-cr02")  # power does not splice
    control.mend("ac01", "cr02", lab.instance)
    assert not control.status(lab.instance).cuts
    with lab.driver("ac01") as driver:
        assert "hostname ac01" in driver.running()


def test_unknown_routers_and_fibres_are_named(lab: RunningLab) -> None:
    with pytest.raises(NoSuchRouter):
        control.hang("xx01", lab.instance)
    with pytest.raises(NoSuchRouter):
        control.cut("ac01", "cr01", instance=lab.instance)


def test_down_leaves_nothing_and_up_makes_it_new(lab: RunningLab) -> None:
    prefix = lab.instance.namespace("")
    lab.console("ac01", "touch", "/var/lib/irisplane/left")
    assert control.down(lab.instance)
    assert not [path for path in Path("/run/netns").iterdir() if path.name.startswith(prefix)]
    assert not [path for path in Path("/sys/class/net").iterdir() if path.name.startswith(lab.instance.mgmt_veth(""))]
    assert not Path(f"/sys/class/net/{lab.instance.bridge}").exists()
    base = str(Layout(lab.instance).base)
    assert base not in Path("/proc/mounts").read_text()
    assert not [line for line in _commands() if base in line]
    assert not control.down(lab.instance)
    with pytest.raises(LabIsDown):
        control.execute("cr01", ["true"], lab.instance)
    keys = dict(Layout(lab.instance).credentials()["host_keys"])
    assert control.up(len(lab.topology.routers), lab.instance).started == len(lab.topology.routers)
    assert Layout(lab.instance).credentials()["host_keys"] == keys  # the devices are the same, their disks are new
    assert lab.console("ac01", "ls", "/var/lib/irisplane") == ""
    assert all(not router.missing for router in control.status(lab.instance).routers)
    assert set(PROGRAMS) >= {"zebra", "ospfd", "ospf6d", "bgpd"}


def _commands() -> list[str]:
    out = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                out.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
            except OSError:
                continue
    return out
