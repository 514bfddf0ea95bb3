"""What an order would give and cost, as a person reads it before saying yes."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import fill
from typing import Any, Final

from cli import output
from cli.hosting.amounts import euro, mib, month_range, resource_words

__all__ = ["show_quote"]

_WIDTH: Final = 110


def show_quote(preview: Mapping[str, Any]) -> None:
    """Print the preview of an order: what is made, price, energy, quota, place, approvals."""
    plan = preview.get("plan") or {}
    output.say(str(plan.get("summary") or "Order"), "bold")
    for target in plan.get("targets") or ():
        for line in str(target.get("diff") or "").splitlines():
            output.say(f"    {line}", "green" if line.startswith("+") else "red" if line.startswith("-") else None)
    energy = preview.get("energy") or {}
    output.say()
    output.facts(
        [
            ("price", _price(preview.get("price") or {})),
            ("energy", month_range(energy.get("kwh_month"), "kWh")),
            ("carbon", month_range(energy.get("gco2e_month"), "gCO2e")),
            ("estimate", fill(str(energy.get("basis", "")), _WIDTH)),
            ("left after", _left(preview.get("quota_after") or {})),
            ("place", _place(preview.get("placement") or {})),
            ("approvals", _approvals(preview)),
            ("notes", "\n".join((plan.get("impact") or {}).get("notes") or ())),
            ("taking back", plan.get("undo_note", "")),
        ]
    )


def _price(price: Mapping[str, Any]) -> str:
    if not price:
        return ""
    month = int(price.get("month_micro_eur") or 0)
    quarter = euro(abs(int(price.get("quarter_micro_eur") or 0)))
    more = " less than now" if month < 0 else " more than now" if "before" in price else ""
    total = f"{euro(abs(month))} a month{more} ({quarter} a quarter-hour)"
    lines = price.get("lines") or ()
    if len(lines) < 2:
        return total
    return "\n".join([total, *(f"{_line(one)}" for one in lines)])


def _line(one: Mapping[str, Any]) -> str:
    quantity = f" {one['quantity']} GiB" if one.get("unit") == "GiB" else ""
    times = f" × {one['quantity']}" if not quantity and one["quantity"] != 1 else ""
    return f"{one['code']}{quantity}{times}: {euro(one['month_micro_eur'])}"


def _left(quota: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{mib(one['left'])} of memory" if resource == "ram_mib" else f"{one['left']} {resource_words(resource)}"
        for resource, one in quota.items()
    )


def _place(placement: Mapping[str, Any]) -> str:
    return str(placement.get("why") or placement.get("zone") or "")


def _approvals(preview: Mapping[str, Any]) -> str:
    needs = preview.get("approvals")
    if needs is None:
        needs = (preview.get("plan") or {}).get("approvals") or ()
    return "\n".join(f"{one['role']}: {one['text']} [rule {one['rule']}]" for one in needs) or "none"
