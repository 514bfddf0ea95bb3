"""Large texts of a plan (candidate configurations), stored once under the SHA-256 of their content."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import Connection, text

from core.errors import NotFound, Unexpected
from orchestrator.plan import digest_of

__all__ = ["put", "put_all", "read", "read_many"]


def put(tx: Connection, body: str) -> str:
    """Store a text; gives its digest. Storing it again costs nothing."""
    digest = digest_of(body)
    put_all(tx, {digest: body})
    return digest


def put_all(tx: Connection, bodies: Mapping[str, str]) -> None:
    """Store texts by digest, in one statement.

    Raises:
        Unexpected: a digest is not that of its text; what people approve would not be what runs.
    """
    for digest, body in bodies.items():
        if digest_of(body) != digest:
            raise Unexpected(f"The text named {digest} has another digest.", digest=digest)
    if bodies:
        tx.execute(
            text(
                "insert into blob (digest, body) select * from unnest(cast(:digests as text[]), cast(:bodies as"
                " text[]))"
                " on conflict do nothing"
            ),
            {"digests": list(bodies), "bodies": list(bodies.values())},
        )


def read(tx: Connection, digest: str) -> str:
    """A text by its digest.

    Raises:
        NotFound: no such text.
    """
    return read_many(tx, [digest])[digest]


def read_many(tx: Connection, digests: Collection[str]) -> dict[str, str]:
    """Texts by their digests, in one statement.

    Raises:
        NotFound: one of them does not exist (names it).
    """
    rows = tx.execute(text("select digest, body from blob_texts(:digests)"), {"digests": list(digests)})
    found = {row.digest: str(row.body) for row in rows}
    for digest in digests:
        if digest not in found:
            raise NotFound(f"There is no text with the digest {digest}.", digest=digest)
    return found
