"""Errors of the HTTP edge: what is wrong with a request before any room has seen it.

::

    IrisplaneError
    ├── InvalidInput
    │   ├── MalformedBody         API-100  the body is not JSON, or holds characters that cannot be stored
    │   ├── WrongContentType      API-101  the body is of another type than this address takes
    │   ├── InvalidCursor         API-102  the cursor was not given out by this list
    │   ├── BodyTooLarge          API-103  more than the limit; nothing was read into the region
    │   ├── BodyTooSlow           API-104  the body did not arrive in time
    │   └── WrongMethod           API-105  the address exists, the method does not
    ├── TooManyRequests           API-120  the token or the address asks too often
    ├── Denied
    │   └── CsrfMissing           API-121  a cookie alone alters nothing
    └── Conflict
        ├── KeyRequired           API-110  a POST that creates needs an Idempotency-Key
        ├── KeyReused             API-111  the same key came with another request
        ├── StillAnswering        API-112  the first request with this key is still being answered
        └── PreconditionRequired  API-113  writing needs If-Match
"""

from __future__ import annotations

from core.errors import Conflict, Denied, InvalidInput, IrisplaneError

__all__ = [
    "BodyTooLarge",
    "BodyTooSlow",
    "CsrfMissing",
    "InvalidCursor",
    "KeyRequired",
    "KeyReused",
    "MalformedBody",
    "PreconditionRequired",
    "StillAnswering",
    "TooManyRequests",
    "WrongContentType",
    "WrongMethod",
]


class MalformedBody(InvalidInput):
    """The body is not JSON, or holds characters that cannot be stored."""

    code = "API-100"
    title = "Malformed request"
    hint = "Send JSON in UTF-8, without NUL characters."


class WrongContentType(InvalidInput):
    """The body is of another type than this address takes."""

    code = "API-101"
    title = "Wrong content type"
    hint = "Send 'Content-Type: application/json'."


class InvalidCursor(InvalidInput):
    """The cursor was not given out by this list."""

    code = "API-102"
    title = "Invalid cursor"
    hint = "Follow the address in 'Link: <…>; rel=\"next\"', or start without a cursor."


class BodyTooLarge(InvalidInput):
    """More than the limit; nothing was read into the region."""

    code = "API-103"
    title = "Too large"
    hint = "Split it; region data is imported as files with 'irisplane region import'."


class BodyTooSlow(InvalidInput):
    """The body did not arrive in time."""

    code = "API-104"
    title = "Too slow"
    hint = "Send it again over a better connection, or in smaller parts."


class WrongMethod(InvalidInput):
    """The address exists, the method does not."""

    code = "API-105"
    title = "Method not allowed"
    hint = "The Allow header names the methods; /docs describes them."


class KeyRequired(Conflict):
    """A POST that creates needs an Idempotency-Key."""

    code = "API-110"
    title = "Idempotency-Key required"
    hint = "Send 'Idempotency-Key: <1 to 128 letters, digits, . _ ->': new for each new thing, the same on a retry."


class KeyReused(Conflict):
    """The same key came with another request."""

    code = "API-111"
    title = "Idempotency-Key used before"
    hint = "Use a new key for a new request; the same key only to repeat the same request."


class StillAnswering(Conflict):
    """The first request with this key is still being answered."""

    code = "API-112"
    title = "Still being answered"
    hint = "Wait a moment and repeat the request with the same key: it gives the first answer."


class PreconditionRequired(Conflict):
    """Writing needs If-Match."""

    code = "API-113"
    title = "If-Match required"
    hint = "Read the resource and send its ETag in If-Match."


class TooManyRequests(IrisplaneError):
    """The token or the address asks more often than it may; `RateLimit-Policy` says how often that is."""

    code = "API-120"
    title = "Too many requests"
    hint = "Wait as many seconds as 'Retry-After' says, then go on more slowly."


class CsrfMissing(Denied):
    """A request with a session's cookie alters something without the session's CSRF token."""

    code = "API-121"
    title = "CSRF token missing"
    hint = "Send 'X-CSRF-Token' with the value that GET /api/v1/session gives; programs use a token instead."
