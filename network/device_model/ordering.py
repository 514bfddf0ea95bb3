"""One order where order means nothing, one spelling where several mean the same."""

from __future__ import annotations

import re
from ipaddress import ip_interface, ip_network

__all__ = ["natural", "network_key", "spelled", "spelled_prefix"]


def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """Sort key that puts ``eth9`` before ``eth10``."""
    return tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.findall(r"\d+|\D+", text))


def network_key(prefix: str) -> tuple[int, int, int]:
    """Sort key of a prefix or address: family, number, length. Raises ``ValueError`` for anything else."""
    network = ip_network(prefix, strict=False)
    return network.version, int(network.network_address), network.prefixlen


def spelled(address: str) -> str:
    """An address, with or without a length, in its one spelling (RFC 5952); anything else as it is."""
    try:
        found = str(ip_interface(address))
    except ValueError:
        return address
    return found if "/" in address else found.partition("/")[0]


def spelled_prefix(prefix: str) -> str:
    """A prefix in its one spelling, host bits cleared; anything else (``any``) as it is."""
    try:
        return str(ip_network(prefix, strict=False)) if "/" in prefix else prefix
    except ValueError:
        return prefix
