"""The splice plan of a closure: what the crew that opens it finds, tray by tray, as strands are told apart by eye."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import msgspec
from sqlalchemy import Connection, TextClause, text

from inventory import queries

__all__ = ["splice_plan"]


def splice_plan(tx: Connection, closure: str) -> dict[str, Any]:
    """What a closure holds.

    Returns:
        ``closure``, ``trays``, the ``node`` it is at and where that is; ``cables``: each end that is spliced here, what
        it leads to, and which of its strands are ``not_spliced`` (``"13-24"``); ``splices`` by tray, each with the
        strands on its ``left`` and ``right``: cable, side, number, tube, place in the tube, colours, the circuit that
        lights it.
    Raises:
        ObjectNotFound: no such closure, or not yours.
    """
    found = queries.id_of(tx, "closure", closure)
    plan: dict[str, Any] = msgspec.json.decode(tx.execute(_statement(), {"id": found}).scalar_one())
    for cable in plan["cables"]:
        spliced = set(cable.pop("spliced"))
        cable["not_spliced"] = _spans([n for n in range(1, cable["strands"] + 1) if n not in spliced])
    return plan


def _spans(numbers: list[int]) -> str:
    """Whole numbers in order as ``1-3, 7``."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and spans[-1][1] == number - 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ", ".join(str(low) if low == high else f"{low}-{high}" for low, high in spans)


@cache
def _statement() -> TextClause:
    return text((files("inventory.plant") / "sql" / "splice_plan.sql").read_text())
