"""Who answers a ping from this router: all at once, over unprivileged ICMP sockets.

Needs ``net.ipv4.ping_group_range`` to include the account's group, as most distributions set it.
"""

from __future__ import annotations

import select
import socket
import struct
import time

__all__ = ["answering"]

_REQUEST = {socket.AF_INET: 8, socket.AF_INET6: 128}
_PROTOCOL = {socket.AF_INET: socket.IPPROTO_ICMP, socket.AF_INET6: socket.IPPROTO_ICMPV6}


def answering(targets: list[str], patience: float = 1.0, tries: int = 3) -> list[str]:
    """Those of ``targets`` (addresses) that answer within ``patience`` seconds, or to a later try."""
    sockets: dict[socket.AddressFamily, socket.socket] = {}
    try:
        found: set[str] = set()
        for sequence in range(1, tries + 1):
            missing = [target for target in targets if target not in found]
            if not missing:
                break
            for target in missing:
                _send(sockets, target, sequence)
            found |= _collect(sockets, set(missing), time.monotonic() + patience)
        return [target for target in targets if target in found]
    finally:
        for one in sockets.values():
            one.close()


def _send(sockets: dict[socket.AddressFamily, socket.socket], target: str, sequence: int) -> None:
    family = socket.AF_INET6 if ":" in target else socket.AF_INET
    if family not in sockets:
        sockets[family] = socket.socket(family, socket.SOCK_DGRAM, _PROTOCOL[family])
    try:
        # the kernel puts in identifier and checksum
        sockets[family].sendto(struct.pack("!BBHHH", _REQUEST[family], 0, 0, 0, sequence) + b"irisplane", (target, 0))
    except OSError:
        return  # no route: it does not answer


def _collect(sockets: dict[socket.AddressFamily, socket.socket], waiting: set[str], deadline: float) -> set[str]:
    found: set[str] = set()
    while waiting - found and (left := deadline - time.monotonic()) > 0:
        for one in select.select(list(sockets.values()), [], [], left)[0]:
            found.add(one.recvfrom(1500)[1][0])
    return found & waiting
