"""The command line's side of the REST API: requests that may be repeated safely, pages, streams, problems as errors."""

from __future__ import annotations

import os
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit
from uuid import uuid4

from cli import session
from cli.errors import ApiProblem
from core.errors import Unavailable

if TYPE_CHECKING:
    import httpx2

__all__ = ["Client", "connect"]

_PATIENCE = 120.0
_PAUSES = (0.2, 0.8, 2.0)


def _trusted(access: session.Access) -> ssl.SSLContext:
    """What this system trusts (``SSL_CERT_FILE`` included), and what the profile names beside it."""
    context = ssl.create_default_context()
    if access.authority and os.access(access.authority, os.R_OK):
        context.load_verify_locations(access.authority)
    return context


class Client:
    """One command's connection to the API.

    Args:
        access: where and as whom.
    """

    def __init__(self, access: session.Access) -> None:
        import httpx2

        self.access = access
        self.request_id = f"cli-{uuid4().hex[:20]}"
        local = urlsplit(access.url).hostname in {"127.0.0.1", "::1", "localhost"}
        self._http = httpx2.Client(
            base_url=access.url,
            timeout=httpx2.Timeout(_PATIENCE, connect=5.0),
            headers={"Authorization": f"Bearer {access.token}", "User-Agent": "irisplane-cli"},
            trust_env=not local,  # a proxy of the desk has no business on this machine
            verify=_trusted(access) if access.url.startswith("https:") else False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, path: str, **query: object) -> Any:
        """The JSON at an address. Queries that are ``None`` are left out."""
        return self.request("GET", path, query=query).json()

    def text(self, path: str, **query: object) -> str:
        """The text at an address."""
        return self.request("GET", path, query=query).text

    def content(self, path: str, **query: object) -> bytes:
        """The bytes at an address."""
        return self.request("GET", path, query=query).content

    def items(self, path: str, *, most: int | None = None, **query: object) -> list[Any]:
        """A list, page by page until its end or ``most`` entries."""
        found: list[Any] = []
        answer = self.request("GET", path, query=query)
        while True:
            body = answer.json()
            found += body if isinstance(body, list) else body["items"]
            following = answer.links.get("next", {}).get("url")
            if not following or (most is not None and len(found) >= most):
                return found[:most]
            answer = self.request("GET", following)

    def post(self, path: str, body: Mapping[str, Any], *, reason: str | None = None) -> Any:
        """Send something; it is created once, however often the connection breaks."""
        return self.request("POST", path, body=body, key=uuid4().hex, reason=reason).json()

    def upload(
        self, path: str, content: bytes, content_type: str, *, reason: str | None = None, **query: object
    ) -> Any:
        """Send bytes; taken once, however often the connection breaks."""
        key = uuid4().hex
        return self.request("POST", path, query=query, content=(content, content_type), key=key, reason=reason).json()

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        body: Mapping[str, Any] | None = None,
        content: tuple[bytes, str] | None = None,
        key: str | None = None,
        match: str | None = None,
        reason: str | None = None,
    ) -> httpx2.Response:
        """One request, repeated while the API is away for a moment.

        Raises:
            ApiProblem: the API said no.
            Unavailable: it does not answer.
        """
        import httpx2

        headers = self._headers(key, match, reason)
        if content is not None:
            headers["Content-Type"] = content[1]
        chosen = {name: value for name, value in (query or {}).items() if value is not None}
        for pause in (*_PAUSES, None):
            try:
                answer = self._http.request(
                    method,
                    path,
                    params={name: str(value) for name, value in chosen.items()} or None,
                    json=body,
                    content=content[0] if content else None,
                    headers=headers,
                )
            except (httpx2.TransportError, httpx2.InvalidURL) as error:
                repeatable = key is not None or method != "POST" or isinstance(error, httpx2.ConnectError)
                if pause is None or not repeatable or isinstance(error, httpx2.ReadTimeout):
                    raise self._away(error) from error
            else:
                if answer.status_code not in {429, 503} or pause is None:
                    return self._checked(answer)
                if answer.status_code == 429:
                    pause = _asked_to_wait(answer)  # noqa: PLW2901 - the API knows better how long
            time.sleep(pause)
        raise AssertionError("the last pause is none")

    @contextmanager
    def stream(self, path: str, *, last_event_id: str | None = None, silence: float = 40.0) -> Iterator[Iterator[str]]:
        """The lines of an event stream; ends when the other side is silent for longer than its heartbeat.

        Raises:
            ApiProblem, Unavailable: as ``request``.
        """
        import httpx2

        headers = self._headers(None, None, None)
        if last_event_id is not None:
            headers["Last-Event-ID"] = last_event_id
        timeout = httpx2.Timeout(silence, connect=5.0)
        try:
            with self._http.stream("GET", path, headers=headers, timeout=timeout) as answer:
                if answer.status_code != 200:
                    answer.read()
                    self._checked(answer)
                yield answer.iter_lines()
        except httpx2.TransportError as error:
            raise self._away(error) from error

    def _headers(self, key: str | None, match: str | None, reason: str | None) -> dict[str, str]:
        from urllib.parse import quote

        headers = {"X-Request-Id": self.request_id, **_spoken()}
        if key is not None:
            headers["Idempotency-Key"] = key
        if match is not None:
            headers["If-Match"] = match
        if reason:
            headers["X-Reason"] = quote(reason)
        return headers

    def _checked(self, answer: httpx2.Response) -> httpx2.Response:
        if answer.status_code < 400:
            return answer
        try:
            problem = answer.json()
        except ValueError:
            problem = {}
        if not isinstance(problem, dict):
            problem = {}
        raise ApiProblem({"request_id": self.request_id, **problem}, answer.status_code)

    def _away(self, error: Exception) -> Unavailable:
        what = type(error).__name__
        return Unavailable(
            f"The API at {self.access.url} does not answer ({what}).",
            hint="On this machine 'irisplane status' says what runs; 'irisplane up' starts it.",
            request_id=self.request_id,
        )


def _spoken() -> dict[str, str]:
    """The language of this desk, where it is one of the region's: names and texts of the catalogue come in it."""
    desk = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "")
    return {"Accept-Language": desk[:2]} if desk[:2] in {"fr", "nl", "en"} else {}


def _asked_to_wait(answer: httpx2.Response) -> float:
    """Seconds of ``Retry-After``; a command waits a minute at most."""
    asked = answer.headers.get("retry-after", "")
    return min(float(asked), 60.0) if asked.isdecimal() else 1.0


def connect() -> Client:
    """A client as the options and the environment say."""
    return Client(session.access_of(session.current))
