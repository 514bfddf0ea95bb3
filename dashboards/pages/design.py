"""`/design`: every piece that pages are made of, alive, with the lines that make it."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

from fastapi import Depends
from fastapi.responses import Response

from core.errors import InvalidInput
from dashboards.csv_files import csv_answer
from dashboards.diffs import alike
from dashboards.rendering import show
from dashboards.routes import pages
from dashboards.terms import STATES, STATUSES
from dashboards.terms import mark as _
from dashboards.visit import Visit, visiting
from network.places import STATES as STATES_OF_PLACES

__all__ = ["router"]

router = pages()

_TREND: Final = [
    {"at": datetime(2026, 10, 24, 18, tzinfo=UTC) + timedelta(hours=hour), "used": 40 + 30 * math.sin(hour / 4),
     "granted": 60 + 40 * (hour > 12), "lost": None if 8 < hour < 14 else hour / 7}
    for hour in range(36)
]  # fmt: skip
"""Over the night in which the clocks go back, with a gap."""
_DIFF = """--- running
+++ intended
@@ -12,13 +12,14 @@
 interface eth1
-  description uplink
+  description uplink to DC-ARTS
   mtu 9000
   ip address 10.255.0.1/31
   ip ospf area 0
   ip ospf bfd
   ip ospf network point-to-point
   no shutdown
   !
 interface eth2
   mtu 9000
-  ip ospf cost 10
+  ip ospf cost 20
+  ip ospf bfd
   no shutdown
"""


@router.get("/design")
def design(visit: Annotated[Visit, Depends(visiting())]) -> Response:
    """With values that stretch: long names, nothing at all, markup that must stay text."""
    return show(
        visit, "design", _("What pages are made of"), states=[*STATES, *STATUSES], now=datetime.now(UTC),
        before=datetime.now(UTC) - timedelta(minutes=3),
        groups=alike([{"name": one, "diff": _DIFF} for one in ("r1", "r2")] + [{"name": "r3", "diff": "~ r3: moved"}]),
        trend=_TREND, places=STATES_OF_PLACES,
        error=InvalidInput("The name <b>r 1</b> holds a space.", hint="Use letters, digits and hyphens."),
    )  # fmt: skip


@router.get("/design.csv", dependencies=[Depends(visiting())])
def design_csv() -> Response:
    """The series of the page's chart."""
    columns = ("at", "used", "granted", "lost")
    return csv_answer("design", columns, ([one[column] for column in columns] for one in _TREND))
