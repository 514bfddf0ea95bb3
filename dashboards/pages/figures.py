"""`/figures`: what management looks at: how changes end, what is sold and used, what a month comes to."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import Depends
from fastapi.responses import Response

from dashboards.rendering import show
from dashboards.routes import pages
from dashboards.terms import STATES
from dashboards.terms import mark as _
from dashboards.visit import Visit, visiting
from datacenter.hosting import quotas
from datacenter.hosting.metering import showback
from datacenter.hosting.pricing import REGION_TIME
from network.queries import fleet_json
from orchestrator import queries
from orchestrator.states import State

__all__ = ["figures", "router"]

router = pages()

_DAYS: Final = 30
_GOOD: Final = State.SUCCEEDED.value
_PEOPLES: Final = frozenset({State.REJECTED.value, State.CANCELLED.value, State.EXPIRED.value, State.STALE.value})
"""Ended by what people said or did not say: neither a success nor a failure of the work."""


@router.get("/figures")
def figures(
    visit: Annotated[Visit, Depends(visiting("platform:read", "change:read", "hosting:read", "network:read"))],
) -> Response:
    """The region in figures, each with where it comes from."""
    now = datetime.now(UTC).astimezone(REGION_TIME)
    who = visit.principal
    with visit.transaction() as tx:
        changes: dict[str, Any] = json.loads(queries.figures_json(tx, _DAYS, "hosting.server.create"))
        sold = json.loads(quotas.sold_json(tx))
        fleet = json.loads(fleet_json(tx))
        month = json.loads(showback.head_json(tx, now.date().replace(day=1)) + "}")
        waiting = json.loads(queries.waiting_json(tx, who.roles, who.id, limit=20))
    by_state = changes["by_state"]
    worked = sum(count for state, count in by_state.items() if state not in _PEOPLES)
    order = {name: place for place, name in enumerate(quotas.RESOURCES)}
    return show(
        visit, "figures", _("Figures"), changes=changes, worked=worked, good=by_state.get(_GOOD, 0), fleet=fleet,
        sold=sorted(sold, key=lambda one: order[one["resource"]]), month=month, now=now, waiting_for_me=waiting,
        ended=[(state, by_state[state]) for state in STATES if state in by_state],
        dearest=sorted(month["by_tenant"], key=lambda one: -int(one["amount_micro_eur"]))[:10],
    )  # fmt: skip
