"""How does the lab's seed speak to the region? To its REST API, as the persons of the instance."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from typing import Any, Self
from urllib.parse import quote
from uuid import uuid4

import httpx2

from core.settings import Settings
from lab.errors import SeedFailed

__all__ = ["Desk"]


class Desk:
    """A client of the API, as one of the instance's persons."""

    def __init__(self, settings: Settings, people: Mapping[str, Any]) -> None:
        self._people = people
        trust: ssl.SSLContext | bool = False  # nothing to verify in plain HTTP; making a context takes its time
        if settings.url.startswith("https:"):
            trust = ssl.create_default_context()
            if settings.tls_cert:
                trust.load_verify_locations(settings.tls_cert)
        self._client = httpx2.Client(base_url=settings.url, timeout=120, verify=trust)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def get(self, path: str, **query: Any) -> Any:
        return self._ask("GET", path, params=query)

    def every(self, path: str) -> Iterator[Any]:
        """A whole list, page by page."""
        cursor: dict[str, str] = {}
        while True:
            page = self.get(path, limit=1000, **cursor)
            yield from page["items"]
            if page["next"] is None:
                return
            cursor = {"cursor": page["next"]}

    def put(self, path: str, body: Mapping[str, Any]) -> Any:
        return self._ask("PUT", path, json=body)

    def post(self, path: str, body: Mapping[str, Any] | None = None, *, who: str = "engineer") -> Any:
        return self._ask("POST", path, who=who, json=body)

    def change(
        self, kind: str, intent: Mapping[str, Any], reason: str, *, options: Mapping[str, Any] | None = None
    ) -> Any:
        """Submit a Change."""
        body = {"kind": kind, "intent": intent, "reason": reason, "options": options or {}}
        return self._ask("POST", "/api/v1/changes", json=body, headers={"Idempotency-Key": str(uuid4())})

    def import_region(self, reason: str) -> Any:
        """Import the region's data that comes with Irisplane."""
        headers = {"Idempotency-Key": str(uuid4()), "X-Reason": quote(reason)}
        return self._ask("POST", "/api/v1/region:import", params={"builtin": "brussels"}, headers=headers)

    def import_catalogue(self, reason: str) -> Any:
        """Import the lab's catalogue, which a platform manager keeps."""
        headers = {"Idempotency-Key": str(uuid4()), "X-Reason": quote(reason)}
        return self._ask("POST", "/api/v1/catalogue:import", who="manager", params={"builtin": "lab"}, headers=headers)

    def create(self, path: str, body: Mapping[str, Any], reason: str, *, who: str) -> Any:
        """Create something, once."""
        headers = {"Idempotency-Key": str(uuid4()), "X-Reason": quote(reason)}
        return self._ask("POST", path, who=who, json=body, headers=headers)

    def _ask(self, method: str, path: str, *, who: str = "engineer", **how: Any) -> Any:
        headers = {"Authorization": f"Bearer {self._people[who]['token']}", **how.pop("headers", {})}
        answer = self._client.request(method, path, headers=headers, **how)
        if answer.status_code >= 400:
            problem = answer.json() if "json" in answer.headers.get("content-type", "") else {}
            raise SeedFailed(
                f"{method} {path} as {who}: {answer.status_code} {problem.get('code', '')}"
                f" {problem.get('detail') or problem.get('title', '')}",
                hint=problem.get("hint"),
            )
        return answer.json() if answer.content else None
