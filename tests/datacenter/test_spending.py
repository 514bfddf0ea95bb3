"""A limit on the month: what would pass it is refused before anything is written, also when many order at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text

from core.db import Database
from core.errors import Denied, IrisplaneError, NotFound
from core.identity import Principal
from datacenter.hosting.metering.errors import SpendLimitReached
from datacenter.hosting.pricing import QUARTERS_OF_A_MONTH
from orchestrator.planning import ChangeRequest
from orchestrator.submitting import preview
from tests.datacenter.metering.conftest import ADDRESS, Meters, furnish
from tests.inventory.conftest import engineer_of, submitter

ORDER = "hosting.floating_address.create"
LIMIT = "hosting.spend-limit.set"
EACH = ADDRESS * QUARTERS_OF_A_MONTH


@pytest.fixture
def meters(fresh_database: Database) -> Meters:
    made = furnish(fresh_database)
    made.sql("update quota set granted = 100 where resource = 'floating_ips'")
    return made


@pytest.fixture
def ada(meters: Meters) -> Principal:
    """The administrator of Ixelles."""
    return engineer_of(meters.database, "ixelles", "agency-admin")


def _limit(meters: Meters, who: Principal, amount: int | None, **more: Any) -> Any:
    return submitter(meters.database, who)(LIMIT, month_micro_eur=amount, **more)


def _count(meters: Meters) -> tuple[int, int]:
    addresses = meters.sql("select count(*) from floating_ip where gone_at is null")[0][0]
    return addresses, meters.sql("select count(*) from change where kind = :kind", kind=ORDER)[0][0]


def test_what_fits_is_ordered_and_the_next_is_refused_without_a_trace(meters: Meters, ada: Principal) -> None:
    _limit(meters, ada, 2 * EACH)
    order = submitter(meters.database, ada)
    for _ in range(2):
        order(ORDER, project="main")
    with pytest.raises(SpendLimitReached, match=r"adds 2\.00 EUR a month to 4\.00 EUR that stand") as caught:
        order(ORDER, project="main")
    assert caught.value.fields["limit_micro_eur"] == str(2 * EACH)
    assert _count(meters) == (2, 2)
    with pytest.raises(SpendLimitReached):
        preview(meters.database, ada, ChangeRequest(kind=ORDER, intent={"project": "main"}, reason="look"))


def test_a_higher_limit_lets_it_through_and_none_is_none(meters: Meters, ada: Principal) -> None:
    order = submitter(meters.database, ada)
    order(ORDER, project="main")
    _limit(meters, ada, EACH)
    with pytest.raises(SpendLimitReached):
        order(ORDER, project="main")
    assert _limit(meters, ada, 2 * EACH).title == f"Limit what a month of ixelles may come to: {2 * EACH} µEUR"
    order(ORDER, project="main")
    assert _limit(meters, ada, 2 * EACH).outcome == {"nothing_to_do": True}
    _limit(meters, ada, None)
    order(ORDER, project="main")
    assert _limit(meters, ada, None).outcome == {"nothing_to_do": True}


def test_the_limit_of_one_is_not_the_others(meters: Meters, ada: Principal) -> None:
    _limit(meters, ada, 0)
    submitter(meters.database, engineer_of(meters.database, "uccle", "agency-admin"))(ORDER, project="main")
    with pytest.raises(SpendLimitReached):
        submitter(meters.database, ada)(ORDER, project="main")


def test_twenty_at_once_get_exactly_what_fits(meters: Meters, ada: Principal) -> None:
    _limit(meters, ada, 7 * EACH)

    def one(_: int) -> bool:
        try:
            submitter(meters.database, ada)(ORDER, project="main")
        except SpendLimitReached:
            return False
        return True

    with ThreadPoolExecutor(10) as pool:
        assert sum(pool.map(one, range(20))) == 7
    assert _count(meters) == (7, 7)


def test_an_agencys_user_sets_no_limit_and_nobody_anothers(meters: Meters, ada: Principal) -> None:
    with pytest.raises(Denied, match="administrator"):
        _limit(meters, engineer_of(meters.database, "ixelles", "agency-user"), 10)
    with pytest.raises(NotFound) as theirs:
        _limit(meters, ada, 10, tenant="uccle")
    with pytest.raises(NotFound) as nobodys:
        _limit(meters, ada, 10, tenant="uccle2")
    assert theirs.value.message.replace("uccle", "x") == nobodys.value.message.replace("uccle2", "x")
    assert _limit(meters, meters.platform, 10, tenant="uccle").state == "succeeded"
    with pytest.raises(IrisplaneError, match="Say whose limit"):
        _limit(meters, meters.platform, 10)


def test_what_stands_counts_servers_volumes_snapshots_and_addresses(meters: Meters, ada: Principal) -> None:
    meters.sql(
        "with p as (select id, tenant_id from project where tenant_id = :tenant and code = 'main'),"
        " s as (insert into server (tenant_id, project_id, name, plan_id, vcpus, ram_mib, disk_gib, status)"
        "  select p.tenant_id, p.id, n.name, l.id, 1, 1, 1, n.status from p, offering_plan l,"
        "  (values ('a', 'active'), ('b', 'stopped')) n(name, status))"
        " insert into volume (tenant_id, project_id, name, size_gib, status)"
        " select tenant_id, id, 'v', 10, 'available' from p",
        tenant=meters.tenants["ixelles"],
    )
    with meters.database.transaction("api", ada.scope("test", "look")) as tx:
        from datacenter.hosting.spending import standing_json

        found = standing_json(tx, meters.tenants["ixelles"])
        assert tx.execute(text("select count(*) from server")).scalar_one() == 2
    assert int(found["stands_micro_eur"]) == (2400 + 480 + 10 * 27) * QUARTERS_OF_A_MONTH
    assert found["limit_micro_eur"] is None
