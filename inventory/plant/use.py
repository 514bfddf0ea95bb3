"""How much of the plant is taken now: strands of cables, strands and ports of sites."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import Final, Literal, get_args
from uuid import UUID

from sqlalchemy import Connection, text

__all__ = ["KINDS", "Kind", "Use", "use_of_plant"]

Kind = Literal["cable-strands", "site-strands", "site-panel-ports", "site-device-ports"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
_USE: Final = text((files("inventory.plant") / "sql" / "use.sql").read_text())


@dataclass(frozen=True, slots=True)
class Use:
    """Of one cable or site.

    Attributes:
        id: of the cable or site; ``name``: its code.
        taken: strands that are lit or held for somebody; ports that something is plugged into, at back or front.
    """

    kind: Kind
    id: UUID
    name: str
    taken: int
    whole: int


def use_of_plant(tx: Connection) -> list[Use]:
    """All that there is, by kind and name."""
    return [Use(row.kind, row.id, row.name, int(row.taken), int(row.whole)) for row in tx.execute(_USE)]
