"""A POST that creates, at most once: ``Idempotency-Key``.

The same key with the same request gives the first answer again; with another request it is refused; while the first is
still being answered, 409. The answer is kept in the effect's own transaction: both are there, or neither.

::

    @router.post("/api/v1/sites", status_code=201)
    def create(body: SiteIn, creation: Annotated[Creation, Depends(creating("inventory:write"))]) -> Response:
        def effect(tx: Connection) -> Answer: ...
        return creation.in_one_transaction(effect)
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cache

from fastapi import Depends, Request
from fastapi.responses import Response
from sqlalchemy import Connection, Row, text

from api.dependencies import Caller, require
from api.errors import KeyRequired, KeyReused, StillAnswering

__all__ = ["Answer", "Creation", "creates", "creating"]

_MADE: set[object] = set()
_KEY = re.compile(r"[A-Za-z0-9._-]{1,128}")
_LOCK = text("select pg_try_advisory_xact_lock(hashtextextended(:lock, 7))")
_FIND = text("select digest, status, headers, body from idempotency where principal_id = :principal and key = :key")
_KEEP = text("""
    insert into idempotency (principal_id, key, digest, status, headers, body)
    values (:principal, :key, :digest, :status, cast(:headers as jsonb), :body)""")
_SWEEP = text("""
    delete from idempotency where (principal_id, key) in (
        select principal_id, key from idempotency where principal_id = :principal and made_at < now() - interval '1 day'
         limit 50 for update skip locked)""")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a creating endpoint answers.

    Attributes:
        body: JSON text.
        kept: what is kept for a repetition, when ``body`` holds something that is shown only once.
    """

    status: int
    body: str
    headers: Mapping[str, str] = field(default_factory=dict)
    kept: str | None = None

    def response(self, *, again: bool = False) -> Response:
        """The answer on the wire."""
        extra = {"Idempotency-Replayed": "true"} if again else {}
        return Response(self.body, self.status, {**self.headers, **extra}, "application/json")


@dataclass(frozen=True, slots=True)
class Creation:
    """One creating request: the caller and its key."""

    caller: Caller
    key: str
    digest: str

    def in_one_transaction(self, effect: Callable[[Connection], Answer], *, reason: str | None = None) -> Response:
        """Run an effect and keep its answer in one transaction of the caller's scope.

        An effect that asks a room for something hands it ``database.joining(tx)``.
        """
        with self.caller.transaction(reason) as tx:
            self._lock(tx)
            row = self._find(tx)
            if row is not None:
                return _kept(row).response(again=True)
            answer = effect(tx)
            # after the effect: a transaction that has written holds the journal's numbering back, and a plan that asks
            # devices takes its time
            tx.execute(_SWEEP, self._row())
            self._keep(tx, answer)
        return answer.response()

    def answered(self) -> Response | None:
        """The answer that a first request with this key got; ``None`` when there was none yet."""
        with self.caller.transaction() as tx:
            row = self._find(tx)
        return None if row is None else _kept(row).response(again=True)

    def _row(self) -> dict[str, object]:
        return {"principal": self.caller.principal.id, "key": self.key, "digest": self.digest}

    def _lock(self, tx: Connection) -> None:
        if not tx.execute(_LOCK, {"lock": f"{self.caller.principal.id}/{self.key}"}).scalar_one():
            raise StillAnswering("The first request with this Idempotency-Key is still being answered.")

    def _find(self, tx: Connection) -> Row[tuple[str, int | None, dict[str, str] | None, str | None]] | None:
        row = tx.execute(_FIND, self._row()).one_or_none()
        if row is not None and row.digest != self.digest:
            raise KeyReused("This Idempotency-Key came before with another request.")
        return row

    def _keep(self, tx: Connection, answer: Answer) -> None:
        tx.execute(
            _KEEP,
            {
                **self._row(),
                "status": answer.status,
                "headers": json.dumps(dict(answer.headers)),
                "body": answer.body if answer.kept is None else answer.kept,
            },
        )


def _kept(row: Row[tuple[str, int | None, dict[str, str] | None, str | None]]) -> Answer:
    return Answer(int(row.status or 200), row.body or "", row.headers or {})


@cache
def creating(*scopes: str) -> Callable[..., Awaitable[Creation]]:
    """A dependency: the caller with these scopes, and the request's ``Idempotency-Key``.

    Raises (when called):
        KeyRequired: no key, or one of another form.
    """

    async def creation(request: Request, caller: Caller = Depends(require(*scopes))) -> Creation:  # noqa: B008 - FastAPI's way; an Annotated cannot name a closure's argument
        key = request.headers.get("idempotency-key", "").strip().strip('"')
        if not _KEY.fullmatch(key):
            raise KeyRequired("This request creates something and has no usable Idempotency-Key.")
        said = f"{request.method} {request.url.path}?{request.url.query}\n".encode() + request.state.body
        return Creation(caller, key, hashlib.sha256(said).hexdigest())

    _MADE.add(creation)
    return creation


def creates(dependency: object) -> bool:
    """Whether a dependency was made by ``creating``: the endpoint then needs an ``Idempotency-Key``."""
    return dependency in _MADE
