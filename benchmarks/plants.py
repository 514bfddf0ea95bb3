"""Plants for tests and measurements: rows written as they stand, so that an oracle can be asked about the same ones."""

from __future__ import annotations

import json
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import Connection, text

__all__ = ["Circuit", "Plant", "write"]

_AT_ONCE: Final = 50_000


@dataclass(frozen=True, slots=True)
class Circuit:
    """A circuit between two sites, by number; its ways as (cable, strand number); ``link``: a link rides on it."""

    a: int
    b: int
    working: tuple[tuple[int, int], ...]
    protecting: tuple[tuple[int, int], ...] = ()
    link: bool = True
    tenant: int = 0


@dataclass(frozen=True, slots=True)
class Plant:
    """Sites by kind, each with a node and a device of its role; ducts between sites; cables through ducts in a row.

    Attributes:
        roles: of each site's device.
        ducts: (site, site).
        cables: (ducts in a row from the first one's a end or b end, strands).
        circuits: what the strands carry.
        tenants: how many administrations besides the region.
    """

    roles: Sequence[str]
    ducts: Sequence[tuple[int, int]]
    cables: Sequence[tuple[Sequence[int], int]]
    circuits: Sequence[Circuit] = ()
    tenants: int = 1
    kinds: Sequence[str] = field(default_factory=tuple)

    def ends(self, cable: int) -> tuple[int, int]:
        """The sites that a cable joins."""
        ducts, _ = self.cables[cable]
        first = self.ducts[ducts[0]]
        if len(ducts) == 1:
            return first
        start = next(site for site in first if site not in self.ducts[ducts[1]])
        here = start
        for number in ducts:
            a, b = self.ducts[number]
            here = b if here == a else a
        return start, here


def write(tx: Connection, plant: Plant, mark: str = "") -> None:
    """Write a plant. Codes are ``N0…`` (sites and nodes), ``D0…`` (ducts), ``C0…`` (cables), ``K0…`` (circuits and
    links), ``R0…`` (devices), ``T0…`` (tenants), each after ``mark``."""
    ids: dict[Hashable, UUID] = {}

    def made(*key: Hashable) -> UUID:
        return ids.setdefault(key, uuid4())

    names = ("name_fr", "name_nl", "name_en")
    code = f"{mark}T".lower()
    tenants = [
        {"id": made("tenant", n), "code": f"{code}{n}", "kind": "commune", **dict.fromkeys(names, f"T{n}")}
        for n in range(max(plant.tenants, 1))
    ]
    _rows(tx, "tenant", tenants)
    owner = {"tenant_id": made("tenant", 0)}
    kinds = plant.kinds or ["other"] * len(plant.roles)
    places = [(4.3 + n % 100 * 0.001, 50.8 + n // 100 * 0.001) for n in range(len(plant.roles))]
    _rows(tx, "site", [
        {"id": made("site", n), **owner, "code": f"{mark}N{n}", "kind": kinds[n], "name_fr": f"S{n}",
         "name_nl": f"S{n}", "lon": lon, "lat": lat} for n, (lon, lat) in enumerate(places)
    ])  # fmt: skip
    _rows(tx, "plant_node", [
        {"id": made("node", n), **owner, "code": f"{mark}N{n}", "kind": "building", "site_id": made("site", n),
         "lon": lon, "lat": lat} for n, (lon, lat) in enumerate(places)
    ])  # fmt: skip
    _rows(tx, "device_type", [
        {"id": made("type"), **owner, "manufacturer": f"{mark}M", "model": "M", "platform": "frr"}
    ])  # fmt: skip
    _rows(tx, "device", [
        {"id": made("device", n), **owner, "name": f"{mark}R{n}", "role": role, "device_type_id": made("type"),
         "platform": "frr", "site_id": made("site", n), "status": "active"} for n, role in enumerate(plant.roles)
    ])  # fmt: skip
    _rows(tx, "duct", [
        {"id": made("duct", n), **owner, "code": f"{mark}D{n}", "a_node_id": made("node", a),
         "b_node_id": made("node", b), "length_m": 20_000.0} for n, (a, b) in enumerate(plant.ducts)
    ])  # fmt: skip
    cables, lying = [], []
    for n, (ducts, strands) in enumerate(plant.cables):
        a, b = plant.ends(n)
        cables.append(
            {"id": made("cable", n), **owner, "code": f"{mark}C{n}", "strands": strands, "a_node_id": made("node", a),
             "b_node_id": made("node", b), "length_m": 20_000.0 * len(ducts)}
        )  # fmt: skip
        here = a
        for position, number in enumerate(ducts, 1):
            turned = plant.ducts[number][0] != here
            here = plant.ducts[number][0 if turned else 1]
            lying.append(
                {"id": uuid4(), **owner, "cable_id": made("cable", n), "duct_id": made("duct", number),
                 "position": position, "reversed": turned}
            )  # fmt: skip
    _rows(tx, "cable", cables)
    _rows(tx, "cable_duct", lying)
    _circuits(tx, plant, mark, made, owner)


def _circuits(tx: Connection, plant: Plant, mark: str, made: Any, owner: dict[str, UUID]) -> None:
    circuits, links, interfaces, lit = [], [], [], []
    for n, circuit in enumerate(plant.circuits):
        for side, site in (("a", circuit.a), ("b", circuit.b)):
            interfaces.append(
                {"id": made("interface", n, side), **owner, "device_id": made("device", site), "name": f"k{n}{side}"}
            )
        if circuit.link:
            links.append(
                {"id": made("link", n), **owner, "name": f"{mark}K{n}", "a_interface_id": made("interface", n, "a"),
                 "b_interface_id": made("interface", n, "b")}
            )  # fmt: skip
        circuits.append(
            {"id": made("circuit", n), "tenant_id": made("tenant", circuit.tenant), "code": f"{mark}K{n}",
             "a_interface_id": made("interface", n, "a"), "b_interface_id": made("interface", n, "b"),
             "protection": "protected" if circuit.protecting else "none",
             "link_id": made("link", n) if circuit.link else None}
        )  # fmt: skip
        for role, way in (("working", circuit.working), ("protecting", circuit.protecting)):
            lit += [
                {"id": uuid4(), **owner, "circuit_id": made("circuit", n), "cable_id": made("cable", cable),
                 "number": number, "role": role, "position": position}
                for position, (cable, number) in enumerate(way, 1)
            ]  # fmt: skip
    _rows(tx, "interface", interfaces)
    _rows(tx, "link", links)
    _rows(tx, "circuit", circuits)
    for begin in range(0, len(lit), _AT_ONCE):
        tx.execute(
            text(
                "insert into circuit_strand (id, tenant_id, circuit_id, strand_id, role, position)"
                " select x.id, x.tenant_id, x.circuit_id, s.id, x.role, x.position"
                " from jsonb_to_recordset(cast(:rows as jsonb)) x(id uuid, tenant_id uuid, circuit_id uuid,"
                " cable_id uuid, number integer, role text, position integer)"
                " join strand s on s.cable_id = x.cable_id and s.number = x.number"
            ),
            {"rows": json.dumps(lit[begin : begin + _AT_ONCE], default=str)},
        )


def _rows(tx: Connection, table: str, rows: Sequence[dict[str, Any]]) -> None:
    if not rows:
        return
    columns = ", ".join(rows[0])
    query = f"insert into {table} ({columns}) select {columns} from jsonb_populate_recordset(null::{table}, :rows)"  # noqa: S608 - our tables
    for begin in range(0, len(rows), _AT_ONCE):  # one jsonb holds 256 MB
        tx.execute(text(query), {"rows": json.dumps(rows[begin : begin + _AT_ONCE], default=str)})
