"""The whole story of a change, as a person reads it: who, when, why, decisions, devices, what happened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cli import output
from cli.plan_view import show_plan

__all__ = ["show_change"]


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
    output.heading("Devices")
    rows = []
    for step in found["steps"]:
        notes = [f"{phase}: {note}" for phase, note in (step.get("notes") or {}).items() if note]
        error = step.get("error") or {}
        if error:
            notes.append(f"{error.get('code', '')} {error.get('message', '')}".strip())
        took = f"{output.local_time(step['started_at'])[11:]} to {output.local_time(step['finished_at'])[11:]}"
        rows.append(
            {**step, "batch": step["batch"] + 1, "notes": "; ".join(notes), "took": took if step["started_at"] else ""}
        )
    output.table(
        rows, {"target": "device", "batch": "batch", "state": "state", "took": "from, to", "notes": "what was seen"}
    )


def _story(found: Mapping[str, Any]) -> None:
    told = [entry for entry in found.get("story") or () if entry["action"] != "change.step"]
    if not told:
        return
    output.heading("Story")
    for entry in told:
        body = entry.get("body") or {}
        said = body.get("summary") or body.get("failure") or entry.get("reason") or ""
        who = f" by {entry['actor']}" if entry.get("actor") else ""
        what = entry["action"].removeprefix("change.").replace("_", " ")
        output.say(f"  {output.local_time(entry['at'])}  {what}{who}{'  ' + said if said else ''}")
