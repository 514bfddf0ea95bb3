"""A plan as a person reads it before saying yes: what differs where, who is affected, who must agree, how it runs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from cli import output

__all__ = ["approve_command", "show_plan"]

_ALTERATIONS = 40


def show_plan(plan: Mapping[str, Any], plan_hash: str) -> None:
    """Print a plan; devices with equal differences stand together. An order is shown with what it costs."""
    if str(plan["kind"]).startswith("hosting."):
        from cli.hosting.quote_view import show_quote

        show_quote({"plan": plan, **(plan.get("cost") or {})})
        output.facts([("hash", plan_hash)])
        return
    output.say(str(plan["summary"]), "bold")
    names = {target["id"]: target["name"] for target in plan["targets"]}
    _differences(plan["targets"])
    _alterations(plan)
    impact = plan.get("impact") or {}
    options = plan.get("options") or {}
    output.say()
    output.facts(
        [
            ("kind", plan["kind"]),
            ("targets", f"{len(names)}" if names else ""),
            ("sites", ", ".join(impact.get("sites") or ())),
            ("tenants", ", ".join(impact.get("tenants") or ())),
            ("notes", "\n".join(impact.get("notes") or ())),
            ("batches", _batches(plan.get("batches") or (), names, atomic=bool(options.get("atomic")))),
            ("on failure", _on_failure(options) if names else ""),
            ("timer", _timer(plan) if names else ""),
            ("approvals", "\n".join(_approvals(plan.get("approvals") or ()))),
            ("taking back", plan.get("undo_note", "")),
            ("hash", plan_hash),
        ]
    )


def approve_command(change_id: str, plan_hash: str) -> str:
    """What another person types to agree to this very plan."""
    return f"irisplane --profile lead change approve {change_id} --hash {plan_hash} --reason '…'"


def _differences(targets: Sequence[Mapping[str, Any]]) -> None:
    alike: dict[str, list[str]] = defaultdict(list)
    for target in targets:
        alike[str(target.get("diff") or "")].append(str(target["name"]))
    for text, names in alike.items():
        title = names[0] if len(names) == 1 else f"{len(names)} alike: {', '.join(names)}"
        output.heading(title)
        if text.strip():
            output.diff(text.rstrip("\n"))
        else:
            output.say("    no difference", "dim")


def _alterations(plan: Mapping[str, Any]) -> None:
    told: Sequence[Mapping[str, Any]] = (plan.get("facts") or {}).get("alterations") or ()
    sign = {"+": "+", "insert": "+", "create": "+", "-": "-", "delete": "-"}
    for one in told[:_ALTERATIONS]:
        mark = sign.get(str(one.get("op")), "~")
        style = {"+": "green", "-": "red"}.get(mark, "cyan")
        output.say(f"    {mark} {one.get('type') or one.get('kind', '')} {one.get('name', '')}", style)
        for line in one.get("lines") or ():
            output.say(f"        {line}")
    if len(told) > _ALTERATIONS:
        output.say(f"    … and {len(told) - _ALTERATIONS} more", "dim")


def _batches(batches: Sequence[Sequence[str]], names: Mapping[str, str], *, atomic: bool) -> str:
    if atomic and batches:
        return f"one transaction over all {sum(map(len, batches))}: all commit or none"
    lines = []
    for number, batch in enumerate(batches, start=1):
        shown = ", ".join(names.get(one, one) for one in batch[:12])
        more = f", … {len(batch) - 12} more" if len(batch) > 12 else ""
        canary = " (canary)" if number == 1 and len(batches) > 1 and len(batch) == 1 else ""
        lines.append(f"{number}. {shown}{more}{canary}")
    return "\n".join(lines)


def _on_failure(options: Mapping[str, Any]) -> str:
    keep = options.get("on_failure") == "keep"
    return "stop, and keep the batches that were confirmed" if keep else "take everything back, in reverse order"


def _timer(plan: Mapping[str, Any]) -> str:
    if not (plan.get("facts") or {}).get("timed", True):
        return "none on the host: what fails is put back from here, as soon as the host answers"
    return f"{plan['timer']} s on the device, then it takes an unconfirmed commit back"


def _approvals(needs: Sequence[Mapping[str, Any]]) -> list[str]:
    if not needs:
        return ["none"]
    after = {"after": " (afterwards)"}
    return [
        f"{need['role']}{after.get(str(need.get('due')), '')}: {need['text']} [rule {need['rule']}]" for need in needs
    ]
