"""Whom to ask over SNMP, and as whom: from the configuration context, whose names of secrets are opened here.

::

    snmp:
      poll: {user: irisplane, auth: SECRET-NAME, privacy: SECRET-NAME}     # SNMPv3, SHA-256 and AES
      poll: {community: SECRET-NAME, port: 1161}                           # SNMPv2c
      traps: {community: SECRET-NAME}                                      # who sends traps otherwise than it is asked
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Row, text

from core.errors import NotFound
from core.keyring import KeyFile
from core.secrets import SecretStore
from core.settings import get_settings
from inventory.context import merged
from inventory.device_context import contexts_of
from network.drivers.snmp import Community, SnmpTarget, User
from network.drivers.snmp.reading import Credentials

__all__ = ["Asked", "asked", "whom"]

_WATCHED: Final = text("""
select d.id, d.tenant_id, d.name, host(d.management_address) as host from device d
where d.status in ('active', 'maintenance') and d.management_address is not null order by d.name
""")
_PORT: Final = 161


@dataclass(frozen=True, slots=True)
class Asked:
    """A device that is asked.

    Attributes:
        notifies: as whom it sends traps and informs: ``snmp.traps`` of its context, or as it is asked.
    """

    device_id: UUID
    tenant_id: UUID
    target: SnmpTarget
    notifies: Credentials


def whom(tx: Connection) -> dict[UUID, str]:
    """Devices whose context names credentials: id → name. Opens no secret."""
    return {row.id: row.name for row, *_ in _named(tx)}


def asked(tx: Connection) -> list[Asked]:
    """Devices to look at, by name; one whose secret is missing is left out: it is unknown."""
    secrets = _Secrets(tx)
    found: list[Asked] = []
    for row, how, traps in _named(tx):
        try:
            credentials = secrets.credentials(row.tenant_id, how)
            notifies = secrets.credentials(row.tenant_id, traps)
        except NotFound:
            continue
        if credentials is not None:
            port = how.get("port", _PORT)
            target = SnmpTarget(row.name, row.host, credentials, port if isinstance(port, int) else _PORT)
            found.append(Asked(row.id, row.tenant_id, target, notifies or credentials))
    return found


def _named(tx: Connection) -> Iterator[tuple[Row[Any], Mapping[str, Any], Mapping[str, Any]]]:
    rows = {row.id: row for row in tx.execute(_WATCHED)}
    contexts = contexts_of(tx, list(rows))
    for device, row in rows.items():
        snmp = merged(contexts.get(device, ())).get("snmp")
        how = snmp.get("poll") if isinstance(snmp, dict) else None
        traps = snmp.get("traps") if isinstance(snmp, dict) else None
        if isinstance(how, dict) and ("community" in how or {"user", "auth", "privacy"} <= how.keys()):
            yield row, how, traps if isinstance(traps, dict) else {}


class _Secrets:
    """Secrets of one look, each opened once."""

    def __init__(self, tx: Connection) -> None:
        self._tx = tx
        self._store = SecretStore(KeyFile(get_settings().key_file))
        self._known: dict[tuple[UUID, str], str] = {}

    def credentials(self, tenant: UUID, how: Mapping[str, Any]) -> Credentials | None:
        if {"user", "auth", "privacy"} <= how.keys():
            return User(str(how["user"]), self._open(tenant, how["auth"]), self._open(tenant, how["privacy"]))
        return Community(self._open(tenant, how["community"])) if "community" in how else None

    def _open(self, tenant: UUID, name: object) -> str:
        key = tenant, str(name)
        if key not in self._known:
            self._known[key] = self._store.get(self._tx, tenant, key[1]).reveal()
        return self._known[key]
