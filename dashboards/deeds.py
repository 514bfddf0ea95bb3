"""What can be done to a thing that an administration holds: the fields that a form asks, and the intent they make."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from sqlalchemy import Connection

from core.errors import InvalidInput
from dashboards.forms import Form
from dashboards.visit import Visit
from orchestrator.registry import installed

__all__ = ["Choices", "Deed", "Field", "Row"]

Row = Mapping[str, Any]
"""A thing as the API shows it; empty while it does not stand."""
Choices = Callable[[Connection, Visit, Row], Sequence[tuple[str, str]]]
"""Values that can be chosen, each with what people read."""
Intent = dict[str, Any]

_LARGEST: Final = 9


@dataclass(frozen=True, slots=True)
class Field:
    """One question of a form; its name is that in the intent.

    Attributes:
        label, hint, nothing: texts for the catalogues; ``nothing`` is what choosing nothing means.
        of: what it holds now, by its name in the row.
    """

    name: str
    label: str
    control: Literal["text", "number", "choice", "many", "check", "lines"] = "text"
    hint: str = ""
    choices: Choices | None = None
    required: bool = True
    nothing: str = ""
    usual: str = ""
    of: str = ""

    def before(self, row: Row) -> str:
        """What stands in it when the form is shown first."""
        held = row.get(self.of) if self.of else None
        if isinstance(held, Mapping):
            return "\n".join(f"{name}: {value}" for name, value in held.items())
        if isinstance(held, list):
            return "\n".join(str(one["name"] if isinstance(one, Mapping) else one) for one in held)
        return self.usual if held is None else str(held)

    def read(self, form: Form) -> Any:
        """Its value; ``None`` where nothing was typed.

        Raises:
            InvalidInput: points at the field.
        """
        if self.control == "check":
            return form.text(self.name) == "yes"
        if self.control == "many":
            return form.all_of(self.name)
        typed = form.text(self.name)
        if self.control == "lines":
            return [line.strip() for line in typed.splitlines() if line.strip()]
        if not typed:
            if self.required:
                raise InvalidInput("This cannot be left empty.", pointer=f"/{self.name}", hint="Fill it in.")
            return None
        if self.control == "number":
            if not typed.isascii() or not typed.isdecimal() or len(typed) > _LARGEST:
                raise InvalidInput(f"{typed[:20]!r} is no whole number.", pointer=f"/{self.name}")
            return int(typed)
        return typed


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that can be ordered of a thing, or the order of a new one.

    Attributes:
        kind: the kind of change; its word is the page's title.
        verb: the word on the button.
        about: under which name the intent has the thing; empty for a new one.
        when: statuses in which it is offered; those that the kind itself allows, where that says so.
        only: what else must be so of the thing for it to be offered.
        shape: makes the intent from what the fields hold, where that is not the same.
        final: whether there is no way back.
    """

    kind: str
    verb: str
    about: str = ""
    fields: tuple[Field, ...] = ()
    when: frozenset[str] = frozenset()
    only: Callable[[Row], bool] = lambda _row: True
    shape: Callable[[Intent], Intent] = lambda typed: typed
    final: bool = False

    def offered(self, row: Row) -> bool:
        """Whether it can be asked for now; whatever is said here, the change itself decides."""
        allowed = getattr(installed().get(self.kind), "allowed", None) or self.when
        return row["status"] in (allowed & self.when if self.when else allowed) and self.only(row)

    def intent(self, form: Form, row: Row) -> Intent:
        """What the form asks for.

        Raises:
            InvalidInput: points at a field.
        """
        typed = {field.name: value for field in self.fields if (value := field.read(form)) is not None}
        return self.shape(typed) | ({self.about: str(row["id"])} if self.about else {})
