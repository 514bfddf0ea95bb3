"""Figures of the network for Prometheus: who answers, from the standing look; uptime and interfaces, over SNMP.

SNMP figures are the present, not history: the worker that leads looks every half minute and tells them from memory on
its own ``/metrics``; Prometheus keeps them. Credentials are named by the configuration context, as everything that a
role, a site or a device may have of its own::

    snmp:
      poll: {user: irisplane, auth: SECRET-NAME, privacy: SECRET-NAME}
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any, Final
from uuid import UUID

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from sqlalchemy import Connection, text

from core.db import Database
from core.errors import NotFound
from core.keyring import KeyFile
from core.scope import EVERY_TENANT, Scope
from core.secrets import SecretStore
from core.settings import get_settings
from inventory.context import merged
from inventory.device_context import contexts_of
from network.drivers.snmp import SnmpTarget, SnmpView, look_at_many

__all__ = ["collect", "poll", "targets"]

_SCOPE: Final = Scope(EVERY_TENANT, request_id="telemetry", reason="SNMP look at the routers")
_OLD_SECONDS: Final = 120.0
_SEEN: dict[str, tuple[float, SnmpView]] = {}
_GUARD: Final = threading.Lock()

_WATCHED: Final = text("""
select d.id, d.tenant_id, d.name, host(d.management_address) as host from device d
where d.status in ('active', 'maintenance') and d.management_address is not null order by d.name
""")
_REACHABLE: Final = text("""
select d.name, d.role, s.code as site, st.reachable is true and st.tried_at > now() - interval '2 minutes' as reachable,
       st.drifted_since is not null as drifted
from device_state st join device d on d.id = st.device_id join site s on s.id = d.site_id order by d.name
""")


def poll(database: Database) -> None:
    """Look at every device whose context names SNMP credentials."""
    with database.transaction("worker", _SCOPE) as tx:
        wanted = targets(tx)
    views = look_at_many(wanted)
    now = time.monotonic()
    with _GUARD:
        _SEEN.clear()
        _SEEN.update((view.name, (now, view)) for view in views)


def targets(tx: Connection) -> list[SnmpTarget]:
    """Devices to look at, with their credentials; one whose secret is missing is left out."""
    rows = {row.id: row for row in tx.execute(_WATCHED)}
    store = SecretStore(KeyFile(get_settings().key_file))
    known: dict[tuple[UUID, str], str] = {}
    found: list[SnmpTarget] = []
    for device, contexts in contexts_of(tx, list(rows)).items():
        row, how = rows[device], (merged(contexts).get("snmp") or {}).get("poll")
        if not isinstance(how, dict) or not {"user", "auth", "privacy"} <= how.keys():
            continue
        try:
            auth, privacy = (_secret(tx, store, known, row.tenant_id, str(how[part])) for part in ("auth", "privacy"))
        except NotFound:
            continue
        found.append(SnmpTarget(row.name, row.host, str(how["user"]), auth, privacy))
    return found


def _secret(tx: Connection, store: SecretStore, known: dict[tuple[UUID, str], str], tenant: UUID, name: str) -> str:
    if (tenant, name) not in known:
        known[tenant, name] = store.get(tx, tenant, name).reveal()
    return known[tenant, name]


def collect(tx: Connection) -> Iterator[Metric]:
    """The figures; what was not seen within two minutes is left out, never shown as it was."""
    reachable = GaugeMetricFamily(
        "irisplane_device_reachable", "Whether somebody could log in.", labels=["device", "role", "site"]
    )
    drifted = GaugeMetricFamily("irisplane_device_drifted", "Whether it runs another text.", labels=["device"])
    for row in tx.execute(_REACHABLE):
        reachable.add_metric([row.name, row.role, row.site], float(row.reachable))
        drifted.add_metric([row.name], float(row.drifted))
    yield reachable
    yield drifted
    yield from _from_snmp()


def _from_snmp() -> Iterator[Metric]:
    answered = GaugeMetricFamily("irisplane_snmp_up", "Whether it answers over SNMP.", labels=["device"])
    uptime = GaugeMetricFamily("irisplane_snmp_uptime_seconds", "sysUpTime.", labels=["device", "description"])
    up = GaugeMetricFamily("irisplane_interface_up", "ifOperStatus.", labels=["device", "interface"])
    octets: Any = CounterMetricFamily("irisplane_interface_in_octets", "ifHCInOctets.", labels=["device", "interface"])
    with _GUARD:
        fresh = [view for since, view in _SEEN.values() if time.monotonic() - since < _OLD_SECONDS]
    for view in fresh:
        answered.add_metric([view.name], float(not view.error))
        if view.error:
            continue
        uptime.add_metric([view.name, view.description], view.uptime)
        for name, interface in view.interfaces:
            up.add_metric([view.name, name], float(interface.up))
            octets.add_metric([view.name, name], interface.in_octets)
    yield from (answered, uptime, up, octets)
