"""Private networks in Neutron beside making them: whether one stands whole, what is in it, taking it away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from datacenter.hosting.cloud import speaking, tag_of
from datacenter.hosting.private_network import Placed

if TYPE_CHECKING:
    from openstack.connection import Connection

__all__ = ["devices_in", "find", "remove", "whole"]


def find(connection: Connection, network_id: UUID) -> Any:
    """The network with our tag as Neutron shows it; ``None`` when there is none."""
    with speaking("Looking for the network"):
        return _one(connection.network.networks(description=tag_of(network_id)))


def whole(connection: Connection, network_id: UUID, *, routed: bool) -> Placed | None:
    """Where a network stands, when nothing of it is missing: network, subnet, and the router that leads outside."""
    tag = tag_of(network_id)
    network = find(connection, network_id)
    if network is None:
        return None
    with speaking("Looking at the network"):
        subnet = _one(connection.network.subnets(network_id=network.id))
        if subnet is None:
            return None
        if not routed:
            return Placed(str(network.id), str(subnet.id), None)
        router = _one(connection.network.routers(description=tag))
        if router is None or not any(
            fixed["subnet_id"] == subnet.id
            for port in connection.network.ports(device_id=router.id)
            for fixed in port.fixed_ips
        ):
            return None
    return Placed(str(network.id), str(subnet.id), str(router.id))


def devices_in(connection: Connection, network_id: UUID) -> Sequence[str]:
    """Ids in the cloud of what stands in a network: servers, or ports that nothing has (by their own id)."""
    network = find(connection, network_id)
    if network is None:
        return ()
    with speaking("Looking at what stands in the network"):
        return sorted(
            str(port.device_id or port.id)
            for port in connection.network.ports(network_id=network.id)
            if not str(port.device_owner or "").startswith("network:")
        )


def remove(connection: Connection, network_id: UUID, name: str) -> bool:
    """Take a network away with its router and subnet; whether there was anything. Safe to ask again.

    Raises:
        CloudRefused: something stands in it.
    """
    tag, found = tag_of(network_id), False
    with speaking(f"Deleting the network {name}"):
        for router in connection.network.routers(description=tag):
            found = True
            for port in connection.network.ports(device_id=router.id):
                if str(port.device_owner).startswith("network:router_interface"):
                    connection.network.remove_interface_from_router(router, port=port.id)
            connection.network.delete_router(router, ignore_missing=True)
        for network in connection.network.networks(description=tag):
            found = True
            connection.network.delete_network(network, ignore_missing=True)
    return found


def _one(found: Any) -> Any:
    return next(iter(found), None)
