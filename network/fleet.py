"""Reaching many devices: who they are, how to log in, a driver for each, and everyone asked at once.

Connections are kept for a while after use, because a log-in costs a router more than a command does. What must prove
that the device can still be reached asks for a fresh one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Final, Generic, TypeVar
from uuid import UUID

from sqlalchemy import Connection, text

from core.db import Database
from core.errors import IrisplaneError, NotFound
from core.keyring import KeyFile
from core.scope import Scope
from core.secrets import SecretStore, SecretValue
from core.settings import get_settings
from inventory.context import merged
from inventory.device_context import contexts_of
from network.drivers.protocol import ConfigDriver, Target, Timeouts
from network.errors import NotOffered

__all__ = ["Access", "Fleet", "Reached", "access", "drivers", "fleet_of", "reach_one", "snapshot"]

Result = TypeVar("Result")
DriverFactory = Callable[[Target], ConfigDriver]

_KEPT_SECONDS: Final = 45.0
_KEPT_PER_DEVICE: Final = 2


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach one device; the password itself is fetched when it is needed.

    ``options`` are for its driver: the object ``driver`` of its merged configuration context. FRR needs none.
    """

    device_id: UUID
    tenant_id: UUID
    name: str
    platform: str
    host: str
    port: int
    username: str
    secret_name: str
    host_key: str | None
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Reached(Generic[Result]):
    """What asking one device gave: a value or an error."""

    access: Access
    value: Result | None = None
    error: IrisplaneError | None = None


_ACCESS: Final = text("""
select d.id as device_id, d.tenant_id, d.name, d.platform, host(d.management_address) as host,
       d.management_port as port, a.username, a.secret_name, a.host_key
from device d join device_access a on a.device_id = d.id
where d.id = any(:ids) and d.management_address is not null order by d.name
""")


def access(tx: Connection, device_ids: Sequence[UUID]) -> dict[UUID, Access]:
    """How to reach these devices; those without an address or credentials are absent."""
    found = {row.device_id: Access(*row) for row in tx.execute(_ACCESS, {"ids": list(device_ids)})}
    bought = [device for device, reach in found.items() if reach.platform != "frr"]
    for device, contexts in (contexts_of(tx, bought) if bought else {}).items():
        options = merged(contexts).get("driver") or {}
        told = tuple(sorted((str(name), str(value)) for name, value in options.items()))
        found[device] = replace(found[device], options=told)
    return found


@cache
def drivers() -> Mapping[str, DriverFactory]:
    """Driver factories by platform, from the entry points ``irisplane.drivers``."""
    return {entry.name: entry.load() for entry in entry_points(group="irisplane.drivers")}


class Fleet:
    """Drivers for devices, with their credentials, and connections that are kept warm.

    Args:
        keyring: opens the credentials.
    """

    def __init__(self, database: Database, keyring: KeyFile, *, timeouts: Timeouts | None = None) -> None:
        self._database = database
        self.keyring = keyring
        self._secrets = SecretStore(keyring)
        self._timeouts = timeouts or Timeouts()
        self._idle: dict[UUID, list[tuple[float, Access, ConfigDriver]]] = {}
        self._guard = threading.Lock()

    def open_secrets(self, tx: Connection, devices: Sequence[Access]) -> dict[tuple[UUID, str], SecretValue]:
        """The passwords of these devices, by tenant and name: one statement a tenant.

        Raises:
            NotFound: one is not in the secret store.
        """
        wanted: dict[UUID, set[str]] = {}
        for reach in devices:
            wanted.setdefault(reach.tenant_id, set()).add(reach.secret_name)
        return {
            (tenant, name): secret
            for tenant, names in wanted.items()
            for name, secret in self._secrets.get_many(tx, tenant, sorted(names)).items()
        }

    def driver(self, scope: Scope, reach: Access, secret: SecretValue | None = None) -> ConfigDriver:
        """A closed driver for a device; its password is read unless it is given.

        Raises:
            NotOffered: no driver for its platform.
            NotFound: its credentials are not in the secret store.
        """
        factory = drivers().get(reach.platform)
        if factory is None:
            raise NotOffered(
                f"{reach.name} runs {reach.platform!r}, for which no driver is installed.",
                hint=f"Correct the device's platform, or install its driver: {', '.join(sorted(drivers()))} are there.",
                device=reach.name,
            )
        return factory(self.target(scope, reach, secret))

    def target(self, scope: Scope, reach: Access, secret: SecretValue | None = None) -> Target:
        """A device with its credentials, for who speaks to it; its password is read unless it is given.

        Raises:
            NotFound: its credentials are not in the secret store.
        """
        if secret is None:
            with self._database.transaction("worker", scope) as tx:
                secret = self._secrets.get(tx, reach.tenant_id, reach.secret_name)
        return Target(
            name=reach.name,
            host=reach.host,
            username=reach.username,
            password=secret.reveal(),
            host_keys=(reach.host_key,) if reach.host_key else (),
            port=reach.port,
            timeouts=self._timeouts,
            options=dict(reach.options),
        )

    @contextmanager
    def session(
        self, scope: Scope, reach: Access, *, fresh: bool = False, secret: SecretValue | None = None
    ) -> Iterator[ConfigDriver]:
        """An open driver, given back afterwards; ``fresh`` proves that a new connection can be made."""
        driver = None if fresh else self._take(reach)
        if driver is None:
            driver = self.driver(scope, reach, secret)
        try:
            driver.open()
            yield driver
        except BaseException:
            driver.close()
            raise
        self._give(reach, driver)

    def _take(self, reach: Access) -> ConfigDriver | None:
        old: list[ConfigDriver] = []
        found: ConfigDriver | None = None
        with self._guard:
            kept = self._idle.get(reach.device_id, [])
            while kept and found is None:
                since, before, driver = kept.pop()
                if before == reach and time.monotonic() - since < _KEPT_SECONDS:
                    found = driver
                else:
                    old.append(driver)
        for driver in old:  # not under the lock: hanging up may wait for the far end, and everybody would wait with it
            driver.close()
        return found

    def _give(self, reach: Access, driver: ConfigDriver) -> None:
        with self._guard:
            kept = self._idle.setdefault(reach.device_id, [])
            kept.append((time.monotonic(), reach, driver))
            surplus = kept[:-_KEPT_PER_DEVICE]
            del kept[:-_KEPT_PER_DEVICE]
        for _, _, old in surplus:
            old.close()

    def sweep(self) -> None:
        """Close connections nobody used for a while."""
        now = time.monotonic()
        with self._guard:
            old = [d for kept in self._idle.values() for since, _, d in kept if now - since >= _KEPT_SECONDS]
            for device, kept in self._idle.items():
                self._idle[device] = [one for one in kept if now - one[0] < _KEPT_SECONDS]
        for driver in old:
            driver.close()

    def close(self) -> None:
        """Close every kept connection."""
        with self._guard:
            every = [driver for kept in self._idle.values() for _, _, driver in kept]
            self._idle.clear()
        for driver in every:
            driver.close()

    def ask(
        self,
        scope: Scope,
        devices: Sequence[Access],
        question: Callable[[ConfigDriver, Access], Result],
        *,
        concurrency: int = 24,
        fresh: bool = False,
    ) -> list[Reached[Result]]:
        """Ask every device the same, at once; each gives a value or an error, none holds up the others."""

        secrets = self._secrets_of(scope, devices)

        def one(reach: Access) -> Reached[Result]:
            try:
                secret = secrets.get((reach.tenant_id, reach.secret_name))
                with self.session(scope, reach, fresh=fresh, secret=secret) as driver:
                    return Reached(reach, question(driver, reach))
            except IrisplaneError as error:
                return Reached(reach, error=error)

        if not devices:
            return []
        with ThreadPoolExecutor(min(concurrency, len(devices)), thread_name_prefix="fleet") as pool:
            return list(pool.map(one, devices))

    def greet(self, scope: Scope, devices: Sequence[Access], *, concurrency: int = 24) -> list[Reached[str]]:
        """Log in to each of these and hang up, whatever it runs: nothing, or why it was not possible."""
        from network.drivers.frr.transport import Session

        secrets = self._secrets_of(scope, devices)

        def one(reach: Access) -> Reached[str]:
            session = None
            try:
                session = Session(self.target(scope, reach, secrets.get((reach.tenant_id, reach.secret_name))))
                session.open()
                return Reached(reach)
            except IrisplaneError as error:
                return Reached(reach, error=error)
            finally:
                if session is not None:
                    session.close()

        if not devices:
            return []
        with ThreadPoolExecutor(min(concurrency, len(devices)), thread_name_prefix="greet") as pool:
            return list(pool.map(one, devices))

    def _secrets_of(self, scope: Scope, devices: Sequence[Access]) -> Mapping[tuple[UUID, str], SecretValue]:
        """Every device's password, or none: where one is missing each device says for itself."""
        try:
            with self._database.transaction("worker", scope) as tx:
                return self.open_secrets(tx, devices)
        except IrisplaneError:
            return {}


def reach_one(tx: Connection, device_id: UUID) -> Access:
    """How to reach one device.

    Raises:
        NotFound: it does not exist here, or has neither address nor credentials.
    """
    found = access(tx, [device_id]).get(device_id)
    if found is None:
        raise NotFound(
            f"Device {device_id} cannot be reached: it has no management address or no credentials.",
            hint="Set management_address, and its access (user name and secret) in the inventory.",
        )
    return found


def snapshot(driver: ConfigDriver) -> tuple[str, str]:
    """The running configuration and its fingerprint; in one answer from a driver that can give both at once."""
    both = getattr(driver, "snapshot", None)
    if not callable(both):
        return driver.running(), driver.fingerprint()
    running, fingerprint = both()
    return str(running), str(fingerprint)


_FLEETS: dict[tuple[str, Path], Fleet] = {}
_FLEETS_GUARD: Final = threading.Lock()


def fleet_of(database: Database) -> Fleet:
    """This process's fleet on a database: one, so that a run finds the connections that the standing look keeps."""
    place = database.dsn("worker"), get_settings().key_file
    with _FLEETS_GUARD:
        if place not in _FLEETS:
            _FLEETS[place] = Fleet(database, KeyFile(place[1]))
        return _FLEETS[place]
