"""`/`: where everybody begins: an administration sees what it has, engineers what needs them, management figures."""

from __future__ import annotations

import json
from typing import Annotated, Final

from fastapi import Depends
from fastapi.responses import Response

from dashboards.csv_files import csv_answer
from dashboards.pages.figures import figures
from dashboards.pages.holdings import overview
from dashboards.pages.incidents import SEVERITIES, STATES, board
from dashboards.rendering import show
from dashboards.routes import pages
from dashboards.terms import mark as _
from dashboards.visit import Visit, visiting
from datacenter.hosting.pricing import REGION_TIME
from network.queries import fleet_json
from orchestrator import queries
from orchestrator.states import ENDED, State

__all__ = ["router"]

router = pages()

_GOING: tuple[str, ...] = (State.RUNNING.value, State.ROLLING_BACK.value, State.APPROVED.value)
_DAYS: Final = 30
_ENDS: Final = (State.SUCCEEDED.value, State.FAILED.value, State.ROLLED_BACK.value, State.UNKNOWN.value)


@router.get("/")
def home(visit: Annotated[Visit, Depends(visiting())]) -> Response:
    """By role."""
    who = visit.principal
    if not who.staff:
        return overview(visit)
    return figures(visit) if who.roles == {"management"} else _region(visit)


def _region(visit: Visit) -> Response:
    who = visit.principal
    with visit.transaction() as tx:
        waiting = json.loads(queries.waiting_json(tx, who.roles, who.id, limit=20))
        going = json.loads(queries.changes_json(tx, states=_GOING, limit=20))
        ended = json.loads(queries.changes_json(tx, states=[one.value for one in ENDED], limit=10))
        fleet = json.loads(fleet_json(tx)) if visit.may("network:read") else None
        days = json.loads(queries.days_json(tx, _DAYS, REGION_TIME.key))
        incidents = board(tx) if visit.may("network:read", "inventory:read") else None
    return show(
        visit, "home_region", _("Today"), waiting_for_me=waiting, going=going, ended=ended, fleet=fleet, days=days,
        ends=_ENDS, incidents=incidents, states=STATES, severities=SEVERITIES,
    )  # fmt: skip


@router.get("/changes-by-day.csv")
def by_day(visit: Annotated[Visit, Depends(visiting("change:read"))]) -> Response:
    """How changes ended on each of the last thirty days."""
    with visit.transaction() as tx:
        days = json.loads(queries.days_json(tx, _DAYS, REGION_TIME.key))
    return csv_answer("changes-by-day", ("day", *_ENDS), ([one["at"], *(one[end] for end in _ENDS)] for one in days))
