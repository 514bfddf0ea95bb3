"""A router's configuration has two halves in one text: FRR's own, and Linux's (``linux …`` contexts, see ``linux``).

One text, so that candidate, difference, fingerprint, drift and kept versions hold both without knowing of it; two
halves, because FRR's daemons take the one and the kernel the other. This module also runs on the router.
"""

from __future__ import annotations

from network.drivers.frr.tree import Node, dump

__all__ = ["joined", "split", "veiled"]

_LINUX = "linux "


def split(root: Node) -> tuple[Node, str]:
    """FRR's half as a tree of its own, and the text of the Linux half (empty when there is none)."""
    frr = Node("", [child for child in root.children if not child.line.startswith(_LINUX)], context=True)
    linux = Node("", [child for child in root.children if child.line.startswith(_LINUX)], context=True)
    return frr, "".join(f"{line}\n" for line in dump(linux).splitlines() if line != "!")


def joined(frr: str, linux: str) -> str:
    """Both halves as one text."""
    return f"{frr.rstrip()}\n{linux}" if linux else frr


def veiled(text: str) -> tuple[str, str]:
    """The text for FRR's judge and the text for Linux's, each with the other's lines blank: numbers of lines stay."""
    frr: list[str] = []
    linux: list[str] = []
    inside = False
    for line in text.splitlines():
        if line.startswith(_LINUX):
            inside = True
        elif inside and line[:1] not in (" ", "\t", "!", "") and line != "exit":
            inside = False
        frr.append("!" if inside else line)
        linux.append(line if inside else "")
        if inside and line == "exit":
            inside = False
    # one line end more than there were lines would be a line more
    return "\n".join(frr) + "\n", "\n".join(linux) + "\n" if any(linux) else ""
