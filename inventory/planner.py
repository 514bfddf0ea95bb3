"""From what somebody asks for, in names, to commands with ids: the planning half of every inventory Change.

Everything is done in sets: one validation, one look-up per referred type, one command per table, however many objects.
Objects planned earlier in the same edit can be referred to by later ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID, uuid3

from sqlalchemy import Connection, text

from core.ids import uuid7
from core.scope import EVERY_TENANT, Scope
from inventory import objects, shapes
from inventory.errors import ObjectChanged, ObjectNotFound, UnknownReference
from inventory.given import BATCH_OF_ERRORS, JsonObject, told_of, validated, writable
from inventory.object_type import PERIODS, ObjectType, Reference
from inventory.schema import InputModel

__all__ = ["Alteration", "Edit"]

_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@dataclass(frozen=True, slots=True)
class Alteration:
    """One object that an edit alters, for people: ``op`` is ``+``, ``~`` or ``-``."""

    op: str
    kind: str
    id: str
    name: str
    lines: tuple[str, ...]
    version: int = 0


@dataclass(slots=True)
class Edit:
    """Collects what is asked for and makes commands of it. Reads only."""

    tx: Connection
    scope: Scope
    commands: list[dict[str, Any]] = field(default_factory=list)
    alterations: list[Alteration] = field(default_factory=list)
    unchanged: int = 0
    _known: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    _tenant: str | None = None

    # -------------------------------------------------------------------------------------------------------- create

    def create(self, kind: str, values: Sequence[JsonObject], *, pointer: str = "") -> list[str]:
        """Plan new objects of one type; gives their ids.

        Raises:
            FieldRefused, UnknownReference: with a JSON pointer below ``pointer``.
        """
        made = writable(kind, pointer)
        models = validated(kind, values, pointer)
        ids = self.new_ids(len(models))
        self._resolve_all(made, models, pointer)
        rows, children = [], []
        for model, row_id in zip(models, ids, strict=True):
            row = self._row(made, model, row_id)
            rows.append(row)
            given = vars(model)
            key = objects.natural_key(kind, given)
            self._remember(kind, key, row)
            inner = given.get("interfaces") or ()
            children += [(key, child) for child in inner]
            summary = f"{len(inner)} interfaces" if inner else ""
            self.alterations.append(
                Alteration("+", kind, row_id, key, (*told_of(made, given), *filter(None, [summary])))
            )
        self._emit("insert", kind, rows)
        if children:
            self._interfaces(children, pointer)
        return ids

    def _interfaces(self, children: Sequence[tuple[str, InputModel]], pointer: str) -> None:
        """Interfaces that came inside their devices: validated with them, listed under them."""
        made = objects.get("interface")
        vrfs = {str(vars(child)["vrf"]) for _, child in children if vars(child)["vrf"]}
        found = self.resolve("vrf", vrfs, pointer=pointer) if vrfs else {}
        rows = []
        for (device, child), row_id in zip(children, self.new_ids(len(children)), strict=True):
            parent = self._known["device", device]
            given = vars(child)
            vrf = given["vrf"]
            row = {
                "id": row_id,
                "tenant_id": parent["tenant_id"],
                "device_id": parent["id"],
                "vrf_id": found[vrf]["id"] if vrf else None,
            }
            row |= {name: given[name] for name in made.plain}
            rows.append(row)
            self._remember("interface", f"{device}:{given['name']}", row)
        self._emit("insert", "interface", rows)

    def _row(self, made: ObjectType, model: InputModel, row_id: str) -> dict[str, Any]:
        given = vars(model)
        row: dict[str, Any] = {"id": row_id}
        if made.name != "tenant":
            row["tenant_id"] = self._owner(made, given)
        for name, reference in made.references.items():
            row |= self._reference_columns(reference, given[name])
        for name in made.plain:
            value = given[name]
            if (name in PERIODS and value is None) or (name == "platform" and value is None and "platform" in row):
                continue
            row[name] = shapes.stored(name, value)
        return row

    def _owner(self, made: ObjectType, given: JsonObject) -> str:
        for name, reference in made.references.items():
            if reference.gives_tenant and given[name]:
                return str(self._known[reference.to, given[name]]["tenant_id"])
        if made.owned and given.get("tenant"):
            return str(self._known["tenant", given["tenant"]]["id"])
        return self.own_tenant()

    def _reference_columns(self, reference: Reference, value: str | None) -> dict[str, Any]:
        if value is None:
            return {reference.column: None}
        other = self._known[reference.to, value]
        return {reference.column: other["id"]} | {column: other[theirs] for column, theirs in reference.carries.items()}

    # -------------------------------------------------------------------------------------------------------- update

    def update(self, kind: str, wanted: Sequence[tuple[str, JsonObject, int | None]], *, pointer: str = "") -> None:
        """Plan changes: (key or id, fields to set, version that was read or ``None``). No difference: no command.

        Raises:
            ObjectNotFound, ObjectChanged, FieldRefused, UnknownReference.
        """
        made = writable(kind, pointer)
        models = validated(kind, [values for _, values, _ in wanted], pointer, patch=True)
        self._resolve_all(made, models, pointer)
        now = self.read(made, [ref for ref, _, _ in wanted])
        grouped: dict[tuple[str, ...], list[dict[str, Any]]] = {}
        for number, ((ref, _, version), model) in enumerate(zip(wanted, models, strict=True)):
            current = _present(now, kind, ref, version, f"{pointer}/{number}")
            row, lines = self._difference(made, model, current)
            if not lines:
                self.unchanged += 1
                continue
            row = {"id": current["id"], "version": current["version"], **row}
            grouped.setdefault(tuple(sorted(row)), []).append(row)
            self.alterations.append(
                Alteration("~", kind, current["id"], current["key"], tuple(lines), current["version"])
            )
        for rows in grouped.values():
            self._emit("update", kind, rows)

    def _difference(self, made: ObjectType, model: InputModel, current: JsonObject) -> tuple[dict[str, Any], list[str]]:
        row: dict[str, Any] = {}
        lines = []
        given = vars(model)
        for name in sorted(model.model_fields_set):
            value = given[name]
            if name == "tenant" and not made.owned:
                continue
            old = current["object"].get(name)
            if name in made.references or name == "tenant":
                to = "tenant" if name == "tenant" else made.references[name].to
                new_id = self._known[to, value]["id"] if value is not None else None
                column = "tenant_id" if name == "tenant" else made.references[name].column
                if new_id == current["ids"].get(column):
                    continue
                row |= {column: new_id} if name == "tenant" else self._reference_columns(made.references[name], value)
            elif shapes.outside(name, value) == old or (name in PERIODS and value is None):
                continue
            else:
                row[name] = shapes.stored(name, value)
            lines.append(f"{name}: {shapes.told(old)} -> {shapes.told(shapes.outside(name, value))}")
        if "platform" in row and "platform" not in model.model_fields_set:
            del row["platform"]  # another type does not silently alter how a device is spoken to
        return row, lines

    # -------------------------------------------------------------------------------------------------------- delete

    def delete(self, kind: str, wanted: Sequence[tuple[str, int | None]], *, pointer: str = "") -> None:
        """Plan the end of objects and of their parts: a device goes with its interfaces, their links and addresses.

        Raises:
            ObjectNotFound, ObjectChanged.
        """
        made = writable(kind, pointer)
        now = self.read(made, [ref for ref, _ in wanted])
        leaving = []
        for number, (ref, version) in enumerate(wanted):
            current = _present(now, kind, ref, version, f"{pointer}/{number}")
            leaving.append({"id": current["id"], "version": current["version"]})
            self.alterations.append(Alteration("-", kind, current["id"], current["key"], (), current["version"]))
        gone: set[str] = {row["id"] for row in leaving}
        self._delete_parts(made, [row["id"] for row in leaving], gone)
        self._emit("delete", kind, leaving)

    def _delete_parts(self, made: ObjectType, ids: Sequence[str], gone: set[str]) -> None:
        found: dict[str, list[dict[str, Any]]] = {}
        for child, column in made.children:
            rows = self.tx.execute(
                text(f"select id::text, version from {child} where {column} = any(cast(:ids as uuid[]))"),  # noqa: S608 - our table
                {"ids": list(ids)},
            ).mappings()
            fresh = [dict(row) for row in rows if row["id"] not in gone]
            gone.update(row["id"] for row in fresh)
            found.setdefault(child, []).extend(fresh)
        for child, rows_ in found.items():
            if rows_ and objects.get(child).children:
                self._delete_parts(objects.get(child), [row["id"] for row in rows_], gone)
            self._emit("delete", child, rows_)

    # --------------------------------------------------------------------------------------------------------- shared

    def _emit(self, op: str, table: str, rows: Iterable[dict[str, Any]]) -> None:
        """Commands of rows with equal keys."""
        grouped: dict[tuple[str, ...], list[dict[str, Any]]] = {}
        for row in rows:
            grouped.setdefault(tuple(row), []).append(row)
        self.commands += [{"op": op, "table": table, "rows": part} for part in grouped.values()]

    def new_ids(self, count: int) -> list[str]:
        """Fresh ids, in order."""
        return [str(uuid7()) for _ in range(count)]

    def own_tenant(self) -> str:
        """Whose the new object is when nobody says: the scope's tenant; the region's for its own staff."""
        if self._tenant is None:
            if self.scope.tenant != EVERY_TENANT:
                self._tenant = str(self.scope.tenant)
            else:
                found = next(
                    (row for (to, _), row in self._known.items() if to == "tenant" and row.get("kind") == "region"),
                    None,
                )
                self._tenant = (
                    found["id"]
                    if found
                    else self.tx.execute(
                        text("select id::text from tenant where kind = 'region' order by created_at limit 1")
                    ).scalar()
                )
        if self._tenant is None:
            raise UnknownReference(
                "There is no region yet to own this.", hint="Import a region first: irisplane region import."
            )
        return self._tenant

    def read(self, made: ObjectType, refs: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Objects as they are now, by the reference they were asked for with."""
        query = shapes.current_sql(made.name)
        out: dict[str, dict[str, Any]] = {}
        for by_id, keys in _split(refs):
            if keys:
                for row in self.tx.execute(query[by_id], {"keys": keys}).mappings():
                    out[row["ref"]] = {**row["body"], "key": row["key"]}
        return out

    def existing(self, kind: str, refs: Iterable[str]) -> set[str]:
        """Those of the references that name something."""
        found: set[str] = set()
        for by_id, keys in _split(refs):
            if keys:
                found.update(self.tx.execute(shapes.resolve_sql(kind)[by_id], {"keys": keys}).scalars())
        return found

    def resolve(self, kind: str, refs: Iterable[str], *, pointer: str) -> dict[str, dict[str, Any]]:
        """Rows that references name: from this edit, or from the database in one statement.

        Raises:
            UnknownReference: names those that do not exist.
        """
        wanted = set(refs)
        missing = sorted(ref for ref in wanted if (kind, ref) not in self._known)
        for by_id, keys in _split(missing):
            if keys:
                for row in self.tx.execute(shapes.resolve_sql(kind)[by_id], {"keys": keys}).mappings():
                    self._known[kind, row["ref"]] = dict(row)
        self._parts(kind, [ref for ref in missing if (kind, ref) not in self._known])
        lost = [ref for ref in missing if (kind, ref) not in self._known]
        if lost:
            label = kind.replace("_", " ")
            raise UnknownReference(
                f"There is no {label} {', '.join(map(repr, lost[:5]))}"
                + (f" (and {len(lost) - 5} more)." if len(lost) > 5 else "."),
                pointer=pointer or None,
                type=kind,
                unknown=lost[:BATCH_OF_ERRORS],
            )
        return {ref: self._known[kind, ref] for ref in wanted}

    def _parts(self, kind: str, refs: Sequence[str]) -> None:
        """Numbered parts of objects that this edit makes: they will be there when their whole is."""
        part_of = objects.get(kind).part_of
        if part_of is None:
            return
        to, counted = part_of
        for ref in refs:
            whole, _, number = ref.rpartition("/")
            known = self._known.get((to, whole))
            if known is not None and number.isdecimal() and 1 <= int(number) <= int(known[counted]):
                part = str(uuid3(UUID(known["id"]), number))
                self._known[kind, ref] = {"id": part, "tenant_id": known["tenant_id"]}

    def _resolve_all(self, made: ObjectType, models: Sequence[InputModel], pointer: str) -> None:
        fields = {name: reference.to for name, reference in made.references.items()}
        if made.owned:
            fields["tenant"] = "tenant"
        for name, to in fields.items():
            refs = {value for model in models if (value := vars(model).get(name))}
            if not refs:
                continue
            try:
                self.resolve(to, refs, pointer=pointer)
            except UnknownReference as error:
                lost = set(_strings(error.fields.get("unknown")))
                first = next((i for i, model in enumerate(models) if vars(model).get(name) in lost), 0)
                error.pointer = f"{pointer}/{first}/{name}"
                raise

    def _remember(self, kind: str, key: str, row: dict[str, Any]) -> None:
        carried = {name: row.get(name) for name in shapes.carried(kind)}
        known = {"id": row["id"], "tenant_id": row.get("tenant_id", row["id"]), **carried}
        if kind == "tenant":
            known["kind"] = row["kind"]
        self._known[kind, key] = known


def _split(refs: Iterable[str]) -> tuple[tuple[bool, list[str]], tuple[bool, list[str]]]:
    """References by id, and by natural key."""
    ids: list[str] = []
    keys: list[str] = []
    for ref in refs:
        (ids if _UUID.fullmatch(ref) else keys).append(ref)
    return (True, ids), (False, keys)


def _strings(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []


def _present(
    now: Mapping[str, dict[str, Any]], kind: str, ref: str, version: int | None, pointer: str
) -> dict[str, Any]:
    current = now.get(ref)
    if current is None:
        raise ObjectNotFound(f"There is no {kind.replace('_', ' ')} {ref!r}.", pointer=pointer, type=kind)
    if version is not None and version != current["version"]:
        raise ObjectChanged(
            f"{kind} {current['key']} is at version {current['version']}, not {version}.",
            pointer=pointer,
            version=current["version"],
        )
    return current
