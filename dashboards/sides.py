"""One difference side by side: what stands left and right of each row, which words changed, what is folded away.

A difference comes as text: a unified one, or lines with a sign in front, as equipment writes them. A removed line and
the added one that takes its place share a row and the words that differ are marked; long stretches of equal lines are
folded; what the text leaves out is said in lines.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Final, Literal

__all__ = ["Cell", "Part", "Row", "Sides", "sides_of"]

Words = tuple[tuple[bool, str], ...]
"""A line in pieces, each with whether it is what differs."""

_PLACE: Final = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_WORDS: Final = re.compile(r"\s+|[^\s/.:,;=]+|[/.:,;=]")
_FOLD: Final = 8
"""So many equal lines in a row are folded; two at each end of them stay."""
_KEPT: Final = 2
_ALIKE: Final = 0.5
"""From this share of equal words on, an added line takes a removed one's place."""
_MOST: Final = 40
"""Runs of more lines are paired one by one: looking for the best pairs would cost their product."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A line on one side; ``number`` is its line in the whole configuration, where the difference says so."""

    number: int | None
    words: Words


@dataclass(frozen=True, slots=True)
class Row:
    """What stands beside each other: ``same``, ``removed``, ``added``, ``replaced``, or a ``note`` over both sides."""

    kind: Literal["same", "removed", "added", "replaced", "note"]
    left: Cell | None
    right: Cell | None


@dataclass(frozen=True, slots=True)
class Part:
    """Rows that are ``shown`` or ``folded``; or a ``gap`` of ``skipped`` lines that the difference leaves out."""

    kind: Literal["shown", "folded", "gap"]
    rows: tuple[Row, ...] = ()
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class Sides:
    """A whole difference; ``numbered``: it says which lines of the whole configurations these are."""

    parts: tuple[Part, ...]
    numbered: bool


@lru_cache(maxsize=256)
def sides_of(diff: str) -> Sides:
    """A difference, side by side."""
    lines = diff.splitlines()
    return _Reading(unified=any(_PLACE.match(line) for line in lines)).read(lines)


class _Reading:
    """Reads a difference line by line."""

    def __init__(self, *, unified: bool) -> None:
        self.unified = unified  # then each line has a sign in front, and equal ones a space
        self.parts: list[Part] = []
        self.rows: list[Row] = []
        self.removed: list[Cell] = []
        self.added: list[Cell] = []
        self.numbers: list[int | None] = [None, None]

    def read(self, lines: Sequence[str]) -> Sides:
        for line in lines:
            self._line(line)
        self._close()
        return Sides(tuple(self.parts), self.unified)

    def _line(self, line: str) -> None:
        place = _PLACE.match(line)
        if place:
            self._place(place)
        elif self.unified and not self.parts and self.numbers[0] is None and line.startswith(("--- ", "+++ ")):
            return  # the names that a unified difference gives its sides: the page has its own
        elif line[:1] == "-":
            if self.added:
                self._settle()
            self.removed.append(Cell(self._next(0), ((False, line[1:]),)))
        elif line[:1] == "+":
            self.added.append(Cell(self._next(1), ((False, line[1:]),)))
        elif line[:1] in {"~", "@", "[", "\\"}:
            self._settle()
            self.rows.append(Row("note", Cell(None, ((False, line),)), None))
            if line[0] == "~":  # another file begins: its lines are counted anew
                self.numbers = [None, None]
        else:
            self._settle()
            said = ((False, line[1:] if self.unified else line),)
            self.rows.append(Row("same", Cell(self._next(0), said), Cell(self._next(1), said)))

    def _place(self, place: re.Match[str]) -> None:
        self._close()
        begins = int(place[1]) + (place[2] == "0")  # of nothing, a difference names the line before
        skipped = begins - (self.numbers[0] or 1)
        if skipped > 0:
            self.parts.append(Part("gap", skipped=skipped))
        self.numbers = [begins, int(place[3]) + (place[4] == "0")]

    def _next(self, side: int) -> int | None:
        number = self.numbers[side]
        if number is not None:
            self.numbers[side] = number + 1
        return number

    def _settle(self) -> None:
        """A run of removed and added lines is over: who takes whose place?"""
        if self.removed or self.added:
            self.rows += _paired(self.removed, self.added)
            self.removed, self.added = [], []

    def _close(self) -> None:
        self._settle()
        begin = 0
        while begin < len(self.rows):
            end = begin
            equal = self.rows[begin].kind == "same"
            while end < len(self.rows) and (self.rows[end].kind == "same") == equal:
                end += 1
            run = tuple(self.rows[begin:end])
            if equal and len(run) >= _FOLD:
                self.parts += [
                    Part("shown", run[:_KEPT]), Part("folded", run[_KEPT:-_KEPT]), Part("shown", run[-_KEPT:]),
                ]  # fmt: skip
            else:
                self.parts.append(Part("shown", run))
            begin = end
        self.rows = []


def _paired(removed: Sequence[Cell], added: Sequence[Cell]) -> list[Row]:
    rows: list[Row] = []
    left = right = 0
    for one, other in _partners([cell.words[0][1] for cell in removed], [cell.words[0][1] for cell in added]):
        rows += [Row("removed", cell, None) for cell in removed[left:one]]
        rows += [Row("added", None, cell) for cell in added[right:other]]
        old, new = _marked(removed[one].words[0][1], added[other].words[0][1])
        rows.append(Row("replaced", Cell(removed[one].number, old), Cell(added[other].number, new)))
        left, right = one + 1, other + 1
    rows += [Row("removed", cell, None) for cell in removed[left:]]
    rows += [Row("added", None, cell) for cell in added[right:]]
    return rows


def _partners(removed: Sequence[str], added: Sequence[str]) -> list[tuple[int, int]]:
    """Lines that stand for each other, in order, for the most to be alike: an alignment of the two runs."""
    if len(removed) > _MOST or len(added) > _MOST:
        both = range(min(len(removed), len(added)))
        return [(at, at) for at in both if _alike(removed[at], added[at]) >= _ALIKE]
    likeness = [[_alike(one, other) for other in added] for one in removed]
    best = [[0.0] * (len(added) + 1) for _ in range(len(removed) + 1)]
    for i in reversed(range(len(removed))):
        for j in reversed(range(len(added))):
            together = best[i + 1][j + 1] + likeness[i][j] if likeness[i][j] >= _ALIKE else 0.0
            best[i][j] = max(best[i + 1][j], best[i][j + 1], together)
    found, i, j = [], 0, 0
    while i < len(removed) and j < len(added):
        if likeness[i][j] >= _ALIKE and best[i][j] == best[i + 1][j + 1] + likeness[i][j]:
            found.append((i, j))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return found


def _alike(one: str, other: str) -> float:
    """Share of words that both hold; lines that begin with another word are not alike."""
    mine, theirs = one.split(), other.split()
    if not mine or not theirs or mine[0] != theirs[0]:
        return 0.0
    if len(mine) == len(theirs) == 1:
        return 0.0
    if len(mine) == 2 and len(theirs) == 2:
        return _ALIKE  # ``hostname a`` and ``hostname b``
    return 2 * len(set(mine) & set(theirs)) / (len(set(mine)) + len(set(theirs)))


def _marked(old: str, new: str) -> tuple[Words, Words]:
    """Both lines in pieces, with what differs marked; words and the signs between numbers are compared, not letters."""
    mine, theirs = _WORDS.findall(old), _WORDS.findall(new)
    left: list[tuple[bool, str]] = []
    right: list[tuple[bool, str]] = []
    for tag, a, b, c, d in SequenceMatcher(None, mine, theirs, autojunk=False).get_opcodes():
        if b > a:
            left.append((tag != "equal", "".join(mine[a:b])))
        if d > c:
            right.append((tag != "equal", "".join(theirs[c:d])))
    return tuple(left), tuple(right)
