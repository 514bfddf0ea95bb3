"""What an administration asks of the network: sites of its own, not ports; and the order that the region makes of it.

Ports, and which device of a site, are the region's to choose: the first free port by name. The service is called by the
administration's code and a name, so that nobody learns from a refusal what others have.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy import Connection, text

from inventory.errors import ObjectNotFound
from network.errors import NotServiceable
from network.services.exits import named
from network.services.orders import Kind, Order, Protection

__all__ = ["Request", "RequestedEnd", "order_of", "own_sites"]


class RequestedEnd(BaseModel):
    """A site where the service shall come out; addresses as in an order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    site: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    address: Annotated[str, StringConstraints(max_length=50)] | None = None
    probe: Annotated[str, StringConstraints(max_length=50)] | None = None


class Request(BaseModel):
    """A service that an administration wants, and at which of its sites."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,22}$")]
    kind: Kind
    bandwidth_mbps: Annotated[int, Field(ge=1, le=400_000)] | None = None
    protection: Protection = "none"
    ends: Annotated[tuple[RequestedEnd, ...], Field(min_length=1, max_length=40)]


_PORTS: Final = text("""
select g.code as site, d.name as device, i.name as port
  from site g join device d on d.site_id = g.id and d.status = 'active'
  join interface i on i.device_id = d.id and i.enabled and i.kind in ('physical', 'lag')
 where g.code = any(:sites)
   and not exists (select from link_end e join link l on l.id = e.link_id and l.status <> 'retired'
                    where e.interface_id = i.id)
   and not exists (select from address a where a.interface_id = i.id and upper_inf(a.held))
   and not exists (select from service_end e where e.interface_id = i.id)
 order by d.name, i.name
""")


def own_sites(tx: Connection, tenant: UUID, request: Request) -> None:
    """See that every site is the administration's own.

    Raises:
        ObjectNotFound: there is none of that code, or it is another's: the two are never told apart.
    """
    found = set(
        tx.execute(
            text("select code from site where tenant_id = :tenant and code = any(:codes)"),
            {"tenant": tenant, "codes": [end.site for end in request.ends]},
        ).scalars()
    )
    for number, end in enumerate(request.ends):
        if end.site not in found:
            raise ObjectNotFound(
                f"You have no site {end.site!r}.",
                pointer=f"/ends/{number}/site",
                hint="Name sites of your own administration.",
                type="site",
            )


def order_of(tx: Connection, tenant: str, request: Request, change: UUID | None) -> Order:
    """The region's order of what is asked for, with the first free port at each site. Reads as the region.

    Raises:
        NotServiceable: a site has no device of the network's, or no port is free there.
        ValueError: what is asked for does not fit together; see ``Order``.
    """
    sites = [end.site for end in request.ends]
    exits = named(tx)
    free: dict[str, list[tuple[str, str]]] = {site: [] for site in sites}
    for row in tx.execute(_PORTS, {"sites": sites}):
        if (row.device, row.port) not in exits:
            free[row.site].append((row.device, row.port))
    ends: list[Mapping[str, Any]] = []
    for number, end in enumerate(request.ends):
        if not free[end.site]:
            raise NotServiceable(
                f"The network has no free port at {end.site}.",
                hint="Ask the region to connect the site, or to give it another port.",
                pointer=f"/ends/{number}/site",
            )
        device, port = free[end.site].pop(0)
        given = {"address": end.address, "probe": end.probe}
        ends.append({"device": device, "port": port, **{name: value for name, value in given.items() if value}})
    return Order.model_validate(
        {
            "code": f"{tenant}-{request.name}",
            "tenant": tenant,
            "kind": request.kind,
            "bandwidth_mbps": request.bandwidth_mbps,
            "protection": request.protection,
            "ends": ends,
            "request": change,
        }
    )
