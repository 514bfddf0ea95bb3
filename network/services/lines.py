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

__all__ = ["Block", "Port", "block_of", "owner_of"]

_LONGEST_PORT = 13  # Linux: IFNAMSIZ - 1, without the "b-" of the port's bridge


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
class Block:
    """Everything that the lines of one service on one device are made of.

    Attributes:
        table: the number of its routing table; ``None`` for an E-Line.
        tunnel: the number of its tunnel.
        peers: loopbacks of other devices of the service, with which there is no session yet.
        remote: the loopback of the other end of an E-Line.
        connect: seconds between tries to reach a peer.
        rate: Mbit/s that each of its ports is held to, in both directions; ``None`` where none was ordered.
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
        return tuple(sorted({port.version for port in self.ports if port.version}))

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
    if block.platform == "frr" and (long := next((p for p in block.ports if len(p.name) > _LONGEST_PORT), None)):
        raise NotOffered(
            f"The port {long.name!r} has {len(long.name)} characters; a service needs two of Linux's 15 itself.",
            hint=f"Name it with {_LONGEST_PORT} characters at most.",
        )
    try:
        text = environment().get_template(name).render(service=block)
    except jinja2.TemplateNotFound as error:
        raise NotOffered(f"There are no templates of services for {block.platform!r}.") from error
    except jinja2.TemplateError as error:
        raise explain(error, name) from error
    lines = [line for line in text.splitlines() if line.strip()]
    return OpaqueBlock(owner_of(block.code), owner_of(block.code), "\n".join(lines) + "\n", platform=block.platform)
