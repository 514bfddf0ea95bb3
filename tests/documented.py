"""Hold every successful JSON answer that a test gets against the OpenAPI document: none says more or less than it.

``watched`` lets an application note what does not conform, whoever asks it (a test's client, Terraform over a socket);
``tests/conftest.py`` lets a test fail for what was noted while it ran.
"""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import jsonschema_rs

if TYPE_CHECKING:  # tests without an API need not wait for its import
    from fastapi import FastAPI
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Watch", "taken", "watched"]

_ADDRESS: Final = "urn:document"
_noted: Final[dict[str, str]] = {}


def watched(app: FastAPI) -> FastAPI:
    """The application, whose answers are held against its document from now on."""
    app.add_middleware(Watch, described=app)
    return app


def taken() -> dict[str, str]:
    """What was noted since the last time: operation and status, and what is wrong with an answer of it."""
    noted = dict(_noted)
    _noted.clear()
    return noted


class Watch:
    """ASGI middleware: reads answers on their way out, alters nothing."""

    def __init__(self, app: ASGIApp, described: FastAPI) -> None:
        self._app = app
        self._described = described

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started: list[Message] = []
        parts: list[bytes] = []

        async def read(message: Message) -> None:
            if message["type"] == "http.response.start":
                started.append(message)
            elif _is_json(started):
                parts.append(message.get("body", b""))
                if not message.get("more_body"):  # before whoever asked goes on, and its test ends
                    self._look(scope, started[0]["status"], _plain(started[0], b"".join(parts)))
            await send(message)

        await self._app(scope, receive, read)

    def _look(self, scope: Scope, status: int, body: bytes) -> None:
        route = scope.get("route")
        if getattr(route, "include_in_schema", False):
            self._hold((scope["method"].lower(), route.path_format, str(status)), body)  # type: ignore[union-attr]  # it has both

    def _hold(self, operation: tuple[str, str, str], body: bytes) -> None:
        method, path, status = operation
        schema = _schema_of(self._described, operation)
        if not schema:
            wrong = "an answer that the document does not name"
        else:
            wrong = "; ".join(
                f"/{'/'.join(str(step) for step in error.instance_path)}: {error.message[:300]}"
                for _, error in zip(range(3), schema.iter_errors(json.loads(body)), strict=False)
            )
        if wrong:
            _noted.setdefault(f"{method.upper()} {path} {status}", f"{wrong}\n  {body[:1500].decode(errors='replace')}")


def _plain(start: Message, body: bytes) -> bytes:
    packed = (b"content-encoding", b"gzip") in [(name.lower(), value) for name, value in start.get("headers", ())]
    return gzip.decompress(body) if packed else body


def _is_json(started: list[Message]) -> bool:
    if not started or not 200 <= started[0]["status"] < 300:
        return False
    return any(
        name.lower() == b"content-type" and value.partition(b";")[0] == b"application/json"
        for name, value in started[0]["headers"]
    )


# By title, for making a document takes a second: every application that is called Irisplane has the same.
_documents: Final[dict[str, tuple[dict[str, Any], jsonschema_rs.Registry]]] = {}
_schemas: Final[dict[tuple[str, ...], Any]] = {}


def _schema_of(app: FastAPI, operation: tuple[str, str, str]) -> Any:
    """The compiled schema of an answer; ``False`` when the document has none."""
    key = (app.title, *operation)
    if key not in _schemas:
        if app.title not in _documents:
            made = app.openapi()
            _documents[app.title] = made, jsonschema_rs.Registry([(_ADDRESS, made)])
        document, registry = _documents[app.title]
        method, path, status = operation
        steps = ("paths", path, method, "responses", status, "content", "application/json", "schema")
        pointer = "/".join(quote(step.replace("~", "~0").replace("/", "~1"), safe="~") for step in steps)
        told = document["paths"][path][method]["responses"].get(status, {}).get("content", {})
        _schemas[key] = "application/json" in told and jsonschema_rs.Draft202012Validator(
            {"$ref": f"{_ADDRESS}#/{pointer}"}, registry=registry, validate_formats=True
        )
    return _schemas[key]
