"""What an order would give and cost: plan, price, energy, place, approvals, and what of the quota is left after it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from fastapi.responses import Response
from sqlalchemy import text

from api.answers import json_value
from api.dependencies import Caller
from api.hosting.ordering import pointing_at_the_body
from api.shapes import answers
from api.shapes.orders import OrderPreview
from orchestrator import engine
from orchestrator.engine import ChangeRequest

__all__ = ["PREVIEW", "preview", "previewed"]

PREVIEW: Final = answers(OrderPreview)
"""Of an endpoint that answers so, for its ``responses``."""


def preview(caller: Caller, request: ChangeRequest) -> Response:
    """Answer a preview; nothing is written."""
    return json_value(previewed(caller, request))


def previewed(caller: Caller, request: ChangeRequest) -> dict[str, Any]:
    """A preview; nothing is written.

    A kind says in its draft's ``facts.takes`` what of which resource it takes (less than zero: gives back), and in its
    target's data which ``project_id`` that counts against.
    """
    with pointing_at_the_body():
        plan = engine.preview(caller.database, caller.principal, request, caller.request_id)
    facts = plan.facts
    takes = facts.get("takes", {})
    project = next((target.data.get("project_id") for target in plan.targets), None)
    return {
        "plan": json.loads(plan.as_json()),
        "hash": plan.hash,
        "price": plan.cost.get("price"),
        "energy": plan.cost.get("energy"),
        "quota_after": _after(caller, UUID(str(project)), takes) if takes and project else {},
        "placement": facts.get("placement"),
        "approvals": [{"role": need.role, "rule": need.rule, "text": need.text} for need in plan.approvals],
    }


def _after(caller: Caller, project: UUID, takes: Mapping[str, int]) -> dict[str, Any]:
    """Granted, used and left after the order, by resource: the tighter bound of project and administration."""
    with caller.transaction() as tx:
        found = tx.execute(
            text(
                "select q.resource, q.granted, q.used + (cast(:takes as jsonb) ->> q.resource)::bigint as used"
                " from quota q join project p on p.tenant_id = q.tenant_id and p.id = :project"
                " where (q.project_id is null or q.project_id = p.id)"
                " and jsonb_exists(cast(:takes as jsonb), q.resource)"
                " order by q.resource, q.granted - q.used desc"
            ),
            {"takes": json.dumps(dict(takes)), "project": project},
        ).all()
    return {
        row.resource: {"granted": row.granted, "used": row.used, "left": max(row.granted - row.used, 0)}
        for row in found
    }
