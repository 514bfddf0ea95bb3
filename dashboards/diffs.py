"""Differences as people read them: devices with equal ones stand together, each line says what becomes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["Alike", "alike", "lines_of"]

_SIGNS: Final = {"+": "added", "-": "removed", "@": "place", "~": "altered"}


@dataclass(frozen=True, slots=True)
class Alike:
    """Targets that differ in the same way.

    Attributes:
        added, removed: how many lines.
    """

    names: tuple[str, ...]
    text: str
    added: int
    removed: int


def alike(targets: Sequence[Mapping[str, Any]]) -> list[Alike]:
    """Targets by their difference: the largest group first, then as the plan has them."""
    groups: dict[str, list[str]] = {}
    for target in targets:
        groups.setdefault(str(target.get("diff") or ""), []).append(str(target["name"]))
    found = [Alike(tuple(names), diff, *_counts(diff)) for diff, names in groups.items()]
    return sorted(found, key=lambda one: -len(one.names))


def lines_of(diff: str) -> list[tuple[str, str]]:
    """Each line with what it is: ``added``, ``removed``, ``altered``, ``place`` or ``same``."""
    return [(_kind(line), line) for line in diff.splitlines()]


def _kind(line: str) -> str:
    if line.startswith(("+++ ", "--- ")):
        return "place"
    return _SIGNS.get(line[:1], "same")


def _counts(diff: str) -> tuple[int, int]:
    kinds = [kind for kind, _ in lines_of(diff)]
    return kinds.count("added"), kinds.count("removed")
