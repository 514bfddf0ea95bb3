"""HTTP basic for programs that know nothing else: the password is an API token.

Only the addresses that ask for it here take it (Terraform's state backend); elsewhere a browser is never led to send a
password by itself. The user name is not looked at: the token says who calls.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable
from functools import cache

from fastapi import Request

from api.dependencies import Caller, asks_for, require

__all__ = ["require_also_basic"]

_CHALLENGE = 'Bearer realm="irisplane", Basic realm="irisplane", charset="UTF-8"'


@cache
def require_also_basic(*scopes: str) -> Callable[[Request], Awaitable[Caller]]:
    """As :func:`api.dependencies.require`, where ``Authorization: Basic`` with a token as the password counts too.

    Raises (when called):
        Unauthenticated, Denied, TooManyRequests: as ``require``.
    """
    door = require(*scopes)

    async def caller(request: Request) -> Caller:
        request.state.challenge = _CHALLENGE
        return await door(_as_bearer(request))

    asks_for(caller, scopes)
    return caller


def _as_bearer(request: Request) -> Request:
    """The same request with its password as a bearer token; unchanged when it holds none that could be one."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return request
    try:
        _, _, password = base64.b64decode(given.strip(), validate=True).decode("ascii").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return request
    headers = [(name, value) for name, value in request.scope["headers"] if name != b"authorization"]
    return Request({**request.scope, "headers": [*headers, (b"authorization", b"Bearer " + password.encode())]})
