"""An administration asks for a service between its sites; an engineer orders it; it follows its own Change only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text

from core.bootstrap import agency_person
from core.errors import Denied, InvalidInput, IrisplaneError, NotFound
from core.identity import Principal, principal_in
from inventory.errors import ObjectNotFound
from network.errors import NotServiceable
from orchestrator.engine import ChangeRequest, approve, cancel, submit
from orchestrator.records import ChangeRecord, read
from orchestrator.states import State
from tests.network.changes.ordering import hosts, must_look, reaches, settled
from tests.network.changes.small_region import SCOPE, SmallRegion

pytestmark = pytest.mark.lab

_AT = "(select site_id from device where name in ('ac01', 'ag01'))"


@pytest.fixture
def agencies(small: SmallRegion, tenants: tuple[str, str]) -> Iterator[dict[str, Principal]]:
    """Administrators of two administrations; the first has the sites of two routers."""
    for code in tenants:
        agency_person(small.database, code, role="agency-admin")
    with small.database.transaction("owner", SCOPE) as tx:
        before = tx.execute(text(f"select id, tenant_id from site where id in {_AT}")).all()
        statement = f"update site set tenant_id = (select id from tenant where code = :code) where id in {_AT}"
        tx.execute(text(statement), {"code": tenants[0]})
        made = {name: principal_in(tx, f"{code}.admin", code) for name, code in zip("ab", tenants, strict=True)}
    yield made
    with small.database.transaction("owner", SCOPE) as tx:
        for row in before:
            tx.execute(
                text("update site set tenant_id = :tenant where id = :id"), {"tenant": row.tenant_id, "id": row.id}
            )


def _request(small: SmallRegion, **more: Any) -> dict[str, Any]:
    with small.database.transaction("worker", SCOPE) as tx:
        rows = tx.execute(
            text("select d.name, g.code from device d join site g on g.id = d.site_id where d.name in ('ac01', 'ag01')")
        )
        sites = {row.name: str(row.code) for row in rows}
    ends = [
        {"site": sites["ac01"], "address": "10.20.1.1/24", "probe": "10.20.1.10"},
        {"site": sites["ag01"], "address": "10.20.2.1/24", "probe": "10.20.2.10"},
    ]
    return {"name": "town-halls", "kind": "l3vpn", "ends": ends, "bandwidth_mbps": 50, **more}


def _ask(small: SmallRegion, who: Principal, intent: dict[str, Any]) -> ChangeRecord:
    asked = ChangeRequest(kind="service.request", intent=intent, reason="counters need it")
    return submit(small.database, who, asked, "test")


@pytest.mark.usefixtures("nothing")
def test_an_administration_asks_an_engineer_orders_and_hosts_reach_each_other(
    small: SmallRegion, agencies: dict[str, Principal], tenants: tuple[str, str]
) -> None:
    before = settled(small)
    hosts(small, "port1")
    asked = _ask(small, agencies["a"], _request(small, protection="protected"))
    assert (asked.state, asked.tenant_id) == (State.WAITING, agencies["a"].tenant_id)
    plan = small.plan(asked.id)
    assert [need["role"] for need in plan["approvals"]] == ["engineer"]
    assert plan["impact"]["tenants"] == [tenants[0]]
    assert any(note.endswith("two ways") for note in plan["impact"]["notes"]), plan["impact"]
    assert not [word for word in ("vrf", "vxlan", "10.255.", "ac01-ag01") if word in str(plan).lower()]
    with pytest.raises(NotFound), small.database.transaction("api", agencies["b"].scope("", "")) as tx:
        read(tx, asked.id)
    with pytest.raises(Denied):
        approve(small.database, agencies["a"], asked.id, asked.plan_hash, "mine", "test")

    approve(small.database, small.people["engineer"], asked.id, asked.plan_hash, "it can be had", "test")
    done = small.approved(small.record(asked.id), 120)
    assert done.state is State.SUCCEEDED, (small.last, small.steps(asked.id))
    with small.database.transaction("worker", SCOPE) as tx:
        made = tx.execute(
            text("select id from change where plan #>> '{intent,request}' = :id"), {"id": str(asked.id)}
        ).scalars().all()  # fmt: skip
    assert len(made) == 1
    with pytest.raises(NotFound), small.database.transaction("api", agencies["a"].scope("", "")) as tx:
        read(tx, made[0])
    order = small.approved(small.record(made[0]), 240)
    assert order.state is State.SUCCEEDED, (small.last, small.steps(order.id))
    assert reaches(small, "ac01", "port1", "10.20.2.10")
    seen = {}
    for name, who in agencies.items():
        with small.database.transaction("api", who.scope("", "")) as tx:
            seen[name] = list(tx.execute(text("select code from service")).scalars())
    assert seen == {"a": [f"{tenants[0]}-town-halls"], "b": []}
    assert small.carried_out("network.service.remove", {"code": seen["a"][0]}).state is State.SUCCEEDED
    must_look(small, before)


@pytest.mark.usefixtures("nothing")
def test_what_is_not_ones_own_or_cannot_be_carried_is_refused_without_naming_the_regions_things(
    small: SmallRegion, agencies: dict[str, Principal]
) -> None:
    good = _request(small)

    def refusal(who: str, **changes: Any) -> IrisplaneError:
        with pytest.raises(IrisplaneError) as refused:
            _ask(small, agencies[who], {**good, **changes})
        return refused.value

    theirs = refusal("b")
    nobodys = refusal("b", ends=[{**good["ends"][0], "site": "NO-SUCH"}, good["ends"][1]])
    assert isinstance(theirs, ObjectNotFound)
    assert theirs.pointer == "/intent/ends/0/site"
    assert theirs.message.replace(good["ends"][0]["site"], "…") == nobodys.message.replace("NO-SUCH", "…")
    full = refusal("a", ends=[{**good["ends"][0], "address": f"10.20.{n}.1/24", "probe": None} for n in range(9)])
    assert isinstance(full, NotServiceable)
    assert "no free port" in full.message
    assert isinstance(
        refusal("a", ends=[good["ends"][0], {**good["ends"][1], "address": "10.20.1.129/25"}]), InvalidInput
    )
    with pytest.raises(InvalidInput, match="does not ask itself"):
        _ask(small, small.people["engineer"], good)
    waiting = _ask(small, agencies["a"], good)
    cancel(small.database, agencies["a"], waiting.id, "thought better of it", "test")
    assert small.record(waiting.id).state is State.CANCELLED
