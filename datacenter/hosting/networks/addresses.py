"""Floating addresses in Neutron: given once, leading to a server's port or nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from datacenter.hosting.cloud import speaking, tag_of
from datacenter.hosting.errors import CloudRefused
from datacenter.hosting.networks.errors import NotReady
from datacenter.hosting.private_network import outside

if TYPE_CHECKING:
    from openstack.connection import Connection

__all__ = ["find", "give", "lead_to", "port_of", "take_back"]


def find(connection: Connection, address_id: UUID) -> Any:
    """The address with our tag as Neutron shows it; ``None`` when there is none."""
    with speaking("Looking for the floating address"):
        return next(iter(connection.network.ips(description=tag_of(address_id))), None)


def give(connection: Connection, address_id: UUID) -> Any:
    """A new address from the public network. Not safe to ask again: look for the tag first.

    Raises:
        CloudRefused: the cloud has no public network, or no address is left in it.
    """
    with speaking("Ordering the floating address"):
        public = outside(connection)
        if public is None:
            raise CloudRefused("The cloud has no public network that floating addresses could come from.")
        return connection.network.create_ip(floating_network_id=public, description=tag_of(address_id))


def port_of(connection: Connection, server: str) -> tuple[str, str]:
    """The port of a server that a floating address can lead to, and the server's own address there.

    Args:
        server: its id in the cloud.
    Raises:
        NotReady: it has no port in a network from which a router leads outside.
    """
    with speaking("Looking at the server's networks"):
        routed = {
            fixed["subnet_id"]
            for router in connection.network.routers()
            for port in connection.network.ports(device_id=router.id)
            for fixed in port.fixed_ips
        }
        for port in sorted(connection.network.ports(device_id=server), key=lambda one: str(one.created_at)):
            for fixed in port.fixed_ips:
                if fixed["subnet_id"] in routed and ":" not in fixed["ip_address"]:
                    return str(port.id), str(fixed["ip_address"])
    raise NotReady(
        "The server is in no network that leads outside.",
        hint="Attach it to a routed network first: 'irisplane server attach-network'.",
    )


def lead_to(connection: Connection, floating: Any, port: tuple[str, str] | None) -> None:
    """Let an address lead to a port, or nowhere; safe to ask again."""
    wanted = (None, None) if port is None else port
    if (floating.port_id, floating.fixed_ip_address) == wanted:
        return
    body = {"port_id": None} if port is None else {"port_id": port[0], "fixed_ip_address": port[1]}
    with speaking(f"Leading {floating.floating_ip_address} {'nowhere' if port is None else 'to the server'}"):
        connection.network.update_ip(floating, **body)


def take_back(connection: Connection, address_id: UUID) -> bool:
    """Give the address back to the public network; whether there was one."""
    found = find(connection, address_id)
    if found is None:
        return False
    with speaking(f"Giving {found.floating_ip_address} back"):
        connection.network.delete_ip(found, ignore_missing=True)
    return True
