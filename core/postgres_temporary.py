"""A PostgreSQL server for the length of a test run or a benchmark: made in a folder of its own, gone afterwards.

Same binaries, roles and configuration as the real one, so that what passes here passes there; only the caller may be
every role as well, and the disk is not waited for unless asked.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import uuid4

from sqlalchemy import URL, create_engine, text
from sqlalchemy.pool import NullPool

from core.errors import Unavailable
from core.instance import Instance
from core.postgres import DATABASE, PORT, ROLES, Role, role_name, server_version, socket_dsn
from core.postgres_cluster import ADMIN, Cluster
from core.service_user import service_user

__all__ = ["TemporaryPostgres"]

_PATIENCE = 30.0


class TemporaryPostgres:
    """A server that lives as long as its ``with`` block, or as the process that made it.

    Args:
        durable: wait for the disk as the real server does; ``kill -9`` of the server then loses nothing.

    ::

        with TemporaryPostgres() as server:
            upgrade(server.dsn("owner"))
            with server.copy() as name:
                engine = create_engine(server.dsn("api", name))
    """

    def __init__(self, *, durable: bool = False) -> None:
        self._durable = durable
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._user = service_user(create=True)
        self.folder = Path(tempfile.mkdtemp(prefix="irisplane-pg-"))
        if self._user.apart:
            os.chown(self.folder, self._user.uid, self._user.gid)
        self._instance = Instance("test", 1, self.folder, self.folder)
        everyone = [*(role_name(role) for role in ROLES), ADMIN]
        logins = dict.fromkeys({self._user.name, pwd.getpwuid(os.geteuid()).pw_name}, everyone)
        self._cluster = Cluster(
            self._instance, self._user, self.folder / "data", self.folder, logins, durable=self._durable
        )
        try:
            self._cluster.make()
            self.start()
        except BaseException:
            self._leave()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    def dsn(self, role: Role, database: str = DATABASE) -> str:
        """The SQLAlchemy URL of a role at one of the server's databases."""
        return socket_dsn(role, self.folder, database)

    def start(self) -> None:
        """Start the server and wait until it answers.

        Raises:
            Unavailable: it did not; the end of its log is in the message.
        """
        line = self._user.command(self._cluster.command, instance=self._instance, die_with_parent=True)
        log = self.folder / "server.log"
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                line, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=self._user.environment(self._instance)
            )
        until = time.monotonic() + _PATIENCE
        while True:
            try:
                server_version(self.dsn("owner", "template1"))
            except Unavailable:
                if self._process.poll() is None and time.monotonic() < until:
                    time.sleep(0.02)
                    continue
                raise Unavailable(f"The temporary server did not start: {log.read_text()[-2000:]}") from None
            return

    def stop(self, *, at_once: bool = False) -> None:
        """Stop the server; ``at_once`` as if it had crashed (it recovers at the next start)."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGQUIT if at_once else signal.SIGINT)
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def kill_backends(self, role: Role) -> int:
        """Cut every connection of a role, as a failing network would; give how many there were."""
        rows = self._as_admin(
            "select count(pg_terminate_backend(pid)) from pg_stat_activity where usename = :role", role=role_name(role)
        )
        return int(str(rows))

    @contextmanager
    def copy(self, template: str = DATABASE) -> Iterator[str]:
        """A database of one's own, copied from another to which nobody is connected; gives its name."""
        name = f"copy_{uuid4().hex[:12]}"
        self._as_admin(f"create database {name} template {template} owner {role_name('owner')}")
        try:
            yield name
        finally:
            if self._process is not None:
                self._as_admin(f"drop database if exists {name} with (force)")

    def _as_admin(self, statement: str, **values: str) -> object:
        url = URL.create(
            "postgresql+psycopg",
            username=ADMIN,
            database="postgres",
            query={"host": str(self.folder), "port": str(PORT)},
        )
        engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            result = connection.execute(text(statement), values)
            return result.scalar() if result.returns_rows else None

    def _leave(self) -> None:
        self.stop(at_once=not self._durable)
        shutil.rmtree(self.folder, ignore_errors=True)
