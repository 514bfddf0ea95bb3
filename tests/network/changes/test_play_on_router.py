"""A play on a real router: its host's baseline, beside FRR, which goes on."""

from __future__ import annotations

import pytest

from orchestrator.states import State
from tests.network.changes.small_region import SmallRegion

pytestmark = [pytest.mark.lab, pytest.mark.slow]


def test_a_routers_host_gets_its_baseline_while_it_routes(small: SmallRegion) -> None:
    before = small.everything()
    user = {"name": "irisplane", "auth": "{{ secret('lab/snmp/auth') }}", "privacy": "{{ secret('lab/snmp/privacy') }}"}
    variables = {
        "ntp_servers": ["10.255.0.1"],
        "syslog_servers": ["10.255.0.9:1514"],
        "snmp_contact": "operators@irisplane.example",
        "snmp_users": [user],
        "snmp_lines": ["master agentx", "agentXSocket /run/frr/agentx", "agentXPerms 0660 0550 root frr"],
    }
    intent = {"play": "router_baseline", "select": "name=ac01", "variables": variables}
    kept = small.lab.console("ac01", "cat", "/etc/snmp/snmpd.conf")
    done = small.carried_out("network.play", intent)
    assert done.state is State.SUCCEEDED, (small.last, small.steps(done.id))
    assert "NTP=10.255.0.1" in small.lab.console("ac01", "cat", "/etc/systemd/timesyncd.conf.d/irisplane.conf")
    assert 'port="1514"' in small.lab.console("ac01", "cat", "/etc/rsyslog.d/60-irisplane.conf")
    snmp = small.lab.credentials["snmp"]
    asked = (
        "snmpget", "-v3", "-Oqv", "-l", "authPriv", "-u", "irisplane", "-a", "SHA-256", "-A", snmp["v3_auth"],
        "-x", "AES", "-X", snmp["v3_privacy"], "127.0.0.1", "1.3.6.1.2.1.1.4.0",
    )  # fmt: skip
    assert "operators@irisplane.example" in small.lab.console("ac01", *asked)
    assert small.submit("network.play", intent).state is State.SUCCEEDED, "a second run has nothing to do"
    back = small.taken_back(done.id)
    assert back.state is State.SUCCEEDED, (small.last, small.steps(back.id))
    assert small.lab.console("ac01", "cat", "/etc/snmp/snmpd.conf") == kept
    assert small.everything() == before
