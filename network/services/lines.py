"""A service's lines on one device: one block, owned by the service, so that it can go as it came.

On FRR both halves of the router's text: BGP EVPN (RFC 9136) in a VRF that is a network namespace, over VXLAN. On bought
equipment the same service is an MPLS L3VPN (RFC 4364), or a pseudowire (RFC 8077).
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, ip_interface

import jinja2

from network.device_model import OpaqueBlock
from network.errors import NotOffered
from network.render.environment import environment, explain
from network.services.numbers import TABLES

__all__ = ["HUB", "Block", "Port", "Uplink", "block_of", "owner_of"]

HUB = TABLES.first - 1
"""The number of the table ``INTERNET``, in which exits stand, where tables import from each other by number."""
_CABLES = IPv4Address("100.64.0.0")
"""Addresses of cables between a service's table and the exit's on one router (RFC 6598): two a table; nobody else sees
them, so they are the same on every router."""

_LONGEST_PORT = 13  # Linux: IFNAMSIZ - 1, without the "b-" of the port's bridge


_UNROUTABLE = ("10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16")
"""What nobody on the internet has: it is dropped at an exit."""


@dataclass(frozen=True, slots=True)
class Port:
    """A customer's port; ``address`` is the gateway's, with its length, and empty for an E-Line."""

    name: str
    address: str = ""

    @property
    def netmask(self) -> str:
        """Of an IPv4 address, as some platforms want it."""
        return str(ip_interface(self.address).netmask)

    @property
    def version(self) -> int:
        """4 or 6."""
        return ip_interface(self.address).version if self.address else 0


@dataclass(frozen=True, slots=True)
class Uplink:
    """An exit of the region to the internet on a device: its port, its address there with its length, its neighbour."""

    port: str
    address: str
    gateway: str

    @property
    def netmask(self) -> str:
        """As some platforms want it."""
        return str(ip_interface(self.address).netmask)


@dataclass(frozen=True, slots=True)
class Block:
    """Everything that the lines of one service on one device are made of.

    Attributes:
        table: the number of its routing table; ``None`` for an E-Line.
        tunnel: the number of its tunnel.
        peers: loopbacks of other devices of the service, with which there is no session yet.
        remote: the loopback of the other end of an E-Line.
        connect: seconds between tries to reach a peer.
        rate: Mbit/s that each of its ports is held to, in both directions; ``None`` where none was ordered.
        networks: of internet access, all of the service's: nothing else leaves or enters.
        uplink: of internet access, the exit on this device, where there is one.
    """

    code: str
    kind: str
    platform: str
    asn: int
    loopback: str
    table: int | None
    tunnel: int
    ports: tuple[Port, ...]
    peers: tuple[str, ...] = ()
    remote: str = ""
    connect: int | None = None
    rate: int | None = None
    networks: tuple[str, ...] = ()
    uplink: Uplink | None = None

    @property
    def cable(self) -> tuple[str, str]:
        """The addresses of the cable between the exit's table and the service's, on a device with an exit."""
        first = _CABLES + 2 * ((self.table or TABLES.first) - TABLES.first)
        return str(first), str(first + 1)

    @property
    def burst(self) -> int:
        """Kilobytes that may pass at once where a rate is policed: 50 ms of it, and never less than 64."""
        return max((self.rate or 0) * 125 // 20, 64)

    @property
    def name(self) -> str:
        """The routing table's name."""
        return f"V{self.table}"

    @property
    def versions(self) -> tuple[int, ...]:
        """The IP versions that it carries."""
        return (4,) if self.networks else tuple(sorted({port.version for port in self.ports if port.version}))

    @property
    def router_mac(self) -> str:
        """The hardware address that others send the service's packets to: of the device, the same after each restart.

        FRR 8.4 loses the way to a device whose address changes while its routes stay.
        """
        return ":".join(f"{byte:02x}" for byte in b"\x02\x00" + IPv4Address(self.loopback).packed)


def owner_of(code: str) -> str:
    """Whose a block is, as it stands with the block."""
    return f"service {code}"


def block_of(block: Block) -> OpaqueBlock:
    """The block as a part of the device's intent.

    Raises:
        NotOffered: there are no templates for the platform, or the port's name is longer than Linux allows.
    """
    name = f"{block.platform}/service.j2"
    ports = [port.name for port in block.ports] + ([block.uplink.port] if block.uplink else [])
    if block.platform == "frr" and (long := next((port for port in ports if len(port) > _LONGEST_PORT), None)):
        raise NotOffered(
            f"The port {long!r} has {len(long)} characters; a service needs two of Linux's 15 itself.",
            hint=f"Name it with {_LONGEST_PORT} characters at most.",
        )
    try:
        text = environment().get_template(name).render(service=block, hub=HUB, unroutable=_UNROUTABLE)
    except jinja2.TemplateNotFound as error:
        raise NotOffered(f"There are no templates of services for {block.platform!r}.") from error
    except jinja2.TemplateError as error:
        raise explain(error, name) from error
    lines = [line for line in text.splitlines() if line.strip()]
    return OpaqueBlock(owner_of(block.code), owner_of(block.code), "\n".join(lines) + "\n", platform=block.platform)
