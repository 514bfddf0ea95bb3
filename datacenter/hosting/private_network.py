"""A project's network in Neutron: network, subnet, and a router to the outside, each looked for before it is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from datacenter.hosting.cloud import speaking, tag_of

if TYPE_CHECKING:
    from openstack.connection import Connection

__all__ = ["Placed", "outside", "place"]


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a network stands in the cloud."""

    network: str
    subnet: str
    router: str | None


def place(connection: Connection, network_id: UUID, name: str, cidr: str, *, routed: bool) -> Placed:
    """Bring a network into the cloud, or find it there by its tag; repeating it makes nothing twice.

    Args:
        connection: the project's own.
        network_id: of our row; stands in the descriptions.
        routed: whether a router leads to the public network, as far as the cloud has one.
    Raises:
        CloudSilent, CloudRefused: and what was made until then is found again the next time.
    """
    tag = tag_of(network_id)
    with speaking(f"Making the network {name}"):
        network = _one(connection.network.networks(description=tag)) or connection.network.create_network(
            name=name, description=tag
        )
        subnet = _one(connection.network.subnets(network_id=network.id)) or connection.network.create_subnet(
            network_id=network.id, name=name, description=tag, ip_version=4, cidr=cidr
        )
        router = _router(connection, tag, name, subnet.id) if routed else None
    return Placed(str(network.id), str(subnet.id), router)


def outside(connection: Connection) -> str | None:
    """The id of the public network; ``None`` when the cloud has none."""
    found = _one(connection.network.networks(is_router_external=True))
    return None if found is None else str(found.id)


def _router(connection: Connection, tag: str, name: str, subnet: str) -> str:
    router = _one(connection.network.routers(description=tag))
    if router is None:
        public = outside(connection)
        gateway = {} if public is None else {"external_gateway_info": {"network_id": public}}
        router = connection.network.create_router(name=name, description=tag, **gateway)
    ports = connection.network.ports(device_id=router.id)
    if not any(ip["subnet_id"] == subnet for port in ports for ip in port.fixed_ips):
        connection.network.add_interface_to_router(router, subnet=subnet)
    return str(router.id)


def _one(found: Any) -> Any:
    return next(iter(found), None)
