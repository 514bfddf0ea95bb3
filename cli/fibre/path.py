"""`irisplane fibre path | weak-points`: ways through the plant, two that share nothing, what sites hang on alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from cyclopts import Parameter

from cli import output
from cli.client import connect
from cli.errors import FAILED, Ended

__all__ = ["path", "weak_points"]

_SHOWN: Final = 40
_DIVERSE: Final = "duct,building"


def path(
    a: str,
    b: str,
    *,
    k: int = 1,
    by: Literal["length", "loss"] = "length",
    disjoint: Literal["edge", "node"] | None = None,
    diverse: Annotated[bool, Parameter(negative="")] = False,
    avoid: str | None = None,
) -> None:
    """The best way between two sites or nodes of the plant, the best few, or two that share nothing.

    Args:
        a: a site or a node.
        b: another one.
        k: so many ways, the best first.
        by: metres of duct, or decibels.
        disjoint: two ways that share no duct (edge), or no manhole and building either (node).
        diverse: two ways that share no duct and no building; --avoid says what else.
        avoid: what the two may not share: duct, building, feed, with commas between.
    """
    shared = avoid or (_DIVERSE if diverse else None)
    with connect() as client:
        found = client.get("/api/v1/fibre/path", a=a, b=b, k=k, by=by, disjoint=disjoint, avoid=shared)
    output.give(found, lambda: _show(found))
    if not found["paths"]:
        raise Ended(FAILED)


def weak_points() -> None:
    """Single points of failure: every duct, node and power feed whose loss cuts sites off all data centres."""
    with connect() as client:
        found = client.get("/api/v1/fibre/weak-points")
    output.give(found, lambda: _show_weak(found))


def _show(found: Mapping[str, Any]) -> None:
    for number, way in enumerate(found["paths"], start=1):
        output.heading(f"way {number}: {way['length_m']:,.0f} m, {way['loss_db']:.2f} dB, {len(way['ducts'])} ducts")
        output.table(way["ducts"], {"from": "from", "code": "duct", "length_m": "m"})
        output.say()
    if "found" not in found:
        if not found["paths"]:
            output.say("No way leads there.")
        return
    if found["found"]:
        unit = "m" if found["by"] == "length" else "dB"
        kept = {"duct": "duct", "building": "manhole or building", "feed": "power feed"}
        said = f"They share no {', no '.join(kept[one] for one in found['avoid'])} between their ends."
        best = (
            "No pair is better."
            if found["exact"]
            else f"No pair is below {found['bound']:g} {unit}; a better one may exist."
        )
        output.say(f"{said} {best}", "bold")
        return
    known = "There are no two such ways." if found["exact"] else "No two such ways were found; some may exist."
    output.say(known, "bold")
    nowhere = [one["key"] for one in found["because"] if one["kind"] in ("no way", "no ducts")]
    if nowhere:
        output.say(f"No duct leads from the one to the other: {', '.join(nowhere)} is reached by none.")
    elif found["because"]:
        output.say("Every way passes:")
        output.table(found["because"], {"kind": "what", "key": "code"})


def _show_weak(found: Mapping[str, Any]) -> None:
    rows = [
        {**one, "sites": len(one["cut"]), "whom": ", ".join(one["cut"][:3]) + (" …" if len(one["cut"]) > 3 else "")}
        for one in found["points"][:_SHOWN]
    ]
    output.table(
        rows,
        {"kind": "what", "key": "code", "sites": "cuts off", "whom": "whom"},
        empty="Nothing alone cuts a site off.",
    )
    if len(found["points"]) > _SHOWN:
        output.notice(f"… and {len(found['points']) - _SHOWN} more; --json gives all", "dim")
    output.say(f"{len(found['points'])} single points of failure for {found['sites']} sites.", "bold")
    if found["unreached"]:
        output.say(
            f"{len(found['unreached'])} sites reach no data centre as it is: {', '.join(found['unreached'][:10])}"
        )
