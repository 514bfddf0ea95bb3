"""The kinds of Change that the inventory offers: edit, allocate, import.

All three only write our own database: their plan is a list of commands, their undo the stored inverse. What a person
reads before saying yes stands in the plan's facts under ``alterations``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, ClassVar, Final, Literal

import msgspec
from pydantic import Field
from sqlalchemy import text

from core.errors import NotFound
from inventory import allocate, objects, shapes
from inventory.errors import ImportRefused
from inventory.planner import Alteration, Edit
from inventory.schema import Allocation, InputModel
from orchestrator.kinds import ChangeKind, World
from orchestrator.plan import Draft, Impact

__all__ = ["AllocateIntent", "EditIntent", "ImportIntent", "InventoryAllocate", "InventoryEdit", "InventoryImport"]

_SHOWN: Final = 500
"""Alterations that a plan tells one by one; the rest are counted. Its commands always hold every one."""


class Create(InputModel):
    """New objects of one type, as ``inventory.schema`` describes them."""

    action: Literal["create"]
    type: str
    values: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=50_000)]


class Item(InputModel):
    """An object that exists: its key or id, and the version that was read (absent: any)."""

    ref: Annotated[str, Field(min_length=1, max_length=400)]
    version: int | None = None


class Setting(Item):
    """An object and the fields to set."""

    set: dict[str, Any]


class Update(InputModel):
    """Fields to set on objects of one type."""

    action: Literal["update"]
    type: str
    items: Annotated[list[Setting], Field(min_length=1, max_length=50_000)]


class Delete(InputModel):
    """Objects of one type that go, with what is a part of them."""

    action: Literal["delete"]
    type: str
    items: Annotated[list[Item], Field(min_length=1, max_length=50_000)]


Operation = Annotated[Create | Update | Delete, Field(discriminator="action")]


class EditIntent(InputModel):
    """Operations, carried out in this order, all or none."""

    operations: Annotated[list[Operation], Field(min_length=1, max_length=1000)]


class AllocateIntent(InputModel):
    """What to take from which pools, all or none."""

    allocations: Annotated[list[Allocation], Field(min_length=1, max_length=1000)]


class ImportIntent(InputModel):
    """A region import that ``inventory.region_import`` read: the records stand in a blob.

    Attributes:
        records: digest of the blob with the records by type.
        sources: what was read: file names, rows taken and refused, attributions.
    """

    records: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    sources: list[dict[str, Any]] = Field(default_factory=list)


class InventoryEdit(ChangeKind[EditIntent]):
    """Create, update and delete inventory objects of any type."""

    name = "inventory.edit"
    title = "Edit the inventory"
    intent = EditIntent
    needs_network: ClassVar[bool] = False

    def plan(self, intent: EditIntent, world: World) -> Draft:
        """The commands of every operation.

        Raises:
            FieldRefused, UnknownReference, ObjectNotFound, ObjectChanged: with a pointer into the intent.
        """
        edit = Edit(world.tx, world.scope)
        for number, operation in enumerate(intent.operations):
            where = f"/operations/{number}"
            if isinstance(operation, Create):
                edit.create(operation.type, operation.values, pointer=f"{where}/values")
            elif isinstance(operation, Update):
                edit.update(
                    operation.type, [(i.ref, i.set, i.version) for i in operation.items], pointer=f"{where}/items"
                )
            else:
                edit.delete(operation.type, [(i.ref, i.version) for i in operation.items], pointer=f"{where}/items")
        return draft_of(edit, summary_of(edit.alterations))


class InventoryAllocate(ChangeKind[AllocateIntent]):
    """Take the next free prefix, address, VLAN id, rack unit or AS number."""

    name = "inventory.allocate"
    title = "Allocate from pools"
    intent = AllocateIntent
    needs_network: ClassVar[bool] = False

    def plan(self, intent: AllocateIntent, world: World) -> Draft:
        """The values chosen, and the objects that hold them.

        Raises:
            PoolExhausted: a pool has nothing left of that size.
        """
        edit = Edit(world.tx, world.scope)
        drawn = allocate.draw(edit, intent.allocations, pointer="/allocations")
        summary = "Allocate " + _listed(f"{one.what} {one.value}" for one in drawn)
        return draft_of(edit, summary, allocated=[one.as_dict() for one in drawn])


class InventoryImport(ChangeKind[ImportIntent]):
    """Bring the inventory to what imported files say; what they do not mention stays."""

    name = "inventory.import"
    title = "Import region data"
    intent = ImportIntent
    needs_network: ClassVar[bool] = False

    def plan(self, intent: ImportIntent, world: World) -> Draft:
        """Creates what is missing and updates what differs: importing twice alters nothing.

        Raises:
            ImportRefused: the records are gone.
        """
        try:
            records = msgspec.json.decode(world.read_blob(intent.records), type=dict[str, list[dict[str, Any]]])
        except (msgspec.DecodeError, NotFound) as error:
            raise ImportRefused("The records of this import are gone.", hint="Import the files again.") from error
        edit = Edit(world.tx, world.scope)
        for kind in objects.ALL:
            upsert(edit, kind, records.get(kind, []), pointer=f"/records/{kind}")
        summary = f"Import: {summary_of(edit.alterations)}" if edit.alterations else "Import: nothing differs"
        return draft_of(edit, summary, sources=intent.sources, unchanged=edit.unchanged)


def upsert(edit: Edit, kind: str, values: Sequence[dict[str, Any]], *, pointer: str) -> None:
    """Create what has a new natural key, update what exists and differs."""
    if not values:
        return
    by_key = {shapes.key_of(kind, one): one for one in values}
    there = edit.read(objects.get(kind), list(by_key))
    new = [one for key, one in by_key.items() if key not in there]
    if new:
        edit.create(kind, new, pointer=pointer)
    known = [
        (key, {k: v for k, v in one.items() if k != "interfaces"}, None) for key, one in by_key.items() if key in there
    ]
    if known:
        edit.update(kind, known, pointer=pointer)


def draft_of(edit: Edit, summary: str, **facts: Any) -> Draft:
    """What an edit planned, as the engine takes it."""
    told = [
        {"op": one.op, "type": one.kind, "id": one.id, "name": one.name, "lines": list(one.lines)}
        for one in edit.alterations[:_SHOWN]
    ]
    lines = sum(max(len(one.lines), 1) for one in edit.alterations)
    counts = Counter(f"{one.op} {one.kind}" for one in edit.alterations)
    return Draft(
        summary=summary,
        commands=tuple(edit.commands),
        impact=_impact(edit),
        facts={"lines": lines, "counts": dict(sorted(counts.items())), "alterations": told, **facts},
        undo_note="The stored inverse of these writes.",
    )


def summary_of(alterations: Sequence[Alteration]) -> str:
    """One sentence for lists: ``Create device ac07; update 2 sites``."""
    if not alterations:
        return "Nothing to do"
    verbs = {"+": "create", "~": "update", "-": "delete"}
    grouped: dict[tuple[str, str], list[Alteration]] = {}
    for one in alterations:
        grouped.setdefault((one.op, one.kind), []).append(one)
    parts = []
    for (op, kind), ones in grouped.items():
        label = objects.get(kind).collection.replace("-", " ") if len(ones) > 1 else kind.replace("_", " ")
        parts.append(
            f"{verbs[op]} {ones[0].name if len(ones) == 1 else len(ones)} {label}"
            if len(ones) > 1
            else f"{verbs[op]} {label} {ones[0].name}"
        )
    told = _listed(parts, "; ")
    return (told[0].upper() + told[1:])[:400]  # the first letter alone: codes stay as they are written


def _listed(parts: Iterable[str], glue: str = ", ", most: int = 6) -> str:
    every = list(parts)
    return glue.join(every[:most]) + (f"{glue}and {len(every) - most} more" if len(every) > most else "")


def _impact(edit: Edit) -> Impact:
    """Whose objects alter, and where: tenants and sites named by the rows that are written."""
    ids = {column: set[str]() for column in ("tenant_id", "site_id")}
    for command in edit.commands:
        for row in command["rows"]:
            for column, found in ids.items():
                if row.get(column):
                    found.add(row[column])
    tenants = edit.tx.execute(
        text("select code from tenant where id = any(cast(:ids as uuid[])) order by 1"), {"ids": list(ids["tenant_id"])}
    ).scalars()
    sites = edit.tx.execute(
        text("select code from site where id = any(cast(:ids as uuid[])) order by 1"), {"ids": list(ids["site_id"])}
    ).scalars()
    return Impact(sites=tuple(sites), tenants=tuple(tenants))
