"""What the lab's fibres lie in: cabinets, ducts, cables, panels, and the circuits that its links are. Pure.

The lab has no streets: ducts run straight, and everything is ``synthetic``. Each fibre has a cable of its own. Where
access routers come in, their cables share the last duct, so that one spade can be two links. What ends cables at a site
is a cabinet: buildings, and what leads to them, are left to those who document or design the region's own plant.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lab.network import Fibre, Router, Topology
from network.design.plan import Place, millimetres

__all__ = ["cabinet", "cable", "plant_of"]

_PREFIX: Final = "LAB-"
_ORIGIN: Final = {"provenance": "synthetic", "source": "the lab of Irisplane: nothing lies there"}
_STRANDS: Final = 12
_PORTS: Final = 48
_STREET: Final = (0.0015, -0.0009)
"""From a cabinet to its manhole in the street, in degrees: some 145 m to the south-east."""
_SLACK: Final = (1.02, 20.0)
"""A cable is longer than its ducts: by a part of them, and by metres in its cabinets."""
_TX_DBM: Final = -1.0
_OPTICS: Final = {
    "type": "SFP+ 10G BiDi 20 km",
    "tx_power_dbm": _TX_DBM,
    "rx_sensitivity_dbm": -15.0,
    "rx_overload_dbm": 0.5,
}
_WAVELENGTHS: Final = (1330.0, 1270.0)
"""Sent by the end a and by the end b of a fibre: both ways on one strand."""
_DB_PER_KM: Final = 0.35
_CONNECTOR_DB: Final = 0.3
"""What light loses as it is measured; a budget counts with more."""


def cabinet(site: str) -> str:
    """Code of the node where cables of the lab end at a site."""
    return f"{_PREFIX}{site}"


def cable(fibre: Fibre) -> str:
    """Code of a fibre's cable, and of its circuit."""
    return f"{_PREFIX}{fibre.name}"


def plant_of(topology: Topology, places: Mapping[str, Place]) -> dict[str, list[dict[str, Any]]]:
    """Objects of the inventory by type, in the order in which they can be created.

    Args:
        places: longitude and latitude of sites, by code; a fibre to a site that is not there is left out.
    """
    routers = {router.name: router for router in topology.routers}
    laid = [_Laid(fibre, routers, places) for fibre in topology.fibres
            if places.keys() >= {routers[fibre.a].site, routers[fibre.b].site}]  # fmt: skip
    sites = sorted({site for one in laid for site in one.sites})
    gathering = sorted({one.sites[1] for one in laid if one.shares})
    ports = [port for router in topology.routers for port in _ports(router, [one.fibre for one in laid])]
    return {
        "plant_node": [
            *(
                {"code": cabinet(site), "kind": "cabinet", "site": site, **_at(places[site]), **_ORIGIN}
                for site in sites
            ),
            *(
                {"code": _manhole(site), "kind": "manhole", **_at(_street(places[site])), **_ORIGIN}
                for site in gathering
            ),
        ],
        "duct": [
            *(_duct(_shared(site), cabinet(site), _manhole(site), _street_m(places[site])) for site in gathering),
            *(one.duct() for one in laid),
        ],
        "cable": [one.cable() for one in laid],
        "cable_duct": [lying for one in laid for lying in one.lying()],
        "panel": [{"code": _panel(site), "site": site, "ports": _PORTS} for site in sites],
        "panel_port": ports,
        "transceiver": [end for one in laid for end in one.transceivers()],
        "circuit": [one.circuit() for one in laid],
        "circuit_strand": [{"circuit": cable(one.fibre), "strand": _strand(one.fibre), "position": 1} for one in laid],
    }


class _Laid:
    """One fibre, between the cabinets of two sites; ``shares``: its last metres lie in the duct of the site at b."""

    def __init__(self, fibre: Fibre, routers: Mapping[str, Router], places: Mapping[str, Place]) -> None:
        self.fibre = fibre
        self.sites = (routers[fibre.a].site, routers[fibre.b].site)
        self.shares = fibre.ring == "access"
        begin, end = (places[site] for site in self.sites)
        self.own_m = _metres(begin, _street(end) if self.shares else end)
        factor, metres = _SLACK
        self.length_m = round((self.own_m + (_street_m(end) if self.shares else 0)) * factor + metres, 2)

    def duct(self) -> dict[str, Any]:
        a, b = self.sites
        return _duct(_own(self.fibre), cabinet(a), _manhole(b) if self.shares else cabinet(b), self.own_m)

    def cable(self) -> dict[str, Any]:
        a, b = map(cabinet, self.sites)
        return {
            "code": cable(self.fibre), "type": "G.652.D", "strands": _STRANDS, "a_node": a, "b_node": b,
            "length_m": self.length_m, **_ORIGIN,
        }  # fmt: skip

    def lying(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = [{"cable": cable(self.fibre), "duct": _own(self.fibre), "position": 1}]
        if self.shares:
            shared = _shared(self.sites[1])
            found.append({"cable": cable(self.fibre), "duct": shared, "position": 2, "reversed": True})
        return found

    def transceivers(self) -> list[dict[str, Any]]:
        lost = self.length_m / 1000 * _DB_PER_KM + 2 * _CONNECTOR_DB
        return [
            {
                "interface": end,
                **_OPTICS,
                "wavelength_nm": sent,
                "rx_power_dbm": round(_TX_DBM - lost, 1),
            }
            for end, sent in zip(self._ends(), _WAVELENGTHS, strict=True)
        ]

    def circuit(self) -> dict[str, Any]:
        """Unprotected: a veth pair has no second way. What protects the lab is its routing."""
        a, b = self._ends()
        name = f"{self.fibre.a} – {self.fibre.b}"
        return {
            "code": cable(self.fibre), "name": name, "link": self.fibre.name, "a_interface": a, "b_interface": b,
        }  # fmt: skip

    def _ends(self) -> tuple[str, str]:
        fibre = self.fibre
        return f"{fibre.a}:{fibre.a_interface}", f"{fibre.b}:{fibre.b_interface}"


def _ports(router: Router, laid: list[Fibre]) -> list[dict[str, Any]]:
    """Ports of a router's panel, one for each fibre in the order in which they were laid."""
    mine = [fibre for fibre in laid if router.name in (fibre.a, fibre.b)]
    return [
        {
            "panel": _panel(router.site), "number": number, "strand": _strand(fibre),
            "side": "a" if fibre.a == router.name else "b",
            "interface": f"{router.name}:{fibre.a_interface if fibre.a == router.name else fibre.b_interface}",
        }
        for number, fibre in enumerate(mine, start=1)
    ]  # fmt: skip


def _duct(code: str, a: str, b: str, length_m: float) -> dict[str, Any]:
    return {"code": code, "a_node": a, "b_node": b, "length_m": length_m, **_ORIGIN}


def _manhole(site: str) -> str:
    return f"{_PREFIX}M-{site}"


def _shared(site: str) -> str:
    return f"{_PREFIX}D-{site}"


def _own(fibre: Fibre) -> str:
    return f"{_PREFIX}D-{fibre.name}"


def _panel(site: str) -> str:
    return f"{_PREFIX}P-{site}"


def _strand(fibre: Fibre) -> str:
    return f"{cable(fibre)}/1"


def _at(place: Place) -> dict[str, float]:
    return {"lon": place[0], "lat": place[1]}


def _street(place: Place) -> Place:
    return round(place[0] + _STREET[0], 6), round(place[1] + _STREET[1], 6)


def _street_m(place: Place) -> float:
    return _metres(place, _street(place))


def _metres(one: Place, other: Place) -> float:
    return round(millimetres(one, other) / 1000, 2)
