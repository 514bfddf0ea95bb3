"""Which ranges of addresses a private network may have."""

from __future__ import annotations

from ipaddress import IPv4Network, ip_network
from typing import Final

from datacenter.hosting.networks.errors import RangeRefused

__all__ = ["private_range"]

_PRIVATE: Final = tuple(IPv4Network(one) for one in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
_WIDEST: Final = 16
_NARROWEST: Final = 28


def private_range(text: str, pointer: str = "/cidr") -> IPv4Network:
    """A range that a private network may have.

    Raises:
        RangeRefused: it is no range, has host bits set, is IPv6, public, too wide or too narrow.
    """
    given = text.strip()
    try:
        loose = ip_network(given, strict=False)
    except ValueError:
        raise RangeRefused(f"{given[:60]!r} is no range of addresses.", pointer=pointer) from None
    if not isinstance(loose, IPv4Network):
        raise RangeRefused(f"{given} is IPv6; private networks have IPv4 ranges.", pointer=pointer)
    if "/" not in given or given.partition("/")[0] != str(loose.network_address):
        raise RangeRefused(
            f"{given} names an address, not a range.", hint=f"Write {loose}.", pointer=pointer, range=str(loose)
        )
    if str(loose) != given:
        raise RangeRefused(f"{given} is written another way: {loose}.", hint=f"Write {loose}.", pointer=pointer)
    if not any(loose.subnet_of(private) for private in _PRIVATE):
        raise RangeRefused(f"{given} is not a private range.", pointer=pointer)
    if not _WIDEST <= loose.prefixlen <= _NARROWEST:
        raise RangeRefused(f"{given} is not between /{_WIDEST} and /{_NARROWEST}.", pointer=pointer)
    return loose
