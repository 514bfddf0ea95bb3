"""Services of tenants on real routers: ordered and removed as one transaction, proven with packets between hosts."""

from __future__ import annotations

import threading
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
from tests.network.changes.ordering import SITES, carried, hosts, l3vpn, must_look, reaches, settled
from tests.network.changes.small_region import SCOPE, SmallRegion

pytestmark = pytest.mark.lab


@pytest.mark.usefixtures("nothing")
def test_hosts_of_a_tenant_reach_each_other_others_do_not_and_nothing_is_left(
    small: SmallRegion, tenants: tuple[str, str]
) -> None:
    before = settled(small)
    for port in ("port1", "port2"):
        hosts(small, port)
    first = carried(small, "network.service.order", l3vpn("town-halls", tenants[0], "port1", protection="protected"))
    plan = small.plan(first.id)
    assert plan["facts"]["service"]["table_number"] == numbers.TABLES.first
    assert any("VRF V1000" in note for note in plan["impact"]["notes"])
    assert any("ac01 – ag01: over" in note for note in plan["impact"]["notes"])
    assert {target["name"] for target in plan["targets"]} == set(SITES)
    assert all("+ vxlan vx10000" in target["diff"].replace("  ", " ") for target in plan["targets"])
    told = [note for row in small.steps(first.id).values() for note in row.record["verify"]["evidence"]]
    assert any("5 of 5 members answer in V1000" in note for note in told), told
    for one in SITES:
        for other, site in SITES.items():
            if other != one:
                assert reaches(small, one, "port1", f"10.20.{site}.10"), (one, other)

    second = carried(small, "network.service.order", l3vpn("schools", tenants[1], "port2"))
    assert small.plan(second.id)["facts"]["service"]["table_number"] == numbers.TABLES.first + 1
    assert reaches(small, "ac01", "port2", "10.30.2.10")
    assert reaches(small, "ac01", "port1", "10.20.2.10")
    for site in SITES.values():
        assert not reaches(small, "ac01", "port2", f"10.20.{site}.10")
        assert not reaches(small, "ac01", "port1", f"10.30.{site}.10")
    with small.database.transaction("worker", SCOPE) as tx:
        asked = testing.questions(tx, "town-halls")
    found = testing.ask(small.database, SCOPE, asked)
    assert [one["status"] for one in found] == ["ok"] * 3, found

    carried(small, "network.service.remove", {"code": "town-halls"})
    assert not reaches(small, "ac01", "port1", "10.20.2.10")
    assert reaches(small, "ac01", "port2", "10.30.2.10")
    carried(small, "network.service.remove", {"code": "schools"})
    must_look(small, before)
    with small.database.transaction("worker", SCOPE) as tx:
        assert rows.listed(tx) == "[]"
        assert tx.execute(text("select count(*) from service_end")).scalar() == 0
        assert tx.execute(text("select count(*) from config_overlay where kind = 'opaque'")).scalar() == 0


@pytest.mark.usefixtures("nothing")
def test_what_is_deleted_by_hand_comes_back_with_a_push_and_an_undo_takes_it_away(
    small: SmallRegion, tenants: tuple[str, str]
) -> None:
    before = settled(small)
    hosts(small, "port1")
    made = carried(small, "network.service.order", l3vpn("town-halls", tenants[0], "port1"))
    for name in SITES:
        small.lab.console(
            name, "sh", "-c", "for n in /run/netns/*; do ip netns del ${n##*/}; done; ip link del b-port1"
        )
    assert not reaches(small, "ac01", "port1", "10.20.2.10")
    for name in SITES:
        with small.lab.driver(name) as driver:
            eventually(lambda driver=driver: "linux" not in driver.running(), 30, "namespaces are gone")  # type: ignore[misc]
    carried(small, "network.config", {"select": "status=active"})
    eventually(lambda: reaches(small, "ac01", "port1", "10.20.2.10"), 90, "packets pass again")
    assert small.taken_back(made.id).state is State.SUCCEEDED, small.last
    must_look(small, before)
    with small.database.transaction("worker", SCOPE) as tx:
        assert rows.listed(tx) == "[]"


@pytest.mark.usefixtures("nothing")
def test_an_e_line_carries_frames_between_two_ports(small: SmallRegion, tenants: tuple[str, str]) -> None:
    before = settled(small)
    ends = [{"device": "ac01", "port": "port1"}, {"device": "ag01", "port": "port2"}]
    customers.give("ac01", "port1", "192.0.2.1/24", instance=small.lab.instance)
    customers.give("ag01", "port2", "192.0.2.2/24", instance=small.lab.instance)
    assert not reaches(small, "ac01", "port1", "192.0.2.2")
    order = {"code": "two-halls", "tenant": tenants[0], "kind": "e-line", "ends": ends}
    made = carried(small, "network.service.order", order)
    eventually(lambda: reaches(small, "ac01", "port1", "192.0.2.2"), 30, "frames pass")
    assert small.taken_back(made.id).state is State.SUCCEEDED, small.last
    assert not reaches(small, "ac01", "port1", "192.0.2.2")
    must_look(small, before)


@pytest.mark.usefixtures("nothing")
def test_a_service_whose_members_do_not_answer_is_taken_back_everywhere(
    small: SmallRegion, tenants: tuple[str, str]
) -> None:
    before = settled(small)
    customers.give("ag01", "port1", instance=small.lab.instance)  # the probe at that port is silent
    done = small.carried_out("network.service.order", l3vpn("town-halls", tenants[0], "port1", ("ac01", "ag01")))
    assert done.state is State.ROLLED_BACK, small.last
    assert "10.20.2.10" in str({name: row.record for name, row in small.steps(done.id).items()})
    must_look(small, before)
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
            got.append(small.submit("network.service.order", l3vpn(code, tenants[0], port, ("ac01", "ag01"))))
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
    again = small.submit("network.service.order", l3vpn(loser, tenants[0], "port1", ("ac01", "ag01")))
    assert small.plan(again.id)["facts"]["service"]["table_number"] == 1000


def test_orders_that_cannot_be_met_say_why_and_where(small: SmallRegion, tenants: tuple[str, str]) -> None:
    order = l3vpn("town-halls", tenants[0], "port1", ("ac01", "ag01"))

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
    hosts(small, "port1")
    order = l3vpn("town-halls", tenants[0], "port1", ("ac01", "ag01"))
    carried(small, "network.service.order", order)
    with pytest.raises(Taken, match="already"):
        small.submit("network.service.order", order)
    with pytest.raises(Taken, match="carries the service 'town-halls'"):
        small.submit("network.service.order", {**order, "code": "others"})
