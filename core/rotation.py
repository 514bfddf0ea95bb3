"""Change the master key: everything sealed is sealed anew while the region runs, then the old key is dropped.

In small transactions, so nobody waits long. Interrupted at any point, the next call goes on: it makes another key only
when everything is under the current one. The old key goes last, under a lock that waits for whoever is still sealing
with it. Backups made before need the key file that was saved with them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text

from core.db import Database
from core.domain import domains
from core.journal.record import record
from core.keyring import KeyFile, Keyring
from core.scope import Scope
from core.secrets import associated_data

__all__ = ["Rotation", "rotate", "sealed_columns", "used_keys"]

_BATCH: Final = 200
_BATCH_BYTES: Final = 32 << 20


@dataclass(frozen=True, slots=True)
class Rotation:
    """What a rotation did.

    Attributes:
        key_id: the key everything is under now.
        resealed: how many values were sealed anew.
        dropped: ids of the keys that were taken out of the file.
        resumed: it finished an interrupted one.
    """

    key_id: str
    resealed: int
    dropped: tuple[str, ...]
    resumed: bool


def sealed_columns() -> tuple[tuple[str, str], ...]:
    """Table and column of everything that rooms sealed with ``Keyring.seal``."""
    found = [reference.split(".", 1) for domain in domains() for reference in domain.sealed]
    return tuple((table, column) for table, column in found)


def rotate(
    database: Database,
    keys: KeyFile,
    scope: Scope,
    *,
    columns: Sequence[tuple[str, str]] | None = None,
    progress: Callable[[int], None] = lambda _done: None,
) -> Rotation:
    """Make a new master key and seal everything under it; or finish a rotation that was interrupted.

    Args:
        scope: who asks and why; all tenants.
        columns: what rooms sealed; every installed domain's when absent.
        progress: told how many values are done.
    Raises:
        KeyMissing, Unreadable: a value does not open; nothing is lost, both keys stay.
    """
    places = sealed_columns() if columns is None else tuple(columns)
    with database.transaction("platform", scope) as tx:
        resumed = bool(used_keys(tx, places) - {keys.ring().current})
    ring = keys.ring() if resumed else keys.add_key()
    done = 0
    works = [_reseal_secrets, *(_column_work(table, column) for table, column in places)]
    for work in works:
        while True:
            with database.transaction("platform", scope) as tx:
                count = work(tx, ring)
            done += count
            progress(done)
            if count == 0:
                break
    before = keys.ring().ids
    with database.transaction("platform", scope) as tx:
        # waits for writers that chose their key before the new one was there, and holds off the others
        for table in dict.fromkeys(("secret", *(table for table, _ in places))):
            tx.execute(text(f"lock table {table} in share row exclusive mode"))
        used = used_keys(tx, places)
        ring = keys.drop_keys(frozenset(used))
        dropped = tuple(sorted(before - ring.ids))
        body = {"key_id": ring.current, "values": done, "dropped": list(dropped)}
        record(tx, "audit", "key.rotated", "key", ring.current, body=body)
    return Rotation(ring.current, done, dropped, resumed)


def _reseal_secrets(tx: Connection, ring: Keyring) -> int:
    rows = tx.execute(
        text(
            "select id, tenant_id, name, version, key_id, nonce, sealed from secret where key_id <> :current"
            " order by id limit :batch for update"
        ),
        {"current": ring.current, "batch": _BATCH},
    ).all()
    anew = []
    for row in rows:
        aad = associated_data(row.tenant_id, row.name, row.version)
        key_id, nonce, sealed = ring.encrypt(ring.decrypt(row.key_id, row.nonce, row.sealed, aad), aad)
        anew.append({"id": row.id, "key_id": key_id, "nonce": nonce, "sealed": sealed})
    if anew:
        tx.execute(text("update secret set key_id = :key_id, nonce = :nonce, sealed = :sealed where id = :id"), anew)
    return len(anew)


def _column_work(table: str, column: str) -> Callable[[Connection, Keyring], int]:
    def work(tx: Connection, ring: Keyring) -> int:
        # A value may have megabytes: some are taken at once, as long as they fit in memory, and one in any case.
        rows = tx.execute(
            text(
                f"with waiting as (select ctid as place, octet_length({column}) as size from {table}"  # noqa: S608 - names from our own domains
                f"    where {column} is not null and {_key_id_sql(column)} <> :current limit :batch),"
                " chosen as (select place, sum(size) over (order by place) - size as before from waiting)"
                f" select t.ctid::text as place, t.{column} as sealed from {table} t join chosen c on t.ctid = c.place"
                " where c.before < :bytes for update of t"
            ),
            {"current": ring.current.encode(), "batch": _BATCH, "bytes": _BATCH_BYTES},
        ).all()
        anew = [{"place": row.place, "sealed": ring.reseal(bytes(row.sealed))} for row in rows]
        if anew:
            statement = f"update {table} set {column} = :sealed where ctid = cast(:place as tid)"  # noqa: S608 - as above
            tx.execute(text(statement), anew)
        return len(anew)

    return work


def used_keys(tx: Connection, places: Sequence[tuple[str, str]]) -> set[str]:
    """Ids of the master keys that anything in the database is sealed with."""
    used = set(tx.execute(text("select distinct key_id from secret")).scalars())
    for table, column in places:
        statement = f"select distinct {_key_id_sql(column)} from {table} where {column} is not null"  # noqa: S608 - as above
        used |= {bytes(key).decode() for key in tx.execute(text(statement)).scalars()}
    return used


def _key_id_sql(column: str) -> str:
    """The key's id inside a self-describing value: after four bytes of magic, one of length (see ``Keyring.seal``)."""
    return f"substring({column} from 6 for get_byte({column}, 4))"
