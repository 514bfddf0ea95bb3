"""Our end of the keeper: what stands on a host, kept before a play, and put back after it.

Before-images stay on the host, readable by its root alone: no file of a host ever travels to us for them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Any, Final, Self

from network.drivers.frr.transport import Session
from network.drivers.protocol import Target
from network.errors import DeviceBusy, DeviceMisbehaves, FencedOut, NetworkError, NothingKept

__all__ = ["Keeper"]

_PATIENCE: Final = 60.0
"""Seconds to wait on a host for the module of another play that is under way."""
_SAYS: Final[Mapping[str, type[NetworkError]]] = {"fenced": FencedOut, "busy": DeviceBusy, "gone": NothingKept}


@cache
def _program() -> str:
    return files("network.plays.onhost").joinpath("keeper.py").read_text(encoding="utf-8")


class Keeper:
    """A connection to one host. Use it as a context.

    Args:
        target: the host, with the account of plays.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._session = Session(replace(target, timeouts=replace(target.timeouts, command=_PATIENCE + 30)))

    def __enter__(self) -> Self:
        self._session.open()
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def states(self, paths: Sequence[str]) -> Mapping[str, Any]:
        """What stands at these paths: kind, rights, content by its digest."""
        found: Mapping[str, Any] = self._ask("states", paths=list(paths))["states"]
        return found

    def keep(self, change: str, paths: Sequence[str]) -> Mapping[str, Any]:
        """Keep what stands at these paths for a change; what was kept."""
        kept: Mapping[str, Any] = self._ask("keep", change=change, paths=list(paths))["before"]
        return kept

    def enter(self, change: str, epoch: int) -> tuple[str, bool]:
        """Let a play in: the Python that its modules run under, and whether it was let in before.

        Raises:
            FencedOut: a newer epoch was let in.
            DeviceBusy: another play's module does not end.
        """
        said = self._ask("enter", change=change, epoch=epoch, patience=_PATIENCE)
        return str(said["python"]), bool(said["again"])

    def settle(self, change: str) -> Mapping[str, Any]:
        """It stays; what stands there now."""
        after: Mapping[str, Any] = self._ask("settle", change=change)["after"]
        return after

    def look(self, change: str) -> Mapping[str, Any]:
        """``before`` and ``after`` a change, as kept, and ``now``.

        Raises:
            NothingKept: it is too long ago.
        """
        return self._ask("look", change=change)

    def put_back(self, change: str, epoch: int) -> Mapping[str, Any]:
        """Put every file back: what was ``restored``, what is ``left`` otherwise, and the ``python`` for its handlers.

        Raises:
            FencedOut, DeviceBusy, NothingKept
        """
        return self._ask("put back", change=change, epoch=epoch, patience=_PATIENCE)

    def _ask(self, do: str, **values: Any) -> dict[str, Any]:
        program = _program().encode()
        start = (
            f"import sys; p = sys.stdin.buffer.read({len(program)}).decode();"
            " exec(compile(p, 'keeper', 'exec'), {'__name__': '__main__'})"
        )
        words = "" if self._target.username == "root" else "sudo -n "
        order = json.dumps({"do": do, **values}).encode()
        status, out, complaint = self._session.run(f'{words}/usr/bin/python3 -I -c "{start}"', program + order, do)
        name = self._target.name
        try:
            said: dict[str, Any] = json.loads(out)
        except ValueError:
            told = " ".join(complaint.decode("utf-8", "replace").split()[-30:])
            raise DeviceMisbehaves(
                f"{name} did not do what a play needs ({do}, status {status}): {told}",
                hint="The account of plays needs Python 3, and sudo without a password.",
                device=name,
            ) from None
        if "ok" in said:
            found: dict[str, Any] = said["ok"]
            return found
        kind = _SAYS.get(str(said["refused"]), DeviceMisbehaves)
        raise kind(f"{name}: {said['message']}.", device=name)
