"""Which reader a file belongs to: by what it holds, not by what it is called (a collection's name is only a help)."""

from __future__ import annotations

import io
import json
import lzma
import struct
import zipfile
import zlib
from collections.abc import Sequence
from typing import Any, Final

from inventory import objects
from inventory.errors import ImportRefused
from inventory.imports import corridor, netbox, places
from inventory.imports.geojson import read_geojson
from inventory.imports.reading import Reading, SourceFile, decode, header_of, json_of, rows_of
from inventory.schema import INPUT

__all__ = ["read_all", "unpack"]

LARGEST_UNPACKED: Final = 256 * 1024 * 1024
_BROKEN: Final = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error)
_DATA: Final = (".csv", ".json", ".geojson", ".tsv")


def read_all(files: Sequence[SourceFile]) -> Reading:
    """Read files in the order of their names. One that cannot be read at all is refused as a whole, not the others."""
    reading = Reading()
    exported: list[tuple[SourceFile, str, list[Any]]] = []
    for file in sorted(files, key=lambda one: one.name):
        try:
            _read_one(file, reading, exported)
        except ImportRefused as error:
            where = error.fields.get("line")
            reading.refuse(file.name, where if isinstance(where, int) else 0, error.message)
    netbox.read_objects(exported, reading)
    return reading


def unpack(name: str, content: bytes) -> list[SourceFile]:
    """The data files of a zip archive, or the one file itself.

    Raises:
        ImportRefused: a broken archive, or one that would unpack to more than 256 MiB.
    """
    if content[:4] != b"PK\x03\x04":
        return [SourceFile(name, content)]
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [one for one in archive.infolist() if not one.is_dir() and one.filename.lower().endswith(_DATA)]
            if sum(one.file_size for one in members) > LARGEST_UNPACKED:
                raise ImportRefused(
                    f"{name} would unpack to more than {LARGEST_UNPACKED >> 20} MiB.", hint="Import it in parts."
                )
            return [SourceFile(one.filename, archive.read(one)) for one in members]
    except (*_BROKEN, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise ImportRefused(f"{name} is not a zip archive that can be read.") from error


def _read_one(file: SourceFile, reading: Reading, exported: list[tuple[SourceFile, str, list[Any]]]) -> None:
    lower = file.stem.lower()
    if not lower.endswith(_DATA):
        reading.not_taken(file.name, 0, "not a data file")
    elif lower.endswith((".json", ".geojson")):
        _read_json(file, json_of(file), reading, exported)
    else:
        _read_csv(file, reading)


def _read_json(
    file: SourceFile, data: Any, reading: Reading, exported: list[tuple[SourceFile, str, list[Any]]]
) -> None:
    stem = file.stem.rpartition(".")[0]
    if isinstance(data, dict) and data.get("type") == "FeatureCollection":
        read_geojson(file, data, reading)
        return
    if isinstance(data, dict) and data.get("format") == "irisplane-region":
        reading.source(file.name, "region", "; ".join(map(str, data.get("attributions", ()))))
        return
    rows = data.get("results") if isinstance(data, dict) and "results" in data else data
    endpoint = netbox.endpoint_of(rows)
    if endpoint is not None and isinstance(rows, list):
        reading.source(file.name, f"NetBox {endpoint}")
        exported.append((file, endpoint, rows))
        return
    made = objects.by_collection().get(stem)
    if made is None or not isinstance(rows, list):
        known = ", ".join(objects.by_collection())
        raise ImportRefused(
            f"{file.name}: neither GeoJSON, nor a NetBox export, nor a list named for a collection ({known}).",
            file=file.name,
        )
    reading.source(file.name, made.collection)
    for line, row in _lines(file, rows):
        if isinstance(row, dict):
            reading.take(made.name, row, file.name, line, nulls=True)
        else:
            reading.refuse(file.name, line, "not an object")


def _lines(file: SourceFile, rows: list[Any]) -> list[tuple[int, Any]]:
    """Rows with the line each stands on: our exports have one a line; elsewhere the position in the list is told."""
    one_a_line = file.content.count(b"\n") == len(rows) + 2
    return [(number + 2 if one_a_line else number + 1, row) for number, row in enumerate(rows)]


def _read_csv(file: SourceFile, reading: Reading) -> None:
    text = decode(file)
    header = frozenset(header_of(file, text))
    if header in (corridor.NODES, corridor.EDGES):
        (corridor.read_nodes if header == corridor.NODES else corridor.read_edges)(file, text, reading)
        return
    for form, columns, attribution, to_site in places.FORMS:
        if columns <= header:
            reading.source(file.name, form, attribution)
            places.read_places(file, text, reading, to_site)
            return
    for columns, why in places.NOT_TAKEN:
        if columns <= header:
            reading.not_taken(file.name, max(text.count("\n") - (1 if text.endswith("\n") else 0), 0), why)
            return
    kind = _kind_of(file, header)
    reading.source(file.name, objects.get(kind).collection)
    for line, row in rows_of(file, text, reading):
        values = {name: _cell(name, cell) for name, cell in row.items() if cell != ""}
        reading.take(kind, values, file.name, line)


def _kind_of(file: SourceFile, header: frozenset[str]) -> str:
    """The type whose fields the columns are; the file's name decides between several."""
    named = objects.by_collection().get(file.stem.rpartition(".")[0])
    if named is not None:
        return named.name
    fitting = [
        kind
        for kind, model in INPUT.items()
        if header <= model.model_fields.keys()
        and all(name in header for name, info in model.model_fields.items() if info.is_required())
    ]
    if len(fitting) == 1:
        return fitting[0]
    known = ", ".join(f"{made.collection}.csv" for made in objects.ALL.values())
    raise ImportRefused(
        f"{file.name}: its columns are those of no type."
        if not fitting
        else f"{file.name}: its columns fit {' and '.join(fitting)}.",
        hint=f"Name it for what it holds: {known}.",
        file=file.name,
        line=1,
    )


def _cell(name: str, cell: str) -> Any:
    """Objects stand in cells as JSON; everything else is read by the field's own type."""
    if name in {"facts", "data", "interfaces", "path"}:
        try:
            return json.loads(cell)
        except (ValueError, RecursionError):
            return cell
    return cell
