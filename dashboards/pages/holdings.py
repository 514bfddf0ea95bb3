"""`/holdings`: what an administration has beside servers, what is left of its quota, and what it all costs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import Depends
from fastapi.responses import Response
from sqlalchemy import Connection

from core.scope import EVERY_TENANT
from dashboards.rendering import show
from dashboards.routes import pages
from dashboards.terms import mark as _
from dashboards.visit import Visit, visiting
from dashboards.works import works_ahead
from datacenter.hosting import orders, quotas, spending
from datacenter.hosting.listing import Asked, Shown, listed
from datacenter.hosting.metering import showback
from datacenter.hosting.networks.address_changes import ADDRESSES
from datacenter.hosting.networks.group_rows import GROUPS
from datacenter.hosting.networks.network_changes import NETWORKS
from datacenter.hosting.pricing import REGION_TIME
from datacenter.hosting.servers import queries
from datacenter.hosting.volumes.rows import VOLUMES
from network.incidents.queries import notices_json
from network.services import rows

__all__ = ["overview", "router", "standing"]

router = pages()

_MOST: Final = 200
_FIRST: Final = 8
"""Servers and services that are shown at home."""
_NOUNS: Final[Mapping[str, Shown]] = {
    "volumes": VOLUMES,
    "addresses": ADDRESSES,
    "networks": NETWORKS,
    "groups": GROUPS,
}


@router.get("/holdings")
def holdings(visit: Annotated[Visit, Depends(visiting("hosting:read"))]) -> Response:
    """Volumes, public addresses, networks and security groups, by project."""
    tenant = visit.scope().tenant
    asked = Asked(tenant=None if tenant == EVERY_TENANT else tenant)
    with visit.transaction() as tx:
        found = {
            noun: [json.loads(row) for row, _key in listed(tx, what, asked, _MOST)] for noun, what in _NOUNS.items()
        }
    return show(
        visit, "holdings", _("Volumes, addresses, networks"), volumes=found["volumes"], addresses=found["addresses"],
        networks=found["networks"], groups=found["groups"],
    )  # fmt: skip


def overview(visit: Visit) -> Response:
    """The home of an administration: servers, money, what is left, what was ordered last."""
    now = datetime.now(UTC).astimezone(REGION_TIME)
    with visit.transaction() as tx:
        servers = [json.loads(row) for row, _key in queries.servers_json(tx, visit.scope(), queries.Filters(), _FIRST)]
        bounds = standing(tx)
        limit = spending.standing_json(tx, visit.principal.tenant_id)
        month = json.loads(showback.head_json(tx, now.date().replace(day=1)) + "}")
        ahead = works_ahead(visit, tx)
        mine = visit.may("inventory:read")
        notices = json.loads(notices_json(tx)) if mine else []
        services = json.loads(rows.listed(tx, limit=_FIRST + 1)) if mine else []
        ordered = [json.loads(row) for row, _key in orders.listed(tx, orders.Wanted(), None, 6)]
    return show(
        visit, "home_agency", _("What we have"), servers=servers[:_FIRST], more=len(servers) > _FIRST, bounds=bounds,
        limit=limit, month=month, now=now, ordered=ordered, ahead=ahead[:5], services=services[:_FIRST],
        more_services=len(services) > _FIRST,
        notices=[one for one in notices if one["over"] is None],
    )  # fmt: skip


def standing(tx: Connection) -> list[dict[str, Any]]:
    """What may be held: the administration's own bounds first, then those of its projects."""
    found = [json.loads(row) for row, _key in quotas.listed(tx, quotas.Wanted(), None, 500)]
    order = {name: place for place, name in enumerate(quotas.RESOURCES)}
    return sorted(found, key=lambda one: (one["project"] or "", order[one["resource"]]))
