"""An ordered bandwidth is held on real routers: measured by bytes that pass between a customer's hosts."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from lab.network import customers
from orchestrator.states import State
from tests.lab.running import eventually
from tests.network.changes.ordering import carried, hosts, l3vpn, must_look, reaches, settled
from tests.network.changes.small_region import SmallRegion

pytestmark = pytest.mark.lab

_MEGABIT = 125_000  # bytes
_RATE = 16  # Mbit/s
_BYTES = 8_000_000
_BUCKET = 20_000
_PORT = 5201
_TAKING = f"""
import socket
listening = socket.create_server(("", {_PORT}))
print("listening", flush=True)
one, _ = listening.accept()
while one.recv(65536):
    pass
one.shutdown(socket.SHUT_RDWR)
"""
_SENDING = f"""
import socket, sys, time
began = time.monotonic()
with socket.create_connection((sys.argv[1], {_PORT}), 60) as one:
    one.settimeout(120)
    one.sendall(bytes({_BYTES}))
    one.shutdown(socket.SHUT_WR)
    one.recv(1)  # closes once all of it was taken
print(time.monotonic() - began)
"""


def _seconds(small: SmallRegion, sender: str, receiver: str, port: str, address: str) -> float:
    """How long a host takes to give its bytes to another, to the last one taken."""
    words = customers.words_for(receiver, port, ["python3", "-c", _TAKING], small.lab.instance)
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as taking:
        try:
            assert taking.stdout is not None
            assert taking.stdout.readline() == "listening\n"
            sent = customers.execute(
                sender, port, ["python3", "-c", _SENDING, address], small.lab.instance, timeout=180
            )
        finally:
            taking.kill()
    assert sent.returncode == 0, sent.stderr
    return float(sent.stdout)


def _shapes(small: SmallRegion, router: str) -> dict[str, dict[str, Any]]:
    found = json.loads(small.lab.console(router, "tc", "-s", "-j", "qdisc", "show"))
    return {one["dev"]: one for one in found if one["kind"] == "tbf"}


@pytest.mark.usefixtures("nothing")
def test_a_transfer_goes_as_fast_as_was_ordered_and_no_rate_is_left_behind(
    small: SmallRegion, tenants: tuple[str, str]
) -> None:
    before = settled(small)
    hosts(small, "port1")
    order = l3vpn("town-halls", tenants[0], "port1", ("ac01", "ag01"), bandwidth_mbps=_RATE)
    made = carried(small, "network.service.order", order)
    plan = small.plan(made.id)
    assert f"each of its ports is held to {_RATE} Mbit/s, in both directions" in plan["impact"]["notes"]
    assert all(f"shape port1 rate {_RATE}mbit" in target["diff"] for target in plan["targets"])
    for sender, receiver, address in (("ac01", "ag01", "10.20.2.10"), ("ag01", "ac01", "10.20.1.10")):
        least = (_BYTES - _BUCKET) / (_RATE * _MEGABIT)
        seconds = [_seconds(small, sender, receiver, "port1", address)]
        assert seconds[0] >= 0.9 * least, "faster than was ordered"
        while min(seconds) > 4 * least:  # a busy machine is slow, a shaped port always is
            assert len(seconds) < 4, seconds
            seconds.append(_seconds(small, sender, receiver, "port1", address))
    for router in ("ac01", "ag01"):
        shaped = _shapes(small, router)
        assert set(shaped) == {"port1", "v-port1"}
        for one in shaped.values():
            assert one["options"]["rate"] == _RATE * _MEGABIT
            assert one["bytes"] >= _BYTES, one
        assert shaped["v-port1"]["overlimits"] > 0, "the sender's own port held it back"

    small.lab.console("ac01", "tc", "qdisc", "del", "dev", "port1", "root")
    with small.lab.driver("ac01") as driver:
        assert "shape port1" not in driver.running(), "what somebody takes away by hand is drift"
    carried(small, "network.config", {"select": "name=ac01"})
    assert "port1" in _shapes(small, "ac01")

    carried(small, "network.service.remove", {"code": "town-halls"})
    must_look(small, before)


@pytest.mark.usefixtures("nothing")
def test_an_e_line_is_held_to_its_rate_and_taken_back(small: SmallRegion, tenants: tuple[str, str]) -> None:
    before = settled(small)
    customers.give("ac01", "port1", "192.0.2.1/24", instance=small.lab.instance)
    customers.give("ag01", "port2", "192.0.2.2/24", instance=small.lab.instance)
    ends = [{"device": "ac01", "port": "port1"}, {"device": "ag01", "port": "port2"}]
    order = {"code": "two-halls", "tenant": tenants[0], "kind": "e-line", "ends": ends, "bandwidth_mbps": 1}
    made = carried(small, "network.service.order", order)
    eventually(lambda: reaches(small, "ac01", "port1", "192.0.2.2"), 30, "frames pass")
    asked = ["ping", "-q", "-f", "-l", "200", "-c", "2000", "-s", "1200", "-w", "2", "192.0.2.2"]
    customers.execute("ac01", "port1", asked, small.lab.instance)
    shaped = _shapes(small, "ac01")
    assert set(shaped) == {"port1", "vx10000"}
    assert {one["options"]["rate"] for one in shaped.values()} == {_MEGABIT}
    assert shaped["vx10000"]["drops"] > 0, "what was more than ordered did not pass"
    assert small.taken_back(made.id).state is State.SUCCEEDED, small.last
    must_look(small, before)
