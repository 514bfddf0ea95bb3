"""Who holds a Terraform state: the lock that Terraform takes before it plans, as long as its run lives.

A lock is Terraform's own description of its run, told to whoever comes second. It has no expiry: a run may take hours,
and one that was killed leaves it behind until somebody frees it by hand (``terraform force-unlock``,
``irisplane terraform state unlock``), which the journal shows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, Row, text

from core.db import changes_rows
from core.errors import InvalidInput
from core.journal.record import record
from datacenter.hosting.terraform_state.errors import LockLost, StateLocked, StateNotFound

__all__ = ["LockInfo", "checked_name", "free", "held", "hold", "must_hold", "row_of"]

_NAME_CHARACTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")

_ROW: Final = text("""
    select id, name, newest, deleted_at, lock, locked_by from terraform_state
     where tenant_id = :tenant and name = :name for update""")
_ADD: Final = text("""
    insert into terraform_state (tenant_id, name) values (:tenant, :name) on conflict (tenant_id, name) do nothing""")
_HELD: Final = text("""
    select s.lock || jsonb_build_object('held_by', p.handle, 'held_since', s.locked_at)
      from terraform_state s left join principal p on p.id = s.locked_by
     where s.tenant_id = :tenant and s.name = :name and s.lock is not null""")


class LockInfo(BaseModel):
    """What Terraform tells of a run that wants the lock."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    ID: str = Field(min_length=1, max_length=100, pattern=r"^[!-~]+$", description="Chosen by the run.")
    Operation: str = Field("", max_length=100)
    Info: str = Field("", max_length=1000)
    Who: str = Field("", max_length=200, description="User and machine of the run.")
    Version: str = Field("", max_length=50, description="Of Terraform.")
    Created: str = Field("", max_length=50, description="When the run began, RFC 3339.")
    Path: str = Field("", max_length=500)


def checked_name(name: str) -> str:
    """The name, if it can be one.

    Raises:
        InvalidInput: it is not 1 to 100 of ``a-z A-Z 0-9 . _ -``, or begins with a sign.
    """
    if not 0 < len(name) <= 100 or not set(name) <= _NAME_CHARACTERS or not name[0].isalnum():
        raise InvalidInput(
            "A state's name has 1 to 100 of a-z A-Z 0-9 . _ - and begins with a letter or digit.",
            hint="For example website-production.",
            pointer="/name",
        )
    return name


def row_of(tx: Connection, tenant_id: UUID, name: str, *, add: bool = False) -> Row[Any]:
    """The row of a state, held until the transaction ends.

    Args:
        add: make the row when there is none.
    Raises:
        StateNotFound: there is none.
    """
    place = {"tenant": tenant_id, "name": name}
    row = tx.execute(_ROW, place).one_or_none()
    if row is None and add:
        tx.execute(_ADD, place)
        row = tx.execute(_ROW, place).one()
    if row is None:
        raise StateNotFound(f"There is no state {name!r}.")
    return row


def must_hold(row: Row[Any], lock_id: str | None) -> None:
    """Whether a run may write: nobody holds the lock and it claims none, or it names the one that is held.

    Raises:
        StateLocked: another run holds it; carries what that run told of itself.
        LockLost: it claims a lock that nobody holds any more.
    """
    if row.lock is None:
        if lock_id:
            raise LockLost(f"The lock of the state {row.name!r} that this run took was freed by somebody.")
        return
    if row.lock["ID"] != lock_id:
        raise StateLocked(f"The state {row.name!r} is locked by {_whom(row.lock)}.", lock=row.lock)


def hold(tx: Connection, tenant_id: UUID, principal_id: UUID, name: str, info: LockInfo) -> None:
    """Take the lock; again with the same ID is no error, for an answer may be lost on its way.

    Raises:
        StateLocked: another run holds it.
    """
    row = row_of(tx, tenant_id, checked_name(name), add=True)
    if row.lock is not None:
        if row.lock["ID"] == info.ID and row.locked_by == principal_id:
            return
        raise StateLocked(f"The state {name!r} is locked by {_whom(row.lock)}.", lock=row.lock)
    changes_rows(
        tx,
        text(
            "update terraform_state set lock = cast(:lock as jsonb), locked_by = :principal, locked_at = now()"
            " where id = :id"
        ),
        {"id": row.id, "principal": principal_id, "lock": json.dumps(info.model_dump())},
        expect=1,
        what="lock a state",
    )
    body = {"lock": info.ID, "operation": info.Operation}
    record(tx, "audit", "terraform_state.locked", "terraform_state", name, body=body, tenant_id=tenant_id)


def free(tx: Connection, tenant_id: UUID, name: str, lock_id: str | None) -> None:
    """Free the lock; that nobody holds it is no error.

    Args:
        lock_id: the lock that is meant; ``None``: whatever is held (``terraform force-unlock`` names none on the wire).
    Raises:
        StateLocked: another one is held.
    """
    try:
        row = row_of(tx, tenant_id, checked_name(name))
    except StateNotFound:
        return
    if row.lock is None:
        return
    if lock_id is not None:
        must_hold(row, lock_id)
    if row.newest == 0:
        statement = text("delete from terraform_state where id = :id")  # nothing was ever written under this name
    else:
        statement = text("update terraform_state set lock = null, locked_by = null, locked_at = null where id = :id")
    changes_rows(tx, statement, {"id": row.id}, expect=1, what="unlock a state")
    body = {"lock": row.lock["ID"], "forced": lock_id is None}
    record(tx, "audit", "terraform_state.unlocked", "terraform_state", name, body=body, tenant_id=tenant_id)


def held(tx: Connection, tenant_id: UUID, name: str) -> dict[str, Any]:
    """The lock that is held, with whose token took it and when.

    Raises:
        StateNotFound: nobody holds one.
    """
    found = tx.execute(_HELD, {"tenant": tenant_id, "name": checked_name(name)}).scalar()
    if found is None:
        raise StateNotFound(f"Nobody holds a lock of a state {name!r}.")
    return dict(found)


def _whom(lock: Mapping[str, str]) -> str:
    return f"{lock.get('Who') or 'a run'} ({lock.get('Operation') or 'unnamed operation'}, lock {lock['ID']})"
