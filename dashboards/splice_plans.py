"""How splices are drawn: tray by tray, the strands of one side beside those of the other, a line for each splice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["Drawn", "Tray", "trays"]

LINE: Final = 24
"""Pixels from one strand to the next."""

Splice = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A splice with the heights of its two strands, in pixels from the top of its tray."""

    splice: Splice
    left: int
    right: int


@dataclass(frozen=True, slots=True)
class Tray:
    """A tray of a closure; ``number`` is none where nobody said in which tray a splice lies."""

    number: int | None
    drawn: Sequence[Drawn]

    @property
    def height(self) -> int:
        """Pixels."""
        return LINE * len(self.drawn)


def trays(splices: Sequence[Splice]) -> list[Tray]:
    """Trays in order, those without a number last; on both sides strands stand by cable and number.

    What comes in on the left is the cable whose code comes first, whichever half of the splice it was entered as.
    """
    by_tray: dict[int | None, list[Splice]] = {}
    for one in splices:
        by_tray.setdefault(one["tray"], []).append(_left_first(one))
    numbers = sorted(by_tray, key=lambda number: (number is None, number or 0))
    return [Tray(number, _drawn(by_tray[number])) for number in numbers]


def _left_first(splice: Splice) -> Splice:
    if _place(splice["a"]) <= _place(splice["b"]):
        return splice
    return {**splice, "a": splice["b"], "b": splice["a"]}


def _drawn(splices: Sequence[Splice]) -> list[Drawn]:
    left = sorted(splices, key=lambda one: _place(one["a"]))
    right = {_place(one["b"]): index for index, one in enumerate(sorted(splices, key=lambda one: _place(one["b"])))}
    middle = LINE // 2
    return [
        Drawn(one, index * LINE + middle, right[_place(one["b"])] * LINE + middle) for index, one in enumerate(left)
    ]


def _place(strand: Mapping[str, Any]) -> tuple[str, int, str]:
    return strand["cable"], strand["number"], strand["side"]
