"""GeoJSON of the fibre plant, as ``inventory.plant.export`` writes it: points are nodes, lines are ducts or cables.

Other people's files are taken too: a line that names the nodes it joins (``a_node``, ``b_node``) is a duct, with
``strands`` a cable; a point of a kind of node is a node. A length that is missing is that of the line.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from inventory.imports.reading import Reading, SourceFile
from inventory.plant.geometry import misplaced, path_metres
from inventory.plant.schema import PLANT

__all__ = ["kind_of", "take_feature"]

_NODE_KINDS: Final = frozenset({"manhole", "handhole", "cabinet", "pole", "closure-point"})
_OF_OTHERS: Final = frozenset({"plant", "ducts"})


def kind_of(feature: Mapping[str, Any]) -> str | None:
    """Which type of the plant a feature is; ``None`` when it is none."""
    found, geometry = feature.get("properties"), feature.get("geometry")
    if not isinstance(found, dict):
        return None
    named = found.get("plant")
    if isinstance(named, str) and named in {"plant_node", "duct", "cable"}:
        return named
    shape = geometry.get("type") if isinstance(geometry, dict) else None
    if shape in {"LineString", "MultiLineString"} and {"a_node", "b_node"} <= found.keys():
        return "cable" if "strands" in found else "duct"
    return "plant_node" if shape == "Point" and found.get("kind") in _NODE_KINDS else None


def take_feature(
    kind: str, file: SourceFile, number: int, feature: Mapping[str, Any], attribution: str, reading: Reading
) -> None:
    """Take a node, a duct, or a cable with the ducts it lies in."""
    found, geometry = dict(feature["properties"]), feature.get("geometry")
    places = geometry.get("coordinates") if isinstance(geometry, dict) else None
    known = PLANT[kind].model_fields.keys() | _OF_OTHERS
    values = {name: value for name, value in found.items() if name in known and name not in _OF_OTHERS}
    values.setdefault("provenance", "real")
    values.setdefault("source", attribution)
    if kind == "plant_node":
        if not isinstance(places, list) or len(places) < 2:
            reading.refuse(file.name, number, "not a point with two coordinates")
            return
        values |= {"lon": places[0], "lat": places[1]}
    else:
        line = [place[:2] for place in places if isinstance(place, list)] if isinstance(places, list) else []
        length, wrong = _measured(line)
        if wrong:
            reading.refuse(file.name, number, wrong)
            return
        if values.get("length_m") is None and length is not None:
            values["length_m"] = length
        if kind == "duct":
            values["path"] = line or None
    reading.take(kind, values, file.name, number, nulls=kind == "duct" and not places)
    if kind == "cable" and isinstance(found.get("ducts"), list):
        _lie(file, number, values, found["ducts"], reading)


def _lie(file: SourceFile, number: int, cable: Mapping[str, Any], ducts: list[Any], reading: Reading) -> None:
    """The ducts of a cable, each by its code, or as ``{"duct": code, "reversed": true}``."""
    if str(cable.get("code")) not in reading.records.get("cable", {}):
        return  # it was refused
    for position, one in enumerate(ducts, start=1):
        lies = one if isinstance(one, dict) else {"duct": one}
        values = {"cable": cable["code"], "position": position, **lies}
        reading.take("cable_duct", values, file.name, number)


def _measured(line: list[Any]) -> tuple[float | None, str | None]:
    """The length of a line, and what is wrong with its places; what is no place at all its field's validator says."""
    try:
        wrong = next((found for lon, lat in line if (found := misplaced(lon, lat))), None)
        return (round(path_metres(line), 2) if len(line) > 1 else None), wrong
    except (TypeError, ValueError):
        return None, None
