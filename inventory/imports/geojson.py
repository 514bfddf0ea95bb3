"""GeoJSON: municipalities by their NIS code, points that are sites, and the fibre plant."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from inventory.imports import plant
from inventory.imports.reading import Reading, SourceFile

__all__ = ["read_geojson"]

_CC0: Final = "population: Statbel 01/01/2020 (CC0)"


def read_geojson(file: SourceFile, data: Mapping[str, Any], reading: Reading) -> None:
    """Take municipalities and sites of a feature collection; lines and areas without a code are counted, not taken."""
    attribution = str(data.get("attribution") or _CC0)
    features = data.get("features")
    if not isinstance(features, list):
        features = []
    first = next((one for one in features if isinstance(one, dict)), {})
    kinds = {
        str((one.get("geometry") or {}).get("type"))
        for one in features
        if isinstance(one, dict) and isinstance(one.get("geometry"), dict)
    }
    properties = first.get("properties") or {}
    of_the_plant = any(isinstance(one, dict) and plant.kind_of(one) for one in features)
    if "nis" not in properties and "nis_code" not in properties and kinds.isdisjoint({"Point"}) and not of_the_plant:
        reading.not_taken(
            file.name,
            len(features),
            f"{', '.join(sorted(kinds))}: no municipalities, sites or ducts (a duct names a_node and b_node)",
        )
        return
    reading.source(file.name, "GeoJSON", attribution)
    for number, feature in enumerate(features, start=1):
        found = feature.get("properties") if isinstance(feature, dict) else None
        if not isinstance(feature, dict) or not isinstance(found, dict):
            reading.refuse(file.name, number, "not a feature with properties")
        elif (kind := plant.kind_of(feature)) is not None:
            plant.take_feature(kind, file, number, feature, attribution, reading)
        elif "nis" in found or "nis_code" in found:
            reading.take("commune", _commune(found, attribution), file.name, number)
        else:
            _site(file, number, feature, found, attribution, reading)


def _commune(found: Mapping[str, Any], attribution: str) -> dict[str, Any]:
    population = next((found[name] for name in ("population", "population_2020") if name in found), None)
    return {
        "nis_code": str(found.get("nis", found.get("nis_code"))),
        "name_fr": found.get("name_fr"),
        "name_nl": found.get("name_nl"),
        "population": population,
        "lon": found.get("label_lon", found.get("lon")),
        "lat": found.get("label_lat", found.get("lat")),
        "provenance": "real",
        "source": attribution,
    }


def _site(
    file: SourceFile,
    number: int,
    feature: Mapping[str, Any],
    found: Mapping[str, Any],
    attribution: str,
    reading: Reading,
) -> None:
    geometry = feature.get("geometry")
    place = geometry.get("coordinates") if isinstance(geometry, dict) and geometry.get("type") == "Point" else None
    if (
        not isinstance(place, list)
        or len(place) < 2
        or not all(isinstance(x, int | float) and math.isfinite(x) for x in place[:2])
    ):
        reading.refuse(file.name, number, "not a point with two finite coordinates")
        return
    name = found.get("name", found.get("code"))
    known = {
        "code",
        "kind",
        "name",
        "name_fr",
        "name_nl",
        "commune",
        "commune_nis",
        "address",
        "provenance",
        "source",
        "tenant",
        "facts",
    }
    facts = (
        found.get("facts")
        if isinstance(found.get("facts"), dict)
        else {k: v for k, v in found.items() if k not in known}
    )
    values = {
        "code": found.get("code"),
        "kind": found.get("kind", "other"),
        "name_fr": found.get("name_fr", name),
        "name_nl": found.get("name_nl", name),
        "commune": found.get("commune", found.get("commune_nis")),
        "address": found.get("address"),
        "lon": place[0],
        "lat": place[1],
        "provenance": found.get("provenance", "real"),
        "source": found.get("source", attribution),
        "tenant": found.get("tenant"),
        "facts": facts,
    }
    reading.take("site", values, file.name, number)
