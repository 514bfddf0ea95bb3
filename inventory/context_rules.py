"""What the domains say of configuration contexts: a key that a domain reads is refused here when it could not be used.

Rooms above the inventory are found by name only (``core.domain.Domain.context``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from core.domain import domains
from orchestrator.registry import resolve

__all__ = ["refused"]

Rule = Callable[[object], Sequence[tuple[str, str]]]


def refused(data: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What domains cannot use of a context's data: pairs of JSON pointer and sentence."""
    wrong: list[tuple[str, str]] = []
    for key, value in data.items():
        for rule in _rules().get(key.removeprefix("+"), ()) if value is not None else ():
            wrong += [(f"/{key}{place}", sentence) for place, sentence in rule(value)]
    return wrong


@cache
def _rules() -> Mapping[str, Sequence[Rule]]:
    found: dict[str, list[Rule]] = {}
    for domain in domains():
        for key, reference in domain.context.items():
            found.setdefault(key, []).append(resolve(reference))
    return found
