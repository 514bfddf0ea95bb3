"""Sign-in with OpenID Connect: sources of roles, sessions, invitations, removals.

Revision ID: core_0003
"""

from __future__ import annotations

from core.migrations import run_sql

revision = "core_0003"
down_revision = "core_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables that people sign in with."""
    run_sql("core", "core_0003.sql")


def downgrade() -> None:
    """There is no way back: restore a backup instead."""
    raise RuntimeError("This revision cannot be taken back; restore a backup instead.")
