"""A command that a hint or a page names exists, with the options that are named beside it."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from cyclopts import App

from cli.main import _application

ROOT = Path(__file__).parents[2]
ROOMS = ("core", "orchestrator", "inventory", "network", "datacenter", "api", "cli", "lab")
_QUOTED = re.compile(r"['`](?:\.venv/bin/)?irisplane ([a-z][^'`]*)['`]")
_TYPED = re.compile(r"^[ \t]*(?:\$ |# )?(?:sudo )?(?:\.venv/bin/)?irisplane ([a-z][^#|>&\n]*)", re.MULTILINE)
_FENCED = re.compile(r"```(?:console|sh|bash|text)?\n(.*?)```", re.DOTALL)
_WORD = re.compile(r"[a-z][a-z-]*")
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
GLOBAL = {"--json", "--profile", "--url", "--no-color", "--quiet", "--help", "--version"}


def _in_code() -> Iterator[tuple[str, str]]:
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and "irisplane " in node.value:
                    for said in _QUOTED.findall(node.value):
                        yield f"{path.relative_to(ROOT)}:{node.lineno}", said


def _in_pages() -> Iterator[tuple[str, str]]:
    for path in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        page = path.read_text(encoding="utf-8")
        typed = [said for block in _FENCED.findall(page) for said in _TYPED.findall(block.replace("\\\n", " "))]
        for said in [*_QUOTED.findall(page), *typed]:
            yield str(path.relative_to(ROOT)), said


@cache
def _commands() -> App:
    return _application()


def _wrong(said: str) -> str | None:
    """What is wrong with a command as it is named, if anything."""
    words: list[str] = []
    here = _commands()
    for word in said.partition("|")[0].split():
        verbs = [name for name in here if not name.startswith("-")]
        if not verbs:
            break
        if not _WORD.fullmatch(word):
            return None  # a placeholder or an option: NAME, …, --help
        if word not in verbs:
            return f"{' '.join(words) or 'irisplane'} has no command {word!r}"
        words.append(word)
        here = here[word]
    options = here.assemble_argument_collection() if here.default_command else ()
    unknown = set(_OPTION.findall(said)) - GLOBAL - {name for argument in options for name in argument.names}
    return f"{' '.join(words)} has no option {sorted(unknown)}" if unknown else None


@pytest.mark.parametrize("source", [_in_code, _in_pages])
def test_every_command_that_is_named_exists(source: Callable[[], Iterator[tuple[str, str]]]) -> None:
    named = list(source())
    assert len(named) > 20
    assert [f"{where}: irisplane {said} ({wrong})" for where, said in named if (wrong := _wrong(said))] == []


def test_a_command_that_does_not_exist_is_found_out() -> None:
    assert _wrong("secret forge NAME")
    assert _wrong("wire impact")
    assert _wrong("config push --sellect all")
    assert _wrong("config push --select all --reason TEXT") is None
