"""What a configuration becomes when an engineer's lines are typed into it: ``merge(base, snippet)``.

The router would do the same when the lines are entered one by one: a line that sets a single value takes the place of
the one before, ``no …`` removes, everything else is added. So the exact text after a push is known before it is made,
and the push is a replace whose result can be compared line by line. Where a spelling is not the router's own (an
unnumbered prefix-list entry), it is put as the router would print it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from network.drivers.frr.single import KEPT_NO, identity
from network.drivers.frr.tree import Node, Path, dump, parse

__all__ = ["Merged", "merge"]

_UNNUMBERED = re.compile(r"((?:(?:ip|ipv6) prefix-list|(?:ipv6 )?access-list) \S+) (permit|deny) ")


@dataclass(frozen=True, slots=True)
class Merged:
    """The text after the merge, and ``no …`` lines that found nothing to remove (worth telling the engineer)."""

    text: str
    without_effect: tuple[str, ...]


def merge(base: str, snippet: str) -> Merged:
    """Type ``snippet`` into ``base``.

    Both in FRR's grammar; the snippet may be flat or indented. Pure: the same input gives the same text.
    """
    root = parse(base)
    idle: list[str] = []
    _merge_into(root, parse(snippet), (), idle)
    return Merged(dump(root), tuple(idle))


def _merge_into(into: Node, lines: Node, path: Path, idle: list[str]) -> None:
    for node in lines.children:
        if node.context:
            found = into.child(node.line)
            if found is None:
                found = Node(node.line, context=True)
                into.children.append(found)
            _merge_into(found, node, (*path, node.line), idle)
        elif node.line.startswith("no "):
            _remove(into, node.line, idle, path)
        else:
            _add(into, _numbered(into, node.line), path)


def _remove(into: Node, line: str, idle: list[str], path: Path) -> None:
    positive = line.removeprefix("no ")
    before = len(into.children)
    into.children[:] = [c for c in into.children if not _starts(c.line, positive)]
    if KEPT_NO.match(line):
        if all(child.line != line for child in into.children):
            into.children.append(Node(line))
    elif len(into.children) == before:
        idle.append(" / ".join((*path, line)))


def _starts(line: str, start: str) -> bool:
    return line == start or line.startswith(start + " ")


def _add(into: Node, line: str, path: Path) -> None:
    slot = identity(path[-1] if path else "", line)
    kept_no = f"no {line}"
    for place, child in enumerate(into.children):
        if child.line == line:
            return
        if not child.context and (
            child.line == kept_no or (slot is not None and identity(path[-1] if path else "", child.line) == slot)
        ):
            into.children[place] = Node(line)
            return
    into.children.append(Node(line))


def _numbered(into: Node, line: str) -> str:
    """Give an unnumbered list entry the number that the router would: five past the highest."""
    found = _UNNUMBERED.match(line)
    if found is None:
        return line
    name, action = found.groups()
    rest = line[found.end() :]
    highest = 0
    for child in into.children:
        numbered = re.match(rf"{re.escape(name)} seq (\d+) (.*)", child.line)
        if numbered:
            if numbered.group(2) == f"{action} {rest}":
                return child.line
            highest = max(highest, int(numbered.group(1)))
    return f"{name} seq {highest + 5} {action} {rest}"
