"""What is said of one type of object: its table, its natural key, its references, how its columns look outside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

__all__ = ["PERIODS", "ObjectType", "Reference"]

PERIODS: Final = frozenset({"held", "during"})
"""Fields that say since when and until when a row holds; left out: from now on, for good."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A field that names another object.

    Attributes:
        column: where the id stands.
        to: type of the other object.
        carries: columns of this row ← columns of the other, that composite keys and rules need beside the id.
        gives_tenant: the row belongs to whom the other object belongs to.
        optional: the field may be absent.
    """

    column: str
    to: str
    carries: Mapping[str, str] = field(default_factory=dict)
    gives_tenant: bool = False
    optional: bool = False


@dataclass(frozen=True, slots=True)
class ObjectType:
    """One type of object.

    Attributes:
        name: singular, also its table.
        collection: how lists of it are called in addresses and files.
        key: SQL that writes the natural key of a row ``t``.
        find: SQL that gives rows ``(k, t.*)`` for natural keys ``unnest(:keys) k``: joins down to the table ``t``.
        references: by field.
        plain: fields that are columns as they stand, in order.
        shape: SQL of the columns whose outside form differs from the inside, by field.
        owned: has a ``tenant`` of its own that may be given.
        children: (type, column) of rows that go with it when it is deleted.
        order: columns of the list order, together unique.
        part_of: (type, its column) of the object that this is a numbered part of: rows come and go with it, as many as
            the column says, and nobody writes them. Their ids follow from the object's and the number.
    """

    name: str
    collection: str
    key: str
    find: str
    references: Mapping[str, Reference] = field(default_factory=dict)
    plain: tuple[str, ...] = ()
    shape: Mapping[str, str] = field(default_factory=dict)
    owned: bool = True
    children: tuple[tuple[str, str], ...] = ()
    order: tuple[str, ...] = ("name",)
    part_of: tuple[str, str] | None = None

    @property
    def fields(self) -> tuple[str, ...]:
        """Every field of the outside form."""
        return (("tenant",) if self.owned else ()) + tuple(self.references) + self.plain

    @property
    def period(self) -> str | None:
        """The field that says since when and until when a row holds, if it has one."""
        return next((name for name in self.plain if name in PERIODS), None)
