"""What a play said of each host: what it altered or would alter, which handlers that calls, and what went wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

__all__ = ["ACCOUNT_FILES", "Alteration", "Heard", "HostResult", "Status"]

Status = Literal["ok", "failed", "unreachable", "not for it"]

ACCOUNT_FILES: Final = ("/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow", "/etc/subuid", "/etc/subgid")
"""What an account stands in."""


@dataclass(frozen=True, slots=True)
class Alteration:
    """Something that a task altered, or would.

    Attributes:
        paths: the files that it stands in; empty where it stands in none, so that it cannot be put back from files.
        diff: the difference, without secrets, in unified form; empty where there is none to show.
    """

    task: str
    paths: tuple[str, ...]
    diff: str


@dataclass(frozen=True, slots=True)
class HostResult:
    """What a play came to on one host.

    Attributes:
        handlers: names of the handlers that were notified, in order.
        task, why: of what failed, or why it cannot be reached.
    """

    name: str
    status: Status
    alterations: tuple[Alteration, ...] = ()
    handlers: tuple[str, ...] = ()
    task: str = ""
    why: str = ""

    @classmethod
    def from_wire(cls, told: Mapping[str, Any]) -> HostResult:
        """As the process of the play writes it."""
        return cls(
            told["name"], told["status"],
            tuple(Alteration(one["task"], tuple(one["paths"]), one["diff"]) for one in told["alterations"]),
            tuple(told["handlers"]), told["task"], told["why"],
        )  # fmt: skip

    @property
    def diff(self) -> str:
        """Everything it altered or would alter, for people."""
        return "".join(one.diff for one in self.alterations)

    @property
    def paths(self) -> tuple[str, ...]:
        """Every file of its alterations, once each."""
        return tuple(sorted({path for one in self.alterations for path in one.paths}))

    @property
    def lasting(self) -> tuple[str, ...]:
        """Tasks whose work stands in no file."""
        return tuple(dict.fromkeys(one.task for one in self.alterations if not one.paths))


@dataclass(frozen=True, slots=True)
class Heard:
    """A word of a play that is under way: a task altered something on a host, or failed there."""

    host: str
    task: str
    status: Literal["changed", "failed", "unreachable"]
