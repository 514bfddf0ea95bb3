"""Seeing the things of a project: a list as a table, and one with all its fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from cyclopts import Parameter

from cli import output
from cli.client import connect
from cli.hosting.finding import Noun, find

__all__ = ["Where", "list_all", "show_one"]

Where = Annotated[str | None, Parameter(help="Project in which to look for the name; all of yours when absent.")]
"""The option that says in which project a name is meant."""

_TIMES = frozenset({"created_at", "updated_at", "taken_at", "lease_until", "looked_at", "begins", "ends"})
_LEFT_OUT = frozenset({"version", "tenant_id", "project_id"})


def list_all(
    noun: Noun,
    columns: Mapping[str, str],
    *,
    row: Callable[[Mapping[str, Any]], Mapping[str, Any]] = lambda one: one,
    **filters: Any,
) -> None:
    """Print everything of a noun that one may see.

    Args:
        columns: field → heading.
        row: makes the cells of one.
    """
    with connect() as client:
        found = client.items(noun.path, **filters)
    output.give(found, lambda: output.table([row(one) for one in found], columns, empty=f"No {noun.several}."))


def show_one(noun: Noun, given: str, *, project: str | None = None) -> None:
    """Print all fields of one."""
    with connect() as client:
        found = client.get(noun.at(find(client, noun, given, project=project)))
    output.give(found, lambda: show_fields(found))


def show_fields(found: Mapping[str, Any]) -> None:
    """Print the fields of one thing as they are called; lists of things, one a line."""
    pairs = []
    for name, value in found.items():
        if name in _LEFT_OUT:
            continue
        title = "state" if name == "status" else name.removesuffix("_at").replace("_", " ")
        pairs.append((title, output.local_time(value) if name in _TIMES else _said(value)))
    output.facts(pairs)


def _said(value: object) -> object:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "\n".join(_words(one) for one in value)
    return _words(value) if isinstance(value, Mapping) else value


def _words(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {part}" for name, part in value.items() if part not in (None, "", [], {}))
    return str(value)
