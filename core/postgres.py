"""Where is the database, and how does a role reach it?

With ``IRISPLANE_DATABASE_URL`` unset, PostgreSQL 18 runs here (``core.postgres_cluster``) on a unix socket of the
instance. With it set, any PostgreSQL of version 18 or later serves; the URL names host, port, database and, where
needed, the password that the four roles share. The user name in it is replaced by that of the role.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

from sqlalchemy import URL, create_engine, make_url, text
from sqlalchemy.exc import ArgumentError, OperationalError
from sqlalchemy.pool import NullPool

from core.errors import Misconfigured, Unavailable
from core.instance import Instance

__all__ = [
    "DATABASE",
    "OLDEST",
    "PORT",
    "ROLES",
    "Role",
    "dsn",
    "role_name",
    "served_elsewhere",
    "server_version",
    "socket_dsn",
]

Role = Literal["owner", "api", "worker", "platform"]
ROLES: Final[tuple[Role, ...]] = ("owner", "api", "worker", "platform")
DATABASE: Final = "irisplane"
PORT: Final = 5432
"""Names the socket's file; nothing listens on a network."""
OLDEST: Final = 18
"""Temporal keys (``WITHOUT OVERLAPS``) and ``uuidv7()`` came with it."""

_VARIABLE: Final = "IRISPLANE_DATABASE_URL"


def role_name(role: Role) -> str:
    """The role's name in PostgreSQL."""
    return f"irisplane_{role}"


def served_elsewhere(environment: Mapping[str, str] | None = None) -> bool:
    """Does ``IRISPLANE_DATABASE_URL`` name a server of somebody else's?"""
    return bool((os.environ if environment is None else environment).get(_VARIABLE))


def dsn(role: Role, instance: Instance | None = None) -> str:
    """The SQLAlchemy URL under which a role reaches the instance's database.

    Args:
        role: who connects.
        instance: whose database; the current instance when absent.
    Raises:
        Misconfigured: ``IRISPLANE_DATABASE_URL`` is no PostgreSQL URL.
    """
    given = os.environ.get(_VARIABLE)
    if not given:
        return socket_dsn(role, (instance or Instance.current()).runtime_dir)
    try:
        url = make_url(given)
    except ArgumentError as error:
        raise _wrong_url("it is no URL") from error
    if url.get_backend_name() != "postgresql":
        raise _wrong_url(f"it names {url.get_backend_name()}, not postgresql")
    if not url.database:
        raise _wrong_url("it names no database")
    return url.set(drivername="postgresql+psycopg", username=role_name(role)).render_as_string(hide_password=False)


def socket_dsn(role: Role, socket_dir: Path, database: str = DATABASE) -> str:
    """The SQLAlchemy URL of a role at a server that listens on a unix socket."""
    url = URL.create(
        "postgresql+psycopg",
        username=role_name(role),
        database=database,
        query={"host": str(socket_dir), "port": str(PORT)},
    )
    return url.render_as_string()


def server_version(url: str) -> str:
    """The version of the server behind a URL, as it says it (``18.6``).

    Raises:
        Unavailable: nobody answers, or the log-in is refused.
        Misconfigured: the server is older than ``OLDEST``.
    """
    engine = create_engine(url, poolclass=NullPool, connect_args={"connect_timeout": 5})
    try:
        with engine.connect() as connection:
            row = connection.execute(
                text("select current_setting('server_version'), current_setting('server_version_num')::int")
            )
            version, number = row.one()
    except OperationalError as error:
        # psycopg's message names host and role, never the password
        raise Unavailable(f"The database does not answer: {str(error.orig).strip()}") from error
    finally:
        engine.dispose()
    if number < OLDEST * 10_000:
        raise Misconfigured(
            f"The database is PostgreSQL {version}; Irisplane needs {OLDEST} or later.",
            hint=f"Upgrade that server, or unset {_VARIABLE}: then Irisplane runs its own.",
            variable=_VARIABLE,
        )
    return str(version)


def _wrong_url(why: str) -> Misconfigured:
    return Misconfigured(
        f"{_VARIABLE} cannot be used: {why}.",
        hint=f"Write postgresql://irisplane:PASSWORD@HOST:5432/{DATABASE}, or unset it: a server of our own runs then.",
        variable=_VARIABLE,
    )
