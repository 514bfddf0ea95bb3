"""`/capacity/network`: how full links are, how full they become, and when: as a table, as CSV, and one over time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import Depends, Path
from fastapi.responses import Response
from sqlalchemy import text

from core.errors import NotFound
from core.figures import LEAST_DAYS, Course
from dashboards.csv_files import csv_answer
from dashboards.figures import OUTLOOKS, spark
from dashboards.rendering import show
from dashboards.routes import pages
from dashboards.terms import mark as _
from dashboards.visit import Visit, visiting
from network.errors import PrometheusAway
from network.polling.capacity import DAYS, LinkCapacity, capacity_of_links

__all__ = ["router"]

router = pages()

Looking = Annotated[Visit, Depends(visiting("network:read", "inventory:read"))]
Link = Annotated[str, Path(max_length=300)]
_MOST: Final = 100
_MEGA: Final = 1_000_000
_COLUMNS: Final = (
    "link", "now_bits_per_second", "busy_bits_per_second", "capacity_bits_per_second", "share", "per_day_bits",
    "outlook", "full_on", "days",
)  # fmt: skip
_UNKNOWN: Final = Course("too-little-history", None, 0, 0, None, None)
_LINKS: Final = text("select name from link where status = 'active' order by name")


@router.get("/capacity/network")
def network_capacity(visit: Looking) -> Response:
    """Every link that is in use, the one that is full first before the others; those of which nothing is known last."""
    found, away = _links(visit)
    return show(
        visit, "network_capacity", _("What the network can carry"), links=found, away=away, most=_MOST,
        outlooks=OUTLOOKS, least=LEAST_DAYS, spark=spark, days=DAYS,
        dated=[one for one in found if one.course.outlook in {"full", "dated"}],
    )  # fmt: skip


@router.get("/capacity/network.csv")
def network_capacity_csv(visit: Looking) -> Response:
    """A line a link; what is not known is empty."""
    found, _away = _links(visit)
    return csv_answer("network-capacity", _COLUMNS, (
        [one.link, one.now, one.busy, one.capacity, one.share, one.course.per_day, one.course.outlook, one.course.on,
         one.course.days] for one in found
    ))  # fmt: skip


@router.get("/capacity/network/{link}")
def link_capacity(visit: Looking, link: Link) -> Response:
    """One link: its busy hour of each day that is known, and where that goes."""
    one, away = _link(visit, link)
    past = [{"at": point.day, "value": point.value / _MEGA} for point in one.past]
    return show(
        visit, "link_capacity", _("Load of a link"), one=one, away=away, past=past, outlooks=OUTLOOKS, least=LEAST_DAYS,
        mega=_MEGA,
    )  # fmt: skip


@router.get("/capacity/network/{link}/days.csv")
def link_capacity_csv(visit: Looking, link: Link) -> Response:
    """Its days that are known."""
    one, _away = _link(visit, link)
    return csv_answer("link-load", ("day", "busy_bits_per_second"), ([point.day, point.value] for point in one.past))


def _links(visit: Visit) -> tuple[list[LinkCapacity], PrometheusAway | None]:
    """Links of the inventory, with why nothing is known of any of them."""
    with visit.transaction() as tx:
        names: list[str] = list(tx.execute(_LINKS).scalars())
    away: PrometheusAway | None = None
    told: list[LinkCapacity] = []
    try:
        told = capacity_of_links(datetime.now(UTC))
    except PrometheusAway as error:
        away = error
    wanted = set(names)
    known = [one for one in told if one.link in wanted]
    silent = wanted - {one.link for one in known}
    return [*known, *(_nothing(name) for name in names if name in silent)], away


def _link(visit: Visit, link: str) -> tuple[LinkCapacity, PrometheusAway | None]:
    """One of them.

    Raises:
        NotFound: there is no such link in use.
    """
    found, away = _links(visit)
    one = next((each for each in found if each.link == link), None)
    if one is None:
        raise NotFound(f"There is no link '{link[:80]}'.", hint="'/capacity/network' shows every one.")
    return one, away


def _nothing(link: str) -> LinkCapacity:
    return LinkCapacity(link, None, None, None, (), _UNKNOWN)
