"""Brussels as its open data has it, read without a database, and the network that is designed for it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from types import SimpleNamespace

from inventory.imports import SourceFile, read_all
from network.design.choosing import Candidate, choose
from network.design.costs import unit_costs
from network.design.laying import lay
from network.design.plan import Corridor, Design, Place
from network.design.standing import stretch

__all__ = ["OPEN_DATA", "brussels", "network_of_brussels"]

OPEN_DATA = Path(__file__).parents[3].parent / "shared" / "data" / "brussels"


@cache
def brussels() -> tuple[Corridor, list[Candidate]]:
    """Corridor and sites."""
    reading = read_all([SourceFile(path.name, path.read_bytes()) for path in sorted(OPEN_DATA.glob("*.csv"))])
    read = {kind: [record.values for record in found.values()] for kind, found in reading.records.items()}
    places: dict[str, Place] = {one["code"]: (float(one["lon"]), float(one["lat"])) for one in read["corridor_node"]}
    edges = tuple(
        stretch(
            SimpleNamespace(code=one["code"], a=one["a_node"], b=one["b_node"], length_m=float(one["length_m"]),
                            path=one["path"], source=one["source"]),
            places,
        )
        for one in read["corridor"]
    )  # fmt: skip
    sites = [
        Candidate(one["code"], one["kind"], (float(one["lon"]), float(one["lat"])), one.get("facts") or {})
        for one in read["site"]
    ]
    return Corridor(places, edges), sites


@cache
def network_of_brussels() -> Design:
    """The whole design."""
    corridor, sites = brussels()
    return lay(corridor, choose(sites).sites, unit_costs())
