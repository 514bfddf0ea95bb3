"""`/api/v1/region`: bring files in, take the region out; and what Ansible and Prometheus ask.

The command line is a client of these: it sends a folder as a zip archive.
"""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from sqlalchemy import Connection

from api.answers import ZipResponse, json_text, json_value
from api.changes import record_answer
from api.dependencies import Caller, require
from api.errors import MalformedBody, WrongContentType
from api.idempotency import Answer, Creation, creating
from api.shapes import answers
from api.shapes.changes import done
from api.shapes.inventory import AnsibleInventory, Imported, ImportReport, Targets
from inventory.discovery import ansible_inventory, prometheus_targets
from inventory.imports import SourceFile
from inventory.imports.router import unpack
from inventory.region_export import export_files, export_zip
from inventory.region_import import Prepared, built_in, prepare
from inventory.selector import parse_selector
from orchestrator import engine
from orchestrator.engine import ChangeRecord, ChangeRequest

__all__ = ["router"]

router = APIRouter(tags=["region"])

Reader = Annotated[Caller, Depends(require("inventory:read"))]
Select = Annotated[str, Query(max_length=2000, description="A selector, `role=access,site=DC-ARTS`, or `all`.")]
_FILES = {
    "requestBody": {
        "required": False,
        "content": {
            "application/zip": {"schema": {"type": "string", "format": "binary"}},
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["files"],
                    "properties": {
                        "files": {
                            "type": "array",
                            "items": {
                                "type": "object",
                                "required": ["name"],
                                "properties": {
                                    "name": {"type": "string"},
                                    "text": {"type": "string"},
                                    "base64": {"type": "string"},
                                },
                            },
                        }
                    },
                }
            },
        },
    }
}


@router.post(
    "/api/v1/region:import",
    status_code=201,
    responses=done(Imported),
    summary="Import region data",
    openapi_extra=_FILES,
)
def import_region(
    request: Request,
    creation: Annotated[Creation, Depends(creating("inventory:write"))],
    builtin: Annotated[Literal["brussels"] | None, Query(description="The region that comes with Irisplane.")] = None,
) -> Response:
    """A zip archive, or JSON with files. One change; each refused row is reported with file, line and reason."""
    caller = creation.caller
    files = built_in(builtin) if builtin else _files(request)

    def effect(tx: Connection) -> Answer:
        prepared = prepare(tx, caller.scope(), files)
        asked = ChangeRequest(kind="inventory.import", intent=prepared.intent, reason=caller.reason)
        record = engine.submit(caller.database.joining(tx), caller.principal, asked, caller.request_id)
        return _answer(record, prepared)

    return creation.in_one_transaction(effect)


@router.post(
    "/api/v1/region:check",
    summary="What an import would take and refuse",
    responses=answers(ImportReport),
    openapi_extra=_FILES,
)
def check_region(
    request: Request,
    caller: Annotated[Caller, Depends(require("inventory:write"))],
    builtin: Annotated[Literal["brussels"] | None, Query()] = None,
) -> Response:
    """The report and the plan's counts; writes nothing but the records it read."""
    files = built_in(builtin) if builtin else _files(request)
    with caller.transaction() as tx:
        prepared = prepare(tx, caller.scope(), files)
    asked = ChangeRequest(kind="inventory.import", intent=prepared.intent, reason=caller.reason)
    plan = engine.preview(caller.database, caller.principal, asked, caller.request_id)
    counts = {"counts": plan.facts.get("counts", {}), "unchanged": plan.facts.get("unchanged", 0)}
    return json_value({**prepared.as_dict(), **counts, "summary": plan.summary})


@router.get("/api/v1/region:export", summary="The region as a zip archive", response_class=ZipResponse)
def export_region(caller: Reader, name: Annotated[str, Query(pattern=r"^[a-z0-9-]{1,40}$")] = "brussels") -> Response:
    """Canonical JSON, one list a collection; importing it into an empty database gives the same region."""
    with caller.transaction() as tx:
        content = export_zip(export_files(tx, name))
    return Response(
        content, media_type="application/zip", headers={"Content-Disposition": f'attachment; filename="{name}.zip"'}
    )


@router.get("/api/v1/ansible-inventory", summary="Ansible dynamic inventory", responses=answers(AnsibleInventory))
def ansible(caller: Reader, select: Select = "all") -> Response:
    """As ``ansible-inventory --list`` wants it; ``playbooks/inventory.py`` asks here."""
    with caller.transaction() as tx:
        return json_text(ansible_inventory(tx, parse_selector(select)))


@router.get("/api/v1/prometheus/targets", summary="Prometheus HTTP service discovery", responses=answers(list[Targets]))
def prometheus(caller: Reader, select: Select = "all", port: Annotated[int, Query(ge=1, le=65535)] = 9100) -> Response:
    """Target groups for ``http_sd_configs``."""
    with caller.transaction() as tx:
        return json_text(prometheus_targets(tx, parse_selector(select), port))


# ----------------------------------------------------------------------------------------------------------- inside
def _files(request: Request) -> list[SourceFile]:
    body: bytes = request.state.body
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in {"application/zip", "application/octet-stream"} or body[:4] == b"PK\x03\x04":
        return unpack("upload.zip", body)
    if kind not in {"application/json", ""}:
        raise WrongContentType(
            f"Files come as application/zip or application/json, not {kind[:60]!r}.", hint="Zip the folder and send it."
        )
    try:
        given: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise MalformedBody(f"The body is not JSON: {error}.") from error
    listed = given.get("files") if isinstance(given, dict) else None
    if not isinstance(listed, list) or not all(
        isinstance(one, dict) and isinstance(one.get("name"), str) for one in listed
    ):
        raise MalformedBody('Expected {"files": [{"name": …, "text": …}]}.', pointer="/files")
    return [part for one in listed for part in unpack(one["name"], _content(one))]


def _content(one: dict[str, Any]) -> bytes:
    if isinstance(one.get("text"), str):
        return str(one["text"]).encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(str(one.get("base64", "")), validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedBody(f"{one['name']}: not base64.", pointer="/files") from error


def _answer(record: ChangeRecord, prepared: Prepared) -> Answer:
    answer = record_answer(record)
    report = msgspec.json.encode(prepared.as_dict()).decode()
    return Answer(answer.status, f'{{"change":{answer.body},{report[1:]}', answer.headers)
