"""The difference of two configurations as people read it: changed lines under the contexts they stand in.

    interface to-ag01
    -  ip ospf cost 10
    +  ip ospf cost 20

Texts are compared as trees in the order given (normalise them first), so a moved block is not noise. Equal texts
give ``""``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher, unified_diff

from network.drivers.frr.tree import Path, parse
from network.redact import redact

__all__ = ["ONLY_SECRETS", "Group", "count_lines", "difference", "group_equal", "redacted_difference"]

ONLY_SECRETS = "~ only secrets differ"

_Line = tuple[Path, str]


def difference(old: str, new: str, platform: str = "frr") -> str:
    """What turns ``old`` into ``new``. Redact the texts before, when people will see the result."""
    if platform != "frr":
        return "\n".join(unified_diff(old.splitlines(), new.splitlines(), "running", "intended", lineterm="", n=2))
    before, after = _flat(old), _flat(new)
    out: list[str] = []
    shown: Path = ()
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        for sign, lines in (("-", before[i1:i2]), ("+", after[j1:j2])):
            for path, line in lines:
                shown = _headers(out, shown, path)
                out.append(f"{sign}{'  ' * len(path)}{line}")
                shown = (*path, line)
    return "\n".join(out)


def redacted_difference(old: str, new: str, platform: str) -> str:
    """The difference of two raw texts as people may see it; where only secrets differ, that is said."""
    diff = difference(redact(old, platform), redact(new, platform), platform)
    return diff if diff or old == new else ONLY_SECRETS


def _flat(text: str) -> list[_Line]:
    return [(path, node.line) for path, node in parse(text).walk()]


def _headers(out: list[str], shown: Path, path: Path) -> Path:
    """Print the contexts of ``path`` that the reader does not stand in yet."""
    common = 0
    while common < min(len(shown), len(path)) and shown[common] == path[common]:
        common += 1
    out.extend(f" {'  ' * depth}{path[depth]}" for depth in range(common, len(path)))
    return path


def count_lines(diff: str) -> tuple[int, int]:
    """How many lines a difference adds and removes."""
    lines = diff.splitlines()
    added = sum(line.startswith("+") and not line.startswith("+++") for line in lines)
    removed = sum(line.startswith("-") and not line.startswith("---") for line in lines)
    return added, removed


@dataclass(frozen=True, slots=True)
class Group:
    """Targets whose differences are the same, shown once."""

    names: tuple[str, ...]
    diff: str


def group_equal(diffs: Sequence[tuple[str, str]]) -> tuple[Group, ...]:
    """Group ``(name, diff)`` pairs by equal difference, in the order they first appear."""
    groups: dict[str, tuple[list[str], str]] = {}
    for name, diff in diffs:
        groups.setdefault(hashlib.sha256(diff.encode()).hexdigest(), ([], diff))[0].append(name)
    return tuple(Group(tuple(names), diff) for names, diff in groups.values())
