"""The outermost layer of the API: request id, size of bodies, security headers, metrics, last resort.

One pure ASGI middleware. Bodies are read here, whole and bounded, before anything else looks at them: a body that is
too large ends at once with 413, and what follows (idempotency, validation) has its bytes at hand.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from uuid import uuid4

import structlog

from api.errors import BodyTooLarge, BodyTooSlow, MalformedBody
from api.limits import Taken
from api.problems import problem
from core.errors import IrisplaneError, Unexpected
from core.logs import get_logger
from core.telemetry import REQUEST_SECONDS, REQUESTS

__all__ = ["CSP", "Edge"]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

CSP = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none';"
    " form-action 'self'"
)
"""No script, style, font or request from anywhere but this server."""

_REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_NUL_ESCAPE = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_WITH_BODY = frozenset({"POST", "PUT", "PATCH", "DELETE", "LOCK", "UNLOCK"})
_KEPT_AS_SENT = ("/api/v1/terraform/state/",)
"""Below these, bodies are kept as bytes: a NUL character in them is nobody's concern."""
_BODY_SECONDS = 60.0

_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", CSP.encode()),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
)

_log = get_logger("irisplane.api")


class Edge:
    """ASGI middleware; see the module's text.

    Args:
        app: what stands behind.
        body_limit: bytes of a body that are read at most.
    """

    def __init__(self, app: App, *, body_limit: int) -> None:
        self._app = app
        self._limit = body_limit

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        headers: dict[bytes, bytes] = dict(scope["headers"])
        request_id = _request_id(headers.get(b"x-request-id"))
        state = scope.setdefault("state", {})
        state["request_id"] = request_id
        answered = {"status": 0}

        async def out(message: Message) -> None:
            if message["type"] == "http.response.start":
                answered["status"] = message["status"]
                message["headers"] = [
                    *message.get("headers", ()),
                    *_added(message, request_id, state.get("rate_limit")),
                ]
            await send(message)

        structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            state["body"] = body = await self._body(scope, headers, receive)
            await self._app(scope, _replay(body, receive), out)
        except IrisplaneError as error:
            await _answer(error, request_id, scope, receive, out, started=answered["status"])
        except Exception as error:  # noqa: BLE001 - the last resort: logged with its request id, told without internals
            _log.error("unexpected error", path=scope["path"], method=scope["method"], exc_info=error)
            defect = Unexpected("Something went wrong inside Irisplane.")
            await _answer(defect, request_id, scope, receive, out, started=answered["status"])
        finally:
            structlog.contextvars.unbind_contextvars("request_id")
            _measure(scope, answered["status"], time.perf_counter() - started)

    async def _body(self, scope: MutableMapping[str, Any], headers: dict[bytes, bytes], receive: Receive) -> bytes:
        """The whole body, or why it cannot be taken."""
        if b"%00" in scope.get("raw_path", b"") or b"%00" in scope.get("query_string", b""):
            raise MalformedBody("The address holds a NUL character.")
        if scope["method"] not in _WITH_BODY:
            return b""
        announced = headers.get(b"content-length", b"0")
        if announced.isdigit() and int(announced) > self._limit:
            raise BodyTooLarge(f"The body has {int(announced)} bytes; the limit is {self._limit}.", limit=self._limit)
        parts: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        break
                    part = message.get("body", b"")
                    size += len(part)
                    if size > self._limit:
                        raise BodyTooLarge(f"The body has more than {self._limit} bytes.", limit=self._limit)
                    parts.append(part)
                    if not message.get("more_body"):
                        break
        except TimeoutError as error:
            raise BodyTooSlow(f"The body did not arrive within {_BODY_SECONDS:.0f} seconds.") from error
        body = b"".join(parts)
        kept = scope["path"].startswith(_KEPT_AS_SENT)
        if not kept and _is_json(headers) and (b"\x00" in body or _NUL_ESCAPE.search(body)):
            raise MalformedBody("The body holds a NUL character, which cannot be stored as text.")
        return body


def _request_id(given: bytes | None) -> str:
    text = given.decode("latin-1") if given else ""
    return text if _REQUEST_ID.fullmatch(text) else uuid4().hex


def _is_json(headers: dict[bytes, bytes]) -> bool:
    return b"json" in headers.get(b"content-type", b"application/json").lower()


def _replay(body: bytes, receive: Receive) -> Receive:
    """A receive that gives the body once, then whatever the server says (a disconnect)."""
    given = False

    async def again() -> Message:
        nonlocal given
        if not given:
            given = True
            return {"type": "http.request", "body": body, "more_body": False}
        return await receive()

    return again


def _added(message: Message, request_id: str, rate: Taken | None) -> list[tuple[bytes, bytes]]:
    present = {name.lower() for name, _ in message.get("headers", ())}
    added = [(b"x-request-id", request_id.encode()), *_HEADERS]
    if b"cache-control" not in present:
        added.append((b"cache-control", b"no-store"))
    if rate is not None:
        added += rate.headers()
    return [(name, value) for name, value in added if name not in present]


async def _answer(
    error: IrisplaneError,
    request_id: str,
    scope: MutableMapping[str, Any],
    receive: Receive,
    send: Send,
    *,
    started: int,
) -> None:
    if started:
        return  # half an answer is out: closing the connection is all that is left
    response = problem(error, request_id, headers={"Connection": "close"} if isinstance(error, BodyTooLarge) else None)
    await response(scope, receive, send)


def _measure(scope: MutableMapping[str, Any], status: int, seconds: float) -> None:
    route = getattr(scope.get("route"), "path", None) or "(none)"
    REQUEST_SECONDS.labels(route).observe(seconds)
    REQUESTS.labels(scope["method"], route, str(status)).inc()
