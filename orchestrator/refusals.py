"""A rule of the database said no: say it to a person, in the field's own words where its domain knows them.

A room says so in ``<room>/errors.py`` with ``from_database(error) -> IrisplaneError | None``; it is asked first. The
server's own text is never passed on: it may hold values of rows that the caller may not see.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Final

from sqlalchemy.exc import DBAPIError

from core.domain import domains
from core.errors import Conflict, IrisplaneError, NotFound, Unavailable, Unexpected
from orchestrator.errors import RowRefused, RowTaken
from orchestrator.plan import JsonObject

__all__ = ["explain", "pointing_into_the_intent", "said_plainly"]

_Mapper = Callable[[DBAPIError], IrisplaneError | None]

_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_KEY: Final = re.compile(r"\((?P<columns>[^)]*)\)=\((?P<values>.*?)\)")

_TAKEN: Final = {"23505": "exists already", "23P01": "overlaps what holds the same place or time"}
_REFUSED: Final = {"23514": "breaks the rule", "23502": "is missing"}


@cache
def _mappers() -> tuple[_Mapper, ...]:
    modules = [import_module(f"{domain.name}.errors") for domain in domains() if find_spec(f"{domain.name}.errors")]
    return tuple(module.from_database for module in modules if hasattr(module, "from_database"))


@contextmanager
def said_plainly() -> Iterator[None]:
    """Errors of the database leave the block as ours."""
    try:
        yield
    except DBAPIError as error:
        raise explain(error) from error


@contextmanager
def pointing_into_the_intent() -> Iterator[None]:
    """A kind points into its intent; callers see a pointer into the whole request."""
    try:
        yield
    except IrisplaneError as error:
        if error.pointer is not None:
            error.pointer = f"/intent{error.pointer}"
        raise


def explain(error: DBAPIError, commands: Sequence[JsonObject] = (), *, refused: int | None = None) -> IrisplaneError:
    """The error as one of ours, with the row of the commands that it names, if one can be told.

    Args:
        refused: number of the row of the first command, where it is known.
    """
    found = next((said for mapper in _mappers() if (said := mapper(error)) is not None), None) or _by_state(error)
    if refused is not None and commands:
        at = commands[0]["rows"][refused]
        row: dict[str, object] | None = {"table": commands[0]["table"], "index": refused, "id": str(at.get("id"))}
    else:
        row = _row(error, commands)
    if row is not None:
        found.fields = {**found.fields, "row": row}
    return found


def _by_state(error: DBAPIError) -> IrisplaneError:
    state = str(getattr(error.orig, "sqlstate", None) or "")
    diagnostics = getattr(error.orig, "diag", None)
    table = getattr(diagnostics, "table_name", None)
    column = getattr(diagnostics, "column_name", None)
    rule = getattr(diagnostics, "constraint_name", None)
    facts = {name: value for name, value in (("table", table), ("column", column), ("rule", rule)) if value}
    what = table or "row"
    if state in _TAKEN:
        return RowTaken(f"A {what} like this {_TAKEN[state]} (rule {rule}).", **facts)
    if state == "23503":
        return RowTaken(
            f"A {what} refers to something that is not there, or is still referred to (rule {rule}).", **facts
        )
    if state in _REFUSED:
        return RowRefused(
            f"A value of this {what} {_REFUSED[state]}: {column or rule}.",
            pointer=f"/{column}" if column else None,
            **facts,
        )
    if state == "55P03" or state.startswith("40"):
        return Conflict("Somebody else is writing the same rows right now.", hint="Try again in a moment.")
    if state == "42501":
        return NotFound("It is not there, or not yours.")
    if state.startswith("22") or type(error).__name__ == "DataError":
        return RowRefused("A value has a form that cannot be stored.", **facts)
    if (
        error.connection_invalidated
        or state.startswith(("08", "53", "57"))  # gone; out of room or of connections; going down, or not done in time
        or (not state and "Operational" in type(error).__name__)
    ):
        return Unavailable("The database does not answer.")
    return Unexpected("The database refused something that it should not have been asked.", sqlstate=state)


def _row(error: DBAPIError, commands: Sequence[JsonObject]) -> dict[str, object] | None:
    """Which row of which command: by an id in the detail, or by the values of the key that is taken."""
    detail = str(getattr(getattr(error.orig, "diag", None), "message_detail", None) or "")
    ids = set(_UUID.findall(detail))
    key = _KEY.search(detail)
    wanted = dict(zip(key["columns"].split(", "), key["values"].split(", "), strict=False)) if key else {}
    for command in commands:
        for number, row in enumerate(command["rows"]):
            by_key = bool(wanted) and all(str(row.get(column)) == value for column, value in wanted.items())
            if by_key or str(row.get("id")) in ids:
                return {"table": command["table"], "index": number, "id": str(row.get("id"))}
    return None
