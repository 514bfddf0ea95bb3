"""The kind ``hosting.catalogue.import``: bring the catalogue to what a document says, without rewriting what was.

A new price ends the old one at its beginning. A plan whose size alters is another plan from then on: servers keep the
one they were ordered with, at its price. What the document does not mention stays. The same document twice: nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar, Final
from uuid import UUID

from pydantic import Field
from sqlalchemy import Connection, Row, text

from core.ids import uuid7
from datacenter.hosting.catalogue import document as form
from datacenter.hosting.catalogue.errors import HistoryRewritten
from datacenter.hosting.pricing import QUARTER, quarter_of
from orchestrator import commands
from orchestrator.kinds import ChangeKind, World
from orchestrator.plan import Draft, JsonObject

__all__ = ["CatalogueImport", "ImportIntent"]

_SIZE: Final = ("flavor", "vcpus", "ram_mib", "disk_gib")
_SHOWN: Final = 500


class ImportIntent(form.Document):
    """The document itself: it is small, and the plan shows it whole."""

    source: str = Field(default="", max_length=200, description="Where it comes from: a file, a name.")


class CatalogueImport(ChangeKind[ImportIntent]):
    """Bring offerings, plans and prices to what a document says."""

    name = "hosting.catalogue.import"
    title = "Import the catalogue"
    intent = ImportIntent
    needs_network: ClassVar[bool] = False

    def plan(self, intent: ImportIntent, world: World) -> Draft:
        """The rows to write, as commands.

        Raises:
            HistoryRewritten: a price or a plan would alter what held before now.
        """
        work = _Import(world.tx, datetime.now(UTC))
        for number, offering in enumerate(intent.offerings):
            work.offering(offering, f"/offerings/{number}")
        return Draft(
            summary=work.summary(),
            commands=work.commands(),
            facts={"lines": len(work.told), "alterations": work.told[:_SHOWN], "source": intent.source},
            undo_note="Import the former document: its prices then hold from the next quarter-hour.",
        )


@dataclass(slots=True)
class _Import:
    """One document on its way into rows."""

    tx: Connection
    now: datetime
    told: list[dict[str, Any]] = field(default_factory=list)
    inserts: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    updates: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    region: UUID | None = None
    soonest: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.soonest = quarter_of(self.now) + QUARTER
        self.region = self.tx.execute(text("select id from tenant where kind = 'region' order by id limit 1")).scalar()

    # ------------------------------------------------------------------------------------------------- offerings
    def offering(self, wanted: form.Offering, where: str) -> None:
        there = self.tx.execute(_OFFERING, {"code": wanted.code}).first()
        if self._over(there, wanted.ends):
            return
        said = {**_texts("name", wanted.name), **_texts("description", wanted.description), "details": wanted.details}
        if there is None or (there.ends is not None and there.ends <= self.now):
            begins = wanted.begins or quarter_of(self.now)
            offering_id = self._insert(
                "offering",
                {"code": wanted.code, "kind": wanted.kind, **said, "valid": _range(begins, wanted.ends)},
                f"offering {wanted.code}",
            )
        else:
            offering_id = there.id
            if there.kind != wanted.kind:
                raise HistoryRewritten(
                    f"The offering {wanted.code} is of kind {there.kind}, and stays it.",
                    hint="Give the new one another code, and this one an 'until'.",
                    pointer=f"{where}/kind",
                )
            self._update("offering", there, said, wanted.ends, f"offering {wanted.code}", where)
        for number, plan in enumerate(wanted.plans):
            self._plan(offering_id, plan, f"{where}/plans/{number}")
        self._prices(offering_id, None, wanted.prices, wanted.code, f"{where}/prices")

    # ----------------------------------------------------------------------------------------------------- plans
    def _plan(self, offering_id: UUID, wanted: form.Plan, where: str) -> None:
        there = self.tx.execute(_PLAN, {"offering": offering_id, "code": wanted.code}).first()
        if self._over(there, wanted.ends):
            return
        size = {name: getattr(wanted, name) for name in _SIZE}
        label = f"plan {wanted.code}"
        if there is not None and (there.ends is None or there.ends > self.now):
            if all(getattr(there, name) == value for name, value in size.items()):
                self._update("offering_plan", there, _texts("name", wanted.name), wanted.ends, label, where)
                self._prices(offering_id, there.id, wanted.prices, wanted.code, f"{where}/prices")
                return
            begins = wanted.begins if wanted.begins and wanted.begins > there.begins else self.soonest
            self._must_come(begins, f"{where}/from")
            self._update("offering_plan", there, {}, begins, label, where)
        else:
            begins = wanted.begins or quarter_of(self.now)
        plan_id = self._insert(
            "offering_plan",
            {
                "offering_id": str(offering_id), "code": wanted.code, **_texts("name", wanted.name), **size,
                "valid": _range(begins, wanted.ends),
            },
            f"{label}: {wanted.vcpus} vCPU, {wanted.ram_mib} MiB, {wanted.disk_gib} GiB as {wanted.flavor}",
        )  # fmt: skip
        self._prices(offering_id, plan_id, wanted.prices, wanted.code, f"{where}/prices", first=begins)

    # ---------------------------------------------------------------------------------------------------- prices
    def _prices(
        self,
        offering_id: UUID,
        plan_id: UUID | None,
        wanted: list[form.Price],
        code: str,
        where: str,
        *,
        first: datetime | None = None,
    ) -> None:
        for component in dict.fromkeys(price.component for price in wanted):
            held = self._held(offering_id, plan_id, component)
            for number, price in enumerate(wanted):
                if price.component == component:
                    self._price(
                        held, offering_id, plan_id, price, f"{code}, {component}", f"{where}/{number}", first=first
                    )

    def _held(self, offering_id: UUID, plan_id: UUID | None, component: str) -> list[_Held]:
        rows = self.tx.execute(_PRICES, {"offering": offering_id, "plan": plan_id, "component": component})
        return [_Held(row, row.begins, row.ends, row.quarter_micro_eur) for row in rows]

    def _price(
        self,
        held: list[_Held],
        offering_id: UUID,
        plan_id: UUID | None,
        wanted: form.Price,
        label: str,
        where: str,
        *,
        first: datetime | None,
    ) -> None:
        begins = wanted.begins or self._begins_by_itself(held, wanted, first)
        if begins is None:
            return
        over = next((one for one in held if one.begins <= begins and (one.ends is None or begins < one.ends)), None)
        if over is not None and over.amount == wanted.quarter_micro_eur:
            return  # holds already at that time
        if any(one.stands and (one is over or one.begins > begins) for one in held):
            self._must_come(begins, f"{where}/from")
        later = min((one.begins for one in held if one.begins > begins), default=None)
        if over is not None and over.begins == begins:
            raise HistoryRewritten(
                f"{label}: another price is announced from {begins:%Y-%m-%d %H:%M} UTC on.",
                hint="Undo the change that announced it, or begin at another time.",
                pointer=f"{where}/from",
            )
        if over is not None:
            self._end(over, begins)
        row = {
            "offering_id": str(offering_id), "plan_id": str(plan_id) if plan_id else None,
            "component": wanted.component, "quarter_micro_eur": wanted.quarter_micro_eur,
            "valid": _range(begins, later),
        }  # fmt: skip
        self._insert("price", row, f"price of {label}: {wanted.quarter_micro_eur} µEUR from {begins:%Y-%m-%d %H:%M}")
        held.append(_Held(row, begins, later, wanted.quarter_micro_eur))

    def _begins_by_itself(self, held: list[_Held], wanted: form.Price, first: datetime | None) -> datetime | None:
        """When a price without a ``from`` begins; ``None``: it holds already."""
        if not held:
            return first or quarter_of(self.now)
        last = max(held, key=lambda one: one.begins)
        if last.amount == wanted.quarter_micro_eur and last.ends is None:
            return None
        return max(self.soonest, last.begins + QUARTER)

    def _end(self, over: _Held, begins: datetime) -> None:
        if isinstance(over.row, dict):
            over.row["valid"] = _range(over.begins, begins)
        else:
            change = {"valid": _range(over.begins, begins)}
            self.updates.setdefault("price", []).append({"id": str(over.row.id), "version": over.row.version, **change})
        over.ends = begins

    # ---------------------------------------------------------------------------------------------------- inside
    def _over(self, there: Row[Any] | None, ends: datetime | None) -> bool:
        """The document says that it has ended, and so it has."""
        return there is not None and ends is not None and ends <= self.now and there.ends == ends

    def _must_come(self, begins: datetime, pointer: str) -> None:
        if begins < self.now:
            raise HistoryRewritten(f"{begins:%Y-%m-%d %H:%M} UTC is past: what held then, held.", pointer=pointer)

    def _insert(self, table: str, values: dict[str, Any], label: str) -> UUID:
        made = uuid7()
        values |= {"id": str(made), "tenant_id": str(self.region)}
        self.inserts.setdefault(table, []).append(values)
        self.told.append({"op": "+", "type": table, "id": str(made), "name": label, "lines": []})
        return made

    def _update(
        self, table: str, there: Row[Any], said: dict[str, Any], ends: datetime | None, label: str, where: str
    ) -> None:
        differs = {name: value for name, value in said.items() if getattr(there, name) != value}
        valid = _range(there.begins, there.ends)
        if ends is not None and ends != there.ends:
            if ends < self.now or ends <= there.begins:
                raise HistoryRewritten(f"{label} cannot have ended before now.", pointer=f"{where}/until")
            valid = _range(there.begins, ends)
            differs["valid"] = valid
        if not differs:
            return
        columns = {name: getattr(there, name) for name in _COLUMNS[table]} | {"valid": valid} | differs
        self.updates.setdefault(table, []).append({"id": str(there.id), "version": there.version, **columns})
        self.told.append({"op": "~", "type": table, "id": str(there.id), "name": label, "lines": sorted(differs)})

    def commands(self) -> tuple[JsonObject, ...]:
        """What ends comes before what begins in its place."""
        return tuple(self._commands())

    def _commands(self) -> Iterator[JsonObject]:
        tables = ("offering", "offering_plan", "price")
        for table in tables:
            if self.updates.get(table):
                yield commands.update(table, self.updates[table])
        for table in tables:
            if self.inserts.get(table):
                yield commands.insert(table, self.inserts[table])

    def summary(self) -> str:
        """One sentence for lists."""
        if not self.told:
            return "Import the catalogue: nothing differs"
        counts = {
            name: sum(one["op"] == "+" and one["type"] == table for one in self.told)
            for name, table in (("offerings", "offering"), ("plans", "offering_plan"), ("prices", "price"))
        }
        parts = [f"{count} new {name}" for name, count in counts.items() if count]
        altered = sum(one["op"] == "~" for one in self.told)
        return "Import the catalogue: " + ", ".join([*parts, *([f"{altered} altered"] if altered else [])])


@dataclass(slots=True)
class _Held:
    """A price that holds, or that this import makes hold (then ``row`` is what it inserts)."""

    row: Row[Any] | dict[str, Any]
    begins: datetime
    ends: datetime | None
    amount: int

    @property
    def stands(self) -> bool:
        """It was there before."""
        return not isinstance(self.row, dict)


def _texts(prefix: str, given: form.Texts | form.Descriptions) -> dict[str, str]:
    return {f"{prefix}_{language}": getattr(given, language) for language in ("fr", "nl", "en")}


def _range(begins: datetime, ends: datetime | None) -> str:
    if ends is not None and ends <= begins:
        raise HistoryRewritten(f"It would end ({ends:%Y-%m-%d %H:%M} UTC) before it begins ({begins:%Y-%m-%d %H:%M}).")
    until = "" if ends is None else ends.astimezone(UTC).isoformat()
    return f"[{begins.astimezone(UTC).isoformat()},{until})"


_COLUMNS: Final = {
    "offering": (
        "name_fr", "name_nl", "name_en", "description_fr", "description_nl", "description_en", "details",
    ),
    "offering_plan": ("name_fr", "name_nl", "name_en"),
}  # fmt: skip
_OFFERING: Final = text("""
    select id, version, kind, name_fr, name_nl, name_en, description_fr, description_nl, description_en, details,
           lower(valid) as begins, upper(valid) as ends
    from offering where code = :code order by lower(valid) desc limit 1""")
_PLAN: Final = text("""
    select id, version, name_fr, name_nl, name_en, flavor, vcpus, ram_mib, disk_gib,
           lower(valid) as begins, upper(valid) as ends
    from offering_plan where offering_id = :offering and code = :code order by lower(valid) desc limit 1""")
_PRICES: Final = text("""
    select id, version, quarter_micro_eur, lower(valid) as begins, upper(valid) as ends
    from price where offering_id = :offering and plan_id is not distinct from cast(:plan as uuid)
     and component = :component order by lower(valid)""")
