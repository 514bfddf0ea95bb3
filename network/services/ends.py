"""The places where an ordered service comes out: looked up, and judged against what stands there already."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_interface
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, RowMapping, text

from inventory.errors import ObjectNotFound, Taken
from network.errors import NotServiceable
from network.intent import Intended
from network.services.exits import Exit
from network.services.lines import Block, Port
from network.services.numbers import Numbers
from network.services.orders import Order, OrderedEnd

__all__ = ["End", "blocks", "free_ports", "look_up"]


@dataclass(frozen=True, slots=True)
class End:
    """An ordered end, and what the inventory says of it."""

    ordered: OrderedEnd
    device_id: UUID
    interface_id: UUID


_PORTS: Final = text("""
select w.place, d.id as device_id, d.status, i.id as interface_id, i.enabled, i.kind,
       (select l.name from link_end e join link l on l.id = e.link_id and l.status <> 'retired'
         where e.interface_id = i.id limit 1) as link,
       (select host(a.address) from address a where a.interface_id = i.id and upper_inf(a.held) limit 1) as address,
       (select s.code from service_end e join service s on s.id = e.service_id where e.interface_id = i.id
         limit 1) as service
from unnest(cast(:devices as text[]), cast(:ports as text[])) with ordinality w(device, port, place)
left join device d on d.name = w.device and d.status <> 'retired'
left join interface i on i.device_id = d.id and i.name = w.port
order by w.place
""")


_FREE: Final = text("""
select d.name || ':' || i.name as place, g.code as site
  from interface i join device d on d.id = i.device_id join site g on g.id = d.site_id
 where d.status = 'active' and i.enabled and i.kind in ('physical', 'lag')
   and not exists (select from link_end e join link l on l.id = e.link_id and l.status <> 'retired'
                    where e.interface_id = i.id)
   and not exists (select from address a where a.interface_id = i.id and upper_inf(a.held))
   and not exists (select from service_end e where e.interface_id = i.id)
 order by d.name, i.name limit :most
""")


def free_ports(tx: Connection, most: int, exits: Collection[tuple[str, str]] = ()) -> list[tuple[str, str]]:
    """Ports that a customer could be attached to, ``DEVICE:PORT``, each with its site; no exits."""
    others = {f"{device}:{port}" for device, port in exits}
    return [(row.place, row.site) for row in tx.execute(_FREE, {"most": most}) if row.place not in others]


def look_up(tx: Connection, order: Order, exits: Collection[tuple[str, str]] = ()) -> list[End]:
    """Every end of an order, in its order.

    Args:
        exits: device and port of the region's ways to the internet.
    Raises:
        ObjectNotFound: there is no such device or port.
        Taken: the port carries another service.
        NotServiceable: the port is somebody else's end of a link, has an address of its own, or is no customer's port.
    """
    wanted = {"devices": [end.device for end in order.ends], "ports": [end.port for end in order.ends]}
    found = tx.execute(_PORTS, wanted).mappings().all()
    for number, end in enumerate(order.ends):
        if (end.device, end.port) in exits:
            raise NotServiceable(
                f"{end.device}:{end.port} is an exit to the internet, so no customer can be attached there.",
                hint="Take a port that nothing else is attached to.",
                pointer=f"/ends/{number}/port",
            )
    return [
        _judged(end, row, f"/ends/{number}") for number, (end, row) in enumerate(zip(order.ends, found, strict=True))
    ]


def _judged(end: OrderedEnd, row: RowMapping, pointer: str) -> End:
    place = f"{end.device}:{end.port}"
    if row["device_id"] is None:
        raise ObjectNotFound(
            f"There is no device {end.device!r} in service.",
            pointer=f"{pointer}/device",
            hint="'irisplane device list' shows them.",
        )
    if row["interface_id"] is None:
        raise ObjectNotFound(
            f"{end.device} has no port {end.port!r}.",
            pointer=f"{pointer}/port",
            hint=f"'irisplane device show {end.device}' lists its ports.",
        )
    if row["service"] is not None:
        raise Taken(
            f"The port {place} carries the service {row['service']!r}.",
            pointer=f"{pointer}/port",
            hint="Take another port, or remove that service first.",
        )
    if stands := _stands(row):
        raise NotServiceable(
            f"{place} {stands}, so no customer can be attached there.",
            hint="Take a port that nothing else is attached to.",
            pointer=f"{pointer}/port",
        )
    return End(end, row["device_id"], row["interface_id"])


def _stands(row: RowMapping) -> str:
    """What stands at a port that no customer can have; nothing where one can."""
    if row["link"]:
        return f"is an end of the link {row['link']}"
    if row["address"]:
        return f"has the address {row['address']}"
    if row["kind"] not in ("physical", "lag"):
        return f"is a {row['kind']} interface"
    return "" if row["enabled"] else "is disabled"


def blocks(
    order: Order, ends: Sequence[End], exits: Sequence[Exit], numbers: Numbers, devices: Mapping[UUID, Intended]
) -> dict[UUID, Block]:
    """What each device is to carry for a service.

    Raises:
        NotServiceable: a device has no loopback or no BGP, or does not speak EVPN to the others.
    """
    for one in devices.values():
        _ready(one)
    carried = list(dict.fromkeys([*(end.device_id for end in ends), *(one.device_id for one in exits)]))
    uplinks = {one.device_id: one.uplink for one in exits}
    networks = tuple(str(ip_interface(str(end.ordered.address)).network) for end in ends) if exits else ()
    loopbacks = {device: str(devices[device].facts["loopback"]) for device in carried}
    made = {}
    for device in carried:
        one = devices[device]
        bgp = one.model.bgp
        assert bgp is not None, "judged above"
        there = {neighbor.name for neighbor in bgp.neighbors}
        others = [loopbacks[other] for other in carried if other != device]
        ports = tuple(Port(end.ordered.port, end.ordered.address or "") for end in ends if end.device_id == device)
        made[device] = Block(
            code=order.code,
            kind=order.kind,
            platform=one.platform,
            asn=bgp.asn,
            loopback=loopbacks[device],
            table=numbers.table,
            tunnel=numbers.tunnel,
            ports=ports,
            peers=tuple(sorted(other for other in others if other not in there)),
            remote=others[0] if order.kind == "e-line" else "",
            connect=(one.context.get("bgp") or {}).get("connect"),
            rate=order.bandwidth_mbps,
            networks=networks,
            uplink=uplinks.get(device),
        )
    return made


def _ready(device: Intended) -> None:
    if problem := _lacks(device):
        raise NotServiceable(
            f"{device.name} {problem}, so it can carry no service.",
            hint="Set 'bgp: {evpn: true}' in the region's configuration context and push it, or take another device.",
            device=device.name,
        )


def _lacks(device: Intended) -> str:
    if not device.facts["loopback"]:
        return "has no IPv4 loopback"
    if device.model.bgp is None:
        return "speaks no BGP"
    return "does not speak EVPN" if device.platform == "frr" and not device.model.bgp.advertise_all_vni else ""
