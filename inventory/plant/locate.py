"""From a distance that an OTDR shows to a place on the map: which cable, which duct, where, and the nearest way in.

The distance is walked along the trace's cables. A cable is longer than its ducts (slack in manholes, risers): its
metres are spread evenly over them, so a metre of duct has ``cable length / ducts' length`` metres of cable.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, text

from inventory.errors import FieldRefused
from inventory.plant.geometry import along, metres
from inventory.plant.trace import trace

__all__ = ["locate"]


_ROUTE: Final = text((files("inventory.plant") / "sql" / "route.sql").read_text())


def locate(tx: Connection, strand: str, node: str, distance_m: float, *, towards: str | None = None) -> dict[str, Any]:
    """The place so many metres of strand from a node.

    Args:
        node: code of a node on the strand's way, where the OTDR stands.
        distance_m: metres of fibre, as the OTDR shows them.
        towards: code of another node of the way, if the OTDR stands neither at its beginning nor at its end.
    Returns:
        ``strand`` and ``cable`` there, ``cable_m``, metres along the cable from the side ``from``; ``lon`` and ``lat``;
        the ``duct`` and how far along it (``duct_m`` from its a), or none where the cable's ducts are not known and
        the place is on the straight line (``exact`` is false); ``slack``; ``nearest``: node, metres as the crow flies.
    Raises:
        ObjectNotFound: no such strand. FieldRefused: the node is not on the way, or the distance is beyond its end.
    """
    hops = [hop for hop in trace(tx, "strand", strand)["hops"] if hop["kind"] == "strand"]
    on_the_way = [hops[0]["from"], *(hop["to"] for hop in hops)]
    for name, code in (("node", node), ("towards", towards)):
        if code is not None and code not in on_the_way:
            raise FieldRefused(
                f"{code!r} is not on the way of strand {strand}.",
                pointer=f"/query/{name}",
                hint=f"Its nodes are, in order: {', '.join(on_the_way)}.",
            )
    at, back = _standing(on_the_way, node, towards)
    ahead = [(hop, hop["to"], hop["from"]) for hop in reversed(hops[:at])] if back else [
        (hop, hop["from"], hop["to"]) for hop in hops[at:]
    ]  # fmt: skip
    left = distance_m
    for hop, here, there in ahead:
        if left <= hop["length_m"]:
            return _on_cable(tx, hop, here, there, left) | {"distance_m": distance_m, "node": node}
        left -= hop["length_m"]
    whole = sum(hop["length_m"] for hop, _, _ in ahead)
    raise FieldRefused(
        f"{distance_m:g} m is beyond the end of strand {strand}: from {node} it is {whole:g} m long.",
        pointer="/query/metres",
        hint="Trace the strand (irisplane fibre trace): a splice may be missing, or a length be too short.",
    )


def _standing(nodes: Sequence[str], node: str, towards: str | None) -> tuple[int, bool]:
    """At which of the way's nodes the OTDR stands, and whether it looks back."""
    if towards is not None:
        at = nodes.index(node)
        other = nodes.index(towards)
        if at != other:
            return at, other < at
    elif node == nodes[0] != nodes[-1]:
        return 0, False
    elif node == nodes[-1] != nodes[0]:
        return len(nodes) - 1, True
    raise FieldRefused(
        f"From {node} light goes both ways.",
        pointer="/query/towards",
        hint=f"Say towards which node it was measured: {', '.join(one for one in nodes if one != node)}.",
    )


def _on_cable(tx: Connection, hop: dict[str, Any], here: str, there: str, left: float) -> dict[str, Any]:
    way = msgspec.json.decode(tx.execute(_ROUTE, {"cable": hop["cable"]}).scalar_one())
    from_a = left if way["a"]["code"] == here else hop["length_m"] - left
    share = from_a / hop["length_m"] if hop["length_m"] else 0.0
    ducts = way["ducts"]
    route = sum(duct["length_m"] for duct in ducts)
    out = {"strand": hop["name"], "cable": hop["cable"], "colour": hop["colour"], "tube_colour": hop["tube_colour"],
           "from": here, "to": there, "cable_m": round(left, 2)}  # fmt: skip
    if ducts:
        slack = hop["length_m"] / route
        duct, along_m = _in_duct(ducts, share * route)
        lon, lat = along(duct["path"], along_m / duct["length_m"])
        out |= {"duct": duct["code"], "duct_m": round(along_m, 2), "slack": round(slack, 4), "exact": True}
        ways_in = [place for one in ducts for place in one["nodes"]]
    else:
        lon, lat = along([way["a"]["place"], way["b"]["place"]], share)
        out |= {"duct": None, "duct_m": None, "slack": None, "exact": False}
        ways_in = [way["a"], way["b"]]
    nearest = min(ways_in, key=lambda one: metres(one["place"], (lon, lat)))
    return {
        **out,
        "lon": round(lon, 6),
        "lat": round(lat, 6),
        "nearest": {"node": nearest["code"], "metres": round(metres(nearest["place"], (lon, lat)), 1)},
    }


def _in_duct(ducts: Sequence[dict[str, Any]], route_m: float) -> tuple[dict[str, Any], float]:
    """The duct that so many metres of route lead into, and metres along it from its own a."""
    left = route_m
    for duct in ducts[:-1]:
        if left <= duct["length_m"]:
            break
        left -= duct["length_m"]
    else:
        duct = ducts[-1]
    left = min(left, duct["length_m"])
    return duct, duct["length_m"] - left if duct["reversed"] else left
