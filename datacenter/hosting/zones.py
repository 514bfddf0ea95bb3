"""Zones as the region's staff keeps them: which data each may hold, and whether it takes servers now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, Row, text

from core.db import Database
from core.errors import Denied
from core.ids import uuid7
from core.scope import EVERY_TENANT, Scope
from datacenter.hosting import cloud
from datacenter.hosting.cloud import speaking
from datacenter.hosting.errors import CloudSilent, NoCloud, NoSuchZone
from orchestrator import commands
from orchestrator.kinds import ChangeKind, World
from orchestrator.plan import Draft

__all__ = ["ZoneEdit", "ZoneIntent", "listed", "look", "one"]

DataClass = Literal["open", "internal", "personal", "sensitive"]

_SHOWN: Final = """json_build_object('id', z.id, 'code', z.code, 'site', z.site,
    'availability_zone', z.availability_zone, 'data_classes', z.data_classes,
    'open', z.open, 'present', z.present, 'version', z.version)"""
_LIST: Final = text(
    f"select {_SHOWN}::text as body, z.code as key from zone z"  # noqa: S608 - a constant of this module
    " where (cast(:data_class as text) is null or :data_class = any(z.data_classes))"
    " and (cast(:after as text) is null or z.code > :after) order by z.code limit :limit"
)
_ONE: Final = text(f"select {_SHOWN}::text as body, z.version from zone z where z.code = :code")  # noqa: S608 - same


class ZoneIntent(BaseModel):
    """A zone as it shall be; what is absent stays, or has its default in a new one.

    Attributes:
        code: what it is called here.
        site: code of the inventory's site.
        availability_zone: its name in the cloud; the code when absent.
    """

    model_config = ConfigDict(extra="forbid")

    code: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,30}$")
    site: str | None = Field(default=None, max_length=63)
    availability_zone: str | None = Field(default=None, min_length=1, max_length=255)
    data_classes: Annotated[list[DataClass], Field(max_length=4)] | None = None
    open: bool | None = None


class ZoneEdit(ChangeKind[ZoneIntent]):
    """Add a zone, or alter what it may hold; servers that stand there stay."""

    name = "hosting.zone.edit"
    title = "Zone"
    intent = ZoneIntent
    needs_network: ClassVar[bool] = False

    def plan(self, intent: ZoneIntent, world: World) -> Draft:
        """One row."""
        if world.scope.tenant != EVERY_TENANT:
            raise Denied("Zones are kept by the region's staff.")
        there = world.tx.execute(
            text("select id, version, site, availability_zone, data_classes, open from zone where code = :code"),
            {"code": intent.code},
        ).one_or_none()
        given = intent.model_dump(exclude={"code"}, exclude_none=True)
        if there is None:
            return Draft(f"Add the zone {intent.code}", commands=(self._insert(world, intent.code, given),))
        altered = {name: value for name, value in given.items() if value != getattr(there, name)}
        if not altered:
            return Draft(f"The zone {intent.code} is so already")
        row = {"id": str(there.id), "version": there.version, **altered}
        return Draft(f"Alter the zone {intent.code}: {', '.join(altered)}", commands=(commands.update("zone", [row]),))

    @staticmethod
    def _insert(world: World, code: str, given: dict[str, Any]) -> Any:
        region = world.tx.execute(text("select id from tenant where kind = 'region' order by id limit 1")).scalar_one()
        row = {"id": str(uuid7()), "tenant_id": str(region), "code": code, "availability_zone": code, **given}
        return commands.insert("zone", [row])


def listed(tx: Connection, data_class: str | None, after: str | None, limit: int) -> list[tuple[str, tuple[str]]]:
    """Zones by code: JSON text and cursor key of each. One statement."""
    rows = tx.execute(_LIST, {"data_class": data_class, "after": after, "limit": limit})
    return [(row.body, (row.key,)) for row in rows]


def one(tx: Connection, code: str) -> tuple[str, int]:
    """A zone as JSON text, and its version.

    Raises:
        NoSuchZone: there is none.
    """
    row = tx.execute(_ONE, {"code": code}).one_or_none()
    if row is None:
        raise NoSuchZone(f"There is no zone {code!r}.")
    return row.body, row.version


def look(database: Database) -> int:
    """Note which zones the cloud has; gives how many altered. What it has not takes no new servers meanwhile."""
    scope = Scope(EVERY_TENANT, reason="which zones the cloud has")
    with database.transaction("worker", scope) as tx:
        kept = tx.execute(text("select id, availability_zone, present from zone order by code")).all()
    if not kept or cloud.away():
        return 0
    try:
        with speaking("Listing the zones"):
            compute: Any = cloud.admin().compute
            there = {zone.name for zone in compute.availability_zones() if zone.state.get("available")}
    except (NoCloud, CloudSilent):
        return 0
    altered = _differing(kept, there)
    if altered:
        with database.transaction("worker", scope) as tx:
            tx.execute(
                text("update zone set present = availability_zone = any(:there) where id = any(cast(:ids as uuid[]))"),
                {"ids": altered, "there": sorted(there)},
            )
    return len(altered)


def _differing(kept: Sequence[Row[Any]], there: set[str]) -> list[UUID]:
    return [zone.id for zone in kept if zone.present is not (zone.availability_zone in there)]
