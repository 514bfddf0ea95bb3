"""The batches of a run in a few lines: those that ended together, each that runs now, those to come together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

__all__ = ["Line", "in_order", "lines"]

_DONE: Final = frozenset({"confirmed", "skipped", "undone"})
_ENDED: Final = _DONE | {"failed", "unknown"}
_ORDER: Final = (
    "failed", "unknown", "undoing", "preparing", "prepared", "applying", "applied", "verifying", "verified",
    "confirming", "undone", "skipped", "confirmed", "pending",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """Batches that stand together.

    Attributes:
        first, last: their numbers, from 0.
        counts: state → how many steps.
        stands: ``ended``, ``now`` or ``pending``.
    """

    first: int
    last: int
    counts: Mapping[str, int]
    stands: str

    @property
    def all(self) -> int:
        """How many steps there are."""
        return sum(self.counts.values())

    @property
    def done(self) -> int:
        """How many of them are done."""
        return sum(count for state, count in self.counts.items() if state in _DONE)


def lines(batches: Iterable[Mapping[str, Any]]) -> list[Line]:
    """Batches (``batch``, ``counts``) in their order, neighbours that have ended or are all to come as one."""
    found: list[Line] = []
    for stands, some in groupby(batches, key=lambda one: _stands(one["counts"])):
        members = list(some)
        for together in [members] if stands != "now" else [[one] for one in members]:
            counts: Counter[str] = Counter()
            for one in together:
                counts.update(one["counts"])
            found.append(Line(together[0]["batch"], together[-1]["batch"], in_order(counts), stands))
    return found


def in_order(counts: Mapping[str, int]) -> dict[str, int]:
    """States with how many steps, always in one order: what went wrong first, what is to come last."""
    return {state: counts[state] for state in _ORDER if counts.get(state)}


def _stands(counts: Mapping[str, int]) -> str:
    if counts.keys() <= _ENDED:
        return "ended"
    return "pending" if counts.keys() == {"pending"} else "now"
