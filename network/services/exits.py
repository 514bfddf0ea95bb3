"""The region's ways to the internet: where its configuration context puts them, and what an order may take of them.

internet:
  prefixes: [203.0.113.0/24]        # what administrations' addresses are taken from; IPv4
  probe: 192.0.2.53                 # somebody beyond the exits that answers pings; may be left out
  exits:
    - {device: cr01, port: uplink1, address: 198.51.100.2/30, gateway: 198.51.100.1}
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, ip_interface
from typing import Annotated, Final, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from sqlalchemy import Connection, RowMapping, text

from inventory.context import Context, merged
from inventory.errors import Taken
from network.errors import NotServiceable
from network.services.lines import Uplink
from network.services.orders import Order

__all__ = ["ADDRESSES", "Exit", "beyond", "exits_for", "named", "take_addresses"]

ADDRESSES: Final = UUID("5e7a1ce5-0000-4000-8000-000000000003")
"""Lock and promises of public addresses, as :mod:`network.services.numbers` has them of numbers."""
_HINT: Final = "Name prefixes and exits under 'internet' in the region's configuration context."


class _Named(BaseModel):
    """An exit: a port towards whoever carries the region's packets on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    device: str
    port: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,30}$")]
    address: IPv4Interface
    gateway: IPv4Address

    @model_validator(mode="after")
    def _is_beside(self) -> Self:
        if self.gateway not in self.address.network or self.gateway == self.address.ip:
            raise ValueError(f"the gateway {self.gateway} is no neighbour in {self.address.network}")
        return self


class _Internet(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    prefixes: Annotated[tuple[IPv4Network, ...], Field(min_length=1)]
    probe: IPv4Address | None = None
    exits: Annotated[tuple[_Named, ...], Field(min_length=1, max_length=8)]


@dataclass(frozen=True, slots=True)
class Exit:
    """An exit as the inventory knows it."""

    device: str
    device_id: UUID
    interface_id: UUID
    uplink: Uplink

    def __str__(self) -> str:
        return f"{self.device}:{self.uplink.port}"


_CONTEXTS: Final = text("select name, scope, weight, data from config_context where active and scope = 'region'")
_PORTS: Final = text("""
select w.place, d.id as device_id, i.id as interface_id, i.enabled,
       exists (select from link_end e join link l on l.id = e.link_id and l.status <> 'retired'
                where e.interface_id = i.id) as linked,
       (select s.code from service_end e join service s on s.id = e.service_id
         where e.interface_id = i.id and not e.exit) as service
from unnest(cast(:devices as text[]), cast(:ports as text[])) with ordinality w(device, port, place)
left join device d on d.name = w.device and d.status <> 'retired'
left join interface i on i.device_id = d.id and i.name = w.port
order by w.place
""")


def _stated(tx: Connection) -> _Internet | None:
    """What the region's context says of the internet.

    Raises:
        NotServiceable: it says what cannot be; names the field.
    """
    found = merged(Context(row.name, row.scope, row.weight, row.data) for row in tx.execute(_CONTEXTS))
    if "internet" not in found:
        return None
    try:
        return _Internet.model_validate(found["internet"])
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(["internet", *(str(part) for part in first["loc"])])
        raise NotServiceable(
            f"The region's configuration context has {where}: {first['msg']}.", hint=_HINT, context=where
        ) from error


def named(tx: Connection) -> frozenset[tuple[str, str]]:
    """Device and port of every exit: ports that no customer can have."""
    stated = _stated(tx)
    return frozenset((one.device, one.port) for one in stated.exits) if stated else frozenset()


def beyond(tx: Connection) -> tuple[str, ...]:
    """Who answers beyond the exits: the probe; without one the neighbour of the only exit, of several nobody known."""
    stated = _stated(tx)
    if stated is None:
        return ()
    if stated.probe is not None:
        return (str(stated.probe),)
    return (str(stated.exits[0].gateway),) if len(stated.exits) == 1 else ()


def exits_for(tx: Connection, order: Order) -> tuple[Exit, ...]:
    """The exits of an order of internet access; of another kind it has none.

    Raises:
        NotServiceable: the region has none, one is no port that can be used, or an end has an address that is not the
            region's to give.
    """
    if order.kind != "internet":
        return ()
    stated = _stated(tx)
    if stated is None:
        raise NotServiceable("The region's configuration context names no exit to the internet.", hint=_HINT)
    for number, end in enumerate(order.ends):
        ours = ip_interface(str(end.address)).network
        if not any(isinstance(ours, IPv4Network) and ours.subnet_of(prefix) for prefix in stated.prefixes):
            given = ", ".join(str(prefix) for prefix in stated.prefixes)
            raise NotServiceable(
                f"{ours} is not within the region's own addresses, {given}.",
                hint="Ask the region for addresses of its own.",
                pointer=f"/ends/{number}/address",
            )
    wanted = {"devices": [one.device for one in stated.exits], "ports": [one.port for one in stated.exits]}
    rows = tx.execute(_PORTS, wanted).mappings()
    return tuple(_judged(one, row) for one, row in zip(stated.exits, rows, strict=True))


def _judged(one: _Named, row: RowMapping) -> Exit:
    if row["interface_id"] is None:
        problem = "is in no inventory"
    elif row["linked"] or not row["enabled"]:
        problem = "is an end of a link" if row["linked"] else "is disabled"
    elif row["service"]:
        problem = f"carries the service {row['service']!r}"
    else:
        uplink = Uplink(one.port, str(one.address), str(one.gateway))
        return Exit(one.device, row["device_id"], row["interface_id"], uplink)
    raise NotServiceable(f"The exit {one.device}:{one.port} {problem}.", hint=_HINT, device=one.device)


def take_addresses(tx: Connection, tenant: UUID, order: Order) -> None:
    """Promise an order's public addresses to the Change that is being planned.

    Raises:
        Taken: some are somebody's, or promised.
    """
    wanted = [str(ip_interface(str(end.address)).network) for end in order.ends]
    tx.execute(text("select inventory_lock_pools(cast(:keys as uuid[]))"), {"keys": [str(ADDRESSES)]})
    values = {"key": ADDRESSES, "wanted": wanted, "tenant": tenant}
    taken = tx.execute(text("select service_public_taken(:key, cast(:wanted as inet[]))::text"), values).scalar()
    if taken is not None:
        raise Taken(
            f"{taken} is in use on the internet already, or promised.",
            pointer=f"/ends/{wanted.index(str(taken))}/address",
            hint="Take other addresses.",
        )
    statement = (
        "select inventory_promise(:key, null, null, service_public_span(w), :tenant)"
        " from unnest(cast(:wanted as inet[])) w"
    )
    tx.execute(text(statement), values)
