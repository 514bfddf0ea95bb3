"""The provider's side of the REST API: one client for all of Terraform's threads, requests that may be repeated safely.

::

    Failure
    ├── Problem      the API said no: code, sentence, way out, and which fields are meant
    └── NotReached   it does not answer, or its certificate is not trusted
"""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2

__all__ = ["Answer", "Api", "Failure", "NotReached", "Problem"]

_PATIENCE: Final = 120.0
"""Seconds that a request may be repeated while the API is away, or says that it is asked too often."""
_LONGEST_PAUSE: Final = 10.0
_STILL_ANSWERING: Final = "API-112"
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class Failure(Exception):
    """What a person is told: a sentence, and what to do."""

    def __init__(self, sentence: str, hint: str = "") -> None:
        super().__init__(sentence)
        self.sentence = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", sentence)
        self.hint = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", hint)


class NotReached(Failure):
    """The API does not answer."""


class Problem(Failure):
    """The API said no.

    Attributes:
        places: JSON pointer → what is wrong there.
    """

    def __init__(self, status: int, said: Mapping[str, Any]) -> None:
        sentence = str(said.get("detail") or said.get("title") or f"The API answered {status}.")
        super().__init__(sentence, str(said.get("hint") or ""))
        self.status = status
        self.code = str(said.get("code") or "")
        self.request_id = str(said.get("request_id") or "")
        found = said.get("errors")
        self.places = {
            str(place["pointer"]): str(place.get("detail") or sentence)
            for place in (found if isinstance(found, list) else [])
            if isinstance(place, dict) and place.get("pointer")
        }


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API answered.

    Attributes:
        body: JSON, ``None`` for an empty one.
        replayed: it is the first answer to a request that came before.
        again: seconds until it is worth asking again.
    """

    body: Any
    replayed: bool = False
    again: float = 2.0


@dataclass(frozen=True)
class Api:
    """A connection as one caller. Threads may share it.

    Attributes:
        url: of Irisplane, without the path of its API.
        token: shown nowhere.
        user_agent: what Terraform and this provider are called.
        authority: PEM file of a certificate authority that this machine does not know.
    """

    url: str
    token: str = field(repr=False)
    user_agent: str = "terraform-provider-irisplane"
    authority: str | None = None
    _http: httpx2.Client = field(init=False, repr=False)

    def __post_init__(self) -> None:
        address = urlsplit(self.url)
        local = address.hostname in _LOOPBACK
        if address.scheme not in {"http", "https"} or not address.hostname:
            raise NotReached(f"{self.url!r} is no address of Irisplane.", "Write it as https://irisplane.example.org.")
        if address.scheme == "http" and not local:
            raise NotReached(
                f"A token is not sent to {address.hostname} over plain HTTP.", "Write the address with https://."
            )
        verify: ssl.SSLContext | bool = False
        if address.scheme == "https":
            verify = ssl.create_default_context()
            if self.authority:
                try:
                    verify.load_verify_locations(self.authority)
                except (OSError, ssl.SSLError) as error:
                    raise NotReached(f"{self.authority} is no readable certificate authority: {error}.") from None
        client = httpx2.Client(
            base_url=self.url,
            timeout=httpx2.Timeout(60.0, connect=5.0),
            headers={"Authorization": f"Bearer {self.token}", "User-Agent": self.user_agent},
            trust_env=not local,
            verify=verify,
        )
        object.__setattr__(self, "_http", client)

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def get(self, path: str, **query: str) -> Any:
        """The JSON at an address."""
        return self.request("GET", path, query=query).body

    def find(self, path: str) -> dict[str, Any] | None:
        """The thing at an address; ``None`` when there is none, or not for this caller."""
        try:
            found: dict[str, Any] = self.get(path)
        except Problem as problem:
            if problem.status == 404:
                return None
            raise
        return found

    def items(self, path: str, **query: str) -> list[dict[str, Any]]:
        """A list, page by page to its end."""
        found: list[dict[str, Any]] = []
        asked = dict(query)
        while True:
            page = self.get(path, **asked)
            found += page["items"]
            if not page.get("next"):
                return found
            asked["cursor"] = page["next"]

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        key: str | None = None,
        match: str | None = None,
    ) -> Answer:
        """One request. While the API is away or busy it is repeated, if that is safe: ``key`` makes a POST so.

        Raises:
            Problem: the API said no.
            NotReached: it did not answer for two minutes, or at once where repeating is not safe.
        """
        headers = {"X-Reason": "terraform"}
        if key is not None:
            headers["Idempotency-Key"] = key
        if match is not None:
            headers["If-Match"] = match
        until = time.monotonic() + _PATIENCE
        pause = 0.25
        while True:
            try:
                answer = self._http.request(method, path, params=query or None, json=body, headers=headers)
            except httpx2.TransportError as error:
                safe = method != "POST" or key is not None or isinstance(error, httpx2.ConnectError)
                if not safe or time.monotonic() + pause > until or "CERTIFICATE_VERIFY_FAILED" in str(error):
                    raise self._away(error) from None
            else:
                problem = _problem(answer)
                if problem is None:
                    return _answer(answer)
                busy = problem.status in {429, 503} or problem.code == _STILL_ANSWERING
                pause = _seconds(answer, pause)
                if not busy or time.monotonic() + pause > until:
                    raise problem
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _away(self, error: Exception) -> NotReached:
        why = str(error) or type(error).__name__
        return NotReached(
            f"Irisplane at {self.url} does not answer: {why}.",
            "Look at 'url' of the provider (or IRISPLANE_URL), and 'ca_file' for a certificate of your own.",
        )


def _problem(answer: httpx2.Response) -> Problem | None:
    if answer.status_code < 400:
        return None
    try:
        said = answer.json()
    except ValueError:
        said = {}
    return Problem(answer.status_code, said if isinstance(said, dict) else {})


def _answer(answer: httpx2.Response) -> Answer:
    replayed = answer.headers.get("idempotency-replayed") == "true"
    return Answer(answer.json() if answer.content else None, replayed, _seconds(answer, 2.0))


def _seconds(answer: httpx2.Response, otherwise: float) -> float:
    said = answer.headers.get("retry-after", "")
    return max(0.1, min(float(said), 60.0)) if said.isdecimal() else otherwise
