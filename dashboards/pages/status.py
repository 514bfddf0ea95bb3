"""`/status`: what works, for everybody: no session, nothing of any administration, looked up every few seconds at most.

What people wrote stands nowhere on it: of maintenance it tells when, how much it is felt and in which zone, and only of
what touches a zone or a host, never of what names an administration or its things.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

from fastapi import Query, Request
from fastapi.responses import Response
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from api.dependencies import database_of
from api.languages import preferred
from api.limits import address_of, limits_of
from core.db import Database
from core.errors import IrisplaneError
from core.logs import get_logger
from core.scope import EVERY_TENANT, Scope
from dashboards.rendering import show_bare
from dashboards.routes import pages
from dashboards.terms import mark as _

__all__ = ["router"]

router = pages()

_log = get_logger("irisplane.pages")
_FRESH_SECONDS: Final = 15
_KEEP: Final = f"public, max-age={_FRESH_SECONDS}"
_GOOD_ENOUGH: Final = 0.95
"""Of the devices that were looked at, how many must answer before the network is called working."""

State = Literal["working", "degraded", "down", "maintenance", "unsure"]
_STATES: Final[dict[State, tuple[str, str]]] = {
    "working": (_("works"), "good"),
    "degraded": (_("works with limits"), "waits"),
    "down": (_("does not work"), "bad"),
    "maintenance": (_("under maintenance"), "busy"),
    "unsure": (_("cannot be told"), "unsure"),
}
"""What each is called, and how it looks."""
_WORST: Final[tuple[State, ...]] = ("down", "degraded", "maintenance", "unsure")
_SERVICES: Final = {
    "orders": _("Orders and changes"),
    "network": _("The region's network"),
    "servers": _("Servers and volumes"),
}
_IMPACTS: Final = {
    "none": _("Nobody should notice."),
    "degraded": _("It may be slower, or gone for moments."),
    "interrupted": _("It will be interrupted."),
}


@dataclass(slots=True)
class _Looked:
    """What was seen last, for every visitor of this process."""

    guard: threading.Lock = field(default_factory=threading.Lock)
    until: float = 0.0
    seen: dict[str, Any] | None = None
    at: datetime | None = None


@router.get("/status")
def status(request: Request, language: Annotated[Literal["fr", "nl", "en"] | None, Query()] = None) -> Response:
    """What the region offers, and whether it works now. 503 when the database does not answer."""
    limits_of(request.app).count(request, "address", address_of(request))
    looked = _look(request)
    spoken = language or preferred(request.headers.get("accept-language", ""))
    services = _judged(looked.seen)
    answer = show_bare(
        request, "status", _("Does it work?"), status=200 if looked.seen is not None else 503, language=spoken,
        services=services, names=_SERVICES, states=_STATES, impacts=_IMPACTS, at=looked.at,
        ahead=looked.seen["maintenance"] if looked.seen else [],
        worst=next((one for one in _WORST if one in services.values()), "working"),
    )  # fmt: skip
    answer.headers["Cache-Control"] = _KEEP if looked.seen is not None else "no-store"
    answer.headers["Vary"] = "Accept-Language"
    return answer


def _look(request: Request) -> _Looked:
    """Ask the database, once for all who come within some seconds: others wait for the one who asks."""
    state = request.app.state
    if not hasattr(state, "public_status"):
        state.public_status = _Looked()
    looked: _Looked = state.public_status
    with looked.guard:
        if time.monotonic() >= looked.until:
            looked.seen, looked.at = _seen(database_of(request)), datetime.now(UTC)
            looked.until = time.monotonic() + _FRESH_SECONDS
    return looked


def _seen(database: Database) -> dict[str, Any] | None:
    try:
        with database.transaction("api", Scope(EVERY_TENANT, reason="what works, for everybody")) as tx:
            tx.execute(text("set local statement_timeout = '2s'"))
            found: dict[str, Any] = tx.execute(_SEEN).scalar_one()
    except (IrisplaneError, SQLAlchemyError) as error:
        _log.error("the status cannot be looked up", exc_info=error)
        return None
    return found


def _judged(seen: dict[str, Any] | None) -> dict[str, State]:
    """A state for each service that the region has."""
    if seen is None:
        return {"orders": "down", "network": "unsure", "servers": "unsure"}
    out: dict[str, State] = {"orders": "working" if seen["worker"] else "degraded"}
    if seen["devices"]:
        out["network"] = _answering(seen["reachable"], seen["looked_at"])
    if seen["zones"]:
        there = [zone["present"] for zone in seen["zones"]]
        felt = any(one["state"] == "in-progress" and one["impact"] != "none" for one in seen["maintenance"])
        out["servers"] = (
            "maintenance" if felt else "working" if all(there) else "unsure" if None in there
            else "degraded" if any(there) else "down"
        )  # fmt: skip
    return out


def _answering(reachable: int, looked_at: int) -> State:
    if not looked_at:
        return "unsure"
    if reachable >= looked_at * _GOOD_ENOUGH:
        return "working"
    return "degraded" if reachable else "down"


_SEEN: Final = text("""
    select jsonb_build_object(
        'worker', exists (select from executor_lease where lost_at is null and beat_at > now() - interval '15 seconds'),
        'devices', (select count(*) from device where status = 'active'),
        'looked_at', (select count(*) from device_state s join device d on d.id = s.device_id
                       where d.status = 'active' and s.tried_at > now() - interval '2 minutes'),
        'reachable', (select count(*) from device_state s join device d on d.id = s.device_id
                       where d.status = 'active' and s.tried_at > now() - interval '2 minutes' and s.reachable),
        'zones', coalesce((select jsonb_agg(jsonb_build_object('code', code, 'present', present) order by code)
                             from zone where open), '[]'),
        'maintenance', coalesce((
            select jsonb_agg(to_jsonb(m) order by m.begins) from (
                select lower(held) as begins, upper(held) as ends, impact, state,
                       array(select distinct t ->> 'zone' from jsonb_array_elements(touches) t
                              where t ->> 'zone' is not null order by 1) as zones
                  from maintenance
                 where state in ('scheduled', 'in-progress') and upper(held) > now()
                   and lower(held) < now() + interval '60 days'
                   and not exists (select from jsonb_array_elements(touches) t
                                    where t ->> 'tenant' is not null
                                       or jsonb_array_length(coalesce(t -> 'ids', '[]')) > 0)
                 order by lower(held) limit 20) m), '[]'))""")
