"""`/api/v1/fibre`: the way of light through the plant, what it loses, and where on the map a measured distance is.

The plant's objects (ducts, cables, splices …) are read and written like all others: ``api.inventory``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response
from sqlalchemy import Connection

from api.answers import json_value
from api.dependencies import Caller, require
from api.shapes import answers
from api.shapes.plant import Budget, Place, Way
from inventory.errors import FieldRefused
from inventory.plant.locate import locate
from inventory.plant.loss import Level, budget_of, directions
from inventory.plant.trace import STARTS, Start, trace
from network.polling.light import levels_at

__all__ = ["router"]

router = APIRouter(tags=["fibre"])

Reader = Annotated[Caller, Depends(require("inventory:read"))]
Ref = Annotated[str, Query(min_length=1, max_length=400)]
Role = Literal["working", "protecting"]
Wavelength = Annotated[float | None, Query(ge=1260, le=1625, description="Nanometres; absent: the transceiver's.")]


class _Asked:
    """One of what a trace can begin with."""

    def __init__(
        self,
        strand: Annotated[Ref | None, Query(description="`CABLE/NUMBER`.")] = None,
        panel_port: Annotated[Ref | None, Query(description="`PANEL/NUMBER`.")] = None,
        interface: Annotated[Ref | None, Query(description="`DEVICE:INTERFACE`.")] = None,
        circuit: Ref | None = None,
    ) -> None:
        given = zip(STARTS, (strand, panel_port, interface, circuit), strict=True)
        self.found: list[tuple[Start, str]] = [(name, ref) for name, ref in given if ref is not None]

    def one(self) -> tuple[Start, str]:
        """What is asked for.

        Raises:
            FieldRefused: nothing, or several things.
        """
        if len(self.found) != 1:
            raise FieldRefused(
                "Say what to trace." if not self.found else "Say one thing to trace.",
                pointer="/query",
                hint=f"Give exactly one of {', '.join(STARTS)}.",
            )
        return self.found[0]


Asked = Annotated[_Asked, Depends()]


@router.get("/api/v1/fibre/trace", summary="What light meets on its way", responses=answers(Way))
def trace_light(caller: Reader, asked: Asked, role: Role = "working", wavelength_nm: Wavelength = None) -> Response:
    """Strands, splices, ports, cords and interfaces in order, with places, colours, lengths, losses and their sums; at
    the ends, what should be received and what is."""
    start, ref = asked.one()
    with caller.transaction() as tx:
        way = trace(tx, start, ref, wavelength_nm=wavelength_nm, role=role)
        return json_value({**way, "directions": directions(tx, way, levels=_levels(tx, way))})


@router.get("/api/v1/fibre/loss", summary="What light loses on its way", responses=answers(Budget))
def lose_light(
    caller: Reader,
    asked: Asked,
    role: Role = "working",
    wavelength_nm: Wavelength = None,
    rx_dbm: Annotated[float | None, Query(ge=-80, le=40, description="Power measured at the far end, dBm.")] = None,
) -> Response:
    """By part, by the figures of the ITU-T; both directions with their margins, beside what is measured: as asked, else
    as the devices tell, else as it was entered."""
    start, ref = asked.one()
    with caller.transaction() as tx:
        way = trace(tx, start, ref, wavelength_nm=wavelength_nm, role=role)
        return json_value(budget_of(tx, way, rx_dbm=rx_dbm, levels=_levels(tx, way)))


@router.get("/api/v1/fibre/locate", summary="Where a measured distance is", responses=answers(Place))
def locate_fault(
    caller: Reader,
    strand: Annotated[Ref, Query(description="`CABLE/NUMBER`.")],
    node: Annotated[Ref, Query(description="Where the OTDR stands.")],
    metres: Annotated[float, Query(ge=0, le=1_000_000, description="Metres of fibre, as the OTDR shows them.")],
    towards: Annotated[Ref | None, Query(description="A node of the way, if the OTDR stands between its ends.")] = None,
) -> Response:
    """The cable and duct there, the place on the map, and the nearest way in."""
    with caller.transaction() as tx:
        found: dict[str, Any] = locate(tx, strand, node, metres, towards=towards)
    return json_value(found)


def _levels(tx: Connection, way: dict[str, Any]) -> Mapping[str, Level]:
    """What both ends tell of their light; a way that no interface lights has nobody to ask."""
    return levels_at(tx, (way["a"], way["b"])) if way["lit"] else {}
