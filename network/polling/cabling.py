"""Who is heard over LLDP, against the links of the inventory: what is wired otherwise than it is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from sqlalchemy import Connection, text

from network.polling.polled import Polled

__all__ = ["Link", "Mismatch", "links", "listening", "mismatches"]

_LINKS: Final = text("""
select l.name, a.name as a, ai.name as a_interface, b.name as b, bi.name as b_interface
  from link l
  join interface ai on ai.id = l.a_interface_id join device a on a.id = ai.device_id
  join interface bi on bi.id = l.b_interface_id join device b on b.id = bi.device_id
 where l.status = 'active' order by l.name
""")


@dataclass(frozen=True, slots=True)
class Link:
    """A link of the inventory: device and interface at either end."""

    name: str
    a: str
    a_interface: str
    b: str
    b_interface: str

    def far(self, device: str, interface: str) -> tuple[str, str] | None:
        """What stands at the other end of this one."""
        if (device, interface) == (self.a, self.a_interface):
            return self.b, self.b_interface
        return (self.a, self.a_interface) if (device, interface) == (self.b, self.b_interface) else None


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One end that hears somebody else than it should.

    Attributes:
        problem: ``other``: another neighbour than written; ``unwritten``: one where no link is written; ``silent``:
            nobody, on a link that is written, while the interface is up.
        link: the inventory's, where there is one; ``expected`` and ``heard`` as ``device:interface``.
    """

    device: str
    interface: str
    problem: Literal["other", "unwritten", "silent"]
    link: str | None
    expected: str | None
    heard: str | None


def mismatches(written: Iterable[Link], looks: Iterable[Polled]) -> list[Mismatch]:
    """Where LLDP and the inventory do not agree, by device and interface.

    Only of ends whose device told its neighbours; a device that tells nothing at all (no LLDP) is not accused.
    """
    ends: dict[tuple[str, str], Link] = {}
    for link in written:
        ends[link.a, link.a_interface] = ends[link.b, link.b_interface] = link
    found: list[Mismatch] = []
    for one in looks:
        look = one.look
        if not _told(one):
            continue
        heard: dict[str, set[tuple[str, str]]] = {}
        for neighbour in look.lldp or ():
            heard.setdefault(neighbour.interface, set()).add((neighbour.device, neighbour.remote_interface))
        up = {port.name for port in look.interfaces if port.up}
        found += _of_device(look.name, ends, heard, up)
    return sorted(found, key=lambda one: (one.device, one.interface))


def _of_device(
    device: str, ends: Mapping[tuple[str, str], Link], heard: Mapping[str, set[tuple[str, str]]], up: set[str]
) -> list[Mismatch]:
    found: list[Mismatch] = []
    for interface, neighbours in heard.items():
        link = ends.get((device, interface))
        expected = link.far(device, interface) if link else None
        if expected not in neighbours:
            said = ", ".join(sorted(f"{name}:{port}" for name, port in neighbours))
            problem: Literal["other", "unwritten"] = "other" if link else "unwritten"
            found.append(Mismatch(device, interface, problem, link.name if link else None, _end(expected), said))
    for (name, interface), link in ends.items():
        if name == device and interface not in heard and interface in up:
            far = link.far(device, interface)
            found.append(Mismatch(device, interface, "silent", link.name, _end(far), None))
    return found


def _end(end: tuple[str, str] | None) -> str | None:
    return f"{end[0]}:{end[1]}" if end else None


def links(tx: Connection) -> list[Link]:
    """Every active link, by name."""
    return [Link(*row) for row in tx.execute(_LINKS)]


def listening(looks: Iterable[Polled]) -> int:
    """How many devices told their neighbours a moment ago: without any, nothing is known of the cabling."""
    return sum(_told(one) for one in looks)


def _told(one: Polled) -> bool:
    return one.fresh and not one.look.error and bool(one.look.lldp)
