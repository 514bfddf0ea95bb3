"""What figures are called on pages, where each comes from, and how its past is drawn small."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from core.figures import Group, Point, Unit
from dashboards.terms import mark as _
from orchestrator.figures import Shown

__all__ = ["GROUPS", "LABELS", "OUTLOOKS", "SCALES", "SOURCES", "Scale", "Source", "grouped", "spark"]

GROUPS: Final[Mapping[Group, str]] = {
    "capacity": _("Capacity"),
    "sold": _("Granted and used"),
    "changes": _("Changes"),
    "orders": _("Orders"),
    "money": _("Money"),
}

LABELS: Final[Mapping[str, str]] = {
    "devices": _("Devices"),
    "rack-units": _("Rack units taken"),
    "cloud-vcpus": _("Virtual processors of the machines"),
    "cloud-ram_mib": _("Memory of the machines"),
    "cloud-disk_gib": _("Disks of the machines"),
    "cloud-storage_gib": _("Storage for volumes"),
    "cloud-floating_ips": _("Public addresses of a range"),
    "addresses": _("Addresses in use"),
    "pool": _("Prefixes taken from a pool"),
    "vlans": _("VLANs taken"),
    "as-numbers": _("AS numbers taken"),
    "servers": _("Servers"),
    "vcpus": _("Virtual processors"),
    "ram_mib": _("Memory"),
    "volumes": _("Volumes"),
    "storage_gib": _("Storage"),
    "snapshots": _("Snapshots"),
    "networks": _("Networks"),
    "floating_ips": _("Public addresses"),
    "security_groups": _("Security groups"),
    "changes-succeeded": _("Changes that went through"),
    "changes-ended": _("Changes that ended"),
    "changes-waiting": _("Changes that wait for somebody"),
    "orders-ended": _("Orders that ended"),
    "order-wait": _("Half of the orders began within"),
    "server-time": _("Half of the new servers stood after"),
    "month": _("What the month comes to"),
}


@dataclass(frozen=True, slots=True)
class Source:
    """Where a figure comes from: a sentence, and the address of what it was counted from."""

    text: str
    href: str = ""


_GRANTED: Final = _(
    "Counted by the database in the transaction that orders or gives back; the capacity is what administrations were"
    " granted together, which is not what the machines can hold."
)
_ENDED: Final = _(
    "Counted over 30 days by how changes ended; what people rejected, cancelled or let lapse counts neither for nor"
    " against."
)
_CLOUD: Final = _(
    "As the cloud says: what its scheduler gives out on hosts that are up and take servers, what the disks for volumes"
    " hold, which public addresses are left."
)
_OF_THE_CLOUD: Final = ("vcpus", "ram_mib", "disk_gib", "storage_gib", "floating_ips")
_PLACES: Final = _("Counted in the inventory, as it is now.")
_OFFERED: Final[Mapping[str, str]] = {
    "servers": "/servers", "vcpus": "/servers", "ram_mib": "/servers", "volumes": "/holdings",
    "storage_gib": "/holdings", "snapshots": "/holdings", "networks": "/holdings", "floating_ips": "/holdings",
    "security_groups": "/holdings",
}  # fmt: skip
SOURCES: Final[Mapping[str, Source]] = {
    "devices": Source(_("Devices of the inventory that are not retired."), "/devices"),
    "rack-units": Source(
        _("Units that a placement takes now, of the units that all racks have."), "/api/v1/racks?limit=1000"
    ),
    "addresses": Source(_("Addresses that are held now, whatever holds them."), "/api/v1/addresses?limit=1000"),
    "pool": Source(
        _("What the assigned prefixes inside take of the pool, each by its length."), "/api/v1/prefixes?limit=1000"
    ),
    "vlans": Source(_PLACES, "/api/v1/vlans?limit=1000"),
    "as-numbers": Source(_PLACES, "/api/v1/asns?limit=1000"),
    **{f"cloud-{resource}": Source(_CLOUD, "/capacity") for resource in _OF_THE_CLOUD},
    **{code: Source(_GRANTED, href) for code, href in _OFFERED.items()},
    "changes-succeeded": Source(_ENDED, "/changes"),
    "changes-ended": Source(_ENDED, "/changes"),
    "changes-waiting": Source(_("Changes whose approval, window or turn has not come."), "/changes?state=waiting"),
    "orders-ended": Source(_ENDED, "/changes"),
    "order-wait": Source(
        _("The median, over 30 days, of the time from asking to the beginning of the work, of orders that succeeded."),
        "/changes",
    ),
    "server-time": Source(
        _("The median, over 30 days, of the time that the work took, of servers that were made: without the waiting."),
        "/changes",
    ),
    "month": Source(
        _("Metered from the cloud every quarter-hour, at the prices that held; a closed month never alters.")
    ),
}
"""By the name of a figure."""

OUTLOOKS: Final[Mapping[str, str]] = {
    "full": _("Full now."),
    "steady": _("It does not grow: there is no date."),
    "far": _("Not within ten years, if it goes on like this."),
    "unsteady": _("It goes up and down too much for a date."),
    "no-capacity": _("Nothing bounds it."),
}
"""Why there is no date."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How a chart shows a unit: what a step is worth, what is written beside it, and the shape of its line."""

    by: float
    unit: str
    shape: str = "line"


SCALES: Final[Mapping[Unit, Scale]] = {
    "count": Scale(1, "", "steps"),
    "share": Scale(0.01, "%"),
    "mib": Scale(1024, "GiB", "steps"),
    "gib": Scale(1, "GiB", "steps"),
    "seconds": Scale(1, "s"),
    "micro-euro": Scale(1_000_000, "€"),
}

_WIDE: Final = 100.0
_HIGH: Final = 24.0


def grouped(found: Sequence[Shown]) -> dict[str, list[Shown]]:
    """Figures by group; among things alike the fullest first."""
    out: dict[str, list[Shown]] = {group: [] for group in GROUPS}
    for one in found:
        out[one.figure.group].append(one)
    order = {name: place for place, name in enumerate(LABELS)}
    for some in out.values():
        some.sort(key=lambda one: (order[one.figure.name], -_share(one), one.figure.subject))
    return out


def spark(past: Sequence[Point]) -> dict[str, Any] | None:
    """A line of a past, from zero: the points of an SVG polyline 100 wide and 24 high; ``None`` for a single day."""
    if len(past) < 2:
        return None
    first, span = past[0].day, (past[-1].day - past[0].day).days
    top = max(point.value for point in past) or 1
    at = [
        f"{(point.day - first).days / span * _WIDE:.1f},{_HIGH - 1 - point.value / top * (_HIGH - 2):.1f}"
        for point in past
    ]
    return {"points": " ".join(at), "first": past[0], "last": past[-1]}


def _share(one: Shown) -> float:
    return (one.figure.value or 0) / one.figure.capacity if one.figure.capacity else 0
