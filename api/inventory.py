"""`/api/v1/<collection>`: sites, racks, devices, interfaces, links, prefixes … One shape for every type of object.

Lists and details are JSON that PostgreSQL built. Whatever writes becomes a Change of kind ``inventory.edit`` or
``inventory.allocate``; where policy asks nobody it is carried out at once (201), else it waits (202). References are
natural keys or ids; a key with a slash or a space stands in the address percent-encoded, or as it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from sqlalchemy import Connection, text

from api.answers import NOT_MODIFIED, Limit, Match, decode_cursor, json_text, json_value, matches, page
from api.changes import record_answer
from api.dependencies import Caller, require
from api.errors import MalformedBody
from api.idempotency import Answer, Creation, creating
from api.inventory_schema import body_of, list_parameters
from api.region import router as region_router
from api.shapes import IdAndName, answers, page_of
from api.shapes.changes import done
from api.shapes.inventory import DEVICE, OBJECTS, PAGES, Context, ContextLeaf, Edited
from core.errors import IrisplaneError
from inventory import queries
from inventory.context import explain, merged
from inventory.device_context import contexts_of
from inventory.object_type import ObjectType
from inventory.objects import ALL
from inventory.selector import parse_selector, select_devices
from orchestrator import engine
from orchestrator.engine import ChangeRecord, ChangeRequest

__all__ = ["router"]

router = APIRouter(tags=["inventory"])
router.include_router(region_router)

Reader = Annotated[Caller, Depends(require("inventory:read"))]
Writer = Annotated[Caller, Depends(require("inventory:write"))]
Creator = Annotated[Creation, Depends(creating("inventory:write"))]


# ---------------------------------------------------------------------------------------------------------- context
@router.get(
    "/api/v1/devices/{ref}/context",
    summary="A device's merged configuration context",
    responses=answers(page_of(ContextLeaf) | Context),
)
def context(ref: str, caller: Reader, *, explained: Annotated[bool, Query(alias="explain")] = False) -> Response:
    """What the device inherits from region, role, site and its own context; with ``explain``, who gave each value."""
    with caller.transaction() as tx:
        device = json.loads(queries.one_object(tx, "device", ref)[0])
        found = next(iter(contexts_of(tx, [device["id"]]).values()))
    if explained:
        return json_value({"items": [asdict(leaf) for leaf in explain(found)], "next": None})
    return json_value(merged(found))


@router.get("/api/v1/devices:select", summary="Which devices a selector means", responses=answers(page_of(IdAndName)))
def select(caller: Reader, select: Annotated[str, Query(max_length=2000)]) -> Response:
    """Ids and names, by name; an unknown key or value is an error that names what exists."""
    selector = parse_selector(select)
    with caller.transaction() as tx:
        ids = select_devices(tx, selector)
        rows = tx.execute(
            text("select id::text, name from device where id = any(:ids) order by name"), {"ids": ids}
        ).all()
    return json_value({"items": [{"id": row.id, "name": row.name} for row in rows], "next": None})


# ------------------------------------------------------------------------------------------------------- allocation
@router.post(
    "/api/v1/allocations",
    status_code=201,
    responses=done(Edited),
    summary="Take the next free ones of several pools",
    openapi_extra=body_of("allocation", many=True),
)
def allocations(request: Request, creation: Creator) -> Response:
    """All or none; without races."""
    return _submit(creation, "inventory.allocate", {"allocations": _many(request)})


def _allocate_from(made: ObjectType) -> Callable[..., Response]:
    fixed = {"vlan_group": "vlan", "rack": "unit", "asn_range": "asn"}.get(made.name)

    def allocate(ref: str, request: Request, creation: Creator) -> Response:
        given = _body(request)
        if not isinstance(given, dict):
            raise MalformedBody("An allocation is one object.")
        what = {"what": given.get("what", fixed or ("prefix" if "length" in given else "address"))}
        return _submit(creation, "inventory.allocate", {"allocations": [{**given, **what, "pool": ref}]})

    allocate.__doc__ = f"The lowest free one of this {made.name.replace('_', ' ')}, given to nobody else."
    return allocate


for _pool in ("prefix", "vlan_group", "rack", "asn_range"):
    router.add_api_route(
        f"/api/v1/{ALL[_pool].collection}/{{ref:path}}:allocate",
        _allocate_from(ALL[_pool]),
        methods=["POST"],
        status_code=201,
        responses=done(Edited),
        summary="Take the next free one",
        openapi_extra=body_of("allocation"),
        name=f"allocate_{_pool}",
    )


# ---------------------------------------------------------------------------------------------------------- objects
def _list(made: ObjectType) -> Callable[..., Response]:
    def objects(request: Request, caller: Reader, limit: Limit = 100, cursor: str | None = None) -> Response:
        position = decode_cursor(cursor, len(made.order))
        filters = {key: value for key, value in request.query_params.items() if key not in {"limit", "cursor"}}
        with caller.transaction() as tx:
            rows = queries.list_objects(tx, made.name, filters, cursor=position, limit=limit)
        return page(request, rows, limit)

    objects.__doc__ = f"A page of {made.collection}, in the order of {', '.join(made.order)}."
    return objects


def _one(made: ObjectType) -> Callable[..., Response]:
    def one(ref: str, request: Request, caller: Reader) -> Response:
        with caller.transaction() as tx:
            body, version = (
                queries.device_detail(tx, ref) if made.name == "device" else queries.one_object(tx, made.name, ref)
            )
        if matches(request, version):
            return Response(status_code=304, headers={"ETag": f'"{version}"'})
        return json_text(body, version=version)

    one.__doc__ = "By natural key or id; the ETag is what writing asks for in If-Match."
    return one


def _create(made: ObjectType) -> Callable[..., Response]:
    def create(request: Request, creation: Creator) -> Response:
        operation = {"action": "create", "type": made.name, "values": _many(request)}
        return _submit(creation, "inventory.edit", {"operations": [operation]})

    create.__doc__ = 'One object, or a list of them (or `{"items": […]}`): all or none.'
    return create


def _update(made: ObjectType) -> Callable[..., Response]:
    def update(ref: str, request: Request, caller: Writer, version: Match) -> Response:
        given = _body(request)
        if not isinstance(given, dict):
            raise MalformedBody("What to set is one object.")
        item = {"ref": ref, "version": version, "set": given}
        return _submit_now(caller, {"operations": [{"action": "update", "type": made.name, "items": [item]}]})

    update.__doc__ = "Sets the fields that are given; needs the ETag that was read in If-Match."
    return update


def _delete(made: ObjectType) -> Callable[..., Response]:
    def delete(ref: str, caller: Writer, version: Match) -> Response:
        item = {"ref": ref, "version": version}
        return _submit_now(caller, {"operations": [{"action": "delete", "type": made.name, "items": [item]}]})

    delete.__doc__ = "With what is a part of it: a device goes with its interfaces, their links and addresses."
    return delete


def _bulk(made: ObjectType, action: str) -> Callable[..., Response]:
    def bulk(request: Request, creation: Creator) -> Response:
        items = [{"ref": one} if isinstance(one, str) else one for one in _many(request)]
        return _submit(
            creation, "inventory.edit", {"operations": [{"action": action, "type": made.name, "items": items}]}
        )

    bulk.__doc__ = (
        'A list of `{"ref", "set", "version"}`: all or none.'
        if action == "update"
        else 'A list of keys or ids, or of `{"ref", "version"}`: all or none.'
    )
    return bulk


_ALTERED: Final = done(Edited, 200)
for _made in ALL.values():
    if _made.name == "tenant":
        continue  # tenants are identity: api/identity.py
    _path, _name = f"/api/v1/{_made.collection}", _made.name
    _label = _name.replace("_", " ")
    router.add_api_route(
        _path,
        _list(_made),
        methods=["GET"],
        summary=f"List {_made.collection}",
        name=f"list_{_name}",
        responses=answers(PAGES[_name]),
        openapi_extra=list_parameters(_made),
    )
    router.add_api_route(
        f"{_path}/{{ref:path}}",
        _one(_made),
        methods=["GET"],
        summary=f"A {_label}",
        name=f"read_{_name}",
        responses=answers(DEVICE if _name == "device" else OBJECTS[_name]) | NOT_MODIFIED,
    )
    if _made.part_of is not None:
        continue  # comes and goes with another object
    router.add_api_route(
        f"{_path}:update",
        _bulk(_made, "update"),
        methods=["POST"],
        status_code=201,
        responses=done(Edited),
        summary=f"Alter many {_made.collection}",
        name=f"update_many_{_name}",
        openapi_extra=body_of("items"),
    )
    router.add_api_route(
        f"{_path}:delete",
        _bulk(_made, "delete"),
        methods=["POST"],
        status_code=201,
        responses=done(Edited),
        summary=f"Delete many {_made.collection}",
        name=f"delete_many_{_name}",
        openapi_extra=body_of("items"),
    )
    router.add_api_route(
        _path,
        _create(_made),
        methods=["POST"],
        status_code=201,
        responses=done(Edited),
        summary=f"Create {_made.collection}",
        name=f"create_{_name}",
        openapi_extra=body_of(_name, many=True),
    )
    router.add_api_route(
        f"{_path}/{{ref:path}}",
        _update(_made),
        methods=["PATCH"],
        responses=_ALTERED,
        summary=f"Alter a {_label}",
        name=f"update_{_name}",
        openapi_extra=body_of(_name, patch=True),
    )
    router.add_api_route(
        f"{_path}/{{ref:path}}",
        _delete(_made),
        methods=["DELETE"],
        responses=_ALTERED,
        summary=f"Delete a {_label}",
        name=f"delete_{_name}",
    )


# ----------------------------------------------------------------------------------------------------------- inside
def _body(request: Request) -> Any:
    try:
        return msgspec.json.decode(request.state.body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise MalformedBody(f"The body is not JSON: {error}.") from error


def _many(request: Request) -> list[Any]:
    given = _body(request)
    if isinstance(given, dict) and given.keys() == {"items"}:
        given = given["items"]
    return given if isinstance(given, list) else [given]


_POINTER: Final = re.compile(
    r"/intent/(?:operations/0/(?:values|items)|allocations)(?P<row>/\d+)(?:/set)?(?P<rest>/.*)?"
)


def _engine_submit(tx: Connection, caller: Caller, asked: ChangeRequest) -> ChangeRecord:
    """Submit; a pointer into the intent becomes one into the body that the caller sent."""
    try:
        return engine.submit(caller.database.joining(tx), caller.principal, asked, caller.request_id)
    except IrisplaneError as error:
        one = caller.request.state.body.lstrip()[:1] == b"{" and b'"items"' not in caller.request.state.body[:20]

        def placed(pointer: str | None) -> str | None:
            found = _POINTER.fullmatch(pointer or "")
            return pointer if found is None else ("" if one else found["row"]) + (found["rest"] or "")

        error.pointer = placed(error.pointer)
        told = error.fields.get("errors")
        if isinstance(told, list):
            error.fields = {
                **error.fields,
                "errors": [{**part, "pointer": placed(f"/intent{part['pointer']}")} for part in told],
            }
        raise


def _submit(creation: Creation, kind: str, intent: dict[str, Any]) -> Response:
    caller = creation.caller
    asked = ChangeRequest(kind=kind, intent=intent, reason=caller.reason)

    return creation.in_one_transaction(lambda tx: _answer(tx, _engine_submit(tx, caller, asked)))


def _submit_now(caller: Caller, intent: dict[str, Any]) -> Response:
    asked = ChangeRequest(kind="inventory.edit", intent=intent, reason=caller.reason)
    with caller.transaction() as tx:
        answer = _answer(tx, _engine_submit(tx, caller, asked))
    return Answer(200 if answer.status == 201 else answer.status, answer.body, answer.headers).response()


def _answer(tx: Connection, record: ChangeRecord) -> Answer:
    """The change, with the objects it makes or alters and what was allocated."""
    told = tx.execute(
        text(
            "select json_build_object('objects', coalesce((select json_agg(json_build_object("
            " 'op', a -> 'op', 'type', a -> 'type', 'id', a -> 'id', 'key', a -> 'name'))"
            " from jsonb_array_elements(plan -> 'facts' -> 'alterations') a), '[]'),"
            " 'allocated', coalesce(plan -> 'facts' -> 'allocated', '[]'))::text from change where id = :id"
        ),
        {"id": record.id},
    ).scalar_one()
    answer = record_answer(record)
    return Answer(answer.status, f'{{"change":{answer.body},{told[1:]}', answer.headers)
