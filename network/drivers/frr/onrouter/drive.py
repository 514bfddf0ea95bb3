"""How is the router brought to a configuration? By what differs, typed while that helps, then by FRR's own reloader.

Runs on the router (see ``guard``).
"""

from __future__ import annotations

import os
import time

TYPE_CHECKING = False  # what typing would say, without loading it
if TYPE_CHECKING:
    from collections.abc import Callable

    from network.drivers.frr.onrouter.memory import Lock

from network.drivers.frr.delta import difference, same, typed, understood
from network.drivers.frr.halves import joined, split, veiled
from network.drivers.frr.onrouter import linux, vty
from network.drivers.frr.tree import Node, dump

__all__ = ["HEADER", "Drive", "now", "unaccepted"]

# Seconds until others have heard that a table's routes are gone. FRR 8.4 that hears in one breath that routes went and
# came back forgets the hardware address behind them, and sends nothing more there.
_FORGOTTEN = 4.0
HEADER = "frr defaults traditional\nservice integrated-vtysh-config\n!\n"


class Drive:
    """An attempt to bring the running configuration to ``want``, and what came of it.

    Removing one line may take others with it, so what is left is typed again while that helps; then FRR's own
    reloader tries. When the Linux half is another, too, namespaces come before FRR is told of them, and everything else
    of Linux after. So FRR never hears of a tunnel before it knows whose it is, and is rid of a namespace's routing
    before that goes; it is never told to leave one, which zebra 8.4 does not survive.
    """

    def __init__(self, want: Node, lock: Lock) -> None:
        self.rounds = 0
        self.reloaded = False
        self.complaint = ""
        self._keep = (lock.descriptor,)
        have, there = split(understood(now()))
        frr, kernel = split(want)
        moves = not same(understood(kernel), understood(there))
        if moves:
            # Of a table whose namespace somebody removed FRR can be rid only while it is there.
            left = {node.line[4:] for node in have.children if node.line.startswith("vrf ")}
            self._linux(lambda: linux.add_spaces(linux.spaces(kernel) | left))
            if left & (linux.spaces(kernel) - linux.spaces(there)):
                time.sleep(_FORGOTTEN)
        have = self._type(frr)
        if moves:
            self._linux(lambda: linux.bring(kernel))
            emptied = left - {node.line[4:] for node in frr.children if node.line.startswith("vrf ")}
            vty.tell([f"no vrf {name}" for name in sorted(emptied)], self._keep)  # it would still be listed
            have = self._type(frr)
        if not same(have, frr):
            self.reloaded = True
            vty.reload(HEADER + dump(frr), self._keep, _scratch())
        self.missing, self.unexpected = difference(understood(now()), want)

    def _type(self, want: Node) -> Node:
        """Type what differs in FRR's half while that helps; what FRR has then."""
        have = understood(vty.running())
        before: list[str] = []
        for _ in range(4):
            lines = typed(have, want)
            if not lines or lines == before:
                break
            vty.tell(lines, self._keep)
            self.rounds += 1
            before = lines
            have = understood(vty.running())
        return have

    def _linux(self, step: Callable[[], None]) -> None:
        try:
            step()
        except linux.Shut as error:
            self.complaint = str(error)  # what is missing for it is seen in the end, and taken back

    @property
    def exact(self) -> bool:
        """Whether the router is now what was wanted, line by line."""
        return not self.missing and not self.unexpected

    def __str__(self) -> str:
        said = f"; {self.complaint}" if self.complaint else ""
        return f"typed {self.rounds} times" + (", then reloaded" if self.reloaded else "") + said


def now() -> str:
    """The running configuration, both halves."""
    return joined(vty.running(), linux.running())


def unaccepted(text: str) -> tuple[int, str] | None:
    """What either half's grammar says against a text: the line's number and words, or nothing."""
    frr, kernel = veiled(text)
    return vty.unaccepted(frr) or linux.check(kernel)


def _scratch() -> str:
    """A folder in memory for what the reloader puts down."""
    path = f"/run/frr/irisplane-{os.getuid()}"
    os.makedirs(path, mode=0o700, exist_ok=True)
    return path
