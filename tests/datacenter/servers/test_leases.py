"""Leases: warned of in time and once, stopped at the end, given back after the grace; a renewal takes it all back."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from core.bootstrap import SYSTEM as SYSTEM_ACCOUNT
from core.db import Database
from core.identity import create_principal, grant
from core.journal.sequencer import Sequencer
from core.settings import Settings, load
from datacenter.hosting import leases, notices
from tests.api.people import SYSTEM, Person
from tests.datacenter.ordering import Hosting

END = datetime(2027, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(scope="module", autouse=True)
def system(database: Database, tenants: dict[str, UUID], environment: dict[str, str]) -> None:
    """The account under which the system asks."""
    with database.transaction("owner", SYSTEM) as tx:
        who = create_principal(tx, handle=SYSTEM_ACCOUNT, kind="service", display_name="Irisplane")
        grant(tx, principal_id=who, tenant_id=tenants["region"], role="engineer", granted_by=None)


@pytest.fixture
def leased(database: Database, tenants: dict[str, UUID]) -> Callable[..., UUID]:
    """Make a server with a lease, as if it ran."""

    def make(name: str, *, status: str = "active", protected: bool = False, until: datetime = END) -> UUID:
        with database.transaction("owner", SYSTEM) as tx:
            made: UUID = tx.execute(
                text(
                    "insert into server (tenant_id, project_id, name, vcpus, ram_mib, disk_gib, status, cloud_id,"
                    " protected, lease_until)"
                    " select p.tenant_id, p.id, :name, 1, 512, 1, :status, :name, :protected, :until"
                    " from project p where p.tenant_id = :tenant and p.code = 'main' returning id"
                ),
                {"name": name, "status": status, "protected": protected, "until": until, "tenant": tenants["ixelles"]},
            ).scalar_one()
        return made

    return make


def _rows(database: Database, statement: str, **values: Any) -> Any:
    with database.transaction("platform", SYSTEM) as tx:
        result = tx.execute(text(statement), values)
        return result.all() if result.returns_rows else result.rowcount


def _events(database: Database, server: UUID) -> list[tuple[str, Any]]:
    found = _rows(
        database, "select action, body from journal where subject_id = :id and action like 'lease.%' order by id",
        id=str(server),
    )  # fmt: skip
    return [(row.action, row.body.get("days")) for row in found]


def _changes(database: Database, server: UUID) -> list[Any]:
    return list(
        _rows(
            database,
            "select kind, state, reason, tenant_id, id from change where plan #>> '{targets,0,id}' = :t order by id",
            t=f"server:{server}",
        )
    )


def _over(database: Database, server: UUID) -> None:
    _rows(database, "update server set status = 'gone', gone_at = now() where id = :id", id=server)


def test_people_are_warned_in_time_and_once(
    database: Database, leased: Callable[..., UUID], settings: Settings, ada: Person
) -> None:
    server = leased("warned")
    _rows(database, "update principal set locale = 'fr' where id = :id", id=ada.id)
    for days, taken in ((15, 0), (13, 1), (13, 0), (2.5, 1), (0.5, 1), (0.4, 0)):
        assert leases.enforce(database, END - days * DAY) == taken, days
    assert _events(database, server) == [("lease.ends", 13), ("lease.ends", 3), ("lease.ends", 1)]
    Sequencer(database, None).drain()
    notices.write_due(database, settings)
    told = _rows(database, "select subject, body from notice where principal_id = :id order by id", id=ada.id)
    assert [row.subject for row in told][:1] == ["[Irisplane] warned s'arrête dans 13 jour(s)"]
    assert f"/api/v1/servers/{server}:extend" in told[0].body
    _over(database, server)


def test_a_short_lease_is_warned_of_once_with_the_nearest(database: Database, leased: Callable[..., UUID]) -> None:
    server = leased("short")
    assert leases.enforce(database, END - 2 * DAY) == 1
    assert _events(database, server) == [("lease.ends", 2)]
    _over(database, server)


def test_other_days_are_a_matter_of_settings(database: Database, leased: Callable[..., UUID]) -> None:
    server = leased("other")
    own = load({"IRISPLANE_INSTANCE": "test", "IRISPLANE_SERVER_LEASE_WARNING_DAYS": "30"})
    assert leases.enforce(database, END - 29 * DAY, own) == 1
    assert leases.enforce(database, END - 1 * DAY, own) == 0
    _over(database, server)


def test_at_its_end_a_server_is_stopped_in_its_administrations_name(
    database: Database, leased: Callable[..., UUID], tenants: dict[str, UUID]
) -> None:
    server = leased("ends")
    assert leases.enforce(database, END) == 1
    assert leases.enforce(database, END + timedelta(hours=1)) == 0
    [stop] = _changes(database, server)
    assert (stop.kind, stop.state, stop.tenant_id) == ("hosting.server.stop", "approved", tenants["ixelles"])
    assert stop.reason == "The lease of ends ended at 2027-03-01 12:00 UTC."
    assert _events(database, server) == [("lease.ended", None)]
    _rows(database, "update change set state = 'succeeded', finished_at = now() where id = :id", id=stop.id)
    _rows(database, "update server set status = 'stopped' where id = :id", id=server)
    assert leases.enforce(database, END + 6 * DAY) == 0
    assert leases.enforce(database, END + 7 * DAY) == 1
    assert [one.kind for one in _changes(database, server)] == ["hosting.server.stop", "hosting.server.delete"]
    assert leases.enforce(database, END + 8 * DAY) == 0
    _rows(database, "update change set state = 'succeeded', finished_at = now() where kind like 'hosting.server.%'")
    _over(database, server)


def test_a_protected_server_is_stopped_and_stays(database: Database, leased: Callable[..., UUID]) -> None:
    server = leased("kept-safe", protected=True)
    assert leases.enforce(database, END) == 1
    assert leases.enforce(database, END + 100 * DAY) == 0
    assert [one.kind for one in _changes(database, server)] == ["hosting.server.stop"]
    [event] = _rows(
        database, "select body from journal where action = 'lease.ended' and subject_id = :id", id=str(server)
    )
    assert event.body["deleted"] == ""
    _rows(database, "update change set state = 'succeeded', finished_at = now() where kind = 'hosting.server.stop'")
    _over(database, server)


def test_a_stop_that_failed_is_asked_for_again(database: Database, leased: Callable[..., UUID]) -> None:
    server = leased("again")
    assert leases.enforce(database, END) == 1
    _rows(database, "update change set state = 'failed', finished_at = now() where kind = 'hosting.server.stop'")
    assert leases.enforce(database, END) == 0
    _rows(
        database, "update change set finished_at = now() - interval '1 hour' where kind = 'hosting.server.stop' and"
        " state = 'failed'",
    )  # fmt: skip
    assert leases.enforce(database, END) == 1
    assert [one.state for one in _changes(database, server)] == ["failed", "approved"]
    assert _events(database, server) == [("lease.ended", None)]
    _rows(database, "update change set state = 'succeeded', finished_at = now() where state = 'approved'")
    _over(database, server)


def test_a_renewal_is_one_click_and_takes_back_the_stop_that_waits(
    database: Database, leased: Callable[..., UUID], ugo: Person, uma: Person
) -> None:
    past = datetime.now(UTC) - timedelta(hours=1)
    server = leased("renewed", until=past)
    assert leases.enforce(database) == 1
    assert [one.state for one in _changes(database, server)] == ["approved"]
    path = f"/api/v1/servers/{server}:extend"
    assert uma.post(path).status_code == 404
    extended = ugo.post(path)
    assert (extended.status_code, extended.json()["state"]) == (201, "succeeded"), extended.text
    assert extended.json()["resource"]["href"] == f"/api/v1/servers/{server}"
    assert [one.state for one in _changes(database, server)] == ["cancelled"]
    until = _rows(database, "select lease_until from server where id = :id", id=server)[0].lease_until
    assert timedelta(days=89) < until - datetime.now(UTC) < timedelta(days=91)
    assert leases.enforce(database) == 0
    further = (until + DAY).isoformat()
    assert ugo.post(path, json={"lease_until": further}).status_code == 201
    earlier = ugo.post(path, json={"lease_until": until.isoformat()})
    assert (earlier.status_code, earlier.json()["code"]) == (409, "HST-190")
    assert earlier.json()["errors"][0]["pointer"] == "/lease_until"
    _over(database, server)


def test_a_renewal_at_the_very_moment_leaves_no_stop_behind(
    database: Database, leased: Callable[..., UUID], ugo: Person
) -> None:
    past = datetime.now(UTC) - timedelta(hours=1)
    servers = [leased(f"race{number}", until=past) for number in range(6)]
    start = threading.Barrier(7)

    def renew(server: UUID) -> int:
        start.wait()
        return ugo.post(f"/api/v1/servers/{server}:extend").status_code

    def end() -> int:
        start.wait()
        return leases.enforce(database)

    with ThreadPoolExecutor(7) as pool:
        ending = pool.submit(end)
        renewed = list(pool.map(renew, servers))
        ending.result()
    for server, status in zip(servers, renewed, strict=True):
        assert status == 201
        assert {one.state for one in _changes(database, server)} <= {"cancelled"}
        _over(database, server)


def test_a_server_without_an_end_is_left_alone(database: Database, leased: Callable[..., UUID], ugo: Person) -> None:
    server = leased("endless")
    _rows(database, "update server set lease_until = null where id = :id", id=server)
    assert leases.enforce(database, END + 1000 * DAY) == 0
    assert ugo.post(f"/api/v1/servers/{server}:extend").json()["code"] == "HST-190"
    _over(database, server)


@pytest.mark.slow
def test_a_real_server_stops_at_the_end_of_its_lease(hosting: Hosting, worker: object, ugo: Person) -> None:
    soon = datetime.now(UTC) + timedelta(days=30)
    made = hosting.create(ugo, "leased1", lease_until=soon.isoformat())
    server = made.json()["resource"]["id"]
    hosting.done(made)
    assert leases.enforce(hosting.database, soon + DAY) == 1
    stop = hosting.sql("select change_id from lease_step where server_id = :id and days = 0", id=server)[0].change_id
    hosting.done(stop)
    assert hosting.server(server).status == "stopped"
    assert leases.enforce(hosting.database, soon + 8 * DAY) == 1
    gone = hosting.sql("select change_id from lease_step where server_id = :id and days = -1", id=server)[0].change_id
    hosting.done(gone)
    assert hosting.server(server).status == "kept"
