"""What kinds of object the corridor holds: the entries of ``inventory.objects`` for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from inventory.object_type import ObjectType, Reference

__all__ = ["CORRIDOR", "KEY_PARTS"]

CORRIDOR: Final[tuple[ObjectType, ...]] = (
    ObjectType(
        "corridor_node",
        "corridor-nodes",
        "t.code",
        "join corridor_node t on t.code = k",
        plain=("code", "lon", "lat", "provenance", "source"),
        order=("code",),
    ),
    ObjectType(
        "corridor",
        "corridors",
        "t.code",
        "join corridor t on t.code = k",
        references={
            "a_node": Reference("a_node_id", "corridor_node"),
            "b_node": Reference("b_node_id", "corridor_node"),
        },
        plain=("code", "kind", "length_m", "path", "provenance", "source"),
        order=("code",),
    ),
)
"""The corridor's types, in the order in which objects can be created."""

KEY_PARTS: Final[Mapping[str, str]] = {"corridor_node": "{code}", "corridor": "{code}"}
"""How each type's natural key is written from its fields."""
