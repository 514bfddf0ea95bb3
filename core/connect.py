"""The database of this process, as its settings say."""

from __future__ import annotations

from core.db import Database
from core.postgres import dsn
from core.settings import Settings

__all__ = ["database"]


def database(settings: Settings, *, pool_size: int = 5, idle_seconds: float | None = None) -> Database:
    """The database the settings name: the instance's own server, or the one of ``IRISPLANE_DATABASE_URL``.

    Connections are made when first asked for, so this never fails for a server that is down.
    """
    return Database(lambda role: dsn(role, settings.place), pool_size=pool_size, idle_seconds=idle_seconds)
