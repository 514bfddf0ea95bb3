"""Objects of the inventory, made from what the inventory says of each type: one mechanism, no type by hand.

Fields come from ``inventory.objects``, what may stand in them from ``inventory.schema``; references are natural keys.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import Field, create_model

from api.shapes import ABSENT, Code, JsonObject, Shape, Time, Version, page_of
from api.shapes.changes import Asked
from inventory.object_type import PERIODS, ObjectType
from inventory.objects import ALL
from inventory.schema import INPUT

__all__ = [
    "DEVICE",
    "OBJECTS",
    "AnsibleInventory",
    "Context",
    "ContextLeaf",
    "Edited",
    "ImportReport",
    "Imported",
    "Targets",
]

# These are written in another form than they are read in: without its defaults, with the time of a row's end.
_OTHERWISE: Final[dict[str, Any]] = {
    **dict.fromkeys(
        PERIODS, Annotated[str | None, Field(description="Since when and until when; null: since ever, for good.")]
    ),
    "interfaces": None,
}


def _object(made: ObjectType) -> type[Shape]:
    """The shape of one type, as ``inventory.shapes.object_sql`` builds it."""
    written = INPUT[made.name]
    fields: dict[str, Any] = {"id": UUID, "key": Annotated[str, Field(description="The natural key.")]}
    for name in made.fields:
        fields[name] = _OTHERWISE.get(name) or written.model_fields[name].rebuild_annotation()
    if made.owned:
        fields["tenant"] = Code
    fields |= {"version": Version, "created_at": Time, "updated_at": Time}
    title = made.name.title().replace("_", "")
    shape: type[Shape] = create_model(title, __base__=Shape, __doc__=written.__doc__, **fields)
    return shape


OBJECTS: Final[dict[str, type[Shape]]] = {name: _object(made) for name, made in ALL.items() if name != "tenant"}
"""The shape of an object of a list, by type."""
PAGES: Final = {name: page_of(shape) for name, shape in OBJECTS.items()}


class LogIn(Shape):
    """How a device is entered; the secret by its name."""

    username: str
    secret_name: str
    host_key: str | None
    host_key_enrolled_at: Time | None


class PlaceInRack(Shape):
    """Where a device stands."""

    rack: str
    units: str
    face: str
    held: str


class FarEnd(Shape):
    """The link of an interface and what is at its other end."""

    name: str
    device: str
    interface: str
    kind: str
    status: str
    length_m: Annotated[int | None, Field(description="Metres.")]


def _with(name: str, base: type[Shape], doc: str, without: frozenset[str] = frozenset(), **more: Any) -> type[Shape]:
    kept = {
        field: info.rebuild_annotation() for field, info in base.model_fields.items() if field not in without | {*more}
    }
    made: type[Shape] = create_model(name, __base__=Shape, __doc__=doc, **kept, **more)
    return made


_InterfaceOfDevice: Final = _with(
    "InterfaceOfDevice",
    OBJECTS["interface"],
    "An interface with its addresses and its link.",
    frozenset({"key", "device", "created_at", "updated_at"}),
    addresses=list[str],
    link=FarEnd | None,
)
DEVICE: Final = _with(
    "DeviceWhole",
    OBJECTS["device"],
    "A device with its interfaces, its log-in and its place in a rack.",
    commune=Annotated[str | None, Field(description="NIS code.")],
    access=LogIn | None,
    placement=PlaceInRack | None,
    interfaces=list[_InterfaceOfDevice],  # type: ignore[valid-type]  # made above, from the table
)


class Altered(Shape):
    """An object that a change makes, alters or deletes."""

    op: Literal["+", "~", "-"]
    type: str
    id: UUID
    key: str


class Made(Shape):
    """An object that an allocation makes."""

    type: str
    id: UUID


class Drawn(Shape):
    """What an allocation took."""

    what: str
    pool: str
    value: str
    objects: list[Made]


class Edited(Shape):
    """A change of the inventory, what it alters, and what was allocated."""

    change: Asked
    objects: Annotated[list[Altered], Field(description="The first ones; `change` counts all.")]
    allocated: Annotated[list[Drawn], Field(description="What each allocation took of its pool.")]


class SourceRead(Shape):
    """A file that was read."""

    file: str
    form: str
    taken: int
    refused: int
    attribution: str
    not_taken: Annotated[int, ABSENT]
    why: Annotated[str, ABSENT]


class RowRefused(Shape):
    """A row that cannot be taken."""

    file: str
    line: int
    reason: str


class _Report(Shape):
    sources: list[SourceRead]
    refused: Annotated[list[RowRefused], Field(description="The first thousand.")]
    records: int


class Imported(_Report):
    """The change that an import became, with what was refused."""

    change: Asked


class ImportReport(_Report):
    """What an import would take, alter and refuse."""

    counts: Annotated[dict[str, int], Field(description="`create device` → how many.")]
    unchanged: int
    summary: str


class Labels(Shape):
    """Labels of a target, by which dashboards group."""

    device: str
    role: str
    site: str
    platform: str
    tenant: Code
    status: str


class Targets(Shape):
    """A target group of Prometheus' HTTP service discovery."""

    targets: list[str]
    labels: Labels


class ContextLeaf(Shape):
    """A value of a device's merged context, and which contexts gave it."""

    pointer: Annotated[str, Field(description="JSON pointer into the merged context.")]
    value: Any
    given_by: list[str]


Context = Annotated[JsonObject, Field(description="The merged context: what people wrote, so any fields.")]
AnsibleInventory = Annotated[
    JsonObject, Field(description="Groups by name, `all`, and `_meta.hostvars`: the form is Ansible's own.")
]
