"""Bring files into the inventory: read them, check what they refer to, and make one Change of the rest.

``prepare`` gives what ``inventory.import`` takes; nothing is written but the blob of records. Twice the same files is
no difference; rows that cannot be taken are reported with file, line and reason, and never stop the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files as resources
from typing import Any

import msgspec
from sqlalchemy import Connection

from core.scope import Scope
from inventory import objects
from inventory.imports import Reading, Refused, SourceFile, read_all
from inventory.imports.reading import Record
from inventory.planner import Edit
from orchestrator import blobs

__all__ = ["Prepared", "built_in", "prepare"]


@dataclass(frozen=True, slots=True)
class Prepared:
    """Files that were read and checked.

    Attributes:
        intent: of the Change ``inventory.import``.
        sources: per file: form, rows taken, refused, not taken, attribution.
        refused: rows that were not taken, the first thousand of them.
    """

    intent: dict[str, Any]
    sources: list[dict[str, Any]]
    refused: list[Refused]
    records: int

    def as_dict(self) -> dict[str, Any]:
        """The report, for answers."""
        refused = [{"file": one.file, "line": one.line, "reason": one.reason} for one in self.refused]
        return {"sources": self.sources, "refused": refused, "records": self.records}


def prepare(tx: Connection, scope: Scope, files: Sequence[SourceFile]) -> Prepared:
    """Read files and check their references against each other and the database; keep the records in a blob.

    Raises:
        ImportRefused: an archive that cannot be unpacked.
    """
    reading = read_all(files)
    _check_references(Edit(tx, scope), reading)
    records = {
        kind: [record.values for record in reading.records[kind].values()]
        for kind in objects.ALL
        if reading.records.get(kind)
    }
    digest = blobs.put(tx, msgspec.json.encode(records, order="sorted").decode())
    sources = [reading.sources[name] for name in sorted(reading.sources)]
    return Prepared({"records": digest, "sources": sources}, sources, reading.refused, sum(map(len, records.values())))


def built_in(region: str = "brussels") -> list[SourceFile]:
    """The files of a region that comes with Irisplane."""
    folder = resources("inventory") / "regions" / region
    return [SourceFile(one.name, one.read_bytes()) for one in folder.iterdir() if one.name.endswith(".json")]


def _check_references(edit: Edit, reading: Reading) -> None:
    """Drop records that refer to what is neither imported nor there, in order of creation: what depends falls too."""
    for kind, made in objects.ALL.items():
        records = list(reading.records.get(kind, {}).values())
        if not records:
            continue
        fields = {name: reference.to for name, reference in made.references.items()}
        if made.owned:
            fields["tenant"] = "tenant"
        for name, to in fields.items():
            wanted = {str(record.values[name]) for record in records if record.values.get(name)}
            imported = _imported(reading, to, wanted)
            lost = wanted - imported - edit.existing(to, wanted - imported)
            for record in records:
                if str(record.values.get(name)) in lost and _still(reading, record):
                    reading.drop(record, f"{name}: there is no {to.replace('_', ' ')} {record.values[name]!r}")


def _imported(reading: Reading, kind: str, wanted: set[str]) -> set[str]:
    """Those that come with this import: read, or numbered parts of what was read."""
    part_of = objects.get(kind).part_of
    if part_of is None:
        return wanted & reading.records.get(kind, {}).keys()
    wholes, found = reading.records.get(part_of[0], {}), set()
    for ref in wanted:
        whole, _, number = ref.rpartition("/")
        record = wholes.get(whole)
        if record is not None and number.isdecimal() and 1 <= int(number) <= int(record.values[part_of[1]]):
            found.add(ref)
    return found


def _still(reading: Reading, record: Record) -> bool:
    return reading.records[record.kind].get(record.key) is record
