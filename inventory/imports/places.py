"""Lists of places as the region's open data has them: each known by the columns of its header.

Codes are made from what does not change (a NIS code, a stop's number, a name), so that the same file always means the
same sites, and a better position for a station finds the station that is there.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from inventory.imports.reading import Reading, SourceFile, rows_of

__all__ = ["FORMS", "NOT_TAKEN", "slug", "two_names"]

OSM: Final = "© OpenStreetMap contributors (ODbL 1.0)"
STIB: Final = "Source: STIB-MIVB - Open Data (CC BY 4.0)"

_PUBLIC_KINDS: Final[Mapping[str, tuple[str, str]]] = {
    "community_centre": ("community-centre", "CC"),
    "courthouse": ("court", "CT"),
    "fire_station": ("fire", "FI"),
    "hospital": ("hospital", "HO"),
    "library": ("library", "LI"),
    "museum": ("museum", "MU"),
    "police": ("police", "PO"),
    "post_office": ("post-office", "PT"),
    "theatre": ("theatre", "TE"),
    "townhall": ("town-hall", "TH"),
    "university": ("university", "UN"),
}
_MAIN_TOWN_HALL: Final = re.compile(r"(communal|hôtel de ville|gemeentehuis|stadhuis)", re.IGNORECASE)
_NOT_A_NUMBER: Final = "not a finite number"

Row = Mapping[str, str]


def slug(name: str, longest: int = 40) -> str:
    """A name as part of a code: ``Gare de l'Ouest`` → ``GARE-DE-L-OUEST``."""
    plain = (
        unicodedata.normalize("NFKD", name.replace("œ", "oe").replace("Œ", "OE"))
        .encode("ascii", "ignore")
        .decode()
        .upper()
    )
    return re.sub(r"[^A-Z0-9]+", "-", plain).strip("-")[:longest].strip("-")


def two_names(name: str) -> tuple[str, str]:
    """French and Dutch of a name written ``français - Nederlands``; one name serves for both."""
    french, _, dutch = name.partition(" - ")
    return french.strip(), dutch.strip() or french.strip()


def _number(value: str) -> float | str | None:
    """A coordinate; what is no number goes on as it is, for the row to be refused with its reason."""
    if not value:
        return None
    try:
        return float(value)
    except ValueError:
        return value


def _place(row: Row, name: str, **more: Any) -> dict[str, Any]:
    french, dutch = two_names(name)
    return {
        "name_fr": row.get("name_fr") or french,
        "name_nl": row.get("name_nl") or dutch,
        "commune": row.get("commune_nis") or None,
        "lon": _number(row["lon"]),
        "lat": _number(row["lat"]),
        "provenance": "real",
        **more,
    }


def _address(row: Row) -> str:
    return " ".join(filter(None, [row.get("street", ""), row.get("number", ""), row.get("postcode", "")]))


def _data_centres(row: Row) -> dict[str, Any]:
    return _place(
        row,
        row["name"],
        code=row["id"],
        kind="datacentre",
        provenance="derived",
        source=OSM,
        facts={"location_quality": row["location_quality"]},
    )


def _stations(row: Row) -> dict[str, Any]:
    facts = {"lines": row["lines"].split(), "type": row["type"]}
    return _place(
        row,
        row["name_fr"],
        code=f"ST-{slug(row['name_fr'])}",
        kind="station",
        provenance="derived",
        source=STIB,
        facts=facts,
    )


def _stops(row: Row) -> dict[str, Any]:
    facts = {"lines": row["lines"].split(), "modes": row["modes"]}
    return _place(row, row["name_fr"], code=f"STOP-{slug(row['stop_id'])}", kind="stop", source=STIB, facts=facts)


def _hotspots(row: Row) -> dict[str, Any]:
    facts = {
        "environment": row["environment"],
        "coordinate_source": row["coordinate_source"],
        "evidence": row["evidence"],
    }
    return _place(
        row,
        row["name"],
        code=f"HS-{slug(row['name'])}",
        kind="hotspot",
        provenance="derived",
        source=f"{OSM}; {STIB}",
        facts=facts,
    )


def _schools(row: Row) -> dict[str, Any]:
    facts = {k: row[k] for k in ("level_osm", "level_guess", "language_osm", "operator", "ref_fase") if row.get(k)}
    code = f"SC-{row['commune_nis']}-{slug(row['name'])}" if slug(row["name"]) else ""
    return _place(row, row["name"], code=code, kind="school", source=OSM, address=_address(row), facts=facts)


def _public(row: Row) -> dict[str, Any]:
    kind, letters = _PUBLIC_KINDS.get(row["kind"], ("other", "OT"))
    name = row["name"]
    code = f"{letters}-{row['commune_nis']}-{slug(name)}" if slug(name) else ""
    if kind == "town-hall" and _MAIN_TOWN_HALL.search(name) and "antenne" not in name.lower():
        code = f"TH-{row['commune_nis']}"
    facts = {k: row[k] for k in ("operator", "internet_access", "ssid") if row.get(k)}
    return _place(row, name, code=code, kind=kind, source=OSM, address=_address(row), facts=facts)


FORMS: Final[tuple[tuple[str, frozenset[str], str, Callable[[Row], dict[str, Any]]], ...]] = (
    ("regional data centres", frozenset({"id", "name", "lon", "lat", "location_quality"}), OSM, _data_centres),
    (
        "metro and premetro stations",
        frozenset({"type", "name_fr", "name_nl", "lon", "lat", "lines", "commune_nis"}),
        STIB,
        _stations,
    ),
    (
        "public transport stops",
        frozenset({"stop_id", "name_fr", "name_nl", "lon", "lat", "modes", "lines"}),
        STIB,
        _stops,
    ),
    (
        "wifi hotspots",
        frozenset({"name", "environment", "lon", "lat", "coordinate_source", "evidence"}),
        f"{OSM}; {STIB}",
        _hotspots,
    ),
    ("schools", frozenset({"name", "lon", "lat", "commune_nis", "level_guess", "ref_fase"}), OSM, _schools),
    ("public sites", frozenset({"kind", "name", "lon", "lat", "commune_nis", "operator", "street"}), OSM, _public),
)
"""(what it is, columns it is known by, attribution, how a row becomes a site)."""

NOT_TAKEN: Final[tuple[tuple[frozenset[str], str], ...]] = (
    (
        frozenset({"u", "v", "length_m", "highway", "path"}),
        "streets of one municipality: ducts are laid in the corridor",
    ),
    (frozenset({"osm_id", "lon", "lat"}), "corners of one municipality's streets: ducts are laid in the corridor"),
)
"""Files that are known, and hold nothing for the inventory."""


def read_places(file: SourceFile, text: str, reading: Reading, to_site: Callable[[Row], dict[str, Any]]) -> None:
    """Every row of a list of places as a site; rows whose codes meet are told apart by their position."""
    found = list(_sites(file, text, reading, to_site))
    codes = Counter(values["code"] for _, values in found)
    for line, values in found:
        if not values["code"]:
            reading.refuse(file.name, line, "it has no name, so there is nothing to call it by")
            continue
        if codes[values["code"]] > 1 and values["kind"] not in {"datacentre", "station", "stop"}:
            place = f"{values['lon']},{values['lat']}"
            values["code"] += "-" + hashlib.sha256(place.encode()).hexdigest()[:4].upper()
        reading.take("site", values, file.name, line)


def _sites(
    file: SourceFile, text: str, reading: Reading, to_site: Callable[[Row], dict[str, Any]]
) -> Iterator[tuple[int, dict[str, Any]]]:
    for line, row in rows_of(file, text, reading):
        yield line, to_site(row)
