"""Allocation: the lowest free one, never twice, never a deadlock, and a clear word when the pool is empty."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_network
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from core.db import Database
from core.errors import IrisplaneError
from core.identity import Principal
from inventory.allocate import sweep
from inventory.errors import PoolExhausted, UnknownReference
from orchestrator.planning import ChangeRequest
from orchestrator.submitting import preview, submit
from tests.inventory.conftest import SYSTEM, Submit, create, device, engineer_of

pytestmark = pytest.mark.usefixtures("region")


def take(what: str, pool: str, **more: Any) -> dict[str, Any]:
    return {"what": what, "pool": pool, **more}


def values(database: Database, run: Submit, *wanted: dict[str, Any]) -> list[str]:
    record = run("inventory.allocate", allocations=list(wanted))
    with database.transaction("api", SYSTEM) as tx:
        facts = tx.execute(
            text("select plan -> 'facts' -> 'allocated' from change where id = :id"), {"id": record.id}
        ).scalar_one()
    return [one["value"] for one in facts]


def test_each_kind_of_pool_gives_the_lowest_free_one(run: Submit, database: Database) -> None:
    run(
        "inventory.edit",
        operations=[
            create(
                "device",
                device("al1", interfaces=[{"name": "a"}, {"name": "lo", "kind": "loopback"}]),
                device("al2", interfaces=[{"name": "a"}]),
            ),
        ],
    )
    got = values(
        database,
        run,
        take("prefix", "global 10.1.0.0/16", length=24, purpose="service"),
        take("prefix", "global 10.1.0.0/16", length=25),
        take("prefix", "global 10.1.0.0/16", length=24),
        take("prefix", "global 10.1.0.0/16", length=25),
        take("prefix", "global fd00::/48", length=64),
        take("pair", "global 10.1.0.0/16", interface="al1:a", peer="al2:a"),
        take("pair", "global fd00::/48", interface="al1:a", peer="al2:a"),
        take("loopback", "global 10.255.0.0/24", interface="al1:lo"),
        take("address", "global 10.255.0.0/24"),
        take("vlan", "lan", name="guests"),
        take("vlan", "lan", name="staff"),
        take("unit", "DC-A/K1", device="al1"),
        take("unit", "DC-A/K1", device="al2", size=4),
        take("asn", "private"),
    )
    assert got == [
        "10.1.0.0/24",
        "10.1.1.0/25",
        "10.1.2.0/24",
        "10.1.1.128/25",
        "fd00::/64",
        "10.1.3.0/31",
        "fd00:0:0:1::/127",
        "10.255.0.1/32",
        "10.255.0.2/24",
        "100",
        "101",
        "1",
        "2-5",
        "64512",
    ]


def test_an_empty_pool_says_so(run: Submit) -> None:
    run(
        "inventory.edit",
        operations=[
            create("prefix", {"cidr": "10.30.0.0/30", "kind": "pool"}),
            create("vlan_group", {"name": "one", "vids": "7"}),
        ],
    )
    run(
        "inventory.allocate",
        allocations=[take("prefix", "global 10.30.0.0/30", length=31), take("vlan", "one", name="a")],
    )
    for wanted in (
        take("prefix", "global 10.30.0.0/30", length=30),
        take("vlan", "one", name="b"),
        take("prefix", "global 10.30.0.0/30", length=8),
    ):
        with pytest.raises(PoolExhausted) as caught:
            run("inventory.allocate", allocations=[wanted])
        assert caught.value.fields["pool"] == wanted["pool"]


def test_a_preview_promises_nothing(run: Submit, database: Database, engineer: Principal) -> None:
    request = ChangeRequest(kind="inventory.allocate", intent={"allocations": [take("asn", "private")]}, reason="look")
    first = preview(database, engineer, request)
    assert preview(database, engineer, request).facts["allocated"][0]["value"] == first.facts["allocated"][0]["value"]


def test_what_a_waiting_change_was_promised_nobody_else_gets(
    database: Database, run: Submit, engineer: Principal
) -> None:
    from datetime import UTC, datetime, timedelta

    run("inventory.edit", operations=[create("vlan_group", {"name": "promised", "vids": "10-12"})])
    later = datetime.now(UTC) + timedelta(days=1)
    request = ChangeRequest(
        kind="inventory.allocate",
        intent={"allocations": [take("vlan", "promised", name="later")]},
        reason="wait",
        not_before=later,
    )
    waiting = submit(database, engineer, request)
    assert waiting.state == "approved"
    assert values(database, run, take("vlan", "promised", name="now")) == ["11"]
    with database.transaction("owner", SYSTEM) as tx:
        tx.execute(text("update change set state = 'cancelled' where id = :id"), {"id": waiting.id})
    sweep(database)
    assert values(database, run, take("vlan", "promised", name="after")) == ["10"]


def test_another_tenant_cannot_draw_from_a_pool_that_is_not_shared(database: Database) -> None:
    stranger = engineer_of(database, "commune-21016")
    with database.transaction("api", stranger.scope("x")) as tx:
        from inventory.planner import Edit

        with pytest.raises(UnknownReference):
            Edit(tx, stranger.scope("x")).resolve("prefix", ["global 10.1.0.0/16"], pointer="/pool")


def _parallel(times: int, one: Callable[[int], list[str]]) -> list[str]:
    with ThreadPoolExecutor(times) as pool:
        return [value for found in pool.map(one, range(times)) for value in found]


@pytest.mark.slow
def test_fifty_at_once_get_fifty_different_ones(database_dsn: Any, run: Submit, engineer: Principal) -> None:
    """Prefix, address, VLAN, rack unit and AS number, drawn by 50 threads at once; then the pools are empty."""
    wide = Database(database_dsn, pool_size=50)
    run(
        "inventory.edit",
        operations=[
            create("prefix", {"cidr": "10.40.0.0/26", "kind": "pool"}, {"cidr": "fd40::/120", "kind": "pool"}),
            create("vlan_group", {"name": "race", "vids": "1-50"}),
            create("asn_range", {"name": "race", "numbers": "65000-65049"}),
            create("rack", {"site": "DC-A", "name": "race", "units": 50}),
            create("device", *(device(f"race{n}") for n in range(50))),
        ],
    )

    def one(number: int) -> list[str]:
        wanted = [
            take("prefix", "global 10.40.0.0/26", length=32),
            take("address", "global fd40::/120"),
            take("vlan", "race", name=f"v{number}"),
            take("unit", "DC-A/race", device=f"race{number}", size=1),
            take("asn", "race"),
        ]
        wanted = (
            wanted[number % 5 :] + wanted[: number % 5]
        )  # everybody starts elsewhere: the order of locks is not the order asked
        request = ChangeRequest(kind="inventory.allocate", intent={"allocations": wanted}, reason="race")
        record = submit(wide, engineer, request)
        with wide.transaction("api", SYSTEM) as tx:
            facts = tx.execute(
                text("select plan -> 'facts' -> 'allocated' from change where id = :id"), {"id": record.id}
            ).scalar_one()
        return [f"{each['what']} {each['value']}" for each in facts]

    got = _parallel(50, one)
    wide.close()
    assert len(got) == 250
    assert len(set(got)) == 250
    for pool in (take("vlan", "race", name="more"), take("asn", "race"), take("unit", "DC-A/race", device="race0")):
        with pytest.raises(PoolExhausted):
            run("inventory.allocate", allocations=[pool])


@pytest.mark.slow
def test_fifty_who_name_the_same_prefix_give_one_winner(database_dsn: Any, engineer: Principal) -> None:
    wide = Database(database_dsn, pool_size=50)

    def one(number: int) -> list[str]:
        cidr = f"10.50.0.0/{24 - number % 4}"  # not the same text: overlapping is enough
        operations = [create("prefix", {"cidr": cidr, "kind": "assigned"})]
        try:
            submit(
                wide, engineer, ChangeRequest(kind="inventory.edit", intent={"operations": operations}, reason="race")
            )
        except IrisplaneError as error:
            return [error.code]
        return ["won"]

    got = _parallel(50, one)
    wide.close()
    assert got.count("won") == 1
    assert set(got) <= {"won", "INV-110", "CORE-109"}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.sampled_from(["10.60.0.0/26", "fd60::/122"]), st.integers(0, 6)), max_size=12),
    st.integers(0, 6),
)
def test_the_free_prefix_is_the_lowest_that_overlaps_nothing(
    database: Database, taken: list[tuple[str, int]], wanted: int
) -> None:
    """Against a plain search over every aligned block."""
    with database.transaction("owner", SYSTEM) as tx:
        tenant = tx.execute(text("select id from tenant where kind = 'region'")).scalar_one()
        vrf = tx.execute(
            text("insert into vrf (tenant_id, name) values (:t, 'law') returning id"), {"t": tenant}
        ).scalar_one()
        pools = {}
        for cidr in ("10.60.0.0/26", "fd60::/122"):
            pools[cidr] = tx.execute(
                text("insert into prefix (tenant_id, vrf_id, cidr, kind) values (:t, :v, :c, 'pool') returning id"),
                {"t": tenant, "v": vrf, "c": cidr},
            ).scalar_one()
        there: list[Any] = []
        for cidr, extra in taken:
            free = _lowest(cidr, there, extra)
            got = tx.execute(
                text("select inventory_free_prefix(:p, masklen(cast(:c as cidr)) + :extra)::text"),
                {"p": pools[cidr], "c": cidr, "extra": extra},
            ).scalar()
            assert got == (str(free) if free else None)
            if free:
                there.append(free)
                tx.execute(
                    text("insert into prefix (tenant_id, vrf_id, cidr, kind) values (:t, :v, :c, 'assigned')"),
                    {"t": tenant, "v": vrf, "c": str(free)},
                )
        tx.rollback()


def _lowest(pool: str, there: list[Any], extra: int) -> Any:
    if not extra:
        return None  # the whole pool is the pool itself
    return next(
        (
            b
            for b in ip_network(pool).subnets(extra)
            if not any(b.version == o.version and b.overlaps(o) for o in there)
        ),
        None,
    )
