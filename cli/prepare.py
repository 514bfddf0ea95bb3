"""What must be in the database before the programs start: run by ``irisplane up`` as the service user.

``python -m cli.prepare`` makes the key file, brings every schema to the newest revision and sees that the region's
first people exist. It answers on standard output with one JSON object, which holds tokens: whoever runs it reads that
from a pipe and shows it to nobody.
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import version

from sqlalchemy import text

from core import bootstrap
from core.connect import database
from core.db import Database
from core.errors import IrisplaneError
from core.keyring import KeyFile
from core.migrations import current, pending, upgrade
from core.settings import get_settings
from orchestrator.durable import prepare_database

__all__ = ["main"]


def main() -> int:
    """Prepare the current instance's database. What goes wrong is said on standard error, with status 1."""
    try:
        sys.stdout.write(json.dumps(_prepare()))
    except IrisplaneError as error:
        sys.stderr.write(f"{error.message}\n{error.hint}\n")
        return 1
    return 0


def _prepare() -> dict[str, object]:
    settings = get_settings()
    opened = database(settings, pool_size=1)
    try:
        owner = opened.dsn("owner")
        before = current(owner)
        keys = KeyFile(settings.key_file)
        # A database that is in use has a key: a new one would open none of its secrets, so its absence is an error.
        if before:
            keys.ring()
        else:
            keys.ensure()
        changed = bool(pending(owner))
        if changed:
            upgrade(owner)
        _prepare_engine(opened)
        known = set(json.load(sys.stdin))
        profiles = {**bootstrap.ensure(opened, known=known), **bootstrap.agency_people(opened, known=known)}
    finally:
        opened.close()
    return {"changed": changed, "fresh": not before, "profiles": profiles}


def _prepare_engine(opened: Database) -> None:
    """Have the durable engine's tables in the shape of the installed engine; asks the engine only when that is another.

    The shape is remembered as a comment on the schema, because loading the engine costs more than all the rest.
    """
    installed = f"dbos {version('dbos')}"
    with opened.engine("owner").connect() as connection:
        asked = "select obj_description(oid, 'pg_namespace') from pg_namespace where nspname = 'dbos'"
        if connection.execute(text(asked)).scalar() == installed:
            return
    prepare_database(opened.dsn("owner"))
    with opened.engine("owner").begin() as connection:
        connection.execute(text(f"comment on schema dbos is '{installed}'"))


if __name__ == "__main__":
    sys.exit(main())
