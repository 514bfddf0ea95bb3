"""What a page tells in numbers: its tables row by row, its figures by name, and every number of its text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from html.parser import HTMLParser
from typing import Any, Final

from dashboards.formats import Formats

__all__ = ["Told", "explained", "plain"]

_NUMBER: Final = re.compile(r"\d(?:[\d.,]*\d)?")
_GROUPED: Final = re.compile(r"(?<=\d)[\u202f\u00a0](?=\d)")
_DAY: Final = re.compile(r"\d{4}-\d\d(-\d\d)?")
_LEFT_OUT: Final = frozenset({"time", "code", "script", "style", "svg", "option", "textarea"})
"""Times have an exact value beside them and are no figures; codes are names."""
_CELLS: Final = frozenset({"td", "th", "dt", "dd"})


class Told(HTMLParser):
    """The main part of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.pairs: dict[str, str] = {}
        self.data: list[float] = []
        self._words: list[str] = []
        self._cell: list[str] | None = None
        self._label = ""
        self._main = self._left_out = 0
        self.feed(html)

    @property
    def text(self) -> str:
        """Everything that is read, times left out."""
        return plain(" ".join(self._words))

    def row(self, name: str) -> list[str]:
        """The cells of the row that begins so."""
        found = [cells for cells in self.rows if cells and cells[0] == name]
        assert len(found) == 1, f"{len(found)} rows {name!r} among {[cells[0] for cells in self.rows if cells]}"
        return found[0]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._main += tag == "main"
        self._left_out += tag in _LEFT_OUT
        if tag == "tr":
            self.rows.append([])
        if tag in _CELLS:
            self._cell = []
        if tag == "data":
            self.data.append(float(dict(attrs)["value"] or 0))

    def handle_endtag(self, tag: str) -> None:
        self._main -= tag == "main"
        self._left_out -= tag in _LEFT_OUT
        if tag not in _CELLS or self._cell is None:
            return
        said, self._cell = plain(" ".join(self._cell)), None
        if tag == "dt":
            self._label = said
        elif tag == "dd":
            self.pairs[self._label] = said
        elif self.rows:
            self.rows[-1].append(said)

    def handle_data(self, data: str) -> None:
        if self._main and not self._left_out:
            self._words.append(data)
            if self._cell is not None:
                self._cell.append(data)


def plain(text: str) -> str:
    """A text with the one kind of white space, and none within numbers, where French has it."""
    return " ".join(_GROUPED.sub("", text).replace("\u202f", " ").split())


def explained(text: str, answers: Iterable[Any], language: str) -> list[str]:
    """The numbers of a text that no answer of the API gives, however it is written; names and days are no numbers."""
    numbers: set[float] = set()
    names: set[str] = set()
    for answer in answers:
        _gather(answer, numbers, names)
    formats = Formats(language)
    known = {
        token
        for number in numbers
        for written in (
            formats.number(number), formats.number(round(number, 2)), formats.share(number), formats.lasting(number),
            formats.memory(round(number)), formats.euro(round(number)), formats.number(number / 1024),
            formats.number(round(number * 7, 2)),
        )
        for token in _NUMBER.findall(plain(written))
    }  # fmt: skip
    for name in [one for one in names if _DAY.fullmatch(one)]:
        day = date.fromisoformat(name if len(name) > 7 else f"{name}-01")
        names |= {plain(str(formats.day(day).striptags())), plain(formats.month(day))}
    for name in sorted(names, key=len, reverse=True):
        text = text.replace(name, " ")
    return [token for token in _NUMBER.findall(text) if token not in known]


def _gather(value: Any, numbers: set[float], names: set[str]) -> None:
    if isinstance(value, dict):
        for one in value.values():
            _gather(one, numbers, names)
    elif isinstance(value, list):
        numbers.add(len(value))
        for one in value:
            _gather(one, numbers, names)
    elif isinstance(value, str):
        if re.fullmatch(r"-?\d+", value):
            numbers.add(float(value))
        elif re.search(r"\d", value):
            names.add(plain(value))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        numbers.add(value)
