"""Errors as ``application/problem+json`` (RFC 9457). HTTP status codes exist here and nowhere below.

Whatever goes wrong leaves as the same shape::

    {"type": "/problems/CORE-104", "title": "Not found", "status": 404, "detail": "…", "code": "CORE-104",
     "hint": "…", "request_id": "…", "errors": [{"pointer": "/name", "detail": "…"}], "fields": {…}}
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException

from api import errors as edge
from api.languages import preferred
from core import errors as core
from core.logs import get_logger
from datacenter.hosting.terraform_state.errors import StateLocked
from network.errors import NotReady, SyntaxRefused
from orchestrator.refusals import explain

__all__ = ["PROBLEM_JSON", "install", "problem", "status_of"]

PROBLEM_JSON = "application/problem+json"

_STATUS: Mapping[type[core.IrisplaneError], int] = {
    edge.MalformedBody: 400,
    edge.WrongContentType: 415,
    edge.InvalidCursor: 400,
    edge.BodyTooLarge: 413,
    edge.BodyTooSlow: 408,
    edge.WrongMethod: 405,
    edge.KeyRequired: 428,
    edge.KeyReused: 422,
    edge.StillAnswering: 409,
    edge.PreconditionRequired: 428,
    edge.TooManyRequests: 429,
    core.InvalidInput: 422,
    core.Unauthenticated: 401,
    core.Denied: 403,
    core.NotFound: 404,
    core.StaleVersion: 412,
    SyntaxRefused: 422,
    NotReady: 503,
    StateLocked: 423,
    core.Conflict: 409,
    core.Misconfigured: 503,
    core.Unavailable: 503,
    core.Unexpected: 500,
    core.IrisplaneError: 400,
}

_log = get_logger("irisplane.api")


def status_of(error: type[core.IrisplaneError]) -> int:
    """The HTTP status of an error class: its own, or that of its nearest ancestor in the table."""
    return next(_STATUS[ancestor] for ancestor in error.__mro__ if ancestor in _STATUS)


def problem(
    error: core.IrisplaneError,
    request_id: str,
    *,
    status: int | None = None,
    errors: Iterable[Mapping[str, object]] = (),
    headers: Mapping[str, str] | None = None,
    members: Mapping[str, object] | None = None,
) -> Response:
    """An error as a response; ``members`` stand beside the problem's own (RFC 9457, section 3.2)."""
    code = status or status_of(type(error))
    found = list(errors) or ([{"pointer": error.pointer, "detail": error.message}] if error.pointer else [])
    body: dict[str, object] = {
        "type": f"/problems/{error.code}",
        "title": error.title,
        "status": code,
        "detail": error.message,
        "code": error.code,
        "hint": error.hint,
        "request_id": request_id,
    }
    if found:
        body["errors"] = found
    if error.fields:
        body["fields"] = dict(error.fields)
    body = {**(members or {}), **body}
    extra = dict(headers or {})
    if code == 401:
        extra.setdefault("WWW-Authenticate", 'Bearer realm="irisplane"')
    if code == 503:
        extra.setdefault("Retry-After", "2")
    if isinstance(error, edge.TooManyRequests):
        extra.setdefault("Retry-After", str(error.fields["retry_after"]))
    return Response(
        json.dumps(body, ensure_ascii=False, default=str), status_code=code, media_type=PROBLEM_JSON, headers=extra
    )


def pointer_of(location: Iterable[str | int]) -> str:
    """A pydantic location as a JSON pointer (RFC 6901)."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in location)


def _located(error: Mapping[str, Any]) -> dict[str, object]:
    where, *rest = error["loc"] or ("body",)
    detail = str(error["msg"]).removeprefix("Value error, ")  # pydantic's word, which says nothing to whoever asked
    if where == "body":
        return {"pointer": pointer_of(rest), "detail": detail}
    return {"in": where, "parameter": ".".join(map(str, rest)), "detail": detail}


def _request_id(request: Request) -> str:
    return str(request.scope.get("state", {}).get("request_id", ""))


def invalid(request: Request, raised: RequestValidationError) -> Response:
    """What pydantic said, as pointers; malformed JSON, another content type and impossible ids are told apart."""
    request_id = _request_id(request)
    found: Sequence[Mapping[str, Any]] = raised.errors()
    first: Mapping[str, Any] = found[0] if found else {"loc": ("body",), "msg": "invalid", "type": ""}
    if first["type"] == "json_invalid":
        position = first["loc"][1] if len(first["loc"]) > 1 else 0
        reason = (first.get("ctx") or {}).get("error", "invalid JSON")
        return problem(edge.MalformedBody(f"The body is not JSON: {reason} at character {position}."), request_id)
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if tuple(first["loc"]) == ("body",) and not content_type.endswith("json") and first["type"] != "missing":
        return problem(
            edge.WrongContentType(f"This address takes JSON, not {content_type or 'an unnamed type'}."), request_id
        )
    if all(error["loc"] and error["loc"][0] == "path" for error in found):
        return problem(core.NotFound(f"There is nothing at {request.url.path}."), request_id)
    located = [_located(error) for error in found]
    names = ", ".join(str(e.get("pointer") or e.get("parameter") or "body") for e in located[:5])
    return problem(core.InvalidInput(f"{len(located)} value(s) cannot be taken: {names}."), request_id, errors=located)


def http(request: Request, raised: HTTPException) -> Response:
    """Errors of the web framework itself: no such address, no such method, a body it could not parse."""
    error: core.IrisplaneError
    if raised.status_code == 404:
        error = core.NotFound(f"There is nothing at {request.url.path}.")
    elif raised.status_code == 405:
        error = edge.WrongMethod(f"{request.method} is not possible at {request.url.path}.")
    elif raised.status_code in {400, 422}:
        error = edge.MalformedBody("The body cannot be read as what this address takes.")
    else:
        error = core.IrisplaneError(str(raised.detail))
    return problem(error, _request_id(request), status=raised.status_code, headers=raised.headers)


def known(request: Request, raised: core.IrisplaneError) -> Response:
    """An error that a room raised, with its hint in the caller's language where it has one."""
    raised.hint = raised.hints.get(preferred(request.headers.get("accept-language", "")), raised.hint)
    if status_of(type(raised)) >= 500:
        _log.error("request failed", code=raised.code, detail=raised.message)
    challenge = getattr(request.state, "challenge", None) if isinstance(raised, core.Unauthenticated) else None
    return problem(
        raised,
        _request_id(request),
        headers={"WWW-Authenticate": challenge} if challenge else None,
        members=raised.lock if isinstance(raised, StateLocked) else None,
    )


def database(request: Request, raised: DBAPIError) -> Response:
    """A rule of the database that said no, in words; its own text stays in the log."""
    error = explain(raised)
    if isinstance(error, core.Unexpected):
        _log.error("database error", exc_info=raised)
    return problem(error, _request_id(request))


def unstorable(request: Request, _: UnicodeError) -> Response:
    """Text with lone surrogates: valid JSON, but not text that can be stored or sent."""
    return problem(edge.MalformedBody("The request holds text that is not valid Unicode."), _request_id(request))


def install(app: FastAPI) -> None:
    """Give every kind of error its way out."""
    app.add_exception_handler(RequestValidationError, invalid)  # type: ignore[arg-type]  # Starlette types handlers by the base class
    app.add_exception_handler(HTTPException, http)  # type: ignore[arg-type]  # same
    app.add_exception_handler(core.IrisplaneError, known)  # type: ignore[arg-type]  # same
    app.add_exception_handler(DBAPIError, database)  # type: ignore[arg-type]  # same
    app.add_exception_handler(UnicodeEncodeError, unstorable)  # type: ignore[arg-type]  # same
