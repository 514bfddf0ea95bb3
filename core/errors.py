"""The error tree of Irisplane.

Every error carries a stable ``code``, a sentence for people, a ``hint`` that says what to do next, and its facts as
attributes (``fields``). HTTP exists only in ``api/``; colours only in ``cli/``.

::

    IrisplaneError
    ├── InvalidInput         CORE-100  a field's value cannot be taken (names field, value, way out)
    ├── NotFound             CORE-104  no such thing, or not yours: the two are never told apart
    ├── Conflict             CORE-109  the world does not allow it now (a rule of the database said no)
    │   ├── StaleVersion     CORE-112  somebody changed it since you read it
    │   └── Exhausted        CORE-113  a pool has nothing left to give
    ├── Denied               CORE-103  policy says no, with the rule that said it
    ├── Unauthenticated      CORE-101  no token, or one that is unknown, expired or revoked
    ├── Misconfigured        CORE-120  a setting is wrong (names the variable)
    ├── Unavailable          CORE-150  a part of the system does not answer
    └── Unexpected           CORE-199  a defect: the request id leads to the log
    (rooms add their own below these: orchestrator ORC-, inventory INV-, network NET-)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

__all__ = [
    "Conflict",
    "Denied",
    "Exhausted",
    "InvalidInput",
    "IrisplaneError",
    "Misconfigured",
    "NotFound",
    "StaleVersion",
    "Unauthenticated",
    "Unavailable",
    "Unexpected",
]


class IrisplaneError(Exception):
    """An error that a person or a program can act on.

    Args:
        message: one sentence that names the thing and what is wrong with it; never a secret.
        hint: what to do next; the class's own hint when absent.
        pointer: JSON pointer (RFC 6901) to the offending input, when there is one.
        fields: facts for programs (ids, limits, names), JSON values only.
    """

    code: ClassVar[str] = "CORE-000"
    title: ClassVar[str] = "Error"
    hints: ClassVar[Mapping[str, str]] = {}
    """The hint in other languages than English, for errors that people of an administration meet."""
    hint: str = "Look at the message, mend what it names, and try again."

    def __init__(self, message: str, *, hint: str | None = None, pointer: str | None = None, **fields: object) -> None:
        super().__init__(message)
        self.message = message
        if hint is not None:
            self.hint = hint
        self.pointer = pointer
        self.fields: Mapping[str, object] = fields

    @property
    def translation_key(self) -> str:
        """The key under which this error's sentence stands in the catalogues."""
        return f"error.{self.code.lower()}"

    def as_dict(self) -> dict[str, object]:
        """The error as JSON-able data, the same for API, CLI, change records and logs."""
        out: dict[str, object] = {"code": self.code, "title": self.title, "message": self.message, "hint": self.hint}
        if self.pointer:
            out["pointer"] = self.pointer
        if self.fields:
            out["fields"] = dict(self.fields)
        return out


class InvalidInput(IrisplaneError):
    """A field's value cannot be taken."""

    code = "CORE-100"
    title = "Invalid input"
    hint = "Correct the named field and send it again."


class Unauthenticated(IrisplaneError):
    """No token, or one that is unknown, expired or revoked (not told apart)."""

    code = "CORE-101"
    title = "Not signed in"
    hint = "Send 'Authorization: Bearer irp_…' with a token that is valid; 'irisplane token create' makes one."


class Denied(IrisplaneError):
    """Policy says no."""

    code = "CORE-103"
    title = "Not allowed"
    hint = "Ask someone with the role that the rule names."


class NotFound(IrisplaneError):
    """No such thing, or not yours."""

    code = "CORE-104"
    title = "Not found"
    hint = "Check the name or id; lists show what you may see."


class Conflict(IrisplaneError):
    """The world does not allow it now."""

    code = "CORE-109"
    title = "Conflict"
    hint = "Read the current state and decide again."


class StaleVersion(Conflict):
    """Somebody changed it since you read it."""

    code = "CORE-112"
    title = "Changed meanwhile"
    hint = "Read it again and send the new ETag in If-Match."


class Exhausted(Conflict):
    """A pool has nothing left to give."""

    code = "CORE-113"
    title = "Nothing left"
    hint = "Choose another pool, or enlarge this one."


class Misconfigured(IrisplaneError):
    """A setting is wrong."""

    code = "CORE-120"
    title = "Wrong setting"
    hint = "Set the named variable as described in docs/settings.md."


class Unavailable(IrisplaneError):
    """A part of the system does not answer."""

    code = "CORE-150"
    title = "Not available"
    hint = "Run 'irisplane doctor': it says what is wrong and how to mend it."


class Unexpected(IrisplaneError):
    """A defect in Irisplane."""

    code = "CORE-199"
    title = "Unexpected error"
    hint = "Report it with the request id; 'irisplane logs api' has the details under that id."
