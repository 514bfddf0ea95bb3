"""`/plant`: the fibre in the ground: cables, one with its strands, the way of light, a closure's splice plan."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Annotated, Any, Final

from fastapi import Depends, Path, Query
from fastapi.responses import Response

from dashboards.csv_files import csv_answer
from dashboards.rendering import show
from dashboards.routes import pages
from dashboards.splice_plan import INK
from dashboards.terms import mark as _
from dashboards.visit import Visit, visiting
from inventory.plant import views
from inventory.plant.loss import budget_of
from inventory.plant.splice_plan import splice_plan
from inventory.plant.trace import trace
from network.polling.light import levels_at

__all__ = ["router"]

router = pages()

_MOST: Final = 100
_EVERY: Final = 1_000_000
_COLUMNS: Final = (
    "code", "type", "status", "a", "a_site", "b", "b_site", "length_m", "strands", "through", "lit", "held", "ducts",
)  # fmt: skip
_WORDS: Final[Mapping[str, str]] = {
    "interface": _("interface"), "port": _("port"), "cord": _("patch cord"), "strand": _("strand"),
    "splice": _("splice"), "fibre": _("fibre"), "splices": _("splices"), "connectors": _("connectors"),
    "fits": _("fits"), "thin": _("little is left"), "too-weak": _("too weak"), "too-strong": _("too strong"),
    "unknown": _("unknown"), "as-expected": _("as expected"), "better": _("better than expected"),
    "worse": _("worse than expected"), "none": _("not measured"),
    "building": _("building"), "manhole": _("manhole"), "handhole": _("handhole"), "cabinet": _("street cabinet"),
    "pole": _("pole"), "closure-point": _("buried closure"),
    "active": _("in use"), "planned": _("planned"), "retired": _("retired"),
}  # fmt: skip
_TONES: Final[Mapping[str, str]] = {
    "fits": "good", "thin": "waits", "too-weak": "bad", "too-strong": "bad", "unknown": "calm",
    "as-expected": "good", "better": "good", "worse": "bad", "none": "calm",
}  # fmt: skip
Looking = Annotated[Visit, Depends(visiting("inventory:read", "network:read"))]
Code = Annotated[str, Path(max_length=63)]
Letters = Annotated[str, Query(max_length=63)]


@router.get("/plant")
def plant(visit: Looking, q: Letters = "") -> Response:
    """Cables by code or by where they end; how many of their strands are taken."""
    with visit.transaction() as tx:
        found = views.cables(tx, q=q.strip() or None, limit=_MOST)
    return show(visit, "plant", _("Fibre plant"), found=found, q=q, most=_MOST, words=_WORDS)


@router.get("/plant.csv")
def plant_csv(visit: Looking, q: Letters = "") -> Response:
    """Every cable, a line each."""
    with visit.transaction() as tx:
        found = views.cables(tx, q=q.strip() or None, limit=_EVERY)["cables"]
    rows = ({**one, "ducts": " ".join(one["ducts"])} for one in found)
    return csv_answer("cables", _COLUMNS, ([row[column] for column in _COLUMNS] for row in rows))


@router.get("/plant/cables/{cable}")
def cable(visit: Looking, cable: Code) -> Response:
    """One cable: where it lies, and its strands by tube with what both ends lead to."""
    with visit.transaction() as tx:
        found = views.cable(tx, cable)
    tubes: dict[int, list[dict[str, Any]]] = {}
    for strand in found["strands"]:
        tubes.setdefault(strand["tube"], []).append(strand)
    return show(visit, "cable", _("Cable"), cable=found, tubes=tubes, words=_WORDS, ink=INK)


@router.get("/plant/cables/{cable}/strands/{number}")
def strand(visit: Looking, cable: Code, number: Annotated[int, Path(ge=1, le=10_000)]) -> Response:
    """What light through a strand meets from end to end, and what it loses."""
    ref = f"{cable}/{number}"
    with visit.transaction() as tx:
        way = trace(tx, "strand", ref)
        told = budget_of(tx, way, levels=levels_at(tx, (way["a"], way["b"])))
    return show(
        visit, "strand", _("The way of light"), way=way, budget=told, cable=cable, number=number, words=_WORDS,
        ink=INK, tones=_TONES,
    )  # fmt: skip


@router.get("/plant/closures/{closure}")
def closure(visit: Looking, closure: Code) -> Response:
    """The splice plan of a closure, tray by tray: drawn, and as a table."""
    with visit.transaction() as tx:
        plan = splice_plan(tx, closure)
    trays = [(number, list(splices)) for number, splices in groupby(plan["splices"], key=lambda one: one["tray"])]
    return show(visit, "closure", _("Splice plan"), plan=plan, trays=trays, words=_WORDS, ink=INK)
