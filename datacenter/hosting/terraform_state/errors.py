"""What the state backend refuses, and what to do about it.

::

    InvalidInput
    ├── NoState         HST-200  what was sent is no Terraform state, or not all of it
    └── Altered         HST-201  what arrived is not what was sent
    NotFound
    └── StateNotFound   HST-202  no such state, version or lock, or not yours
    Conflict
    ├── StateLocked     HST-203  another run holds the lock
    └── LockLost        HST-204  the run's lock was freed by somebody
    Exhausted
    └── NoRoomForState  HST-205  the tenant's versions take all of their room
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.errors import Conflict, Exhausted, InvalidInput, NotFound

__all__ = ["Altered", "LockLost", "NoRoomForState", "NoState", "StateLocked", "StateNotFound"]


class NoState(InvalidInput):
    """What was sent is no Terraform state, or not all of it; nothing was kept."""

    code = "HST-200"
    title = "No Terraform state"
    hint = "Send it again: 'terraform state push errored.tfstate', if Terraform left such a file behind."


class Altered(InvalidInput):
    """What arrived has another digest than its ``Content-MD5`` says; nothing was kept."""

    code = "HST-201"
    title = "Altered on its way"
    hint = "Send it again; if it happens again, something between you and Irisplane alters what is sent."


class StateNotFound(NotFound):
    """No such state, version or lock, or not yours."""

    code = "HST-202"
    title = "No such state"
    hint = "'irisplane terraform state list' shows yours."


class StateLocked(Conflict):
    """Another run holds the lock.

    Args:
        lock: what that run told of itself; it stands beside the problem's own members, where Terraform looks for it.
    """

    code = "HST-203"
    title = "State locked"
    hint = "Wait until that run has ended. If it was killed, 'terraform force-unlock ID' frees what it left behind."

    def __init__(self, message: str, *, lock: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.lock = dict(lock)


class LockLost(Conflict):
    """The lock that this run took was freed by somebody; another run may have altered the state since."""

    code = "HST-204"
    title = "Lock lost"
    hint = "Terraform keeps what it has in errored.tfstate: if nobody wrote since, 'terraform state push' it."


class NoRoomForState(Exhausted):
    """The tenant's versions take all of their room; what was sent was not kept."""

    code = "HST-205"
    title = "No room for states"
    hint = "Delete states that nobody needs: 'irisplane terraform state delete NAME --purge'."
