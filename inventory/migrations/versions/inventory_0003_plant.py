"""The fibre plant: nodes, ducts, cables, strands, splices, panels, circuits, power feeds.

Revision ID: inventory_0003
"""

from __future__ import annotations

from core.migrations import run_sql

revision = "inventory_0003"
down_revision = "inventory_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of the plant, and the rules that two people could break at once."""
    run_sql("inventory", "inventory_0003_plant.sql")
    run_sql("inventory", "inventory_0003_plant_rules.sql")
    run_sql("inventory", "inventory_0003_plant_furnish.sql")


def downgrade() -> None:
    """There is no way back: restore a backup instead."""
    raise RuntimeError("This revision cannot be taken back; restore a backup instead.")
