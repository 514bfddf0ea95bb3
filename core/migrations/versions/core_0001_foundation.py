"""Tenants, identity, secrets, and the journal that everything is written to.

Revision ID: core_0001
"""

from __future__ import annotations

from core.migrations import run_sql

revision = "core_0001"
down_revision = None
branch_labels = ("core",)
depends_on = None


def upgrade() -> None:
    """Create the tables of ``core``."""
    run_sql("core", "core_0001.sql")


def downgrade() -> None:
    """There is no way back below the first revision: restore a backup instead."""
    raise RuntimeError("The first revision cannot be taken back; restore a backup instead.")
