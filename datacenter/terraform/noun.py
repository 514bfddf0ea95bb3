"""What every resource has in common: ordered, read, altered, given back, taken over; failures in Terraform's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final, Protocol

from tf.schema import Schema
from tf.types import Unknown

from datacenter.terraform.api import Api, Failure, Problem
from datacenter.terraform.fields import Field, by_api_name, known
from datacenter.terraform.orders import Made, Orders, stands

__all__ = ["ID", "PROJECT", "Noun", "Session", "tell"]

State = dict[str, Any]

ID: Final = Field("id", "text", "Given by Irisplane.")
PROJECT: Final = Field(
    "project", "text", "Code of the project; the provider's own when absent.", "either", replace=True
)
VERSION: Final = 1
_NAME_TAKEN: Final = "HST-104"
_LOST: Final = "vanished"
_KEPT: Final = "kept"


class Session(Protocol):
    """What a configured provider gives its resources."""

    @property
    def api(self) -> Api:
        """The connection."""

    @property
    def orders(self) -> Orders:
        """The orders of this configuration."""

    @property
    def project(self) -> str:
        """Code of the project where none is named."""


class Noun:
    """A resource of Irisplane.

    Attributes:
        name: after ``irisplane_``.
        collection: its address in the API.
        fields: its attributes.
        description: one line for the registry's page.
    """

    name: ClassVar[str]
    collection: ClassVar[str]
    description: ClassVar[str]
    fields: ClassVar[tuple[Field, ...]]
    blocks: ClassVar[tuple[Any, ...]] = ()

    def __init__(self, session: Session) -> None:
        self.session = session

    # -------------------------------------------------------------------------- what the framework asks
    @classmethod
    def get_name(cls) -> str:
        """The framework's question for the name."""
        return cls.name

    @classmethod
    def get_schema(cls) -> Any:
        """The framework's question for the attributes."""
        attributes = [field.attribute() for field in cls.fields]
        return Schema(attributes, version=VERSION, block_types=list(cls.blocks), description=cls.description)

    def validate(self, diags: Any, type_name: str, config: State) -> None:
        """Say what is wrong with a configuration before anything is asked of Irisplane."""
        for field in self.fields:
            value = config.get(field.name)
            if not known(value):
                continue
            if not field.settable:
                diags.add_error(f"{type_name}.{field.name} is told by Irisplane and cannot be set.", path=[field.name])
            elif field.check is not None and (wrong := field.check(value)) is not None:
                diags.add_error(f"{field.name} {wrong}", path=[field.name])

    def plan(self, ctx: Any, current: State | None, planned: State) -> State:
        """What will be known only after an update is not promised before it; what cannot be is said already.

        As a warning: Terraform plans before it destroys, too, and that must not fail for it.
        """
        for field, sentence, hint in self.impossible(current, planned) if current else ():
            ctx.diagnostics.add_warning(f"Applying this will be refused: {sentence}", hint, path=[field])
        if ctx.changed_fields:
            planned |= {told.name: Unknown for told in self.fields if told.volatile}
        return planned

    def create(self, ctx: Any, planned: State) -> State | None:
        """Order the thing, and wait for it."""
        with tell(ctx, self.fields):
            made = self._ordered(planned)
            if made.taken_over:
                ctx.diagnostics.add_warning(
                    f"{ctx.type_name} {made.id} was taken over.",
                    "An earlier run of this configuration had ordered the same and did not write it down.",
                )
            return self._as_it_is(made.id, planned)
        return None

    def read(self, ctx: Any, current: State) -> State | None:
        """The thing as it is; ``None`` when it is there no more, so that Terraform makes another."""
        with tell(ctx, self.fields):
            found = self.session.api.find(self.address(current["id"]))
            return self.state(found, current) if found is not None and stands(found) else None
        return current

    def update(self, ctx: Any, current: State, planned: State) -> State | None:
        """Alter the thing; what was done of several alterations when one fails is told as it is."""
        impossible = self.impossible(current, planned)
        for field, sentence, hint in impossible:
            ctx.diagnostics.add_error(sentence, hint, path=[field])
        if impossible:
            return current
        with tell(ctx, self.fields):
            self.alter(current, planned)
            return self._as_it_is(current["id"], planned)
        with tell(ctx, self.fields):
            found = self.session.api.find(self.address(current["id"]))
            return self.state(found, current) if found is not None else current
        return current

    def delete(self, ctx: Any, current: State) -> State | None:
        """Give the thing back, and wait until it is gone; that it is gone already is no error."""
        with tell(ctx, self.fields):
            try:
                self.give_back(current)
            except Problem as problem:
                if problem.status != 404 and stands(self.session.api.find(self.address(current["id"]))):
                    raise
            return None
        return current

    def import_(self, ctx: Any, id: str) -> State | None:  # noqa: A002 - the framework's own name for it
        """Take over a thing that is there, by its id or its name."""
        with tell(ctx, ()):
            found = self.session.api.find(self.address(id)) if _is_id(id) else self.find_named(id)
            if found is not None and stands(found):
                return self.state(found, {})
            ctx.diagnostics.add_error(
                f"There is no {ctx.type_name} {id!r}.",
                "Import it by its id or its name; a name in another project than the provider's is PROJECT/NAME.",
            )
        return None

    # ------------------------------------------------------------------------------- what a noun alters
    def order(self, planned: State) -> dict[str, Any]:
        """The body of the order."""
        body = {
            field.api_name: _plain(planned[field.name])
            for field in self.fields
            if field.settable and field.sent and known(planned.get(field.name))
        }
        if any(field is PROJECT for field in self.fields):
            body.setdefault("project", self.session.project)
        return body

    def state(self, found: Mapping[str, Any], before: State) -> State:
        """What Irisplane says of a thing as Terraform's state; what it never tells stays as it was."""
        return {
            field.name: _as_said(field, found[field.api_name], before.get(field.name))
            if field.api_name in found
            else _unsaid(before.get(field.name))
            for field in self.fields
        }

    def impossible(self, current: State, planned: State) -> list[tuple[str, str, str]]:
        """Alterations that cannot be: field, sentence, way out. What is not known yet is not judged."""
        return []

    def alter(self, current: State, planned: State) -> None:
        """Ask for every alteration that the plan holds; Terraform replaces what has nothing to alter."""
        raise TypeError(f"{self.name} has nothing that could be altered in place")

    def give_back(self, current: State) -> None:
        """Ask for the thing to be given back."""
        self.session.orders.do("DELETE", self.address(current["id"]), match="*")

    def address(self, thing: str) -> str:
        """Where one of them is."""
        return f"{self.collection}/{thing}"

    def _ordered(self, planned: State) -> Made:
        """Order it; what the cloud lost under the same name makes way first."""
        body = self.order(planned)
        try:
            return self.session.orders.create(self.collection, body)
        except Problem as problem:
            there = self._of_the_name(body) if problem.code == _NAME_TAKEN else None
            if there is None or there["status"] not in {_LOST, _KEPT}:
                raise
            if there["status"] == _KEPT:
                raise self._still_kept(there) from None
            self.give_back(there)
            return self.session.orders.create(self.collection, body)

    def _of_the_name(self, body: Mapping[str, Any]) -> State | None:
        """What stands under the name of an order."""
        asked = {name: str(body[name]) for name in ("name", "project") if name in body}
        listed = self.session.api.items(self.collection, **asked)
        named = [one for one in listed if one.get("name") == body.get("name")]
        return min(named, key=lambda one: one["status"] == _LOST, default=None)

    def _still_kept(self, there: Mapping[str, Any]) -> Failure:
        name, noun = there["name"], self.name.replace("_", "-")
        return Failure(
            f"A {noun} {name} was given back and is kept until {there.get('purge_at')}.",
            f"Have it back with 'irisplane {noun} restore {name}' and import it, or let it go for good with"
            f" 'irisplane {noun} delete {name} --now'.",
        )

    def _as_it_is(self, thing: str, before: State) -> State:
        found = self.session.api.get(self.address(thing))
        return self.state(found, before)

    def find_named(self, name: str) -> dict[str, Any] | None:
        """By its name in the provider's project, or as ``PROJECT/NAME``."""
        project, slash, rest = name.rpartition("/")
        asked = {"name": rest if slash else name}
        if any(field is PROJECT for field in self.fields):
            asked["project"] = project or self.session.project
        for one in self.session.api.items(self.collection, **asked):
            if one.get("name") == asked["name"] and stands(one):
                return self.session.api.find(self.address(one["id"]))
        return None


class tell:  # noqa: N801 - used as a statement, like contextlib's own
    """Failures inside become diagnostics, at the attribute that is meant where Irisplane names one.

    Args:
        fields: of the thing that is spoken of.
    """

    def __init__(self, ctx: Any, fields: tuple[Field, ...]) -> None:
        self._diagnostics = ctx.diagnostics
        self._names = by_api_name(fields)

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, failure: BaseException | None, _trace: object) -> bool:
        if isinstance(failure, (LookupError, TypeError, ValueError)):
            failure = Failure(
                f"Irisplane answered what this provider does not understand ({type(failure).__name__}: {failure}).",
                "Lay the provider that belongs to this Irisplane: 'irisplane terraform install-provider'.",
            )
        if not isinstance(failure, Failure):
            return False
        detail = failure.hint
        places: list[tuple[str, str]] = []
        if isinstance(failure, Problem):
            detail += f"\n({failure.code}, request {failure.request_id})" if failure.code else ""
            places = [(name, said) for pointer, said in failure.places.items() if (name := self._meant(pointer))]
        for name, sentence in places:
            self._diagnostics.add_error(sentence, detail, path=[name])
        if not places:
            self._diagnostics.add_error(failure.sentence, detail)
        return True

    def _meant(self, pointer: str) -> str | None:
        field = self._names.get(pointer.strip("/").partition("/")[0])
        return field.name if field is not None else None


def _plain(value: Any) -> Any:
    """Numbers of Terraform are floats at times; the API counts in whole ones."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _as_said(field: Field, value: Any, before: Any) -> Any:
    """A value as Terraform keeps it: what nobody set and is empty is null, as the configuration has it."""
    if field.set_by == "may" and value in ("", [], {}, None) and not known(before):
        return None
    return _plain(value)


def _unsaid(value: Any) -> Any:
    return None if value is Unknown else value


def _is_id(text: str) -> bool:
    return len(text) == 36 and text.count("-") == 4
