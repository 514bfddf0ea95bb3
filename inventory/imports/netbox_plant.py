"""What of a NetBox export is fibre plant: panels (front and rear ports), the cables between them, patch cords.

A device with front ports is a panel. A cable between two rear ports is a cable with as many strands as the ports have
positions, from one site's building to the other's; a front port of it is a port with that strand at its back. A cable
from a front port to an interface, or to another front port, is what is plugged into the front, or a patch cord. NetBox
knows no ducts, tubes or splices, so there are none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from inventory.imports.places import slug
from inventory.imports.reading import Reading
from inventory.plant.geometry import metres

__all__ = ["PORTS", "Ports"]

PORTS: Final = ("dcim/front-ports", "dcim/rear-ports")
_FRONT, _REAR, _INTERFACE = "dcim.frontport", "dcim.rearport", "dcim.interface"
_FIBRES: Final[Mapping[str, str]] = {"smf-os1": "G.652.B", "smf-os2": "G.652.D", "smf": "G.652.D"}

Row = Mapping[str, Any]
End = tuple[str, str, str]
"""(what it is, device, name of the port)."""


@dataclass(slots=True)
class Ports:
    """Ports and the cables between them, collected over all files of an export."""

    front: dict[tuple[str, str], tuple[str, int]] = field(default_factory=dict)
    rear: dict[tuple[str, str], int] = field(default_factory=dict)
    cables: list[tuple[str, int, Row, End, End, float | None]] = field(default_factory=list)

    def port(self, endpoint: str, row: Row) -> None:
        """Note a front or a rear port."""
        device, name = str(row["device"]["name"]), str(row["name"])
        if endpoint == "dcim/rear-ports":
            self.rear[device, name] = int(row.get("positions") or 1)
            return
        behind = row.get("rear_port")
        position = row.get("rear_port_position") or 1
        if behind is None and row.get("rear_ports"):  # from 4.5 on a front port may have several
            first = row["rear_ports"][0]
            behind, position = first["rear_port"], first.get("rear_port_position") or 1
        name_behind = behind.get("name") if isinstance(behind, dict) else None
        self.front[device, name] = (str(name_behind or ""), int(position))

    def cable(self, file: str, number: int, row: Row, length_m: float | None) -> bool:
        """Note a cable that ends at a port; whether it does."""
        ends = [_end(row.get(side)) for side in ("a_terminations", "b_terminations")]
        if None in ends or not {_FRONT, _REAR} & {end[0] for end in ends if end}:
            return False
        one, other = ends
        assert one is not None
        assert other is not None
        self.cables.append((file, number, row, one, other, length_m))
        return True

    def read(self, reading: Reading, file_of_ports: str) -> None:
        """Take the panels, the cables between them, and what is plugged in."""
        if not self.front and not self.cables:
            return
        panels: dict[str, list[str]] = {}
        for device, name in self.front:
            panels.setdefault(device, []).append(name)
        numbers = {
            (device, name): number
            for device, names in panels.items()
            for number, name in enumerate(sorted(names, key=_natural), start=1)
        }
        for device, names in panels.items():
            known = reading.records.get("device", {}).get(device)
            if known is None:
                reading.refuse(file_of_ports, 0, f"front ports of {device}, which is no device of this export")
                continue
            values = {"code": _code(device), "site": known.values["site"], "ports": len(names)}
            reading.take("panel", values, file_of_ports, 0)
        backs = dict(self._trunks(reading))
        fronts = self._patched(reading, numbers)
        for (device, name), (behind, position) in self.front.items():
            if _code(device) not in reading.records.get("panel", {}):
                continue
            back = backs.get((device, behind))
            plugged = fronts.get((device, name))
            if back is None and plugged is None:
                continue
            values = {"panel": _code(device), "number": numbers[device, name]}
            if back is not None:
                values |= {"strand": f"{back[0]}/{position}", "side": back[1]}
            if plugged:
                values["interface"] = plugged
            reading.take("panel_port", values, file_of_ports, 0)

    def _trunks(self, reading: Reading) -> Iterator[tuple[tuple[str, str], tuple[str, str]]]:
        """Cables between rear ports; gives (rear port, (cable, side))."""
        for file, number, row, one, other, length_m in self.cables:
            if {one[0], other[0]} != {_REAR}:
                continue
            sites = [self._building(reading, file, number, end[1]) for end in (one, other)]
            strands = [self.rear.get((end[1], end[2]), 1) for end in (one, other)]
            if None in sites:
                reading.refuse(file, number, "a cable between sites of which one has no place on the map")
                continue
            if strands[0] != strands[1]:
                reading.refuse(file, number, f"its ends have {strands[0]} and {strands[1]} positions")
                continue
            (a, a_place), (b, b_place) = (site for site in sites if site is not None)
            straight = metres(a_place, b_place)
            code = _code(str(row.get("label") or f"CABLE-{row.get('id', number)}"))
            kind = row.get("type")
            values = {
                "code": code,
                "type": _FIBRES.get(str(kind.get("value") if isinstance(kind, dict) else kind), "G.652.D"),
                "strands": strands[0],
                "a_node": a,
                "b_node": b,
                "length_m": length_m or max(straight, 1.0),
                "provenance": "real" if length_m else "derived",
                "source": "NetBox" if length_m else "NetBox; length: straight line",
            }
            reading.take("cable", values, file, number)
            if code in reading.records.get("cable", {}):
                yield (one[1], one[2]), (code, "a")
                yield (other[1], other[2]), (code, "b")

    def _patched(self, reading: Reading, numbers: Mapping[tuple[str, str], int]) -> dict[tuple[str, str], str]:
        """What is plugged into front ports: interfaces by port (none where a patch cord is)."""
        found: dict[tuple[str, str], str] = {}
        for file, number, row, one, other, length_m in self.cables:
            kinds = {one[0], other[0]}
            if kinds == {_FRONT, _INTERFACE}:
                port, interface = (one, other) if one[0] == _FRONT else (other, one)
                found[port[1], port[2]] = f"{interface[1]}:{interface[2].replace(' ', '-')}"
            elif kinds == {_FRONT} and {(one[1], one[2]), (other[1], other[2])} <= numbers.keys():
                ends = [f"{_code(end[1])}/{numbers[end[1], end[2]]}" for end in (one, other)]
                code = _code(str(row.get("label") or f"CORD-{row.get('id', number)}"))
                values = {"code": code, "a_port": ends[0], "b_port": ends[1], "length_m": length_m or 0}
                reading.take("patch_cord", values, file, number)
                found[one[1], one[2]] = found[other[1], other[2]] = ""
            elif kinds != {_REAR}:
                told = " and ".join(sorted(kind.removeprefix("dcim.") for kind in kinds))
                reading.refuse(file, number, f"a cable between {told}: the plant has no such joint")
        return found

    def _building(
        self, reading: Reading, file: str, number: int, device: str
    ) -> tuple[str, tuple[float, float]] | None:
        """The node of the building that a device stands in, made where it is missing."""
        known = reading.records.get("device", {}).get(device)
        site = reading.records.get("site", {}).get(str(known.values["site"])) if known else None
        if site is None or site.values.get("lon") is None or site.values.get("lat") is None:
            return None
        place = float(site.values["lon"]), float(site.values["lat"])
        if site.key not in reading.records.get("plant_node", {}):
            values = {"code": site.key, "kind": "building", "site": site.key, "lon": place[0], "lat": place[1],
                      "provenance": "real", "source": "NetBox"}  # fmt: skip
            reading.take("plant_node", values, file, number)
        return (site.key, place) if site.key in reading.records.get("plant_node", {}) else None


def _end(terminations: Any) -> End | None:
    if not isinstance(terminations, Sequence) or isinstance(terminations, str) or len(terminations) != 1:
        return None
    end = terminations[0]
    if end.get("object_type") not in {_FRONT, _REAR, _INTERFACE}:
        return None
    return str(end["object_type"]), str(end["object"]["device"]["name"]), str(end["object"]["name"])


def _code(name: str) -> str:
    """A name as a code of the plant: as it is if it can be one."""
    return name if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}", name) else slug(name, 63)


def _natural(name: str) -> list[tuple[int, str]]:
    """Port 2 before port 10."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name) if part]
