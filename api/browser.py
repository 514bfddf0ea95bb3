"""What a browser carries: the session's cookie, what it was sent away with, and the proof that a page of ours asks."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import time
from dataclasses import asdict, dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from fastapi import Request
from fastapi.responses import Response

from api.errors import CsrfMissing
from core.errors import IrisplaneError
from core.keyring import KeyFile
from core.sessions import SessionText
from core.settings import Settings
from core.sign_in.errors import SignInBroken

__all__ = [
    "CSRF_HEADER", "Pending", "check_csrf", "check_origin", "cookie_name", "drop_cookies", "local_path", "pending_of",
    "secure", "session_cookie", "set_pending", "set_session",
]  # fmt: skip

CSRF_HEADER: Final = "x-csrf-token"
PENDING_SECONDS: Final = 600
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})

_AAD: Final = b"sign-in:pending"


@dataclass(frozen=True, slots=True)
class Pending:
    """What a browser was sent to a provider with; sealed in its cookie, so nothing is stored for who never returns.

    Attributes:
        begun: seconds since the epoch.
        following: where to go afterwards, a path of ours.
    """

    issuer: str
    state: str
    nonce: str
    verifier: str
    following: str
    invitation: str | None
    begun: int


def secure(settings: Settings) -> bool:
    """Whether people reach us by TLS: the cookies then are of this host alone, and travel by nothing else."""
    return urlsplit(settings.url).scheme == "https"


def cookie_name(settings: Settings, what: str = "session") -> str:
    """The name of a cookie. Ports do not tell cookies apart, so on plain loopback the instance does."""
    return f"__Host-irisplane-{what}" if secure(settings) else f"irisplane-{settings.instance}-{what}"


def session_cookie(request: Request, settings: Settings) -> str | None:
    """What the browser presents as its session."""
    return request.cookies.get(cookie_name(settings))


def set_session(response: Response, settings: Settings, session: SessionText) -> None:
    """Give the browser its session. It lives until the browser closes, and never longer than the server's own end."""
    _set(response, settings, "session", session.reveal(), settings.session_hours * 3600)


def set_pending(response: Response, settings: Settings, pending: Pending) -> None:
    """Give the browser what it must bring back."""
    key_id, nonce, sealed = KeyFile(settings.key_file).ring().encrypt(json.dumps(asdict(pending)).encode(), _AAD)
    packed = json.dumps([key_id, _b64(nonce), _b64(sealed)]).encode()
    _set(response, settings, "sign-in", _b64(packed), PENDING_SECONDS)


def pending_of(request: Request, settings: Settings) -> Pending:
    """What this browser was sent away with.

    Raises:
        SignInBroken: nothing, something else, or too long ago.
    """
    given = request.cookies.get(cookie_name(settings, "sign-in"), "")
    try:
        key_id, nonce, sealed = json.loads(base64.urlsafe_b64decode(given))
        opened = (
            KeyFile(settings.key_file)
            .ring()
            .decrypt(str(key_id), base64.urlsafe_b64decode(nonce), base64.urlsafe_b64decode(sealed), _AAD)
        )
        found: dict[str, Any] = json.loads(opened)
        pending = Pending(**found)
    except (binascii.Error, ValueError, TypeError, IrisplaneError) as error:
        raise SignInBroken("This browser did not begin a sign-in, or keeps no cookies.") from error
    if not 0 <= time.time() - pending.begun <= PENDING_SECONDS:
        raise SignInBroken("This sign-in was begun more than ten minutes ago.")
    return pending


def drop_cookies(response: Response, settings: Settings, *names: str) -> None:
    """Let the browser forget."""
    for name in names:
        response.delete_cookie(
            cookie_name(settings, name), path="/", secure=secure(settings), httponly=True, samesite="lax"
        )


def check_csrf(method: str, session: SessionText, presented: str) -> None:
    """See that a page of ours asks, where a cookie alone would let any page alter something.

    Raises:
        CsrfMissing: the token is absent, or another session's.
    """
    if method not in SAFE_METHODS and not hmac.compare_digest(session.csrf.encode(), presented.encode()):
        raise CsrfMissing("A browser's session alters something only with its CSRF token.")


def check_origin(request: Request) -> None:
    """See that no page of another origin sends this form; where a browser says nothing of it, the CSRF token decides.

    Raises:
        CsrfMissing: the browser itself says that it comes from elsewhere.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin", "null")
    if site is not None:
        elsewhere = site not in {"same-origin", "none"}
    else:  # an old browser; "null" is what our own pages send as well, for they name no referrer
        elsewhere = origin != "null" and urlsplit(origin).netloc != request.headers.get("host", "")
    if elsewhere:
        raise CsrfMissing("This form was sent by a page of another site.", site=site or origin)


def local_path(wanted: str | None, otherwise: str) -> str:
    """A path of this server, or ``otherwise``: where a browser may be sent after signing in, and nowhere else."""
    if not wanted or not wanted.startswith("/") or wanted[1:2] in {"/", "\\"} or len(wanted) > 1000:
        return otherwise
    if not wanted.isascii() or not wanted.isprintable() or "\\" in wanted or wanted.startswith("/sign-in"):
        return otherwise
    return wanted


def _set(response: Response, settings: Settings, what: str, value: str, seconds: int) -> None:
    response.set_cookie(
        cookie_name(settings, what), value, max_age=seconds, path="/", secure=secure(settings), httponly=True,
        samesite="lax",
    )  # fmt: skip


def _b64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode()
