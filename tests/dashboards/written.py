"""Every sentence that the rooms below the pages can write to people, read from their sources.

A sentence is what stands where people's sentences are handed over: the note of an ``Outcome``, the evidence of a
``Verdict``, a draft's summary, an error's message and hint … :mod:`tests.dashboards.sources` says how it is read.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import Final

from inventory.errors import RULES
from tests.dashboards.sources import FILLED, ROOT, Source, called, sources

__all__ = ["EVERY", "Written", "acts", "class_texts", "differences", "errors", "of_runs", "rules"]

EVERY: Final = ("api", "core", "dashboards", "datacenter", "inventory", "network", "orchestrator")


@dataclass(frozen=True, slots=True, order=True)
class Written:
    """A sentence, and the place that writes it."""

    where: str
    text: str


_PLACES: Final[Mapping[str, tuple[int, tuple[str, ...]]]] = {
    "Outcome": (1, ("note",)),
    "Verdict": (1, ("evidence",)),
    "Draft": (0, ("summary", "undo_note")),
    "draft": (0, ("summary", "undo_note")),
    "draft_of": (1, ()),
    "draft_push": (-1, ("summary", "undo_note")),
    "drafted": (1, ("undo_note",)),
    "Impact": (-1, ("notes",)),
    "Planned": (-1, ("notes",)),
    "Target": (1, ("name",)),
    "_finding": (1, ()),
}
"""Whom a plan's and a run's sentences are handed over to: as which argument, under which names."""
_LOOKS: Final = frozenset({"ok", "failed", "wait"})
_NO_SENTENCES: Final = frozenset({"of"})
"""What is left of a sentence that is put together from another one: that is collected where it is written."""
_ACT: Final = re.compile(rf"(?:[a-z][a-z_-]+|{FILLED})\.[a-z_]*(?:[a-z]|{FILLED})[a-z_]*")
_ACTING: Final = frozenset(
    {"_bring", "_record", "_tell", "_write", "announce", "let_go", "move", "record", "record_events", "write",
     "write_in"}
)  # fmt: skip


def of_runs() -> Iterator[Written]:
    """What plans, runs and looks at what there is say."""
    for source in sources("datacenter", "inventory", "network", "orchestrator"):
        for node in ast.walk(source.tree):
            finished = _of_a_server if isinstance(node, ast.Call) and called(node) == "drafted" else _counted
            for one in chain(_handed_over_by(node), _looked(node, source), _of_an_end(node, source)):
                yield from _each(source, one, finished)
    for source in sources("core/journal"):
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Call):
                for one in chain(_handed_over(node, "Finding", 2), _handed_over(node, "append", 0)):
                    yield from _each(source, one)


def differences() -> Iterator[Written]:
    """Lines of the differences of hosting orders, without their signs."""
    for source in sources("datacenter"):
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Call):
                for one in chain(_handed_over(node, "Thing", 2), _handed_over(node, "drafted", 2)):
                    for found in _each(source, one):
                        for line in found.text.split("\n"):
                            yield Written(found.where, line.lstrip("+-~=? "))


def errors(*rooms: str) -> Iterator[Written]:
    """Messages and hints of the errors that these rooms raise."""
    for source in sources(*rooms):
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Call) and called(node) in _error_classes():
                for one in _handed_over(node, called(node), 0, "message", "hint"):
                    yield from _each(source, one)


_FUNCTION: Final = re.compile(r"^create (?:or replace )?function (\w+)", re.MULTILINE)
_FORMAT: Final = re.compile(r"format\('((?:[^']|'')+\.)'")
_UNTIL: Final = ("until further notice", f"until {FILLED} UTC")
"""What ``strand_until`` gives, behind its word."""


def rules() -> Iterator[Written]:
    """What the rules of the inventory's tables say: in ``RULES``, and in triggers that speak for themselves."""
    for rule, (_, message, _, hint) in RULES.items():
        yield Written(rule, message)
        yield Written(rule, hint)
    functions: dict[str, str] = {}
    for path in sorted((ROOT / "inventory/migrations/sql").glob("*.sql")):
        parts = _FUNCTION.split(path.read_text(encoding="utf-8"))
        functions |= dict(zip(parts[1::2], parts[2::2], strict=True))  # a later one takes an earlier one's place
    for name, body in functions.items():
        for found in _FORMAT.finditer(body):
            for until in _UNTIL:
                yield Written(name, found[1].replace("''", "'").replace("until %s", until).replace("%s", FILLED))


def class_texts(name: str) -> Iterator[Written]:
    """What the classes of errors say of themselves: ``title`` or ``hint``."""
    for source, node in _error_classes().values():
        for one in node.body:
            target = one.targets[0] if isinstance(one, ast.Assign) else getattr(one, "target", None)
            value = getattr(one, "value", None)
            if isinstance(target, ast.Name) and target.id == name and isinstance(value, ast.expr):
                yield from _each(source, value)


def acts() -> Iterator[Written]:
    """Names of what the journal holds: ``subject.verb``."""
    for source in sources(*EVERY):
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Call) and called(node) in _ACTING:
                given = (one.value for one in node.keywords if one.arg in {"action", "event"})
                for one in chain(node.args, given):
                    yield from (found for found in _each(source, one) if _ACT.fullmatch(found.text))


def _handed_over_by(node: ast.AST) -> Iterator[ast.expr]:
    if isinstance(node, ast.Call) and called(node) in _PLACES:
        at, keywords = _PLACES[called(node)]
        yield from _handed_over(node, called(node), at, *keywords)


def _handed_over(node: ast.Call, name: str, at: int, *keywords: str) -> Iterator[ast.expr]:
    if called(node) == name:
        if len(node.args) > at >= 0:
            yield node.args[at]
        yield from (one.value for one in node.keywords if one.arg in keywords)


def _looked(node: ast.AST, source: Source) -> Iterator[ast.expr]:
    """A look gives its state and what was seen; a check, what it looks at."""
    if source.path == "network/expectations.py":
        if isinstance(node, ast.Call):
            yield from _handed_over(node, "Finding", 2)
        elif isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
            yield node.value.elts[1]
    elif source.path.startswith("datacenter/hosting") and isinstance(node, ast.Tuple) and len(node.elts) == 2:
        state, seen = node.elts
        if isinstance(state, ast.Constant) and state.value in _LOOKS:
            yield seen


def _of_an_end(node: ast.AST, source: Source) -> Iterator[ast.expr]:
    """How a run ended is data of the change: under which name it stands there says that it is a sentence."""
    if not source.path.startswith("orchestrator/runs"):
        return
    if isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and key.value in {"summary", "sentence", "note"}:
                yield value
    elif isinstance(node, ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Subscript) and getattr(target.slice, "value", None) in {"note", "undo"}:
                yield node.value


def _of_a_server(text: str) -> str:
    """``drafted`` writes whose server it is behind a summary; how it is taken back is a sentence of its own."""
    return text if text.endswith(".") else f"{text} of {FILLED}"


def _counted(text: str) -> str:
    """``draft_push`` fills in how many routers it is about."""
    return text.replace("{n}", FILLED)


def _each(source: Source, node: ast.expr, finished: Callable[[str], str] = str) -> Iterator[Written]:
    for text in source.texts(node):
        if any(one.isalpha() for one in text) and text.replace(FILLED, "").strip() not in _NO_SENTENCES:
            yield Written(f"{source.path}:{node.lineno}", finished(text))


@cache
def _error_classes() -> Mapping[str, tuple[Source, ast.ClassDef]]:
    """Every class of error, by name."""
    found: dict[str, tuple[Source, ast.ClassDef]] = {}
    before = -1
    while before < len(found):  # a class may stand before the one it is of
        before = len(found)
        for source in sources(*EVERY):
            for node in ast.walk(source.tree):
                if isinstance(node, ast.ClassDef):
                    bases = {one.id if isinstance(one, ast.Name) else getattr(one, "attr", "") for one in node.bases}
                    if node.name == "IrisplaneError" or bases & found.keys():
                        found[node.name] = (source, node)
    return found
