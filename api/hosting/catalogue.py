"""`/api/v1/catalogue`, `/flavors`, `/images`: what can be ordered at a time, in the language of `Accept-Language`."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.resources import files
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import AwareDatetime
from sqlalchemy import Connection

from api.answers import json_text
from api.changes import record_answer
from api.dependencies import Caller, require
from api.idempotency import Answer, Creation, creating
from api.languages import Language
from api.shapes import answers, page_of
from api.shapes.changes import done
from api.shapes.orders import Catalogue, Flavor, Image, Offering
from core.errors import NotFound
from datacenter.hosting.catalogue import reading
from datacenter.hosting.catalogue.document import document_of
from datacenter.hosting.catalogue.offered import OfferedKind
from datacenter.hosting.errors import NotOffered
from orchestrator import engine
from orchestrator.engine import ChangeRequest

__all__ = ["router"]

router = APIRouter(tags=["catalogue"])

Reader = Annotated[Caller, Depends(require("hosting:read"))]
At = Annotated[AwareDatetime | None, Query(description="As it was, or will be, at a time; now when absent.")]
_DOCUMENT: dict[str, Any] = {
    "requestBody": {
        "required": False,
        "content": {
            "application/yaml": {"schema": {"type": "string", "format": "binary"}},
            "application/json": {"schema": {"type": "object", "required": ["offerings"]}},
        },
    }
}


@router.get("/api/v1/catalogue", summary="What can be ordered", responses=answers(Catalogue))
def catalogue(caller: Reader, language: Language, at: At = None, kind: OfferedKind | None = None) -> Response:
    """Offerings with their plans and prices. `orderable` is false while no price holds yet."""
    with caller.transaction() as tx:
        return _spoken(reading.catalogue_json(tx, language, _time(at), kind), language)


@router.get("/api/v1/catalogue/{code}", summary="One offering", responses=answers(Offering))
def offering(code: str, caller: Reader, language: Language, at: At = None) -> Response:
    """With its plans and prices."""
    with caller.transaction() as tx:
        try:
            return _spoken(reading.offering_json(tx, language, code, _time(at)), language)
        except NotOffered as error:
            raise NotFound(error.message, hint="GET /api/v1/catalogue lists what there is.") from error


@router.get("/api/v1/flavors", summary="Sizes of servers", responses=answers(page_of(Flavor)))
def flavors(caller: Reader, language: Language, at: At = None) -> Response:
    """The plans that can be ordered, cheapest first."""
    with caller.transaction() as tx:
        return _spoken(reading.flavors_json(tx, language, _time(at)), language)


@router.get("/api/v1/images", summary="Images for servers", responses=answers(page_of(Image)))
def images(caller: Reader, language: Language, at: At = None) -> Response:
    """The images that can be ordered."""
    with caller.transaction() as tx:
        return _spoken(reading.images_json(tx, language, _time(at)), language)


@router.post(
    "/api/v1/catalogue:import",
    status_code=201,
    responses=done(),
    summary="Bring the catalogue to what a document says",
    openapi_extra=_DOCUMENT,
)
def import_catalogue(
    request: Request,
    creation: Annotated[Creation, Depends(creating("hosting:write"))],
    builtin: Annotated[Literal["lab"] | None, Query(description="The catalogue that comes with the lab.")] = None,
) -> Response:
    """YAML or JSON, see docs/catalogue.md. One change, `hosting.catalogue.import`; twice the same alters nothing."""
    caller = creation.caller
    content = _built_in(builtin) if builtin else request.state.body
    intent = {**document_of(content), "source": f"builtin:{builtin}" if builtin else "request"}
    asked = ChangeRequest(kind="hosting.catalogue.import", intent=intent, reason=caller.reason)

    def effect(tx: Connection) -> Answer:
        return record_answer(engine.submit(caller.database.joining(tx), caller.principal, asked, caller.request_id))

    return creation.in_one_transaction(effect)


def _built_in(name: str) -> bytes:
    return (files("datacenter") / "hosting" / "catalogue" / f"{name}.yaml").read_bytes()


def _time(at: datetime | None) -> datetime:
    return at or datetime.now(UTC)


def _spoken(body: str, language: str) -> Response:
    return json_text(body, headers={"Content-Language": language, "Vary": "Accept-Language"})
