"""`irisplane network design`: a network over the corridor, told before it is made: sites, kilometres, cost."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from cyclopts import Parameter

from cli import output, session
from cli.asking import ask, asked_for, read_text
from cli.client import connect
from cli.errors import WAITING, Ended, WrongUse

__all__ = ["design"]

_MICRO: Final = 1_000_000
_NAMED: Final = 20
_ADDED: Final = {
    "plant_node": "nodes",
    "duct": "ducts",
    "cable": "cables",
    "closure": "closures",
    "circuit": "circuits",
}
"""What is named where little is added; panels, ports and splices come with their cables and circuits."""


def design(
    *,
    reason: Annotated[str, Parameter(name=["--reason", "-r"])] = "design the network",
    ring_sites: int | None = None,
    detour_m: int | None = None,
    second_way_m: int | None = None,
    costs: Path | None = None,
    status: Literal["planned", "active"] = "active",
    svg: Path | None = None,
    dry_run: Annotated[bool, Parameter(negative="")] = False,
    yes: Annotated[bool, Parameter(name=["--yes", "-y"], negative="")] = False,
) -> None:
    """Lay a network over the corridor for every site that is not in it yet; what is there stays as it is.

    Args:
        ring_sites: at most so many stations and town halls on a ring.
        detour_m: a site joins a ring for at most the cost of so many metres of digging.
        second_way_m: at most so many metres of digging for a second way that a site need not have.
        costs: a JSON file of unit prices in euros by name, in the place of those that come with Irisplane.
        status: of the cables and circuits that are made.
        svg: write a picture of the plant as it is afterwards.
        dry_run: say what would be made; make nothing.
        yes: make it without asking.
    """
    wishes = {"ring_sites": ring_sites, "detour_m": detour_m, "second_way_m": second_way_m}
    intent: dict[str, Any] = {name: value for name, value in wishes.items() if value is not None}
    intent |= {"status": status} | ({} if costs is None else {"unit_costs": _prices(costs)})
    request = {"kind": "network.design", "intent": intent, "reason": reason}
    with connect() as client:
        planned = client.request("POST", "/api/v1/changes:preview", body=request).json()
        facts = planned["plan"]["facts"]
        told = facts["design"]
        idle = not planned["plan"]["commands"]
        if dry_run or idle:
            output.give(told, lambda: _idle(told) if idle else _show(facts))
        else:
            if not session.current.as_json:
                _show(facts)
                output.say()
                if not yes and not ask("Make this network?"):
                    output.notice("Nothing was made.")
                    raise Ended(WAITING)
            asked_for(client, client.post("/api/v1/changes", request), wait=False, show=False)
        if svg is not None:
            svg.write_bytes(client.content("/api/v1/fibre/map.svg"))
            output.notice(f"{svg} is a picture of the plant.", "dim")


def _prices(path: Path) -> dict[str, int]:
    """Prices of a file, in micro-euros.

    Raises:
        WrongUse: it is no JSON object of numbers.
    """
    wrong = WrongUse(f"{path} is not a JSON object of prices in euros.", hint='For instance {"digging": 92.5}.')
    try:
        found = json.loads(read_text(path), parse_float=Decimal)
        return {str(name): int(Decimal(value) * _MICRO) for name, value in found.items()}
    except (json.JSONDecodeError, AttributeError, TypeError, InvalidOperation, ValueError, OverflowError):
        raise wrong from None


def _idle(told: Mapping[str, Any]) -> None:
    out = told["left_out"]
    output.say("There is nothing to lay." if out else "Every site is in the network: nothing to do.")
    _left_out(out)


def _left_out(out: Mapping[str, str]) -> None:
    """Sites that stay out, by why; a street within a kilometre is what they lack."""
    for why in sorted(set(out.values())):
        codes = [code for code, said in out.items() if said == why]
        rest = f" and {len(codes) - _NAMED} more" if len(codes) > _NAMED else ""
        output.say(f"Not in the network, {why}: {', '.join(codes[:_NAMED])}{rest}")


def _show(facts: Mapping[str, Any]) -> None:
    told, added = facts["design"], facts["alterations"]
    rows = [
        {"role": role, "kind": kind, "count": count}
        for role, kinds in told["sites"].items() for kind, count in kinds.items()
    ]  # fmt: skip
    output.table(rows, {"role": "role", "kind": "site", "count": "how many"})
    output.say()
    counts, there = told["counts"], told["already"]
    output.facts([
        ("sites", f"{told['site_count']} more; {there} are in the network, and stay as they are" if there
                  else told["site_count"]),
        ("served beside another", None if there else told["beside"]),
        ("duct", f"{told['duct_m'] / 1000:,.1f} km, of it {told['lead_in_m'] / 1000:,.1f} km into buildings"),
        ("cable", f"{told['cable_m'] / 1000:,.1f} km in {counts['cables']:,} cables, {counts['strands']:,} strands"),
        ("rings", told["rings"] or None),
        ("circuits", f"{counts['circuits']:,}, {counts['splices']:,} splices"),
        ("two ways", f"{told['two_ways']} sites"),
        *((f"one way: {why}", count) for why, count in told["single"].items()),
    ])  # fmt: skip
    if added:
        output.heading("What is added")
        output.facts([
            (many, ", ".join(one["name"] for one in added if one["type"] == kind)) for kind, many in _ADDED.items()
        ])  # fmt: skip
    _left_out(told["left_out"])
    output.say()
    prices = told["unit_costs"]
    lines = [
        {"name": line["name"], "quantity": f"{line['quantity']:,} {line['unit']}",
         "unit": _euros(line["unit_micro_eur"], 3), "amount": _euros(line["amount_micro_eur"], 0)}
        for line in told["costs"] if line["quantity"]
    ]  # fmt: skip
    output.table(lines, {"name": "what", "quantity": "how much", "unit": "EUR each", "amount": "EUR"})
    output.say(
        f"{_euros(told['cost_micro_eur'], 0)} EUR, by unit prices of {prices['dated']}: assumptions, not offers", "bold"
    )


def _euros(micro: str, digits: int) -> str:
    return f"{Decimal(micro) / _MICRO:,.{digits}f}"
