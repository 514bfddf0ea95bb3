"""What a rule of the database said, in words for people.

A room that knows its own constraints better says so in ``<room>/errors.py`` with a function
``from_database(error: DBAPIError) -> IrisplaneError | None``; it is asked first. What nobody knows is told by
the kind of rule (PostgreSQL's SQLSTATE), never by the server's own text, which may hold values.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.util import find_spec

from sqlalchemy.exc import DBAPIError

from core.domain import domains
from core.errors import Conflict, Denied, InvalidInput, IrisplaneError, NotFound, Unavailable, Unexpected

__all__ = ["from_database"]

_Mapper = Callable[[DBAPIError], IrisplaneError | None]


@cache
def _mappers() -> tuple[_Mapper, ...]:
    rooms = ("orchestrator", *(domain.name for domain in domains()))
    modules = [import_module(f"{room}.errors") for room in rooms if find_spec(f"{room}.errors")]
    return tuple(module.from_database for module in modules if hasattr(module, "from_database"))


def from_database(error: DBAPIError) -> IrisplaneError:
    """The error as one of ours.

    Returns:
        ``Unexpected`` when it is a defect of ours rather than something the caller can mend.
    """
    for mapper in _mappers():
        found = mapper(error)
        if found is not None:
            return found
    return _by_state(error)


def _by_state(error: DBAPIError) -> IrisplaneError:  # noqa: C901, PLR0911 - one line per kind of rule
    state = str(getattr(error.orig, "sqlstate", None) or "")
    diagnostics = getattr(error.orig, "diag", None)
    column = getattr(diagnostics, "column_name", None)
    rule = getattr(diagnostics, "constraint_name", None)
    facts = {"constraint": rule} if rule else {}
    match state:
        case "23505":
            return Conflict("Something with this name or number exists already.", **facts)
        case "23503":
            return Conflict("It refers to something that does not exist, or something still refers to it.", **facts)
        case "23P01":
            return Conflict("It overlaps with something that holds the same place or time.", **facts)
        case "23514":
            return InvalidInput("A value breaks a rule of the database.", **facts)
        case "23502":
            return InvalidInput(f"A value is missing: {column}.", **facts)
        case "55P03" | "40P01" | "40001":
            return Conflict("Somebody else is writing the same thing right now.", hint="Try again in a moment.")
        case "42501":
            return Denied("You may not write there.")
        case "57014":
            return Unavailable("The database took too long to answer.", hint="Ask for less, or try again later.")
        case "P0002":
            return NotFound("It does not exist.")
    if error.connection_invalidated or state.startswith(("08", "57P")) or state == "53300":
        return Unavailable("The database does not answer.")
    if state.startswith("22") or _is_client_data_error(error):
        return InvalidInput("A value has a form that cannot be stored.")
    if not state and type(error).__name__ == "OperationalError":
        return Unavailable("The database does not answer.")
    return Unexpected("The database refused something it should not have been asked.")


def _is_client_data_error(error: DBAPIError) -> bool:
    """psycopg refuses some values (NUL in text) before the server sees them: a DataError without SQLSTATE."""
    return type(error).__name__ == "DataError"
