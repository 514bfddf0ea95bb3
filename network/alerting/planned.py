"""What of the intent can be looked for in Prometheus: who is asked, which links, neighbours and sessions should be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, text

from inventory.plant.link_losses import OFF_DB, Receiver, receivers
from network.alerting.rules import LEAST_DBM, End, PlannedDevice, PlannedLink, PlannedLoss, PlannedSession, rules
from network.expectations import BgpSession, Check, OspfAdjacency, expected
from network.intent import Intended, intended
from network.polling.asking import whom
from network.polling.cabling import Link, links

__all__ = ["planned_links", "planned_rules"]

_SITES: Final = text("select d.id, d.name, s.code from device d join site s on s.id = d.site_id where d.id = any(:ids)")
_CONFIGURED: Final = text("""
select d.name, host(a.address) as address from device d
  join device_state st on st.device_id = d.id and st.pushed is not null
  left join interface i on i.device_id = d.id and i.kind = 'loopback' and i.vrf_id is null
  left join address a on a.interface_id = i.id and upper_inf(a.held)
 where d.status in ('active', 'maintenance')
""")


@dataclass(frozen=True, slots=True)
class _Plan:
    """What the intent has, read once."""

    ids: Sequence[UUID]
    links: Sequence[PlannedLink]
    checks: Mapping[str, Sequence[Check]]


def planned_rules(tx: Connection, *, hold: int = 60) -> dict[str, Any]:
    """The rules that the intent asks for now; see :func:`network.alerting.rules.rules`."""
    plan = _read(tx)
    rows = tx.execute(_SITES, {"ids": list(plan.ids)}).all()
    devices = [PlannedDevice(row.name, row.code) for row in sorted(rows, key=lambda row: row.name)]
    sessions = [
        PlannedSession(name, check.peer, check.name or check.peer)
        for name, found in sorted(plan.checks.items())
        for check in found
        if isinstance(check, BgpSession) and ":" not in check.peer  # BGP4-MIB knows IPv4 only
    ]
    return rules(devices, plan.links, sessions, hold=hold)


def planned_links(tx: Connection) -> Sequence[PlannedLink]:
    """Links that should carry traffic, with what should be seen over them."""
    return _read(tx).links


def _read(tx: Connection) -> _Plan:
    asked = whom(tx)
    ids = list(asked)
    names = set(asked.values())
    intents = {one.name: one for one in intended(tx, ids, rendered=False).values()}
    configured = tx.execute(_CONFIGURED).all()
    speaking = {row.name for row in configured}
    loopbacks = {row.address: row.name for row in configured if row.address}
    checks = {
        name: expected(one.model, one.neighbours, speaking, loopbacks) if name in speaking else []
        for name, one in intents.items()
    }
    adjacent: set[tuple[str, str, str]] = {
        (name, check.interface, check.igp)
        for name, found in checks.items()
        for check in found
        if isinstance(check, OspfAdjacency)
    }
    fibres = receivers(tx)
    planned = [
        PlannedLink(link.name, ends) for link in links(tx) if (ends := _ends(link, names, intents, adjacent, fibres))
    ]
    return _Plan(ids, planned, checks)


def _ends(
    link: Link,
    names: set[str],
    intents: Mapping[str, Intended],
    adjacent: set[tuple[str, str, str]],
    fibres: Mapping[tuple[str, str], Receiver],
) -> tuple[End, ...]:
    found = []
    for device, interface, far, far_interface in (
        (link.a, link.a_interface, link.b, link.b_interface),
        (link.b, link.b_interface, link.a, link.a_interface),
    ):
        if device not in names:
            continue
        address = _ipv4(intents.get(far), far_interface) if (device, interface, "ospf") in adjacent else None
        receiver = fibres.get((device, interface))
        least = _least(intents.get(device), receiver) if receiver else None
        adjacency = (device, interface, "ospfv3") in adjacent
        found.append(End(device, interface, address, adjacency, least, _loss(receiver)))
    return tuple(found)


def _ipv4(one: Intended | None, interface: str) -> str | None:
    if one is None:
        return None
    return next(
        (port.ipv4[0].partition("/")[0] for port in one.model.interfaces if port.name == interface and port.ipv4), None
    )


def _least(one: Intended | None, receiver: Receiver) -> float:
    """Of light, as the context says (``snmp.least_dbm``), else as the transceiver hears."""
    value = (one.context.get("snmp") or {}).get("least_dbm") if one else None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    return LEAST_DBM if receiver.least_dbm is None else receiver.least_dbm


def _loss(receiver: Receiver | None) -> PlannedLoss | None:
    if receiver is None or receiver.loss_db is None:
        return None
    most = round(receiver.loss_db + OFF_DB, 2)
    return PlannedLoss(most, receiver.far_device, receiver.far_interface, receiver.sent_dbm, receiver.cables)
