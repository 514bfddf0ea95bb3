"""How the inventory announces itself."""

from __future__ import annotations

from core.domain import Domain
from inventory.objects import ALL

__all__ = ["domain"]

domain = Domain(
    name="inventory",
    kinds=(
        "inventory.changes:InventoryEdit",
        "inventory.changes:InventoryAllocate",
        "inventory.changes:InventoryImport",
    ),
    routers=("api.inventory:router",),
    periodic={"inventory.allocate:sweep": 3600.0},
    figures="inventory.figures:collect",
    tables=tuple(ALL),
    writable=tuple(name for name, made in ALL.items() if made.part_of is None),
)
