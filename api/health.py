"""Is it alive, is everything up, how does it fare: `/api/v1/health`, `/api/v1/status`, `/metrics`."""

from __future__ import annotations

import json
import time
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import PlainTextResponse, Response
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from api.answers import json_text, json_value
from api.dependencies import Caller, database_of, require
from api.limits import by_address
from api.shapes import answers
from api.shapes.health import Health, Status
from core.errors import IrisplaneError
from core.logs import get_logger
from core.scope import EVERY_TENANT, Scope
from core.telemetry import CONTENT_TYPE, metrics_text

__all__ = ["router"]

router = APIRouter(tags=["health"])
_log = get_logger("irisplane.api")
_STARTED = time.time()

_PARTS = text("""
    select json_build_object(
        'workers', (select count(*) from executor_lease
                     where lost_at is null and beat_at > now() - interval '15 seconds'),
        'sequencer_lag_seconds', (select coalesce(round(extract(epoch from now() - min(j.at))::numeric, 1), 0)
                                    from journal_pending p join journal j on j.id = p.journal_id),
        'changes', (select coalesce(json_object_agg(state, n), '{}') from (select state, count(*) n from change
                     where state in ('waiting', 'approved', 'running', 'rolling_back') group by state) s))""")


@router.get(
    "/api/v1/health",
    summary="Is it alive?",
    responses=answers(Health) | answers(Health, 503, "The database does not answer."),
    dependencies=[Depends(by_address("address"))],
)
def health(request: Request) -> Response:
    """Whether the API and its database answer: 200, or 503 with the part that does not. Needs no token."""
    parts: dict[str, dict[str, Any]] = {"api": {"status": "ok", "uptime_seconds": int(time.time() - _STARTED)}}
    try:
        parts["database"] = {"status": "ok", "version": database_of(request).ping()}
        with database_of(request).transaction("api", Scope(EVERY_TENANT)) as tx:
            workers = tx.execute(
                text(
                    "select count(*) from executor_lease where lost_at is null"
                    " and beat_at > now() - interval '15 seconds'"
                )
            ).scalar_one()
        parts["worker"] = {"status": "ok" if workers else "down", "alive": workers}
    except (IrisplaneError, SQLAlchemyError) as error:
        _log.error("database does not answer", exc_info=error)
        parts["database"] = {"status": "down"}
    down = parts["database"]["status"] != "ok"
    overall = "down" if down else "ok" if all(part["status"] == "ok" for part in parts.values()) else "degraded"
    return json_value({"status": overall, "parts": parts}, status=503 if down else 200)


@router.get("/api/v1/status", summary="How does the region fare?", responses=answers(Status))
def status(caller: Annotated[Caller, Depends(require())]) -> Response:
    """Workers, lag of the sequencer and changes that are under way, as your tenant sees them."""
    with caller.transaction() as tx:
        return json_text(json.dumps(tx.execute(_PARTS).scalar_one()))


@router.get(
    "/metrics",
    summary="Metrics for Prometheus",
    response_class=PlainTextResponse,
    dependencies=[Depends(by_address("address"))],
)
def metrics(request: Request) -> Response:
    """This process's counters and the region's figures; no names of people or tenants, so no token is asked for."""
    return Response(metrics_text(database_of(request)), media_type=CONTENT_TYPE)
