"""Asking for a change: the plan is shown, a person agrees, it is submitted, and followed when asked to."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from cli import live, output, session
from cli.client import Client, connect
from cli.errors import FAILED, OK, WAITING, Ended, WrongUse
from cli.plan_view import approve_command, show_plan
from core.errors import NotFound

__all__ = [
    "ask",
    "asked_for",
    "brief",
    "decided",
    "ended_code",
    "moment",
    "outcome",
    "read_text",
    "submit",
    "submitted",
]


def submit(request: Mapping[str, Any], *, dry_run: bool = False, wait: bool = False, yes: bool = False) -> None:
    """Show what would be done, ask whether to go on, submit it, and follow it when asked to."""
    with connect() as client:
        planned = client.request("POST", "/api/v1/changes:preview", body=request).json()
        plan = planned["plan"]
        idle = not plan["targets"] and not plan["commands"]
        if dry_run or idle:
            output.give(planned, lambda: show_plan(plan, planned["hash"]) if not idle else output.say("Nothing to do."))
            return
        if not session.current.as_json:
            show_plan(plan, planned["hash"])
            output.say()
            if not yes and not ask("Submit this change?"):
                output.notice("Nothing was submitted.")
                raise Ended(WAITING)
        made = client.post("/api/v1/changes", request)
        if made["plan_hash"] != planned["hash"] and made["state"] != "succeeded":
            # ids are chosen anew with each plan, so what is created differs in them at least
            told = (
                f"The plan was made anew when it was submitted: 'irisplane change show {made['id']} --plan' shows it."
            )
            output.notice(told, "yellow")
        asked_for(client, made, wait=wait, show=False)


def ask(question: str) -> bool:
    """Ask a person; without one (no terminal), the answer is yes: what needs a second person still waits for them."""
    if not sys.stdin.isatty() or not sys.stdout.isatty():
        return True
    return input(f"{question} [y/N] ").strip().lower() in {"y", "yes", "o", "oui", "j", "ja"}


def moment(text: str | None) -> str | None:
    """A time of this desk as ISO 8601 with its zone.

    Raises:
        WrongUse: it is no time.
    """
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).astimezone().isoformat()
    except ValueError:
        raise WrongUse(
            f"{text!r} is no time.", hint="For example 2027-01-31T22:00 or 2027-01-31T22:00+01:00."
        ) from None


def read_text(path: Path) -> str:
    """A file of this desk, or standard input for `-`.

    Raises:
        NotFound: there is no such file.
        WrongUse: it is no text.
    """
    try:
        return sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        raise NotFound(f"{path} cannot be read: {error.strerror}.", hint="Name a file that is there.") from None
    except UnicodeDecodeError:
        raise WrongUse(f"{path} is no text in UTF-8.") from None


def ended_code(change: Mapping[str, Any]) -> int:
    """The exit code for a change as it is now."""
    state = change["state"]
    return OK if state == "succeeded" else FAILED if state in live.ENDED else WAITING


def asked_for(client: Client, made: Mapping[str, Any], *, wait: bool, show: bool) -> None:
    """Tell what was submitted and what comes next; follow it when asked to."""
    if session.current.as_json and not wait:
        output.give(made, lambda: None)
        return
    if not session.current.as_json:
        if show and made["state"] != "succeeded":
            detail = client.get(f"/api/v1/changes/{made['id']}")
            show_plan(detail["plan"], made["plan_hash"])
            output.say()
        submitted(made)
    if wait and made["state"] not in live.ENDED:
        found = live.watch(client, made["id"])
        if session.current.as_json:
            output.give(brief(found), lambda: None)
        else:
            outcome(found)
        raise Ended(ended_code(found))


def submitted(made: Mapping[str, Any]) -> None:
    """Tell what was submitted, and what comes next."""
    output.say(f"Change {made['id']}: {made['state']}", output.state(made["state"]) or "bold")
    if made["state"] == "waiting":
        output.say(f"It waits for: {', '.join(made['waiting_for'])}. Another person who has read this plan types:")
        output.say(f"  {approve_command(made['id'], made['plan_hash'])}")
    if made["state"] not in live.ENDED:
        output.say(f"  irisplane change watch {made['id']}")


def decided(made: Mapping[str, Any]) -> None:
    """Tell what a decision led to."""
    output.say(f"Change {made['id']}: {made['state']}", output.state(made["state"]) or "bold")
    if made["waiting_for"]:
        output.say(f"It still waits for: {', '.join(made['waiting_for'])}.")
    elif made["state"] not in live.ENDED:
        output.say(f"  irisplane change watch {made['id']}")


def outcome(change: Mapping[str, Any]) -> None:
    """Tell how a change ended, or what it waits for."""
    output.say(f"Change {change['id']}: {change['state']}", output.state(change["state"]) or "bold")
    summary = (change.get("outcome") or {}).get("summary")
    if summary:
        output.say(f"  {summary}")
    if change["state"] not in live.ENDED and change.get("waiting_for"):
        output.say(f"  It waits for: {', '.join(change['waiting_for'])}.")


def brief(change: Mapping[str, Any]) -> dict[str, Any]:
    """A change without its plan and steps, for programs."""
    names = ("id", "kind", "title", "state", "waiting_for", "plan_hash", "outcome", "started_at", "finished_at")
    return {name: change.get(name) for name in names}
