"""Transactions: one door to PostgreSQL, with a role and a scope on each.

Four roles (docs/database.md): ``owner`` migrates, ``api`` and ``worker`` live under row-level security, ``platform``
bypasses it for the few modules that serve every tenant at once (sequencer, reaper, rating).

    with database.transaction("api", scope) as tx:
        tx.execute(text("…"), {...})
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, Literal, Self

from sqlalchemy import Connection, CursorResult, Engine, Executable, create_engine, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from core.errors import Conflict, Unavailable
from core.scope import Scope

__all__ = ["Database", "Role", "changes_rows"]

Role = Literal["owner", "api", "worker", "platform"]

_PATIENCE_SECONDS: Final = 10

_SET_SCOPE = text(
    "select set_config('irisplane.tenant', :tenant, true), set_config('irisplane.actor', :actor, true),"
    " set_config('irisplane.request_id', :request_id, true), set_config('irisplane.reason', :reason, true),"
    " set_config('irisplane.change_id', :change_id, true), set_config('irisplane.preview', :preview, true)"
)


class Database:
    """Engines per role, made when first asked for, and scoped transactions on them.

    Args:
        dsn_for: gives the SQLAlchemy URL of a role (``postgresql+psycopg://…``).
        pool_size: connections kept per role and process.
        idle_seconds: how long a transaction may stand idle before the server ends it. A process that was frozen inside
            one holds its row locks until then; ``None``: the server's own limit.
    """

    def __init__(
        self, dsn_for: Callable[[Role], str], *, pool_size: int = 5, idle_seconds: float | None = None
    ) -> None:
        self._dsn_for = dsn_for
        self._pool_size = pool_size
        self._options = f"-c idle_in_transaction_session_timeout={idle_seconds * 1000:.0f}" if idle_seconds else ""
        self._engines: dict[Role, Engine] = {}
        self._making = threading.Lock()
        self._joined: Connection | None = None

    def dsn(self, role: Role) -> str:
        """The SQLAlchemy URL of a role."""
        return self._dsn_for(role)

    def engine(self, role: Role) -> Engine:
        """The engine of a role. ``pool_pre_ping`` lets a restarted server be met again without an error."""
        with self._making:
            if role not in self._engines:
                self._engines[role] = create_engine(
                    self._dsn_for(role),
                    pool_size=self._pool_size,
                    max_overflow=self._pool_size * 2,
                    pool_timeout=_PATIENCE_SECONDS,
                    pool_pre_ping=True,
                    pool_recycle=1800,
                    hide_parameters=True,  # an error of the driver must not print what was being written
                    connect_args={
                        "application_name": f"irisplane {role}",
                        "connect_timeout": 5,
                        "options": self._options,
                    },
                )
            return self._engines[role]

    def open_engines(self) -> dict[Role, Engine]:
        """The engines made so far, for their pools' figures."""
        with self._making:
            return dict(self._engines)

    def connection(self, role: Role) -> Connection:
        """A connection without a scope, for who opens the door (``core.identity``) or only knocks; close it.

        Raises:
            Unavailable: the database cannot be reached, or all connections were busy for ten seconds.
        """
        try:
            return self.engine(role).connect()
        except OperationalError as error:
            raise Unavailable("The database does not answer.", role=role) from error
        except PoolTimeout as error:
            raise Unavailable("Every connection to the database is busy.", role=role) from error

    @contextmanager
    def transaction(
        self, role: Role, scope: Scope, *, preview: bool = False, asynchronous: bool = False
    ) -> Iterator[Connection]:
        """One transaction under a scope; commits at the end, rolls back on any error.

        Args:
            preview: a what-if: deferred constraints are immediate, locks are waited for one second, neither change
                log nor audit is written, and everything is rolled back at the end.
            asynchronous: do not wait for the disk at commit. Only for records that can be re-derived.
        Raises:
            Unavailable: the database cannot be reached, or all connections were busy for ten seconds.
        """
        if self._joined is not None and role == "api" and not preview:
            _enter(self._joined, scope)
            yield self._joined
            return
        with self.connection(role) as connection, connection.begin() as outer:
            _enter(connection, scope, preview=preview)
            if preview:
                connection.execute(text("set local lock_timeout = '1s'"))
                connection.execute(text("set constraints all immediate"))
            elif asynchronous:
                connection.execute(text("set local synchronous_commit = off"))
            yield connection
            if preview:
                outer.rollback()

    def joining(self, tx: Connection) -> Self:
        """The same database, where every transaction of role ``api`` is a part of ``tx`` and ends with it.

        For what must be one commit with something around it. A second connection instead would be waited for while
        the first is held: as many callers at once as there are connections, and nobody goes on.
        """
        joined = copy.copy(self)
        joined._joined = tx  # noqa: SLF001 - a copy of itself
        return joined

    def ping(self) -> str:
        """The server's version, or ``Unavailable``."""
        try:
            with self.connection("api") as connection:
                return str(connection.execute(text("show server_version")).scalar_one())
        except OperationalError as error:
            raise Unavailable("The database does not answer.") from error

    def close(self) -> None:
        """Give every connection back to the server."""
        with self._making:
            for engine in self._engines.values():
                engine.dispose()
            self._engines.clear()


def _enter(tx: Connection, scope: Scope, *, preview: bool = False) -> None:
    values = {key.removeprefix("irisplane."): value for key, value in scope.settings().items()}
    tx.execute(_SET_SCOPE, {**values, "preview": "on" if preview else ""})


def changes_rows(
    tx: Connection, statement: Executable, parameters: Mapping[str, Any] | None = None, *, expect: int, what: str
) -> CursorResult[Any]:
    """Run a write that must touch exactly ``expect`` rows: under row-level security a silent ``UPDATE 0`` is a defect.

    Raises:
        Conflict: another number of rows was touched; the caller's transaction rolls back.
    """
    result = tx.execute(statement, dict(parameters or {}))
    if result.rowcount != expect:
        raise Conflict(f"{what}: expected to write {expect} row(s), wrote {result.rowcount}.")
    return result


def violated_constraint(error: DBAPIError) -> str | None:
    """The name of the constraint that a database error names, if any (psycopg diagnostics)."""
    diagnostics = getattr(error.orig, "diag", None)
    return getattr(diagnostics, "constraint_name", None)
