"""`/api/v1/network/telemetry` and `/cabling`: what devices told over SNMP, and what is wired otherwise than written."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from api.answers import json_value
from api.dependencies import Caller, require
from api.shapes import answers, whole_list_of
from api.shapes.telemetry import DeviceTold, Miswired
from network import queries
from network.polling.cabling import mismatches_seen
from network.polling.polled import Polled, polled

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/network", tags=["network"])

Reader = Annotated[Caller, Depends(require("network:read"))]


@router.get(
    "/telemetry", summary="What devices told over SNMP when last asked", responses=answers(whole_list_of(DeviceTold))
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


@router.get("/cabling", summary="Where LLDP hears somebody else", responses=answers(whole_list_of(Miswired)))
def cabling(caller: Annotated[Caller, Depends(require("network:read", "inventory:read"))]) -> Response:
    """Ends of links at which another neighbour is heard than the inventory says, or nobody although they are up."""
    with caller.transaction() as tx:
        return json_value({"items": [asdict(one) for one in mismatches_seen(tx)]})


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
