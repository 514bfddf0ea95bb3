"""What can be ordered at a time: a plan, an image, an offering by its code, or the sentence that says what there is.

Something is orderable while its offering, its plan and a price of it are all valid. An image has no price.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, NoReturn
from uuid import UUID

from sqlalchemy import Connection, text

from datacenter.hosting.errors import NotOffered

__all__ = ["ImageOffer", "OfferedKind", "OfferingOffer", "PlanOffer", "image_named", "offering_of", "plan_named"]

OfferedKind = Literal["server", "volume", "snapshot", "backup", "floating-ip", "network", "image"]


@dataclass(frozen=True, slots=True)
class PlanOffer:
    """A size of a server that can be ordered.

    Attributes:
        flavor: its name in the cloud, after SCS-0100.
        quarter_micro_eur: what it costs for a quarter-hour, running.
    """

    id: UUID
    offering_id: UUID
    offering: str
    code: str
    flavor: str
    vcpus: int
    ram_mib: int
    disk_gib: int
    quarter_micro_eur: int


@dataclass(frozen=True, slots=True)
class ImageOffer:
    """An image that can be ordered.

    Attributes:
        select: properties by which it is found in the cloud: ``{"irisplane_offering": "debian"}``.
        details: the rest that is known: ``os``, ``min_disk_gib``, ``min_ram_mib``.
    """

    id: UUID
    code: str
    select: Mapping[str, str]
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class OfferingOffer:
    """Something without sizes that can be ordered: a volume, a floating address."""

    id: UUID
    code: str
    kind: str
    component: str
    quarter_micro_eur: int


def plan_named(tx: Connection, code: str, at: datetime, *, pointer: str = "/plan") -> PlanOffer:
    """The plan of a server that has this code at a time.

    Raises:
        NotOffered: there is none; names those that there are.
    """
    row = tx.execute(_PLAN, {"code": code, "at": at}).first()
    if row is None:
        _refuse(tx, _PLANS, f"There is no plan {code!r}", at, pointer)
    return PlanOffer(*row)


def image_named(tx: Connection, code: str, at: datetime, *, pointer: str = "/image") -> ImageOffer:
    """The image of the catalogue that has this code at a time.

    Raises:
        NotOffered: there is none; names those that there are.
    """
    row = tx.execute(_IMAGE, {"code": code, "at": at}).first()
    if row is None:
        _refuse(tx, _IMAGES, f"There is no image {code!r}", at, pointer)
    return ImageOffer(row.id, row.code, dict(row.details.get("select", {})), row.details)


def offering_of(
    tx: Connection, kind: OfferedKind, at: datetime, *, code: str | None = None, pointer: str = "/offering"
) -> OfferingOffer:
    """What is offered of a kind without sizes; the first by code when none is named.

    Raises:
        NotOffered: nothing of it is.
    """
    row = tx.execute(_OFFERING, {"kind": kind, "code": code, "at": at}).first()
    if row is None:
        wanted = f"{kind} {code!r}" if code else kind
        _refuse(tx, _OFFERINGS, f"There is no {wanted}", at, pointer, kind=kind)
    return OfferingOffer(*row)


def _refuse(tx: Connection, query: Any, sentence: str, at: datetime, pointer: str, **more: str) -> NoReturn:
    offered = list(tx.execute(query, {"at": at, **more}).scalars())
    there = f"there is {', '.join(offered)}" if offered else "nothing of this kind is offered"
    raise NotOffered(f"{sentence[:200]} to order today; {there}.", pointer=pointer, offered=offered)


_PLAN_SOURCE: Final = """
    from offering_plan p
    join offering o on o.id = p.offering_id and o.valid @> cast(:at as timestamptz) and o.kind = 'server'
    join price c on c.plan_id = p.id and c.component = 'server' and c.valid @> cast(:at as timestamptz)
    where p.valid @> cast(:at as timestamptz)"""
_IMAGE_SOURCE: Final = " from offering o where o.kind = 'image' and o.valid @> cast(:at as timestamptz)"
_OFFERING_SOURCE: Final = """
    from offering o
    join price c on c.offering_id = o.id and c.plan_id is null and c.component in ('gib', 'address', 'network')
     and c.valid @> cast(:at as timestamptz)
    where o.kind = :kind and o.valid @> cast(:at as timestamptz)"""

_PLAN: Final = text(f"""
    select p.id, o.id, o.code, p.code, p.flavor, p.vcpus, p.ram_mib, p.disk_gib, c.quarter_micro_eur
    {_PLAN_SOURCE} and p.code = :code and p.flavor is not null order by o.code limit 1""")
_PLANS: Final = text(f"select p.code {_PLAN_SOURCE} and p.flavor is not null order by c.quarter_micro_eur, p.code")
_IMAGE: Final = text(f"select o.id, o.code, o.details {_IMAGE_SOURCE} and o.code = :code")
_IMAGES: Final = text(f"select o.code {_IMAGE_SOURCE} order by 1")
_OFFERING: Final = text(f"""
    select o.id, o.code, o.kind, c.component, c.quarter_micro_eur
    {_OFFERING_SOURCE} and (cast(:code as text) is null or o.code = :code) order by o.code limit 1""")
_OFFERINGS: Final = text(f"select o.code {_OFFERING_SOURCE} order by 1")
