"""Terraform states, their versions and locks, as they are answered."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from api.shapes import Bytes, Handle, JsonObject, Shape, Time

__all__ = ["Lock", "LockFreed", "LockHeld", "State", "StateDeleted", "StateInList", "StateVersion", "StateWritten"]

Serial = Annotated[int | None, Field(description="Terraform's own count of its writes.")]
State = Annotated[JsonObject, Field(description="As Terraform wrote it: the form is its own.")]


class Lock(Shape):
    """What Terraform tells of a run that has the lock."""

    ID: Annotated[str, Field(description="Chosen by the run.")]
    Operation: str
    Info: str
    Who: Annotated[str, Field(description="User and machine of the run.")]
    Version: Annotated[str, Field(description="Of Terraform.")]
    Created: Annotated[str, Field(description="When the run began.")]
    Path: str


class LockHeld(Lock):
    """A lock that is held, by whose token, and since when."""

    held_by: Handle | None
    held_since: Time


class LockFreed(Shape):
    """A lock that was freed."""

    name: str
    locked: Literal[False]


class StateInList(Shape):
    """A state, without what stands in it."""

    name: str
    version: Annotated[int, Field(ge=0, description="The newest; 0 while it was only locked.")]
    serial: Serial
    bytes: Bytes | None
    terraform_version: str | None
    written_at: Time | None
    written_by: Handle | None
    kept: Annotated[int, Field(description="Versions that are kept.")]
    deleted_at: Time | None
    lock: LockHeld | None


class StateVersion(Shape):
    """A version that is kept, without what stands in it."""

    version: int
    serial: Serial
    lineage: str
    bytes: Bytes
    terraform_version: str | None
    restored_from: int | None
    written_at: Time
    written_by: Handle | None


class StateWritten(Shape):
    """A version that was written."""

    name: str
    version: int
    serial: int


class StateDeleted(Shape):
    """A state that was deleted; until it is purged one of its versions can be restored."""

    name: str
    deleted: Literal[True]
