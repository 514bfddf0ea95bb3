"""What a person or a program sees: tables and sentences, or JSON. Colours exist only here, and only on a terminal."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from cli import session
from cli.errors import ApiProblem
from core.errors import IrisplaneError

if TYPE_CHECKING:
    from rich.console import Console

__all__ = [
    "clean", "console", "diff", "facts", "give", "heading", "local_time", "notice", "say", "state", "table",
    "tell_error",
]  # fmt: skip

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_STYLE = {
    **dict.fromkeys(("succeeded", "ok", "reachable", "confirmed", "verified"), "green"),
    **dict.fromkeys(("running", "approved", "starting"), "cyan"),
    **dict.fromkeys(("failed", "unreachable", "rejected", "fail", "stopped"), "red"),
    **dict.fromkeys(("waiting", "rolled_back", "rolling_back", "stale", "warn", "undone", "drifted"), "yellow"),
    **dict.fromkeys(("cancelled", "expired", "skipped"), "dim"),
    "unknown": "magenta",
}


@cache
def _consoles() -> tuple[Console, Console]:
    from rich.console import Console

    plain = session.current.plain
    made = []
    for stderr in (False, True):
        made_one = Console(stderr=stderr, markup=False, emoji=False, highlight=False, no_color=plain or None)
        if not made_one.is_terminal:
            made_one.width = 240  # for pipes: nothing is cut off
        made.append(made_one)
    return made[0], made[1]


def console(*, stderr: bool = False) -> Console:
    """The console of this command."""
    return _consoles()[stderr]


def clean(value: object) -> str:
    """Text that may be shown on a terminal: no control characters, no reversal of writing."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", str(value))


def give(value: object, shown: Callable[[], None]) -> None:
    """Give a result: as JSON when asked for, otherwise as ``shown`` shows it."""
    if session.current.as_json:
        sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n")
    else:
        shown()


def say(text: str = "", style: str | None = None) -> None:
    """A line for people on standard output."""
    console().print(clean(text), style=style, soft_wrap=True)


def notice(text: str, style: str | None = None) -> None:
    """A line beside the result, on standard error; none when quiet."""
    if not session.current.quiet:
        console(stderr=True).print(clean(text), style=style, soft_wrap=True)


def heading(text: str) -> None:
    """What the following lines are about."""
    say()
    say(text, "bold")


def facts(pairs: Iterable[tuple[str, object]]) -> None:
    """Names and values, one a line; empty values are left out."""
    shown = [(name, clean(value)) for name, value in pairs if value is not None and value not in ("", (), [])]
    width = max((len(name) for name, _ in shown), default=0)
    for name, value in shown:
        lines = value.splitlines() or [""]
        say(f"  {name:<{width}}  {lines[0]}", _STYLE.get(value) if name == "state" else None)
        for line in lines[1:]:
            say(f"  {'':<{width}}  {line}")


def table(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str], *, empty: str = "None.") -> None:
    """Rows as a table.

    Args:
        columns: field → heading, in the order of showing.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    if not rows:
        say(empty, "dim")
        return
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for title in columns.values():
        made.add_column(title, overflow="fold")
    for row in rows:
        made.add_row(*(Text(cell := _cell(row.get(name)), style=_STYLE.get(cell, "")) for name in columns))
    console().print(made)


def state(value: str) -> str:
    """The style of a state."""
    return _STYLE.get(value, "")


def diff(text: str, indent: str = "    ") -> None:
    """A difference with its added and removed lines in colour."""
    for line in text.splitlines():
        style = (
            "green" if line.startswith("+") else "red" if line.startswith("-") else "cyan" if line[:2] == "@@" else None
        )
        say(indent + line, style)


def local_time(value: object) -> str:
    """A time of the API in this desk's zone."""
    if not value:
        return ""
    try:
        return datetime.fromisoformat(str(value)).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    except ValueError:
        return str(value)


def tell_error(error: IrisplaneError) -> None:
    """An error on standard error: code, sentence, what to do, request id; JSON when programs read."""
    if session.current.as_json:
        sys.stderr.write(json.dumps(error.as_dict(), ensure_ascii=False, default=str) + "\n")
        return
    problem = error.problem if isinstance(error, ApiProblem) else {}
    code = problem.get("code") or error.code
    out = console(stderr=True)
    out.print(clean(f"{code}: {error.message}"), style="bold red", soft_wrap=True)
    for place in error.places if isinstance(error, ApiProblem) else ():
        where = place.get("pointer") or place.get("parameter") or ""
        if place.get("detail") and place["detail"] != error.message:
            out.print(clean(f"  {where}: {place['detail']}"), soft_wrap=True)
    if error.hint:
        out.print(clean(error.hint), soft_wrap=True)
    request_id = problem.get("request_id") or error.fields.get("request_id")
    if request_id:
        out.print(clean(f"request {request_id}"), style="dim", soft_wrap=True)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(clean(part) for part in value)
    if isinstance(value, dict):
        return clean(json.dumps(value, ensure_ascii=False))
    return clean(value)
