"""Configuration context: structured data that devices inherit, merged so that anyone can predict the result.

The order is region < role < site < device; within one level the smaller weight first, then the name. A later context
wins:

* objects merge key by key, at every depth;
* lists and plain values are replaced as a whole;
* a key written ``+key`` adds its list to the one that stands there (each element once, in order of appearance);
* ``null`` takes the key away.

``explain`` says, for every leaf of the result, which contexts gave it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

__all__ = ["LEVELS", "Context", "Leaf", "check", "explain", "in_order", "merge", "merged"]

Level = Literal["region", "role", "site", "device"]

LEVELS: Final[tuple[Level, ...]] = ("region", "role", "site", "device")
"""From the widest to the narrowest; the narrowest has the last word."""

DEEPEST: Final = 32
"""Levels of objects and lists that a context may have."""

JsonObject = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Context:
    """One context that applies to a device."""

    name: str
    level: Level
    weight: int
    data: JsonObject


@dataclass(frozen=True, slots=True)
class Leaf:
    """One value of the merged result.

    Attributes:
        pointer: JSON pointer (RFC 6901) into the result.
        value: what stands there; a list is one leaf.
        given_by: names of the contexts that gave it: one, or several where a list was added to.
    """

    pointer: str
    value: Any
    given_by: tuple[str, ...]


def in_order(contexts: Iterable[Context]) -> list[Context]:
    """The contexts in the order in which they are merged, whatever the order of input."""
    return sorted(contexts, key=lambda context: (LEVELS.index(context.level), context.weight, context.name))


def merge(below: JsonObject, above: JsonObject) -> dict[str, Any]:
    """Lay one object over another; neither is altered.

    Args:
        below: a result of ``merge`` (holds no ``+`` keys and no nulls), or ``{}``.
        above: data of one context.
    """
    result = dict(below)
    for key, value in sorted(above.items(), key=lambda item: item[0].startswith("+")):
        if key.startswith("+"):
            name = key.removeprefix("+")
            standing = result.get(name)
            result[name] = _each_once([*(standing if isinstance(standing, list) else ()), *value])
        elif value is None:
            result.pop(key, None)
        elif isinstance(value, Mapping):
            standing = result.get(key)
            result[key] = merge(standing if isinstance(standing, Mapping) else {}, value)
        else:
            result[key] = value
    return result


def merged(contexts: Iterable[Context]) -> dict[str, Any]:
    """What a device gets from these contexts."""
    result: dict[str, Any] = {}
    for context in in_order(contexts):
        result = merge(result, context.data)
    return result


def explain(contexts: Iterable[Context]) -> list[Leaf]:
    """Every leaf of ``merged(contexts)`` in order of its pointer, with the contexts that gave it."""
    ordered = in_order(contexts)
    givers: dict[str, tuple[str, ...]] = {}
    result: dict[str, Any] = {}
    for context in ordered:
        before, result = dict(_leaves(result)), merge(result, context.data)
        after = dict(_leaves(result))
        said = _said(context.data)
        given: dict[str, tuple[str, ...]] = {}
        for pointer in after:
            manner = said.get(pointer)
            if manner == "set" or pointer not in before:
                given[pointer] = (context.name,)
            elif manner == "added":
                given[pointer] = (*(g for g in givers[pointer] if g != context.name), context.name)
            else:
                given[pointer] = givers[pointer]
        givers = given
    return [Leaf(pointer, value, givers[pointer]) for pointer, value in sorted(_leaves(result))]


def check(data: object, pointer: str = "") -> list[tuple[str, str]]:
    """What is wrong with a context's data: pairs of JSON pointer and sentence; empty when it can be merged.

    ``+key`` needs a list and may not stand beside ``key``; keys are not empty; lists hold no nulls; nothing is nested
    deeper than anybody reads: merging goes down level by level.
    """
    if not pointer and _deeper(data, DEEPEST):
        return [("/", f"is nested deeper than {DEEPEST} levels")]
    if not isinstance(data, Mapping):
        return [(pointer or "/", "must be an object")]
    wrong: list[tuple[str, str]] = []
    for key, value in data.items():
        here = f"{pointer}/{_escaped(key)}"
        if not key.removeprefix("+"):
            wrong.append((here, "a key needs a name"))
        elif key.startswith("+"):
            if not isinstance(value, list):
                wrong.append((here, "a key that begins with + adds to a list, so it needs a list"))
            if key.removeprefix("+") in data:
                wrong.append((here, f"stands beside {key.removeprefix('+')!r}: either replace or add"))
        if isinstance(value, Mapping):
            wrong += check(value, here)
        elif isinstance(value, list) and (None in value or any(_has_mark(element) for element in value)):
            wrong.append((here, "elements of a list are taken as they are: no nulls and no + keys inside"))
    return wrong


def _deeper(value: object, levels: int) -> bool:
    if not isinstance(value, Mapping | list):
        return False
    inside = value.values() if isinstance(value, Mapping) else value
    return levels == 0 or any(_deeper(one, levels - 1) for one in inside)


def _has_mark(value: object) -> bool:
    if isinstance(value, Mapping):
        return any(key.startswith("+") or item is None or _has_mark(item) for key, item in value.items())
    return isinstance(value, list) and any(item is None or _has_mark(item) for item in value)


def _each_once(elements: Sequence[Any]) -> list[Any]:
    """Elements in order of first appearance. ``1`` and ``true`` are two things here, unlike in Python."""
    seen: list[tuple[type, Any]] = []
    for element in elements:
        if (type(element), element) not in seen:
            seen.append((type(element), element))
    return [element for _, element in seen]


def _leaves(value: JsonObject, pointer: str = "") -> Iterable[tuple[str, Any]]:
    """Leaves and empty objects, so that ``{}`` in a context is seen too."""
    for key, item in value.items():
        here = f"{pointer}/{_escaped(key)}"
        if isinstance(item, Mapping) and item:
            yield from _leaves(item, here)
        else:
            yield here, item


def _said(data: JsonObject, pointer: str = "") -> dict[str, Literal["set", "added"]]:
    """Which leaves a context itself speaks of, and how."""
    said: dict[str, Literal["set", "added"]] = {}
    for key, item in data.items():
        here = f"{pointer}/{_escaped(key.removeprefix('+'))}"
        if key.startswith("+"):
            said[here] = "added"
        elif isinstance(item, Mapping) and item:
            said |= _said(item, here)
        elif not isinstance(item, Mapping):
            said[here] = "set"
    return said


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
