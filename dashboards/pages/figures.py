"""`/figures`: the region in figures, each with its past, where it is going, and where it comes from."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import Depends
from fastapi.responses import Response
from sqlalchemy import Connection

from api.figures import SCOPES
from core.errors import NotFound
from core.figures import LEAST_DAYS
from dashboards.figures import GROUPS, LABELS, OUTLOOKS, SCALES, SOURCES, grouped, spark
from dashboards.rendering import show
from dashboards.routes import pages
from dashboards.terms import STATES
from dashboards.terms import mark as _
from dashboards.visit import Visit, visiting
from datacenter.hosting.figures import MAKES_SERVERS
from datacenter.hosting.metering import showback
from datacenter.hosting.pricing import REGION_TIME
from network.queries import fleet_json
from orchestrator import queries
from orchestrator.figures import WINDOW_DAYS, measured, today_here

__all__ = ["figures", "router"]

router = pages()

Looking = Annotated[Visit, Depends(visiting(*SCOPES))]
_MOST_ALIKE: Final = 12
"""Pools and their like that are shown at once."""


@router.get("/figures")
def figures(visit: Looking) -> Response:
    """Every figure of the region."""
    now = datetime.now(UTC).astimezone(REGION_TIME)
    who = visit.principal
    with visit.transaction() as tx:
        found = measured(tx, today_here())
        fleet = json.loads(fleet_json(tx))
        month = json.loads(showback.head_json(tx, now.date().replace(day=1)) + "}")
        waiting = json.loads(queries.waiting_json(tx, who.roles, who.id, limit=20))
        ended = _ended(tx)
    return show(
        visit, "figures", _("Figures"), groups=grouped(found), now_of={one.figure.code: one.figure for one in found},
        fleet=fleet, month=month, now=now, waiting_for_me=waiting, window=WINDOW_DAYS, least=LEAST_DAYS, spark=spark,
        labels=LABELS, titles=GROUPS, outlooks=OUTLOOKS, most_alike=_MOST_ALIKE,
        ended=[(state, ended[state]) for state in STATES if state in ended],
        dearest=sorted(month["by_tenant"], key=lambda one: -int(one["amount_micro_eur"]))[:10],
    )  # fmt: skip


@router.get("/figures/{code}")
def figure(visit: Looking, code: str) -> Response:
    """One figure: its past as a table and a chart, where it is going, where it comes from."""
    with visit.transaction() as tx:
        found = measured(tx, today_here(), code=code)
    if not found:
        raise NotFound(f"There is no figure {code[:80]!r}.", hint="'/figures' shows every one.")
    one = found[0]
    scale = SCALES[one.figure.unit]
    past = [{"at": point.day, "value": point.value / scale.by} for point in one.past]
    return show(
        visit, "figure", LABELS[one.figure.name], one=one, source=SOURCES[one.figure.name], outlooks=OUTLOOKS,
        least=LEAST_DAYS, monthly=one.figure.group == "money", scale=scale, past=past,
    )  # fmt: skip


def _ended(tx: Connection) -> Counter[str]:
    told = json.loads(queries.figures_json(tx, WINDOW_DAYS, MAKES_SERVERS))
    return Counter(told["by_state"])
