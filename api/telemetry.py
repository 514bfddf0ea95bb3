"""What devices told over SNMP: as JSON, as Prometheus scrapes it, and what Prometheus is to look for.

`/metrics/targets` and `/metrics/devices/…` are for Prometheus and need no token, as `/metrics`: they name devices, and
no person and no tenant.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import PlainTextResponse, Response
from prometheus_client import CollectorRegistry, Metric, generate_latest
from sqlalchemy import text

from api.answers import json_value
from api.dependencies import Caller, database_of, require, settings_of
from api.limits import by_address
from api.problems import PROBLEM_JSON
from api.shapes import answers, whole_list_of
from api.shapes.telemetry import Cabling, DeviceTold, LinkLoad, NetworkCapacity, ScrapeGroup
from core.errors import NotFound, Unavailable
from core.prometheus import scraped_address
from core.scope import EVERY_TENANT, Scope
from core.settings import is_loopback
from core.telemetry import CONTENT_TYPE
from dashboards.csv_files import csv_answer
from network import queries
from network.alerting.planned import planned_rules
from network.alerting.rules import rules_text
from network.polling.cabling import links, listening, mismatches
from network.polling.discovery import scrape_groups
from network.polling.exposition import families
from network.polling.filling import KINDS, Filling, FillingKind, fillings
from network.polling.loads import load_of
from network.polling.polled import Polled, polled

__all__ = ["router"]

router = APIRouter(tags=["network"])
_PROBLEM: Final = {"$ref": "#/components/schemas/Problem"}
_SCRAPE: Final = Scope(EVERY_TENANT, request_id="scrape", reason="figures for Prometheus")

_COLUMNS: Final = (
    "kind", "name", "unit", "now", "busy", "capacity", "share", "outlook", "full_on", "per_day", "days", "fit"
)  # fmt: skip
_CAPACITY_ANSWER: Final[dict[int | str, dict[str, Any]]] = {
    200: {**answers(NetworkCapacity)[200], "content": {"text/csv": {"schema": {"type": "string"}}}}
}

Reader = Annotated[Caller, Depends(require("network:read"))]


@router.get(
    "/api/v1/network/telemetry",
    summary="What devices told over SNMP when last asked",
    responses=answers(whole_list_of(DeviceTold)),
)
def telemetry(
    caller: Reader,
    select: Annotated[
        str, Query(max_length=2000, description="A selector, `role=access,site=DC-ARTS`, or `all`.")
    ] = "all",
) -> Response:
    """Asked every half minute; what is older than two minutes is `unknown`. A figure that is not known is null."""
    with caller.transaction() as tx:
        found = polled(tx, queries.chosen(tx, select))
    return json_value({"items": [_told(one) for one in found]})


@router.get("/api/v1/network/cabling", summary="Where LLDP hears somebody else", responses=answers(Cabling))
def cabling(caller: Annotated[Caller, Depends(require("network:read", "inventory:read"))]) -> Response:
    """Ends of links at which another neighbour is heard than the inventory says, or nobody although they are up.

    Where no device told its neighbours (`listening` is 0), an empty list says nothing.
    """
    with caller.transaction() as tx:
        looks = polled(tx)
        found = mismatches(links(tx), looks)
    return json_value({"listening": listening(looks), "items": [asdict(one) for one in found]})


@router.get(
    "/api/v1/network/telemetry/rules",
    summary="What Prometheus is to look for, from the intent",
    response_class=PlainTextResponse,
)
def rules(
    caller: Annotated[Caller, Depends(require("network:read", "inventory:read"))],
    hold: Annotated[int, Query(ge=0, le=3600, description="Seconds before something is an alert.")] = 60,
) -> Response:
    """A file of recording and alerting rules (YAML): the same intent gives the same bytes."""
    with caller.transaction() as tx:
        return PlainTextResponse(rules_text(planned_rules(tx, hold=hold)))


@router.get(
    "/api/v1/network/links/{name}/load", summary="How much a link carried, from Prometheus", responses=answers(LinkLoad)
)
def link_load(
    caller: Annotated[Caller, Depends(require("network:read", "inventory:read"))],
    name: str,
    hours: Annotated[int, Query(ge=1, le=24 * 400)] = 24,
) -> Response:
    """At most 720 points; a gap is null. `state` is `unknown` while Prometheus is away or has no figures."""
    with caller.transaction() as tx:
        if not tx.execute(text("select true from link where name = :name"), {"name": name}).scalar():
            raise NotFound(f"There is no link {name!r}.", link=name)
    end = datetime.now(UTC).replace(microsecond=0)
    step = timedelta(seconds=max(30, 5 * hours))
    load = load_of(name, end - timedelta(hours=hours), end, step)
    return json_value(
        {
            "link": name, "state": "known" if load.known else "unknown", "problem": load.problem,
            "capacity": None if load.capacity is None else round(load.capacity), "step_seconds": step.seconds,
            "points": [{"at": at, "bits_per_second": None if value is None else round(value)}
                       for at, value in load.points],
        }
    )  # fmt: skip


@router.get("/api/v1/network/capacity", summary="What of the network fills first, and when", responses=_CAPACITY_ANSWER)
def capacity(
    request: Request,
    caller: Annotated[Caller, Depends(require("network:read", "inventory:read"))],
    days: Annotated[int, Query(ge=14, le=400, description="Of the past that lines go through.")] = 90,
    kind: Annotated[list[FillingKind] | None, Query(description="Only these; all when absent.")] = None,
    form: Annotated[Literal["json", "csv"] | None, Query(alias="format")] = None,
) -> Response:
    """Links by their busy hours, strands of cables, strands and ports of sites; what is full first before the others.
    `state` is `unknown` while Prometheus is away: then there is no past, and nothing is known of links."""
    now = datetime.now(UTC)
    with caller.transaction() as tx:
        found = fillings(tx, now, kinds=kind or KINDS, days=days)
    items = [_filling(one) for one in found.items]
    if form == "csv" or (form is None and "text/csv" in request.headers.get("accept", "")):
        answer = csv_answer("network-capacity", _COLUMNS, ([one[name] for name in _COLUMNS] for one in items))
        answer.headers["Vary"] = "Accept"
        return answer
    state = "known" if found.problem is None else "unknown"
    return json_value({"state": state, "problem": found.problem, "at": now, "items": items})


def _filling(one: Filling) -> dict[str, Any]:
    return {
        "kind": one.kind, "name": one.name, "unit": one.unit, "now": _whole(one.now), "busy": _whole(one.sized_by),
        "capacity": _whole(one.whole), "share": one.share, "outlook": one.course.outlook, "full_on": one.course.on,
        "days": one.course.days, "per_day": one.course.per_day, "fit": one.course.fit,
        "past": [{"day": point.day, "value": round(point.value)} for point in one.past],
    }  # fmt: skip


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)


@router.get(
    "/metrics/targets",
    summary="Whom Prometheus should scrape (HTTP service discovery)",
    responses=answers(list[ScrapeGroup]),
    dependencies=[Depends(by_address("address"))],
)
def targets(request: Request) -> Response:
    """The API, a worker on the same machine, and each device that is asked over SNMP."""
    settings = settings_of(request)
    worker = f"127.0.0.1:{settings.place.metrics_port}" if is_loopback(settings.listen_host) else None
    with database_of(request).transaction("platform", _SCRAPE) as tx:
        return json_value(scrape_groups(tx, scraped_address(settings), worker))


@router.get(
    "/metrics/devices/{name}",
    summary="A device's figures for Prometheus",
    response_class=PlainTextResponse,
    responses={404: {"description": "Not asked over SNMP.", "content": {PROBLEM_JSON: {"schema": _PROBLEM}}}},
    dependencies=[Depends(by_address("address"))],
)
def device_metrics(request: Request, name: str) -> Response:
    """What it told within two minutes. `503` when nobody asked it since: the scrape fails, and its series end."""
    with database_of(request).transaction("platform", _SCRAPE) as tx:
        found = polled(tx, list(tx.execute(text("select id from device where name = :name"), {"name": name}).scalars()))
    if not found:
        raise NotFound(f"No device {name!r} is asked over SNMP.", device=name)
    if not found[0].fresh:
        raise Unavailable(f"Nobody asked {name} within two minutes.", hint="A worker that runs asks every half minute.")
    registry = CollectorRegistry()
    registry.register(_Told(found))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE)


class _Told:
    """A registry wants an object."""

    def __init__(self, found: list[Polled]) -> None:
        self._found = found

    def collect(self) -> Iterable[Metric]:
        """The figures."""
        return families(self._found)


def _told(one: Polled) -> dict[str, Any]:
    look = one.look
    state = "unknown" if not one.fresh else "silent" if look.error else "answers"
    fresh = one.fresh and not look.error
    return {
        "device": look.name,
        "state": state,
        "at": datetime.fromtimestamp(look.at, UTC),
        "seconds": round(look.seconds, 3),
        "problem": look.error["message"] if look.error else None,
        "missing": look.missing,
        "complaints": look.complaints,
        "uptime_seconds": look.uptime // 100 if fresh and look.uptime is not None else None,
        "interfaces": [
            {
                "name": port.name, "alias": port.alias, "up": port.up, "admin_up": port.admin_up, "speed": port.speed,
                "in_bits_per_second": _bits(one, port.name, 0), "out_bits_per_second": _bits(one, port.name, 1),
                "in_errors": port.in_errors, "out_errors": port.out_errors,
            }
            for port in look.interfaces
        ] if fresh else [],
        "ospf_neighbors": [asdict(each) for each in look.ospf or ()] if fresh else [],
        "bgp_peers": [asdict(each) for each in look.bgp or ()] if fresh else [],
        "lldp_neighbours": [asdict(each) for each in look.lldp or ()] if fresh else [],
        "sensors": [asdict(each) for each in look.sensors] if fresh else [],
    }  # fmt: skip


def _bits(one: Polled, interface: str, way: int) -> int | None:
    rate = one.rates.get(interface, (None, None))[way]
    return None if rate is None else round(8 * rate)
