"""Terraform states: every version kept, sealed, and given back to whom they belong.

A state holds passwords and keys in clear, so it rests compressed and sealed (AES-256-GCM under the master key, bound to
tenant, name and number), and no part of it enters a log, an error, an event or the journal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Row, text

from core.db import Database, changes_rows
from core.errors import StaleVersion
from core.journal.record import record
from core.keyring import KeyFile
from core.scope import EVERY_TENANT, Scope
from datacenter.hosting.terraform_state.document import Document, unpacked
from datacenter.hosting.terraform_state.errors import NoRoomForState, StateLocked, StateNotFound
from datacenter.hosting.terraform_state.locks import checked_name, must_hold, row_of

__all__ = ["DELETED_DAYS", "Kept", "StateStore", "Written", "listed", "sweep", "versions"]

DELETED_DAYS: Final = 30
"""So long a deleted state can be restored."""

# A reader never waits for a writer: what stands is one row, chosen by its number.
_READ: Final = text("""
    select s.name, s.newest, s.deleted_at, v.number, v.sealed, v.md5, v.serial, v.lineage
      from terraform_state s
      join terraform_state_version v on v.state_id = s.id and v.number = coalesce(cast(:number as integer), s.newest)
     where s.tenant_id = :tenant and s.name = :name""")
_NEWEST: Final = text("""
    select number, serial, md5 from terraform_state_version where state_id = :id and number = :newest""")
_USED: Final = text("""
    select coalesce(sum(octet_length(sealed)), 0) from terraform_state_version where tenant_id = :tenant""")
_ADD: Final = text("""
    insert into terraform_state_version (tenant_id, state_id, number, serial, lineage, terraform_version, bytes, md5,
                                         sealed, restored_from, written_by)
    values (:tenant, :id, :number, :serial, :lineage, :terraform_version, :bytes, :md5,
            :sealed, :restored_from, :by)""")
_POINT: Final = text("""
    update terraform_state set newest = :number, deleted_at = null, updated_at = now() where id = :id""")
_PRUNE: Final = text("delete from terraform_state_version where state_id = :id and number <= :number - :keep")

_LISTED: Final = text("""
    select json_build_object(
               'name', s.name, 'version', s.newest, 'serial', v.serial, 'bytes', v.bytes,
               'terraform_version', v.terraform_version, 'written_at', v.written_at, 'written_by', p.handle,
               'kept', (select count(*) from terraform_state_version k where k.state_id = s.id),
               'deleted_at', s.deleted_at,
               'lock', s.lock || jsonb_build_object('held_by', h.handle, 'held_since', s.locked_at))::text, s.name
      from terraform_state s
      left join terraform_state_version v on v.state_id = s.id and v.number = s.newest
      left join principal p on p.id = v.written_by
      left join principal h on h.id = s.locked_by
     where s.tenant_id = :tenant and (:deleted or s.deleted_at is null)
       and (cast(:name as text) is null or s.name = :name)
       and (cast(:after as text) is null or s.name > :after)
     order by s.name limit :limit""")
_VERSIONS: Final = text("""
    select json_build_object(
               'version', v.number, 'serial', v.serial, 'lineage', v.lineage, 'bytes', v.bytes,
               'terraform_version', v.terraform_version, 'restored_from', v.restored_from,
               'written_at', v.written_at, 'written_by', p.handle)::text, v.number
      from terraform_state_version v
      join terraform_state s on s.id = v.state_id
      left join principal p on p.id = v.written_by
     where s.tenant_id = :tenant and s.name = :name and (cast(:before as integer) is null or v.number < :before)
     order by v.number desc limit :limit""")


@dataclass(frozen=True, slots=True)
class Kept:
    """A version as it was written.

    Attributes:
        content: what Terraform sent.
        md5: its digest.
    """

    number: int
    content: bytes = field(repr=False)
    md5: bytes


@dataclass(frozen=True, slots=True)
class Written:
    """A version that was written.

    Attributes:
        number: counts the versions of a name, from 1.
        again: it was there already: the same content came a second time.
    """

    number: int
    serial: int
    again: bool = False


@dataclass(frozen=True, slots=True)
class StateStore:
    """The states of one tenant, as one of its people or services reads and writes them.

    Attributes:
        keys: the key file.
        keep: versions of a name that are kept, the newest ones.
        room: bytes that all of the tenant's versions may take.
    """

    keys: KeyFile
    tenant_id: UUID
    principal_id: UUID
    keep: int
    room: int

    def read(self, tx: Connection, name: str, number: int | None = None) -> Kept:
        """A version: the newest one, or an earlier one by number.

        Raises:
            StateNotFound: there is none, or the state was deleted and no number was named.
            KeyMissing, Unreadable: it does not open.
        """
        place = {"tenant": self.tenant_id, "name": checked_name(name), "number": number}
        row = tx.execute(_READ, place).one_or_none()
        if row is None or (number is None and row.deleted_at is not None):
            raise StateNotFound(f"There is no state {name!r}{f' with a version {number}' if number else ''}.")
        return Kept(row.number, self._open(name, row), bytes(row.md5))

    def write(
        self, tx: Connection, name: str, document: Document, *, lock_id: str | None, match: int | None = None
    ) -> Written:
        """Add a version; the same content as the newest one's adds none, for an answer may be lost on its way.

        Args:
            lock_id: the lock that the run holds.
            match: number of the version that was read; ``None``: whichever is the newest.
        Raises:
            StateLocked, LockLost: the lock is another's, or was freed.
            StaleVersion: somebody wrote since.
            NoRoomForState: the tenant's versions take all of their room.
        """
        # The table comes before the key: a change of keys waits for it before it drops one (see Keyring.seal).
        tx.execute(text("lock table terraform_state_version in row exclusive mode"))
        row = row_of(tx, self.tenant_id, checked_name(name), add=True)
        must_hold(row, lock_id)
        _must_match(row, match)
        newest = tx.execute(_NEWEST, {"id": row.id, "newest": row.newest}).one_or_none()
        if newest is not None and row.deleted_at is None and bytes(newest.md5) == document.md5:
            return Written(newest.number, newest.serial, again=True)
        return self._add(tx, row, document, restored_from=None)

    def restore(
        self, tx: Connection, name: str, number: int, *, lock_id: str | None, match: int | None = None
    ) -> Written:
        """Make an earlier version the newest one, under a serial of its own; also of a deleted state.

        Raises:
            StateNotFound: there is no such version.
            StateLocked, LockLost, StaleVersion, NoRoomForState: see ``write``.
            KeyMissing, Unreadable: it does not open.
        """
        tx.execute(text("lock table terraform_state_version in row exclusive mode"))
        row = row_of(tx, self.tenant_id, checked_name(name))
        must_hold(row, lock_id)
        _must_match(row, match)
        place = {"tenant": self.tenant_id, "name": name, "number": number}
        kept = tx.execute(_READ, place).one_or_none()
        if kept is None:
            raise StateNotFound(f"There is no state {name!r} with a version {number}.")
        newest = tx.execute(_NEWEST, {"id": row.id, "newest": row.newest}).one()
        if number == newest.number and row.deleted_at is None:
            return Written(number, newest.serial, again=True)
        document = Document.of(self._open(name, kept)).with_serial(max(newest.serial, kept.serial) + 1)
        return self._add(tx, row, document, restored_from=number)

    def delete(self, tx: Connection, name: str, *, lock_id: str | None, purge: bool = False) -> None:
        """Delete a state. Its versions can be restored for a month, unless it is purged: then they are gone at once.

        Raises:
            StateNotFound: there is none.
            StateLocked, LockLost: see ``write``.
        """
        row = row_of(tx, self.tenant_id, checked_name(name))
        must_hold(row, lock_id)
        if row.newest == 0 or (row.deleted_at is not None and not purge):
            raise StateNotFound(f"There is no state {name!r}.")
        if purge and row.lock is not None:
            raise StateLocked(f"The state {name!r} is locked: free the lock before you purge it.", lock=row.lock)
        statement = (
            text("delete from terraform_state where id = :id")
            if purge
            else text("update terraform_state set deleted_at = now() where id = :id")
        )
        changes_rows(tx, statement, {"id": row.id}, expect=1, what="delete a state")
        self._record(tx, "purged" if purge else "deleted", name, {"version": row.newest})

    def _add(self, tx: Connection, row: Row[Any], document: Document, *, restored_from: int | None) -> Written:
        number = row.newest + 1
        sealed = self.keys.seal(document.packed, self._aad(row.name, number))
        tx.execute(_PRUNE, {"id": row.id, "number": number, "keep": self.keep})
        used = int(tx.execute(_USED, {"tenant": self.tenant_id}).scalar_one())
        if used + len(sealed) > self.room:
            raise NoRoomForState(
                f"The kept versions of your states take {used} bytes; {len(sealed)} more are beyond {self.room}.",
                used=used,
                limit=self.room,
            )
        version = {
            "tenant": self.tenant_id,
            "id": row.id,
            "number": number,
            "serial": document.serial,
            "lineage": document.lineage,
            "terraform_version": document.terraform_version,
            "bytes": len(document.content),
            "md5": document.md5,
            "sealed": sealed,
            "restored_from": restored_from,
            "by": self.principal_id,
        }
        changes_rows(tx, _ADD, version, expect=1, what="keep a version of a state")
        changes_rows(tx, _POINT, version, expect=1, what="point to the newest version")
        body = {"version": number, "serial": document.serial, "bytes": len(document.content)}
        if restored_from is None:
            self._record(tx, "written", row.name, body)
        else:
            self._record(tx, "restored", row.name, {**body, "restored_from": restored_from})
        return Written(number, document.serial)

    def _open(self, name: str, row: Row[Any]) -> bytes:
        return unpacked(self.keys.ring().unseal(bytes(row.sealed), self._aad(name, row.number)))

    def _aad(self, name: str, number: int) -> str:
        return f"terraform-state:{self.tenant_id}:{name}:{number}"

    def _record(self, tx: Connection, verb: str, name: str, body: dict[str, object]) -> None:
        record(tx, "audit", f"terraform_state.{verb}", "terraform_state", name, body=body, tenant_id=self.tenant_id)


def listed(
    tx: Connection, tenant_id: UUID, *, after: str | None, limit: int, name: str | None = None, deleted: bool = False
) -> Sequence[tuple[str, tuple[str]]]:
    """JSON text and name of each state, by name; never anything that stands in one."""
    asked = {"tenant": tenant_id, "after": after, "limit": limit, "name": name, "deleted": deleted}
    rows = tx.execute(_LISTED, asked)
    return [(row[0], (row.name,)) for row in rows]


def versions(
    tx: Connection, tenant_id: UUID, name: str, *, before: int | None, limit: int
) -> Sequence[tuple[str, tuple[str]]]:
    """JSON text and number of each version that is kept, newest first.

    Raises:
        StateNotFound: there is no such state, or nothing was written under its name.
    """
    place = {"tenant": tenant_id, "name": checked_name(name), "before": before, "limit": limit}
    rows = tx.execute(_VERSIONS, place).all()
    if not rows and before is None:
        raise StateNotFound(f"There is no state {name!r}.")
    return [(row[0], (str(row.number),)) for row in rows]


def sweep(database: Database) -> None:
    """Forget the states that were deleted a month ago, with all of their versions."""
    with database.transaction("platform", Scope(EVERY_TENANT, reason="states that were deleted a month ago")) as tx:
        gone = tx.execute(
            text(
                "delete from terraform_state where deleted_at < now() - cast(:after as interval) and lock is null"
                " returning tenant_id, name, newest"
            ),
            {"after": timedelta(days=DELETED_DAYS)},
        ).all()
        for row in gone:
            body = {"version": row.newest}
            record(
                tx, "audit", "terraform_state.purged", "terraform_state", row.name, body=body, tenant_id=row.tenant_id
            )


def _must_match(row: Row[Any], match: int | None) -> None:
    if match is not None and match != row.newest:
        raise StaleVersion(f"The newest version of {row.name!r} is {row.newest}, not {match}.")
