"""`/api/v1/network`: what routers run, what they should, what was kept; asked of them live or from what was seen.

Altering goes through `/api/v1/changes` with the kinds `network.config`, `network.snippet`, `network.restore`,
`network.adopt`, `network.enrol`, `network.replace` and `network.upgrade`.
"""

from __future__ import annotations

import dataclasses
import io
import json
import zipfile
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import PlainTextResponse, Response
from sqlalchemy import text

from api.answers import Limit, ZipResponse, cursor_id, encode_cursor, json_text, json_value, next_link
from api.compressed import compressed
from api.dependencies import Caller, require, settings_of
from api.shapes import answers, page_of, whole_list_of
from api.shapes.changes import ChangeInList
from api.shapes.network import Comparison, DeviceSeen, Difference, Drift, KeptVersion, MapOfCommunes, MapOfRegion
from network import places, queries
from network.observing import look_at
from network.outlines import outlines

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/network", tags=["network"])

Reader = Annotated[Caller, Depends(require("network:read"))]
Select = Annotated[str, Query(max_length=2000, description="A selector, `role=access,site=DC-ARTS`, or `all`.")]


@router.get("/devices", summary="Devices and what was last seen of them", responses=answers(list[DeviceSeen]))
def devices(caller: Reader, select: Select = "all") -> Response:
    """`reachable` is true only for what was seen within two minutes; `state` tells unknown from unreachable."""
    with caller.transaction() as tx:
        return json_text(queries.devices_json(tx, queries.chosen(tx, select)))


@router.post("/devices:look", summary="Look at devices now", responses=answers(list[DeviceSeen]))
def look(caller: Annotated[Caller, Depends(require("network:write"))], select: Select = "all") -> Response:
    """Asks the devices at once and gives the list as it is afterwards."""
    with caller.transaction() as tx:
        ids = queries.chosen(tx, select)
    look_at(caller.database, ids)
    with caller.transaction() as tx:
        return json_text(queries.devices_json(tx, ids))


@router.get(
    "/diff", summary="Running against intended, asked of the devices now", responses=answers(whole_list_of(Difference))
)
def diff(caller: Reader, select: Select = "all") -> Response:
    """Per device: `in_sync` true, false, or null with an `error` where it cannot be told."""
    with caller.transaction() as tx:
        ids = queries.chosen(tx, select)
    found = queries.live_diff(caller.database, caller.scope(), ids)
    return json_value({"items": [dataclasses.asdict(one) for one in found]})


@router.get(
    "/drift", summary="Devices that run something else than their intent", responses=answers(whole_list_of(Drift))
)
def drift(caller: Reader, select: Select = "all") -> Response:
    """From the standing look, at most a minute old."""
    with caller.transaction() as tx:
        return json_text(f'{{"items": {queries.drift_json(tx, queries.chosen(tx, select))}}}')


@router.get("/map", summary="Sites and links with their states, as GeoJSON", responses=answers(MapOfRegion))
def region_map(
    caller: Annotated[Caller, Depends(require("network:read", "inventory:read"))],
    commune: Annotated[
        str | None, Query(pattern=r"^[0-9]{5}$", description="NIS code; links with one end there are among them.")
    ] = None,
    state: places.PlaceState | None = None,
    load: Annotated[
        places.LinkLoadBand | None, Query(description="Of links, only those that carry so much; sites stay.")
    ] = None,
) -> Response:
    """A site is as its worst device is; a link as it was seen within a minute, else as the worse of its ends; what
    nobody looked at for two minutes is `unknown`, and so is what a link carries."""
    with caller.transaction() as tx:
        found = places.map_json(tx, commune=commune, state=state, load=load)
    return compressed(caller.request, json_text(found))


@router.get("/map/communes", summary="Outlines of communes, as GeoJSON", responses=answers(MapOfCommunes))
def communes_map(caller: Annotated[Caller, Depends(require("network:read", "inventory:read"))]) -> Response:
    """As the file of `IRISPLANE_OUTLINES_FILE` has them, the same for everybody; none where no file is named."""
    found = outlines(settings_of(caller.request).outlines_file)
    answer = json_text(found, headers={"Cache-Control": "private, max-age=3600"})
    return compressed(caller.request, answer)


@router.get("/devices/{name}/config", summary="A device's configuration, redacted", response_class=PlainTextResponse)
def config(caller: Reader, name: str, version: Annotated[str, Query(max_length=64)] = "@0") -> Response:
    """`version`: `@0` the newest kept one, `@1` the one before, a digest's beginning, or `intended`."""
    with caller.transaction() as tx:
        device, tenant, _ = queries.device_id(tx, name)
        return PlainTextResponse(queries.readable(tx, device, tenant, version))


@router.get(
    "/devices/{name}/versions",
    summary="Every configuration kept of a device",
    responses=answers(whole_list_of(KeptVersion)),
)
def versions(caller: Reader, name: str, limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> Response:
    """Newest first."""
    with caller.transaction() as tx:
        device, _, _ = queries.device_id(tx, name)
        return json_text(f'{{"items": {queries.versions_json(tx, device, limit)}}}')


@router.get("/devices/{name}/compare", summary="The difference of two versions", responses=answers(Comparison))
def compare(
    caller: Reader, name: str, a: Annotated[str, Query(max_length=64)], b: Annotated[str, Query(max_length=64)]
) -> Response:
    """`a` and `b`: as `version` of `/config`. What turns `a` into `b`, redacted."""
    with caller.transaction() as tx:
        device, tenant, platform = queries.device_id(tx, name)
        return json_value({"device": name, "a": a, "b": b, "diff": queries.compare(tx, device, tenant, platform, a, b)})


@router.get(
    "/devices/{name}/changes",
    summary="Changes that touched a device, newest first",
    responses=answers(page_of(ChangeInList)),
)
def device_changes(
    request: Request,
    caller: Annotated[Caller, Depends(require("network:read", "change:read"))],
    name: str,
    limit: Limit = 100,
    cursor: str | None = None,
) -> Response:
    """Those that ran on it, those that wait to, and those that altered what the inventory holds of it."""
    before = cursor_id(cursor)
    with caller.transaction() as tx:
        device, _, _ = queries.device_id(tx, name)
        found = json.loads(queries.device_changes_json(tx, device, before=before, limit=limit + 1))
    following = encode_cursor([found[limit - 1]["id"]]) if len(found) > limit else None
    return json_value({"items": found[:limit], "next": following}, headers=next_link(request, following))


@router.get(
    "/export", summary="Every device's newest kept configuration, as a ZIP of text files", response_class=ZipResponse
)
def export(caller: Reader, select: Select = "all") -> Response:
    """One file a device, redacted: for a git folder or an auditor."""
    packed = io.BytesIO()
    with caller.transaction() as tx, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        rows = tx.execute(
            text(
                "select distinct on (d.name) d.name, t.redacted from config_version v"
                " join device d on d.id = v.device_id"
                " join config_text t on t.tenant_id = v.tenant_id and t.digest = v.digest"
                " where d.id = any(:ids) order by d.name, v.id desc"
            ),
            {"ids": queries.chosen(tx, select)},
        )
        for name, body in rows:
            # A fixed time: the same configurations give the same archive.
            archive.writestr(zipfile.ZipInfo(f"{name}.conf", (1980, 1, 1, 0, 0, 0)), body)
    return Response(packed.getvalue(), media_type="application/zip")
