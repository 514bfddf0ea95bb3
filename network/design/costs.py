"""What things cost: named unit prices with date, source and assumption, and what may be put in their place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

import msgspec

from core.errors import InvalidInput

__all__ = ["HIGHEST", "UnitCost", "UnitCosts", "unit_costs"]

HIGHEST: Final = 10**13
"""Ten million euros for one of anything is a slip of the keyboard."""


@dataclass(frozen=True, slots=True)
class UnitCost:
    """One price, in micro-euros for a metre (``m``) or for one (``each``)."""

    unit: str
    micro_eur: int
    assumption: str
    source: str


@dataclass(frozen=True, slots=True)
class UnitCosts:
    """All prices of a day."""

    dated: str
    currency: str
    items: Mapping[str, UnitCost]

    def __getitem__(self, name: str) -> int:
        return self.items[name].micro_eur


@cache
def _built_in() -> UnitCosts:
    return msgspec.json.decode((files("network") / "design" / "unit_costs.json").read_bytes(), type=UnitCosts)


def unit_costs(other: Mapping[str, int] | None = None) -> UnitCosts:
    """The prices that come with Irisplane, some of them replaced by name.

    Raises:
        InvalidInput: there is no price of that name, or an amount that cannot be one.
    """
    base = _built_in()
    if not other:
        return base
    items = dict(base.items)
    for name, amount in other.items():
        if name not in items:
            raise InvalidInput(
                f"There is no unit price {name!r}.",
                pointer=f"/unit_costs/{name}",
                hint=f"There are: {', '.join(items)}.",
            )
        if not 0 <= amount <= HIGHEST:
            raise InvalidInput(
                f"The unit price {name!r} is {amount} micro-euros; it must be from 0 to {HIGHEST}.",
                pointer=f"/unit_costs/{name}",
            )
        items[name] = UnitCost(items[name].unit, amount, "", "given with this design")
    return UnitCosts(base.dated, base.currency, items)
