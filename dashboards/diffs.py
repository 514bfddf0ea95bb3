"""Differences as people read them: devices with equal ones stand together, and those of one name are found."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from dashboards.sentences import difference
from dashboards.sides import Sides, sides_of

__all__ = ["Alike", "alike", "in_language", "named", "opened"]

_PLACE: Final = re.compile(r"^@@ .*$", re.MULTILINE)
_TELLING: Final = ("hosting.", "network.upgrade")
"""Kinds of changes whose differences are sentences; those of others are configuration."""
_OPEN_LINES: Final = 300
"""So many lines of differences are in a page when it is opened; the others come when they are asked for."""


@dataclass(frozen=True, slots=True)
class Alike:
    """Targets that differ in the same way.

    Attributes:
        number: its place in the plan's whole list, from 1; the same whatever is filtered.
        text: the difference of the first of them.
        added, removed: how many lines.
    """

    number: int
    names: tuple[str, ...]
    text: str
    added: int
    removed: int

    @property
    def sides(self) -> Sides:
        """The difference, side by side."""
        return sides_of(self.text)

    @property
    def numbered(self) -> bool:
        """Whether line numbers tell anything: several devices have the same lines at different places."""
        return len(self.names) == 1


def alike(targets: Sequence[Mapping[str, Any]]) -> list[Alike]:
    """Targets by their difference, wherever in the configuration its lines stand: the largest group first."""
    groups: dict[str, tuple[str, list[str]]] = {}
    for target in targets:
        diff = str(target.get("diff") or "")
        groups.setdefault(_PLACE.sub("@@", diff), (diff, []))[1].append(str(target["name"]))
    found = sorted(groups.values(), key=lambda group: -len(group[1]))
    return [Alike(number, tuple(names), diff, *_counts(diff)) for number, (diff, names) in enumerate(found, start=1)]


def in_language(kind: str, targets: Sequence[Mapping[str, Any]], language: str) -> Sequence[Mapping[str, Any]]:
    """Targets of a change of some kind, with differences that are sentences said in a language."""
    if language == "en" or not kind.startswith(_TELLING):
        return targets
    return [{**one, "diff": difference(str(one.get("diff") or ""), language)} for one in targets]


def named(groups: Sequence[Alike], part: str) -> list[Alike]:
    """Groups with a device whose name holds this."""
    wanted = part.strip().casefold()
    return [group for group in groups if any(wanted in name.casefold() for name in group.names)]


def opened(groups: Sequence[Alike], most: int) -> frozenset[int]:
    """The numbers of the groups that are in the page when it opens: the first ones, up to so many and so many lines."""
    found: set[int] = set()
    lines = 0
    for group in groups[:most]:
        lines += group.text.count("\n") + 1
        if found and lines > _OPEN_LINES:
            break
        found.add(group.number)
    return frozenset(found)


def _counts(diff: str) -> tuple[int, int]:
    signs = [line[:1] for line in diff.splitlines() if not line.startswith(("+++ ", "--- "))]
    return signs.count("+"), signs.count("-")
