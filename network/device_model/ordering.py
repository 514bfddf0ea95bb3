"""How parts of a model are ordered where order means nothing."""

from __future__ import annotations

import re
from ipaddress import ip_network

__all__ = ["natural", "network_key"]


def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """Sort key that puts ``eth9`` before ``eth10``."""
    return tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.findall(r"\d+|\D+", text))


def network_key(prefix: str) -> tuple[int, int, int]:
    """Sort key of a prefix or address: family, number, length. Raises ``ValueError`` for anything else."""
    network = ip_network(prefix, strict=False)
    return network.version, int(network.network_address), network.prefixlen
