"""Internet access on real routers: a default route towards the region's exit, a tenant's own networks, nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text

from core.errors import IrisplaneError
from inventory.errors import Taken
from lab.network import customers
from network.errors import NotServiceable
from network.services import testing
from orchestrator.engine import cancel
from tests.lab.running import eventually
from tests.network.changes.ordering import carried, l3vpn, must_look, reaches, settled
from tests.network.changes.small_region import SCOPE, SmallRegion

pytestmark = pytest.mark.lab

_BEYOND = "192.0.2.53"
_INTERNET = {
    "prefixes": ["203.0.113.0/24"],
    "probe": _BEYOND,
    "exits": [{"device": "cr01", "port": "port2", "address": "198.51.100.2/30", "gateway": "198.51.100.1"}],
}
_PLACES = {("ac01", "port1"): 0, ("ag01", "port1"): 8, ("cr01", "port1"): 16}
"""Ports and the last number of their networks, each of eight addresses."""


def _order(code: str, tenant: str, *places: tuple[str, str], **more: Any) -> dict[str, Any]:
    ends = [
        {
            "device": device,
            "port": port,
            "address": f"203.0.113.{_PLACES[device, port] + 1}/29",
            "probe": f"203.0.113.{_PLACES[device, port] + 2}",
        }
        for device, port in places
    ]
    return {"code": code, "tenant": tenant, "kind": "internet", "ends": ends, **more}


@pytest.fixture
def internet(small: SmallRegion) -> Iterator[dict[str, str]]:
    """An exit in the region's context, somebody beyond it, hosts at every port; how routers looked before."""
    before = settled(small)
    wanted = {"name": "way-out", "scope": "region", "weight": 100, "data": {"internet": _INTERNET}}
    small.edit({"action": "create", "type": "config_context", "values": [wanted]})
    customers.give("cr01", "port2", "198.51.100.1/30", "198.51.100.2", small.lab.instance)
    customers.execute("cr01", "port2", ["ip", "addr", "add", f"{_BEYOND}/32", "dev", "eth0"], small.lab.instance)
    for (device, port), first in _PLACES.items():
        customers.give(device, port, f"203.0.113.{first + 2}/29", f"203.0.113.{first + 1}", small.lab.instance)
    for device, site in (("ac01", 1), ("ag01", 2)):
        customers.give(device, "port2", f"10.30.{site}.10/24", f"10.30.{site}.1", small.lab.instance)
    yield before
    small.edit({"action": "delete", "type": "config_context", "items": [{"ref": "way-out"}]})


def _asked_beyond(small: SmallRegion) -> int:
    """How many pings came to whom the region's packets leave to."""
    said = customers.execute("cr01", "port2", ["cat", "/proc/net/snmp"], small.lab.instance).stdout
    names, values = (line.split() for line in said.splitlines() if line.startswith("Icmp:"))
    return int(values[names.index("InEchos")])


@pytest.mark.usefixtures("nothing")
def test_a_tenants_sites_reach_the_internet_and_nobody_else_does(
    small: SmallRegion, internet: dict[str, str], tenants: tuple[str, str]
) -> None:
    order = _order("way-out-a", tenants[0], ("ac01", "port1"), ("ag01", "port1"), bandwidth_mbps=100)
    first = carried(small, "network.service.order", order)
    plan = small.plan(first.id)
    notes = plan["impact"]["notes"]
    assert "reaches the internet over cr01:port2" in notes
    assert any("its table holds 203.0.113.0/29, 203.0.113.8/29 and the way out" in note for note in notes), notes
    assert any("ac01 – cr01: over" in note for note in notes)
    assert {target["name"] for target in plan["targets"]} == {"ac01", "ag01", "cr01"}
    seen = str({name: row.record["verify"]["evidence"] for name, row in small.steps(first.id).items()})
    assert "4 of 4 members answer in V1000" in seen, "the other site's gateway, both hosts, and who is beyond"
    for router in ("ac01", "ag01"):
        assert reaches(small, router, "port1", _BEYOND)
    assert reaches(small, "cr01", "port2", "203.0.113.2"), "and the internet reaches them"

    carried(small, "network.service.order", _order("way-out-b", tenants[1], ("cr01", "port1"), protection="none"))
    carried(small, "network.service.order", l3vpn("schools", tenants[1], "port2", ("ac01", "ag01")))
    eventually(lambda: reaches(small, "cr01", "port1", _BEYOND), 30, "a site at the exit itself")
    assert reaches(small, "ac01", "port2", "10.30.2.10")
    for stranger in (_BEYOND, "203.0.113.2", "198.51.100.1"):
        assert not reaches(small, "ac01", "port2", stranger), "a private network stays one"
    assert not reaches(small, "ac01", "port1", "10.30.1.10")
    known = small.lab.console("ac01", "ip", "-n", "V1000", "-o", "route")
    assert {line.split()[0] for line in known.splitlines()} == {"default", "203.0.113.0/29", "203.0.113.8/29"}, known
    before = _asked_beyond(small)
    host = [small.lab.instance]
    customers.execute("ac01", "port1", ["ip", "addr", "add", "203.0.113.18/32", "dev", "eth0"], *host)
    customers.execute("ac01", "port1", ["ping", "-c3", "-i0.2", "-W1", "-I", "203.0.113.18", _BEYOND], *host)
    assert _asked_beyond(small) == before, "nobody sends in another's name"
    assert reaches(small, "ac01", "port1", _BEYOND)
    assert _asked_beyond(small) == before + 1
    with small.database.transaction("worker", SCOPE) as tx:
        asked = testing.questions(tx, "way-out-a")
    found = testing.ask(small.database, SCOPE, asked)
    assert [one["status"] for one in found] == ["ok"] * 3, found

    carried(small, "network.service.remove", {"code": "way-out-a"})
    assert not reaches(small, "ac01", "port1", _BEYOND)
    assert reaches(small, "cr01", "port1", _BEYOND), "the exit stays for the other"
    carried(small, "network.service.remove", {"code": "way-out-b"})
    carried(small, "network.service.remove", {"code": "schools"})
    must_look(small, internet)


@pytest.mark.usefixtures("nothing", "internet")
def test_addresses_are_the_regions_each_is_given_once_and_exits_are_nobodys(
    small: SmallRegion, tenants: tuple[str, str]
) -> None:
    order = _order("way-out-a", tenants[0], ("ac01", "port1"))

    def refusal(**changes: Any) -> IrisplaneError:
        with pytest.raises(IrisplaneError) as refused:
            small.submit("network.service.order", {**order, "code": "other", "tenant": tenants[1], **changes})
        return refused.value

    def end(**changes: Any) -> list[dict[str, Any]]:
        return [{"device": "ag01", "port": "port1", "address": "203.0.113.1/30", **changes}]

    foreign = refusal(ends=end(address="192.0.2.1/28"))
    assert isinstance(foreign, NotServiceable)
    assert (foreign.pointer, "203.0.113.0/24" in foreign.message) == ("/intent/ends/0/address", True)
    assert "is an exit to the internet" in refusal(ends=end(device="cr01", port="port2")).message
    assert "IPv4" in str(refusal(ends=end(address="2001:db8::1/64")).as_dict())
    waiting = small.submit("network.service.order", order)
    taken = refusal(ends=end())
    assert isinstance(taken, Taken)
    assert "in use on the internet already, or promised" in taken.message
    cancel(small.database, small.people["engineer"], waiting.id, "a test", "test")
    free = small.submit("network.service.order", {**order, "ends": end(), "code": "other"})
    cancel(small.database, small.people["engineer"], free.id, "a test", "test")
    with small.database.transaction("worker", SCOPE) as tx:
        tx.execute(text("update config_context set data = '{\"internet\": {\"prefixes\": []}}' where name = 'way-out'"))
    assert "internet.prefixes" in refusal().message
