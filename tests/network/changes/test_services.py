"""Services of tenants on real routers: ordered and removed as one transaction, proven with packets between hosts."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from difflib import unified_diff
from typing import Any

import pytest
from sqlalchemy import text

from core.errors import IrisplaneError
from inventory.errors import ObjectNotFound, PoolExhausted, Taken
from lab.network import customers
from network.errors import NotServiceable
from network.services import numbers, rows, testing
from orchestrator.engine import cancel
from orchestrator.records import ChangeRecord
from orchestrator.states import State
from tests.lab.running import eventually
from tests.network.changes.small_region import SCOPE, SmallRegion

pytestmark = pytest.mark.lab

_SITES = {"ac01": 1, "ag01": 2, "cr01": 3}


def _order(code: str, tenant: str, port: str, sites: tuple[str, ...] = tuple(_SITES), **more: Any) -> dict[str, Any]:
    """An L3VPN in 10.20.SITE.0/24, with a host that answers at every port."""
    base = 20 if port == "port1" else 30
    ends = [
        {
            "device": name,
            "port": port,
            "address": f"10.{base}.{_SITES[name]}.1/24",
            "probe": f"10.{base}.{_SITES[name]}.10",
        }
        for name in sites
    ]
    return {"code": code, "tenant": tenant, "kind": "l3vpn", "ends": ends, **more}


def _hosts(small: SmallRegion, port: str) -> None:
    base = 20 if port == "port1" else 30
    for name, site in _SITES.items():
        customers.give(name, port, f"10.{base}.{site}.10/24", f"10.{base}.{site}.1", small.lab.instance)


def _reaches(small: SmallRegion, at: str, port: str, address: str) -> bool:
    return customers.execute(at, port, ["ping", "-c1", "-W1", address], small.lab.instance).returncode == 0


def _looks(small: SmallRegion) -> dict[str, str]:
    """What a service must leave as it was: links, namespaces, routes, FRR's tables and files, the configuration."""
    asked = ("ip -d link", "ip netns", "ip route", "vtysh -c 'show vrf'", "ls /etc/frr")
    found = {}
    for router in small.lab.topology.routers:
        for command in asked:
            found[f"{router.name}: {command}"] = small.lab.console(router.name, "sh", "-c", command)
        with small.lab.driver(router.name) as driver:
            found[f"{router.name}: configuration"] = driver.running()
    return found


def _differing(one: dict[str, str], other: dict[str, str]) -> str:
    lines = [
        line
        for name in one
        for line in unified_diff(one[name].splitlines(), other[name].splitlines(), name, name, lineterm="", n=0)
    ]
    return "\n".join(lines)


def _settled(small: SmallRegion) -> dict[str, str]:
    """How it looks once routing has told everybody of everybody, and stands still."""

    def everybody() -> bool:
        names = small.lab.topology.routers
        routes = [small.lab.console(router.name, "ip", "route") for router in names]
        return all(
            f"10.255.0.{other.number} " in text and f"10.64.{other.number}.0/24 " in text
            for router, text in zip(names, routes, strict=True)
            for other in names
            if other is not router
        )

    def still() -> bool:
        seen.append(_looks(small))
        time.sleep(5)
        return len(seen) > 2 and seen[-1] == seen[-2] == seen[-3]

    seen: list[dict[str, str]] = []
    eventually(everybody, 120, "routes to everybody")
    eventually(still, 180, "routing that stands still")
    return seen[-1]


def _must_look(small: SmallRegion, before: dict[str, str]) -> None:
    """Routing may move for a moment; then everything is as it was."""
    end = time.monotonic() + 90
    while (now := _looks(small)) != before:
        assert time.monotonic() < end, _differing(before, now)
        time.sleep(2)


@pytest.fixture(scope="module")
def tenants(small: SmallRegion) -> tuple[str, str]:
    """Two administrations."""
    with small.database.transaction("worker", SCOPE) as tx:
        found = tx.execute(text("select code from tenant where kind <> 'region' order by code limit 2")).scalars().all()
    return str(found[0]), str(found[1])


@pytest.fixture
def nothing(small: SmallRegion) -> Iterator[None]:
    """No service before and after."""
    yield
    with small.database.transaction("worker", SCOPE) as tx:
        codes = list(tx.execute(text("select code from service order by code")).scalars())
        waiting = list(tx.execute(text("select id from change where state in ('waiting', 'approved')")).scalars())
    for change in waiting:
        cancel(small.database, small.people["engineer"], change, "a test", "test")
    for code in codes:
        assert small.carried_out("network.service.remove", {"code": code}).state is State.SUCCEEDED, small.last


def _carried(small: SmallRegion, kind: str, intent: dict[str, Any]) -> ChangeRecord:
    done = small.carried_out(kind, intent)
    assert done.state is State.SUCCEEDED, (small.last, {n: (r.state, r.error) for n, r in small.steps(done.id).items()})
    return done


@pytest.mark.usefixtures("nothing")
def test_hosts_of_a_tenant_reach_each_other_others_do_not_and_nothing_is_left(
    small: SmallRegion, tenants: tuple[str, str]
) -> None:
    before = _settled(small)
    for port in ("port1", "port2"):
        _hosts(small, port)
    first = _carried(small, "network.service.order", _order("town-halls", tenants[0], "port1", protection="protected"))
    plan = small.plan(first.id)
    assert plan["facts"]["service"]["table_number"] == numbers.TABLES.first
    assert any("VRF V1000" in note for note in plan["impact"]["notes"])
    assert any("ac01 – ag01: over" in note for note in plan["impact"]["notes"])
    assert {target["name"] for target in plan["targets"]} == set(_SITES)
    assert all("+ vxlan vx10000" in target["diff"].replace("  ", " ") for target in plan["targets"])
    told = [note for row in small.steps(first.id).values() for note in row.record["verify"]["evidence"]]
    assert any("5 of 5 members answer in V1000" in note for note in told), told
    for one in _SITES:
        for other, site in _SITES.items():
            if other != one:
                assert _reaches(small, one, "port1", f"10.20.{site}.10"), (one, other)

    second = _carried(small, "network.service.order", _order("schools", tenants[1], "port2"))
    assert small.plan(second.id)["facts"]["service"]["table_number"] == numbers.TABLES.first + 1
    assert _reaches(small, "ac01", "port2", "10.30.2.10")
    assert _reaches(small, "ac01", "port1", "10.20.2.10")
    for site in _SITES.values():
        assert not _reaches(small, "ac01", "port2", f"10.20.{site}.10")
        assert not _reaches(small, "ac01", "port1", f"10.30.{site}.10")
    with small.database.transaction("worker", SCOPE) as tx:
        asked = testing.questions(tx, "town-halls")
    found = testing.ask(small.database, SCOPE, asked)
    assert [one["status"] for one in found] == ["ok"] * 3, found

    _carried(small, "network.service.remove", {"code": "town-halls"})
    assert not _reaches(small, "ac01", "port1", "10.20.2.10")
    assert _reaches(small, "ac01", "port2", "10.30.2.10")
    _carried(small, "network.service.remove", {"code": "schools"})
    _must_look(small, before)
    with small.database.transaction("worker", SCOPE) as tx:
        assert rows.listed(tx) == "[]"
        assert tx.execute(text("select count(*) from service_end")).scalar() == 0
        assert tx.execute(text("select count(*) from config_overlay where kind = 'opaque'")).scalar() == 0


@pytest.mark.usefixtures("nothing")
def test_what_is_deleted_by_hand_comes_back_with_a_push_and_an_undo_takes_it_away(
    small: SmallRegion, tenants: tuple[str, str]
) -> None:
    before = _settled(small)
    _hosts(small, "port1")
    made = _carried(small, "network.service.order", _order("town-halls", tenants[0], "port1"))
    for name in _SITES:
        small.lab.console(
            name, "sh", "-c", "for n in /run/netns/*; do ip netns del ${n##*/}; done; ip link del b-port1"
        )
    assert not _reaches(small, "ac01", "port1", "10.20.2.10")
    for name in _SITES:
        with small.lab.driver(name) as driver:
            eventually(lambda driver=driver: "linux" not in driver.running(), 30, "namespaces are gone")  # type: ignore[misc]
    _carried(small, "network.config", {"select": "status=active"})
    eventually(lambda: _reaches(small, "ac01", "port1", "10.20.2.10"), 90, "packets pass again")
    assert small.taken_back(made.id).state is State.SUCCEEDED, small.last
    _must_look(small, before)
    with small.database.transaction("worker", SCOPE) as tx:
        assert rows.listed(tx) == "[]"


@pytest.mark.usefixtures("nothing")
def test_an_e_line_carries_frames_between_two_ports(small: SmallRegion, tenants: tuple[str, str]) -> None:
    before = _settled(small)
    ends = [{"device": "ac01", "port": "port1"}, {"device": "ag01", "port": "port2"}]
    customers.give("ac01", "port1", "192.0.2.1/24", instance=small.lab.instance)
    customers.give("ag01", "port2", "192.0.2.2/24", instance=small.lab.instance)
    assert not _reaches(small, "ac01", "port1", "192.0.2.2")
    order = {"code": "two-halls", "tenant": tenants[0], "kind": "e-line", "ends": ends}
    made = _carried(small, "network.service.order", order)
    eventually(lambda: _reaches(small, "ac01", "port1", "192.0.2.2"), 30, "frames pass")
    assert small.taken_back(made.id).state is State.SUCCEEDED, small.last
    assert not _reaches(small, "ac01", "port1", "192.0.2.2")
    _must_look(small, before)


@pytest.mark.usefixtures("nothing")
def test_a_service_whose_members_do_not_answer_is_taken_back_everywhere(
    small: SmallRegion, tenants: tuple[str, str]
) -> None:
    before = _settled(small)
    customers.give("ag01", "port1", instance=small.lab.instance)  # the probe at that port is silent
    done = small.carried_out("network.service.order", _order("town-halls", tenants[0], "port1", ("ac01", "ag01")))
    assert done.state is State.ROLLED_BACK, small.last
    assert "10.20.2.10" in str({name: row.record for name, row in small.steps(done.id).items()})
    _must_look(small, before)
    with small.database.transaction("worker", SCOPE) as tx:
        assert rows.listed(tx) == "[]"


@pytest.mark.usefixtures("nothing")
def test_two_orders_for_the_last_number_one_wins_and_a_cancelled_one_gives_it_back(
    small: SmallRegion, tenants: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    last = numbers.Range(numbers.TABLES.name, numbers.TABLES.key, 1000, 1000)
    monkeypatch.setattr(numbers, "TABLES", last)
    got: list[ChangeRecord] = []
    refused: list[IrisplaneError] = []
    together = threading.Barrier(2)

    def ask(code: str, port: str) -> None:
        together.wait()
        try:
            got.append(small.submit("network.service.order", _order(code, tenants[0], port, ("ac01", "ag01"))))
        except IrisplaneError as error:
            refused.append(error)

    both = [threading.Thread(target=ask, args=one) for one in (("first", "port1"), ("second", "port2"))]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert len(got) == 1, refused
    assert isinstance(refused[0], PoolExhausted)
    assert "service tables" in refused[0].message
    loser = {"first": "second", "second": "first"}[small.plan(got[0].id)["facts"]["service"]["code"]]
    cancel(small.database, small.people["engineer"], got[0].id, "a test", "test")
    again = small.submit("network.service.order", _order(loser, tenants[0], "port1", ("ac01", "ag01")))
    assert small.plan(again.id)["facts"]["service"]["table_number"] == 1000


def test_orders_that_cannot_be_met_say_why_and_where(small: SmallRegion, tenants: tuple[str, str]) -> None:
    order = _order("town-halls", tenants[0], "port1", ("ac01", "ag01"))

    def refusal(**changes: Any) -> IrisplaneError:
        with pytest.raises(IrisplaneError) as refused:
            small.submit("network.service.order", {**order, **changes})
        return refused.value

    ends = order["ends"]
    assert isinstance(refusal(tenant="nobody"), ObjectNotFound)
    assert isinstance(refusal(ends=[ends[0], {**ends[1], "device": "xx01"}]), ObjectNotFound)
    assert isinstance(refusal(ends=[ends[0], {**ends[1], "port": "port9"}]), ObjectNotFound)
    fibre = refusal(ends=[ends[0], {**ends[1], "port": "to-ac01"}])
    assert isinstance(fibre, NotServiceable)
    assert "link" in fibre.message
    assert "overlap" in str(refusal(ends=[ends[0], {**ends[1], "address": "10.20.1.129/25", "probe": None}]).as_dict())
    assert "network's own" in str(refusal(ends=[ends[0], {**ends[1], "address": "10.20.2.0/24"}]).as_dict())


@pytest.mark.usefixtures("nothing")
def test_a_port_carries_one_service(small: SmallRegion, tenants: tuple[str, str]) -> None:
    _hosts(small, "port1")
    order = _order("town-halls", tenants[0], "port1", ("ac01", "ag01"))
    _carried(small, "network.service.order", order)
    with pytest.raises(Taken, match="already"):
        small.submit("network.service.order", order)
    with pytest.raises(Taken, match="carries the service 'town-halls'"):
        small.submit("network.service.order", {**order, "code": "others"})
