"""A region with a catalogue, two administrations with a project in the cloud each, and ways to meter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, text

from core.db import Database
from core.identity import Principal
from core.postgres_temporary import TemporaryPostgres
from datacenter.hosting.metering import rating
from datacenter.hosting.metering.collecting import store
from datacenter.hosting.metering.held import Held, Window
from datacenter.hosting.pricing import REGION_TIME
from tests.inventory.conftest import SYSTEM, Submit, engineer_of, submitter

BEGUN = "2020-01-01T00:00:00Z"
SMALL, SMALL_OFF, VOLUME, ADDRESS = 2400, 480, 27, 685


def texts(name: str) -> dict[str, str]:
    return {"fr": name, "nl": name, "en": name}


def price(component: str, amount: int, begins: str = BEGUN) -> dict[str, Any]:
    return {"component": component, "quarter_micro_eur": amount, "from": begins}


def catalogue(**amounts: int) -> list[dict[str, Any]]:
    return [
        {
            "code": "server", "kind": "server", "from": BEGUN, "name": texts("Server"),
            "plans": [
                {
                    "code": "small", "flavor": "SCS-1V-2-10", "vcpus": 1, "ram_mib": 2048, "disk_gib": 10,
                    "from": BEGUN, "name": texts("Small"),
                    "prices": [price("server", SMALL), price("server-off", SMALL_OFF)],
                },
            ],
        },
        {"code": "volume", "kind": "volume", "from": BEGUN, "name": texts("V"), "prices": [price("gib", VOLUME)]},
        {
            "code": "floating-ip", "kind": "floating-ip", "from": BEGUN, "name": texts("A"),
            "prices": [price("address", ADDRESS)],
        },
    ]  # fmt: skip


@dataclass
class Meters:
    """One database, and what a test does with it."""

    database: Database
    platform: Principal
    submit: Submit
    tenants: dict[str, UUID]
    number: int = 0
    sizes: list[str] = field(default_factory=list)

    def sql(self, statement: str, **values: Any) -> Any:
        with self.database.transaction("platform", SYSTEM) as tx:
            result = tx.execute(text(statement), values)
            return result.all() if result.returns_rows else result.rowcount

    def server(self, begins: datetime, ends: datetime | None = None, *, tenant: str = "ixelles", **more: Any) -> Held:
        """A server that Nova tells of."""
        self.number += 1
        given = {"flavor": "SCS-1V-2-10", "name": f"web{self.number}", "cloud_id": f"nova-{self.number}", **more}
        return Held(resource="server", cloud_project=f"cloud-{tenant}", begins=begins, ends=ends, **given)

    def store(self, found: Sequence[Held], begins: datetime, ends: datetime, source: str = "nova") -> int:
        """Meter a window and rate its days."""
        window = Window(begins, ends)
        with self.database.transaction("platform", SYSTEM) as tx:
            added = store(tx, source, window, found)
            rating.rate(tx, window)
        return added

    def charges(self) -> list[Any]:
        return list(self.sql("select * from charge order by booked, day, meter_id, price_id"))

    def amount(self) -> int:
        return int(self.sql("select coalesce(sum(amount_micro_eur), 0) as sum from charge")[0].sum)

    def mark(self, until: datetime) -> None:
        """All sources are metered up to here."""
        for source in ("nova", "cinder", "neutron"):
            self.sql(
                "insert into metering_mark values (:source, :until) on conflict (source)"
                " do update set metered_until = excluded.metered_until",
                source=source, until=until,
            )  # fmt: skip


def furnish(database: Database) -> Meters:
    """People, administrations, projects and a catalogue."""
    platform = engineer_of(database, role="platform-manager")
    made = Meters(database, platform, submitter(database, platform), {})
    for code in ("ixelles", "uccle"):
        made.tenants[code] = engineer_of(database, code, "agency-admin").tenant_id
        made.sql(
            "update project set cloud_id = :cloud where tenant_id = :tenant",
            cloud=f"cloud-{code}", tenant=made.tenants[code],
        )  # fmt: skip
    made.submit("hosting.catalogue.import", offerings=catalogue())
    return made


@pytest.fixture
def meters(fresh_database: Database) -> Meters:
    return furnish(fresh_database)


@pytest.fixture(scope="module")
def kept(pg: TemporaryPostgres) -> Iterator[Meters]:
    """The same for tests that roll back whatever they did."""
    with pg.copy() as name:
        opened = Database(lambda role: pg.dsn(role, name))
        yield furnish(opened)
        opened.close()


class Rolled:
    """One transaction that is rolled back: many examples of a law on one database."""

    def __init__(self, meters: Meters, tx: Connection) -> None:
        self.meters, self.tx = meters, tx

    def store(self, found: Sequence[Held], begins: datetime, ends: datetime, source: str = "nova") -> int:
        window = Window(begins, ends)
        added = store(self.tx, source, window, found)
        rating.rate(self.tx, window)
        return added

    def sql(self, statement: str, **values: Any) -> Any:
        return self.tx.execute(text(statement), values).all()


def at(hour: float, day: int = 2, month: int = 6) -> datetime:
    """An hour of a day of June 2026, UTC."""
    return datetime(2026, month, day, tzinfo=UTC) + timedelta(hours=hour)


def local_day(year: int, month: int, day: int) -> tuple[datetime, datetime]:
    """When a day of the region begins and ends, UTC."""
    following = date(year, month, day) + timedelta(days=1)
    begins = datetime(year, month, day, tzinfo=REGION_TIME)
    ends = datetime(following.year, following.month, following.day, tzinfo=REGION_TIME)
    return begins.astimezone(UTC), ends.astimezone(UTC)
