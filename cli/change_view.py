"""The whole story of a change, as a person reads it: who, when, why, decisions, devices, what happened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cli import output
from cli.plan_view import show_plan

__all__ = ["show_change", "told_of"]

_OF_PEOPLE = frozenset(f"change.{verb}" for verb in ("submitted", "approved", "rejected", "cancelled", "replanned"))


def show_change(found: Mapping[str, Any], *, plan: bool) -> None:
    """Print a change with its decisions, steps and story."""
    output.say(f"{found['title']}", "bold")
    output.facts(
        [
            ("change", found["id"]),
            ("kind", found["kind"]),
            ("state", found["state"]),
            ("outcome", (found.get("outcome") or {}).get("summary", "")),
            ("waits for", ", ".join(found.get("waiting_for") or ())),
            ("asked by", f"{found['requested_by']} at {output.local_time(found['requested_at'])}"),
            ("reason", found["reason"]),
            ("emergency", "yes" if found.get("emergency") else ""),
            ("second look", output.local_time(found.get("emergency_due"))),
            ("not before", output.local_time(found.get("not_before"))),
            ("started", output.local_time(found.get("started_at"))),
            ("ended", output.local_time(found.get("finished_at"))),
            ("carried by", found.get("executor")),
            ("takes back", found.get("undo_of")),
            ("taken back by", ", ".join(f"{one['id']} ({one['state']})" for one in found.get("undone_by") or ())),
            ("plan hash", found["plan_hash"]),
        ]
    )
    if plan:
        output.heading("Plan")
        show_plan(found["plan"], found["plan_hash"])
    _decisions(found)
    _steps(found)
    _story(found)
    if found["state"] == "succeeded" and not found.get("undone_by"):
        output.say()
        output.say(f"Take it back: irisplane change undo {found['id']} --reason '…'", "dim")


def _decisions(found: Mapping[str, Any]) -> None:
    if not found.get("approvals"):
        return
    output.heading("Decisions")
    rows = [
        {
            **one,
            "when": output.local_time(one["decided_at"]),
            "old": "of an older plan" if one.get("of_old_plan") else "",
        }
        for one in found["approvals"]
    ]
    columns = {"decision": "decision", "role": "as", "decided_by": "by", "on_behalf_of": "for", "when": "at"}
    output.table(rows, {**columns, "reason": "reason", "old": ""})


def _steps(found: Mapping[str, Any]) -> None:
    if not found.get("steps"):
        return
    order = str(found["kind"]).startswith("hosting.")
    output.heading("What was done" if order else "Devices")
    rows = []
    for step in found["steps"]:
        notes = _telling(step.get("notes") or {})
        error = step.get("error") or {}
        if error:
            notes.append(f"{error.get('code', '')} {error.get('message', '')}".strip())
        took = f"{output.local_time(step['started_at'])[11:]} to {output.local_time(step['finished_at'])[11:]}"
        rows.append(
            {**step, "batch": step["batch"] + 1, "notes": "; ".join(notes), "took": took if step["started_at"] else ""}
        )
    columns = {"target": "of what" if order else "device", "batch": "batch", "state": "state", "took": "from, to"}
    output.table(rows, {**columns, "notes": "what was seen"})


def _telling(notes: Mapping[str, str]) -> list[str]:
    """What was seen, in the order of the phases; how it came that far only while nothing was seen yet."""
    told = {phase: notes[phase] for phase in ("verify", "undo", "inspect") if notes.get(phase)}
    if told:
        return list(told.values())
    return [notes[phase] for phase in ("prepare", "apply", "confirm") if notes.get(phase)][-1:]


def _story(found: Mapping[str, Any]) -> None:
    told = [entry for entry in found.get("story") or () if entry["action"] != "change.step"]
    if not told:
        return
    output.heading("Story")
    for entry in told:
        what, said = told_of(entry, found["reason"])
        own = entry["action"] in _OF_PEOPLE or entry.get("kind") == "log"
        who = f" by {entry['actor']}" if entry.get("actor") and own else ""
        output.say(f"  {output.local_time(entry['at'])}  {what}{who}{'  ' + said if said else ''}")


def told_of(entry: Mapping[str, Any], reason: str) -> tuple[str, str]:
    """An entry of a change's story as words: what happened, and what is to be said about it.

    Args:
        reason: why the change was asked for; said once, where it was asked for.
    """
    body = entry.get("body") or {}
    action = str(entry["action"])
    what = action.removeprefix("change.").replace("_", " ").replace(".", ": ")
    said = str(body.get("summary") or body.get("failure") or "")
    if action == "change.batch" and "batches" in body:
        what = f"batch {body['batch'] + 1} of {body['batches']} done"
    elif action == "change.decided":
        what = f"decided to {body.get('decision', 'go on')} batch {body.get('batch', 0) + 1}"
    elif not said and (action == "change.submitted" or entry.get("reason") != reason):
        said = str(entry.get("reason") or "")
    return what, said
