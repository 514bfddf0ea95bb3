"""`/design`: every piece that pages are made of, alive, with the lines that make it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import Depends
from fastapi.responses import Response

from core.errors import InvalidInput
from dashboards.diffs import alike
from dashboards.rendering import show
from dashboards.routes import pages
from dashboards.terms import STATES, STATUSES
from dashboards.terms import mark as _
from dashboards.visit import Visit, visiting

__all__ = ["router"]

router = pages()

_DIFF = "@@ interface eth1 @@\n-  description uplink\n+  description uplink to DC-ARTS\n   mtu 9000\n"


@router.get("/design")
def design(visit: Annotated[Visit, Depends(visiting())]) -> Response:
    """With values that stretch: long names, nothing at all, markup that must stay text."""
    return show(
        visit, "design", _("What pages are made of"), states=[*STATES, *STATUSES], now=datetime.now(UTC),
        before=datetime.now(UTC) - timedelta(minutes=3),
        groups=alike([{"name": "r1", "diff": _DIFF}, {"name": "r2", "diff": _DIFF}]),
        error=InvalidInput("The name <b>r 1</b> holds a space.", hint="Use letters, digits and hyphens."),
    )  # fmt: skip
