"""Migrations: every room keeps its own revisions in ``<room>/migrations/versions``; all are applied together.

A room's first revision names the rooms below it in ``depends_on``; so the order follows the direction of imports.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from alembic import command, op
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

__all__ = ["ROOMS", "configuration", "current", "heads", "pending", "revisions", "run_sql", "upgrade"]

ROOMS = ("core", "orchestrator", "inventory", "network", "datacenter")
"""Rooms that own tables, lowest first."""


def configuration(dsn: str) -> Config:
    """Alembic's configuration for a database; nothing is read from an ini file."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    folders = [Path(str(files(room))) / "migrations" / "versions" for room in ROOMS]
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", "\n".join(str(folder) for folder in folders if folder.is_dir()))
    config.attributes["dsn"] = dsn
    return config


def upgrade(dsn: str, to: str = "heads") -> None:
    """Bring a database to the newest schema (as role ``owner``). Safe to run again."""
    command.upgrade(configuration(dsn), to)


def heads(dsn: str) -> set[str]:
    """The revisions this code wants."""
    return set(ScriptDirectory.from_config(configuration(dsn)).get_heads())


def current(dsn: str) -> set[str]:
    """The revisions the database has."""
    engine = create_engine(dsn)
    try:
        with engine.connect() as connection:
            return set(MigrationContext.configure(connection).get_current_heads())
    finally:
        engine.dispose()


def pending(dsn: str) -> list[str]:
    """The revisions the database lacks, first to last; none when it is what this code wants.

    Raises:
        alembic.util.CommandError: the database has a revision that this code does not know.
    """
    script = ScriptDirectory.from_config(configuration(dsn))
    has = current(dsn)
    for revision in has:
        script.get_revision(revision)
    # A revision that another one depends on is not in the version table: so "has" and "heads" cannot be compared.
    wanted = script.revision_map.iterate_revisions("heads", tuple(has), implicit_base=True)
    return [revision.revision for revision in wanted][::-1]


def revisions(dsn: str) -> set[str]:
    """Every revision this code knows."""
    return {script.revision for script in ScriptDirectory.from_config(configuration(dsn)).walk_revisions()}


def run_sql(room: str, name: str) -> None:
    """Run ``<room>/migrations/sql/<name>`` inside the current migration, as it stands (no parameters)."""
    sql = (files(room) / "migrations" / "sql" / name).read_text(encoding="utf-8")
    driver = op.get_bind().connection.driver_connection
    assert driver is not None, "a migration needs an open connection"
    driver.execute(sql)
