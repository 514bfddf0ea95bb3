"""How a command ends: exit codes that mean something, and errors as a person reads them.

====  ==========================================================================================
code  meaning
====  ==========================================================================================
0     done
1     it failed, was rejected or rolled back; a check found a fault
2     the command or a value in it is wrong
3     not signed in, or not allowed
4     no such thing, or not yours
5     conflict: it exists already, was altered meanwhile, or is stale
6     it still waits (for a person, a window, the end), or time ran out
7     a part of the system does not answer
130   interrupted
====  ==========================================================================================
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from core import errors as core

__all__ = [
    "CONFLICT", "FAILED", "INTERRUPTED", "NOT_ALLOWED", "NOT_FOUND", "OK", "UNAVAILABLE", "USAGE", "WAITING",
    "ApiProblem", "Ended", "WrongUse", "exit_code",
]  # fmt: skip

OK: Final = 0
FAILED: Final = 1
USAGE: Final = 2
NOT_ALLOWED: Final = 3
NOT_FOUND: Final = 4
CONFLICT: Final = 5
WAITING: Final = 6
UNAVAILABLE: Final = 7
INTERRUPTED: Final = 130

_OF_STATUS: Final[Mapping[int, int]] = {
    400: USAGE, 401: NOT_ALLOWED, 403: NOT_ALLOWED, 404: NOT_FOUND, 405: USAGE, 408: UNAVAILABLE, 409: CONFLICT,
    412: CONFLICT, 413: USAGE, 415: USAGE, 422: USAGE, 423: CONFLICT, 428: CONFLICT, 503: UNAVAILABLE,
}  # fmt: skip

_OF_ERROR: Final[tuple[tuple[type[core.IrisplaneError], int], ...]] = (
    (core.InvalidInput, USAGE),
    (core.Unauthenticated, NOT_ALLOWED),
    (core.Denied, NOT_ALLOWED),
    (core.NotFound, NOT_FOUND),
    (core.Conflict, CONFLICT),
    (core.Unavailable, UNAVAILABLE),
)


class Ended(Exception):
    """A command has said everything; only its exit code is left to give."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class WrongUse(core.InvalidInput):
    """The command line cannot be taken as it stands."""

    code = "CLI-100"
    title = "Wrong use"
    hint = "'irisplane COMMAND --help' shows how."


class ApiProblem(core.IrisplaneError):
    """An error that the API answered; its own code, title and hint are in ``problem``."""

    code = "CLI-101"
    title = "The API said no"

    def __init__(self, problem: Mapping[str, Any], status: int) -> None:
        super().__init__(
            str(problem.get("detail") or problem.get("title") or f"The API answered {status}."),
            hint=str(problem.get("hint") or "'irisplane logs api' has the details under the request id."),
        )
        self.problem = problem
        self.status = status

    def as_dict(self) -> dict[str, object]:
        """The problem as the API gave it."""
        return dict(self.problem)

    @property
    def places(self) -> Sequence[Mapping[str, Any]]:
        """Which values are wrong, where the API says so."""
        found = self.problem.get("errors")
        return found if isinstance(found, list) else []


def exit_code(error: core.IrisplaneError) -> int:
    """How a command ends that met this error."""
    if isinstance(error, ApiProblem):
        return _OF_STATUS.get(error.status, FAILED)
    return next((code for kind, code in _OF_ERROR if isinstance(error, kind)), FAILED)
