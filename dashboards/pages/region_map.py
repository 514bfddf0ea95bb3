"""`/map`: the region on a map from its own data, and the same as a table and as CSV."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import Depends, Query
from fastapi.responses import Response
from sqlalchemy import Connection

from core.errors import NotFound
from dashboards.csv_files import csv_answer
from dashboards.rendering import show
from dashboards.routes import pages
from dashboards.terms import mark as _
from dashboards.visit import Visit, visiting
from network import places

__all__ = ["router"]

router = pages()

_MOST: Final = 100
_EVERY: Final = 1_000_000
_COLUMNS: Final = (
    "layer", "name", "kind", "state", "commune", "name_fr", "name_nl", "devices", "down", "unknown", "drift", "planned",
    "up", "a", "b", "a_site", "b_site", "load", "bits_per_second", "capacity",
)  # fmt: skip
Looking = Annotated[Visit, Depends(visiting("network:read", "inventory:read"))]
Commune = Annotated[str, Query(pattern=r"^([0-9]{5})?$")]
State = Annotated[str, Query(pattern=f"^({'|'.join(places.STATES)})?$")]
Load = Annotated[str, Query(pattern=f"^({'|'.join(places.LOADS)})?$")]
By = Annotated[str, Query(pattern="^(state|load)?$")]
_LOADS: Final[Mapping[str, str]] = {
    "down": _("down"), "high": _("80 %% and more"), "middle": _("from 50 to 80 %%"), "low": _("below 50 %%"),
    "unknown": _("load not known"), "planned": _("planned"),
}  # fmt: skip


@router.get("/map")
def region_map(
    visit: Looking, commune: Commune = "", state: State = "", load: Load = "", by: By = "", site: str = ""
) -> Response:
    """Sites and links by state, the worst first. ``site``: one of them, with its devices and links; ``by``: whether
    links are drawn and told by how they are or by what they carry.

    Raises:
        NotFound: no such site.
    """
    with visit.transaction() as tx:
        found = _standing(tx, commune, state, load, _MOST, by_load=bool(load) or by == "load")
        communes = json.loads(places.communes_json(tx))
        one = places.place_json(tx, site) if site else None
    if site and one is None:
        raise NotFound(f"There is no site {site[:80]!r}.", hint="The map shows every site.", site=site[:80])
    return show(
        visit, "map_live" if visit.enhanced else "map", _("Map"), found=found, communes=communes, commune=commune,
        state=state, load=load, by="load" if load else by or "state", loads=_LOADS,
        site=json.loads(one) if one else None, states=places.STATES, most=_MOST,
        commune_names={one["nis_code"]: one for one in communes},
    )  # fmt: skip


@router.get("/map.csv")
def map_csv(visit: Looking, commune: Commune = "", state: State = "", load: Load = "") -> Response:
    """Every site and link, whole."""
    with visit.transaction() as tx:
        found = _standing(tx, commune, state, load, _EVERY)
    rows: list[dict[str, Any]] = [
        *({"layer": "site", **one, "name": one["code"]} for one in found["sites"]),
        *({"layer": "link", **one} for one in found["links"]),
    ]
    return csv_answer("map", _COLUMNS, ([row.get(column) for column in _COLUMNS] for row in rows))


def _standing(
    tx: Connection, commune: str, state: str, load: str, limit: int, *, by_load: bool = False
) -> dict[str, Any]:
    of_state = next((one for one in places.STATES if one == state), None)
    of_load = next((one for one in places.LOADS if one == load), None)
    found: dict[str, Any] = json.loads(
        places.standing_json(tx, commune=commune or None, state=of_state, load=of_load, by_load=by_load, limit=limit)
    )
    return found
