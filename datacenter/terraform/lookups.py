"""Data sources: sizes and images that the catalogue offers."""

from __future__ import annotations

from typing import Any, ClassVar

from tf.schema import Schema

from datacenter.terraform.fields import Field, known
from datacenter.terraform.noun import Session, State, tell

__all__ = ["DATA_SOURCES"]


class Lookup:
    """One entry of a list of the catalogue, found by its code."""

    name: ClassVar[str]
    collection: ClassVar[str]
    description: ClassVar[str]
    fields: ClassVar[tuple[Field, ...]]

    def __init__(self, session: Session) -> None:
        self.session = session

    @classmethod
    def get_name(cls) -> str:
        """The framework's question for the name."""
        return cls.name

    @classmethod
    def get_schema(cls) -> Any:
        """The framework's question for the attributes."""
        return Schema([field.attribute() for field in cls.fields], description=cls.description)

    def validate(self, diags: Any, type_name: str, config: State) -> None:
        """What Irisplane tells cannot be set."""
        for field in self.fields:
            if not field.settable and known(config.get(field.name)):
                diags.add_error(f"{type_name}.{field.name} is told by Irisplane and cannot be set.", path=[field.name])

    def read(self, ctx: Any, config: State) -> State | None:
        """The entry as it is offered now."""
        with tell(ctx, self.fields):
            listed = self.session.api.get(self.collection)["items"]
            for one in listed:
                if one["code"] == config["code"]:
                    return {field.name: one.get(field.api_name) for field in self.fields}
            offered = ", ".join(sorted(str(one["code"]) for one in listed)) or "nothing"
            ctx.diagnostics.add_error(
                f"The catalogue has no {self.name} {config['code']!r} today.", f"It offers: {offered}.", path=["code"]
            )
        return None


class Flavor(Lookup):
    """A size of servers."""

    name: ClassVar = "flavor"
    collection: ClassVar = "/api/v1/flavors"
    description: ClassVar = "A size of servers, with its price."
    fields: ClassVar = (
        Field("code", "text", "As the catalogue has it: `small`.", "must"),
        Field("name", "text", "What people call it."),
        Field("flavor", "text", "Its name in the cloud: `SCS-1V-2-10`."),
        Field("vcpus", "number", "Virtual processors."),
        Field("ram_mib", "number", "MiB of memory."),
        Field("disk_gib", "number", "GiB of the system disk."),
        Field("month_micro_eur", "text", "Micro-euros for 730 hours."),
    )


class Image(Lookup):
    """What a server can start from."""

    name: ClassVar = "image"
    collection: ClassVar = "/api/v1/images"
    description: ClassVar = "What a server can start from."
    fields: ClassVar = (
        Field("code", "text", "As the catalogue has it: `debian`.", "must"),
        Field("name", "text", "What people call it."),
    )


DATA_SOURCES = (Flavor, Image)
