"""What reading files gives, and the care that every format needs: encodings, broken rows, doubles."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from inventory.errors import ImportRefused
from inventory.schema import INPUT, InputModel
from inventory.shapes import key_of

__all__ = ["Reading", "Record", "Refused", "SourceFile", "decode", "json_of", "rows_of"]

LARGEST_FIELD: Final = 1 << 20
_TOLD: Final = 1000


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file as it came: a name for reports, and its bytes."""

    name: str
    content: bytes

    @property
    def stem(self) -> str:
        """The file's name without folders."""
        return self.name.replace("\\", "/").rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that was not taken."""

    file: str
    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Record:
    """One object as a file describes it, and where."""

    kind: str
    key: str
    values: dict[str, Any]
    file: str
    line: int


@dataclass(slots=True)
class Reading:
    """Records by type and key, rows refused, and a summary per file."""

    records: dict[str, dict[str, Record]] = field(default_factory=dict)
    refused: list[Refused] = field(default_factory=list)
    refused_count: dict[str, int] = field(default_factory=dict)
    sources: dict[str, dict[str, Any]] = field(default_factory=dict)

    def source(self, file: str, form: str, attribution: str = "") -> None:
        """Note that a file is read as this form."""
        self.sources[file] = {"file": file, "form": form, "taken": 0, "refused": 0, "attribution": attribution}

    def not_taken(self, file: str, rows: int, why: str) -> None:
        """Note a file whose rows are none of the inventory's."""
        self.sources[file] = {
            "file": file,
            "form": "not taken",
            "taken": 0,
            "refused": 0,
            "not_taken": rows,
            "why": why,
            "attribution": "",
        }

    def refuse(self, file: str, line: int, reason: str) -> None:
        """Note a row that cannot be taken. All are counted, the first thousand are told."""
        self.sources.setdefault(file, {"file": file, "form": "", "taken": 0, "refused": 0, "attribution": ""})[
            "refused"
        ] += 1
        if len(self.refused) < _TOLD:
            self.refused.append(Refused(file, line, reason))

    def take(self, kind: str, values: Mapping[str, Any], file: str, line: int, *, nulls: bool = False) -> None:
        """Take one record, or refuse its row. A later file completes and overrules an earlier one.

        Args:
            nulls: null means "nothing stands there"; otherwise that nothing is said about it.
        """
        given = {name: value for name, value in values.items() if nulls or value is not None}
        try:
            _adapter(kind).validate_python(given)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            where = "/".join(str(part) for part in first["loc"])
            message = first["msg"].removeprefix("Value error, ")
            self.refuse(file, line, f"{where}: {message}" if where else message)
            return
        except (RecursionError, OverflowError, ValueError):
            self.refuse(file, line, "a value has a form that cannot be stored")
            return
        key = key_of(kind, given)
        known = self.records.setdefault(kind, {})
        before = known.get(key)
        if before is not None and before.file == file:
            self.refuse(file, line, f"{kind.replace('_', ' ')} {key} stands in line {before.line} already")
            return
        merged = {**before.values, **given} if before else given
        known[key] = Record(kind, key, merged, file, line)
        self.sources[file]["taken"] += 1

    def drop(self, record: Record, reason: str) -> None:
        """Refuse a record that was taken."""
        del self.records[record.kind][record.key]
        self.sources[record.file]["taken"] -= 1
        self.refuse(record.file, record.line, reason)


@cache
def _adapter(kind: str) -> TypeAdapter[InputModel]:
    return TypeAdapter(INPUT[kind])


def decode(file: SourceFile) -> str:
    """A file's text: UTF-8, with or without a mark, else UTF-16 by its mark.

    Raises:
        ImportRefused: names the first byte that is no UTF-8.
    """
    content = file.content
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ImportRefused(
            f"{file.name}, line {line}: byte {error.start} is not {error.encoding}.",
            hint="Save the file as UTF-8.",
            file=file.name,
            line=line,
        ) from None
    if "\x00" in text:
        line = text[: text.index("\x00")].count("\n") + 1
        raise ImportRefused(f"{file.name}, line {line}: a NUL character cannot be stored.", file=file.name, line=line)
    return text


def json_of(file: SourceFile) -> Any:
    """A file's JSON; ``NaN`` and ``Infinity`` are not JSON, nor are numbers of thousands of digits.

    Raises:
        ImportRefused: names line and column.
    """

    def no_number(name: str) -> Any:
        raise ImportRefused(f"{file.name}: {name} is not a number that can be stored.", file=file.name)

    def whole(digits: str) -> int:
        if len(digits) > 40:
            raise ImportRefused(f"{file.name}: a number of {len(digits)} digits cannot be stored.", file=file.name)
        return int(digits)

    try:
        return json.loads(decode(file), parse_constant=no_number, parse_int=whole)
    except json.JSONDecodeError as error:
        raise ImportRefused(
            f"{file.name}, line {error.lineno}, column {error.colno}: {error.msg}.", file=file.name, line=error.lineno
        ) from None
    except RecursionError:
        raise ImportRefused(f"{file.name}: it is nested too deeply.", file=file.name) from None


def header_of(file: SourceFile, text: str) -> tuple[str, ...]:
    """The column names of a CSV file.

    Raises:
        ImportRefused: no header, or a column that is there twice.
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    try:
        header = tuple(name.strip() for name in next(reader))
    except (StopIteration, csv.Error) as error:
        raise ImportRefused(f"{file.name}: it has no header line.", file=file.name) from error
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise ImportRefused(f"{file.name}, line 1: the column {twice[0]!r} is there twice.", file=file.name, line=1)
    return header


def rows_of(file: SourceFile, text: str, reading: Reading) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows of a CSV file with the number of the line each begins on; broken ones are refused and left out."""
    header = header_of(file, text)
    csv.field_size_limit(LARGEST_FIELD)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    next(reader)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            reading.refuse(file.name, line, f"not readable as CSV: {error}")
            continue
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            reading.refuse(file.name, line, f"{len(cells)} cells, but the header names {len(header)}")
            continue
        yield line, dict(zip(header, (cell.strip() for cell in cells), strict=True))


def _delimiter(text: str) -> str:
    first = text.partition("\n")[0]
    return max(",;\t", key=first.count)
