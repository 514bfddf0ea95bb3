"""The OpenAPI document: what every endpoint can answer beyond its own result, read off what it asks for.

An endpoint says its result; the rest follows from its method and dependencies: who needs a caller can answer 401 and
403, who takes a body 413 and 415, who creates 409 and 428. Said once here, so that no router repeats it and none
forgets it; ``tests/api/test_schemathesis.py`` finds an answer that is missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, iter_route_contexts

from api.answers import if_match
from api.dependencies import scopes_needed
from api.idempotency import creates
from api.problems import PROBLEM_JSON

__all__ = ["install"]

_MEANING: Final[Mapping[int, str]] = {
    400: "The request cannot be read: malformed JSON, a NUL character, a cursor that no list gave out.",
    401: "No token or session, or one that is not valid any more.",
    403: "Not allowed, with the scope or the rule that says so.",
    404: "Not there, or not yours: the two are never told apart.",
    408: "The body did not arrive in time.",
    409: "The world does not allow it now, or the first request with this key is still being answered.",
    412: "Altered since it was read.",
    413: "The body is too large.",
    415: "The body is of another type than this address takes.",
    422: "A value cannot be taken, with a pointer to it; or the key came before with another request.",
    428: "Idempotency-Key or If-Match is missing.",
    429: "Too often: Retry-After says in how many seconds again.",
    503: "A part does not answer.",
}

_TEXT: Final = {"type": "string"}
_PROBLEM: Final[dict[str, Any]] = {
    "title": "Problem",
    "description": "An error (RFC 9457). `type` and `code` are stable; `/problems/{code}` explains each.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "hint", "request_id"],
    "properties": {
        "type": {"type": "string", "examples": ["/problems/CORE-104"]},
        "title": _TEXT,
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "One sentence that names the thing and what is wrong with it."},
        "code": {"type": "string", "pattern": "^[A-Z]{2,5}-[0-9]{3}$"},
        "hint": {"type": "string", "description": "What to do next."},
        "request_id": _TEXT,
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["detail"],
                "properties": {"pointer": _TEXT, "in": _TEXT, "parameter": _TEXT, "detail": _TEXT},
            },
        },
        "fields": {"type": "object", "description": "Facts for programs."},
    },
}

_SECONDS: Final = {"schema": {"type": "integer", "minimum": 1}}
_HEADERS: Final[Mapping[str, Any]] = {
    "Retry-After": {**_SECONDS, "description": "Seconds to wait before asking again."},
    "RateLimit-Policy": {"schema": _TEXT, "description": 'The quota: `"token";q=3000;w=30`.'},
    "RateLimit": {"schema": _TEXT, "description": 'What is left, and when it is full again: `"token";r=2990;t=1`.'},
}
_PARAMETERS: Final[Mapping[str, Any]] = {
    "IdempotencyKey": {
        "name": "Idempotency-Key", "in": "header", "required": True,
        "description": "The same key with the same request gives the first answer again.",
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,128}$"},
    },
    "IfMatch": {
        "name": "If-Match", "in": "header", "required": True,
        "description": "The ETag that was read, or `*` for whatever is there.",
        "schema": {"type": "string", "examples": ['"1"', "*"]},
    },
}  # fmt: skip
_SCHEMES: Final = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API token, `irp_…`, or an access token that a machine got from an identity provider.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "__Host-irisplane-session",
        "description": "A browser that signed in at `/sign-in`; what alters needs `X-CSRF-Token` as well.",
    },
}


def install(app: FastAPI) -> None:
    """Let the application describe itself so; made when first asked for, then kept."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            made = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
            app.openapi_schema = _completed(made, app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend its document


def _completed(document: dict[str, Any], app: FastAPI) -> dict[str, Any]:
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if isinstance(route, APIRoute) and route.include_in_schema:
            for method in route.methods or ():
                _complete(document["paths"][context.path_format][method.lower()], method, route)
    parts = document.setdefault("components", {})
    schemas = parts.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for schema in schemas.values():
        _tidy(schema)
    schemas["Problem"] = _PROBLEM
    parts["responses"] = {f"Problem{status}": _problem(status) for status in _MEANING}
    parts["headers"] = dict(_HEADERS)
    parts["parameters"] = dict(_PARAMETERS)
    parts["securitySchemes"] = _SCHEMES
    return document


def _tidy(schema: dict[str, Any]) -> None:
    """Leave out what only repeats the names of fields, and the null of a field that is absent then."""
    for name, field in schema.get("properties", {}).items():
        if field.get("title") == name.replace("_", " ").title():
            del field["title"]
        if "default" in field and field["default"] is None and {"type": "null"} not in field.get("anyOf", ()):
            del field["default"]


def _complete(operation: dict[str, Any], method: str, route: APIRoute) -> None:
    asked = list(_asked(route.dependant))
    scopes = next((found for call in asked if (found := scopes_needed(call)) is not None), None)
    creating, matching = any(creates(call) for call in asked), if_match in asked
    if scopes is not None:
        operation["security"] = [{scheme: list(scopes)} for scheme in _SCHEMES]
    wanted = [name for name, needed in (("IdempotencyKey", creating), ("IfMatch", matching)) if needed]
    if wanted:
        shown = operation.setdefault("parameters", [])
        shown += [{"$ref": f"#/components/parameters/{name}"} for name in wanted]
    answers = operation["responses"]
    named = bool(route.dependant.path_params)
    for status in _statuses(method, signed_in=scopes is not None, named=named, creating=creating, matching=matching):
        name = str(status)
        if status == 422 or name not in answers:
            answers[name] = {"$ref": f"#/components/responses/Problem{status}"}
        else:
            answers[name].setdefault("content", {})[PROBLEM_JSON] = {"schema": {"$ref": "#/components/schemas/Problem"}}
    operation["responses"] = dict(sorted(answers.items()))


def _statuses(method: str, *, signed_in: bool, named: bool, creating: bool, matching: bool) -> Iterator[int]:
    yield from (400, 422, 429, 503)
    if signed_in:
        yield from (401, 403)
    if signed_in or named:
        yield 404
    if method != "GET":
        yield from (408, 409, 412, 413, 415)
    if creating or matching:
        yield 428


def _problem(status: int) -> dict[str, Any]:
    made: dict[str, Any] = {
        "description": f"{HTTPStatus(status).phrase}. {_MEANING[status]}",
        "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if status in {429, 503}:
        told = _HEADERS if status == 429 else ("Retry-After",)
        made["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in told}
    return made


def _asked(dependant: Dependant) -> Iterator[object]:
    for part in dependant.dependencies:
        yield part.call
        yield from _asked(part)
