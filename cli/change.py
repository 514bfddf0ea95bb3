"""`irisplane change`: follow what was asked for, decide on it, take it back."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from typing import Annotated, Any

from cyclopts import App, Parameter

from cli import live, output, session
from cli.asking import ask, asked_for, brief, decided, ended_code, outcome
from cli.change_view import show_change
from cli.client import Client, connect
from cli.errors import WAITING, Ended, WrongUse
from cli.plan_view import show_plan
from core.errors import NotFound

__all__ = ["app"]

app = App(name="change", help="Follow changes, decide on them, take them back.")

Reason = Annotated[str, Parameter(name=["--reason", "-r"], help="Why: it stands in the journal for good.")]

_LISTED = {
    "id": "change",
    "state": "state",
    "title": "title",
    "requested_by": "by",
    "waiting_for": "waits for",
    "when": "asked at",
}


@app.command(name="list")
def list_(
    *,
    state: list[str] | None = None,
    kind: str | None = None,
    by: str | None = None,
    device: str | None = None,
    waiting: bool = False,
    limit: int = 20,
) -> None:
    """Changes, newest first.

    Args:
        state: only these: waiting, approved, running, succeeded, rolled_back …
        kind: only this kind, `network.config`.
        by: only those this person asked for.
        device: only those that touched this device; goes with --limit alone.
        waiting: those that wait for an approval you could give.
        limit: how many at most.
    """
    if device and (state or kind or by or waiting):
        raise WrongUse("--device goes with --limit alone.", hint=f"irisplane change list --device {device}")
    with connect() as client:
        if device:
            address = f"/api/v1/network/devices/{_word(device)}/changes"
            found = client.items(address, most=limit, limit=min(limit, 1000))
        elif waiting:
            found = client.items("/api/v1/changes/waiting", limit=limit)
        else:
            query: dict[str, object] = {"kind": kind, "requested_by": by, "limit": min(limit, 1000)}
            address = "/api/v1/changes" + ("?" + "&".join(f"state={_word(one)}" for one in state) if state else "")
            found = (
                client.items(address, most=limit, **query) if not state else _filtered(client, address, query, limit)
            )
    output.give(found, lambda: output.table([_summary(one) for one in found], _LISTED, empty="No changes."))


@app.command
def show(change: str, *, plan: bool = False) -> None:
    """The whole story of a change.

    Args:
        change: its id, the end of its id, or `last`.
        plan: show the plan with its differences too.
    """
    with connect() as client:
        found = client.get(f"/api/v1/changes/{_id(client, change)}")
        found["story"] = client.items(f"/api/v1/changes/{found['id']}/story")
    output.give(found, lambda: show_change(found, plan=plan))


@app.command
def watch(change: str, *, timeout: float | None = None) -> None:
    """Follow a change live until it has ended.

    Args:
        change: its id, the end of its id, or `last`.
        timeout: stop after so many seconds; the change itself goes on.
    """
    with connect() as client:
        found = live.watch(client, _id(client, change), timeout=timeout)
    if not session.current.as_json:
        outcome(found)
    raise Ended(ended_code(found))


@app.command
def wait(change: str, *, timeout: float = 600.0) -> None:
    """Wait without a word until a change has ended; the exit code says how.

    Args:
        change: its id, the end of its id, or `last`.
        timeout: seconds; then the exit code is 6.
    """
    with connect() as client:
        change_id = _id(client, change)
        found = client.get(f"/api/v1/changes/{change_id}")
        if found["state"] not in live.ENDED:
            for _ in live.follow(client, change_id, timeout=timeout):
                pass
        found = client.get(f"/api/v1/changes/{change_id}")
    output.give(brief(found), lambda: outcome(found))
    raise Ended(ended_code(found))


@app.command
def approve(
    change: str,
    *,
    reason: Reason,
    hash_: Annotated[str | None, Parameter(name="--hash", help="Of the plan you have read.")] = None,
    role: str | None = None,
    on_behalf_of: str | None = None,
    yes: bool = False,
) -> None:
    """Say yes to a plan. Without `--hash` the plan is shown first, and you are asked.

    Args:
        change: its id, the end of its id, or `last`.
        role: as what; the first that is asked and that you hold when absent.
        on_behalf_of: who is away and has named you deputy.
        yes: agree to the plan as it is now, without being asked.
    """
    with connect() as client:
        change_id = _id(client, change)
        if hash_ is None:
            found = client.get(f"/api/v1/changes/{change_id}")
            hash_ = str(found["plan_hash"])
            if not yes:
                _read_first(found, hash_)
        body = {"plan_hash": hash_, "reason": reason, "role": role, "on_behalf_of": on_behalf_of}
        made = client.request("POST", f"/api/v1/changes/{change_id}:approve", body=body).json()
    output.give(made, lambda: decided(made))


@app.command
def reject(change: str, *, reason: Reason, role: str | None = None, on_behalf_of: str | None = None) -> None:
    """Say no: the change ends."""
    with connect() as client:
        body = {"reason": reason, "role": role, "on_behalf_of": on_behalf_of}
        made = client.request("POST", f"/api/v1/changes/{_id(client, change)}:reject", body=body).json()
    output.give(made, lambda: decided(made))


@app.command
def cancel(change: str, *, reason: Reason) -> None:
    """Take a request back. What runs already is stopped, and what was done is taken back."""
    with connect() as client:
        made = client.request("POST", f"/api/v1/changes/{_id(client, change)}:cancel", body={"reason": reason}).json()
    asked = "Asked to stop; what was done is taken back: irisplane change watch " + made["id"]
    output.give(made, lambda: output.say(asked) if made["cancel_asked"] else decided(made))


@app.command
def undo(change: str, *, reason: Reason, wait: bool = False) -> None:
    """Take a finished change back: a new change with a plan of its own.

    Args:
        change: its id, the end of its id, or `last`.
        wait: follow it until it has ended.
    """
    with connect() as client:
        made = client.post(f"/api/v1/changes/{_id(client, change)}:undo", {"reason": reason})
        asked_for(client, made, wait=wait, show=True)


@app.command
def replan(change: str, *, reason: Reason) -> None:
    """Plan again with the world as it is now; approvals are asked anew."""
    with connect() as client:
        made = client.post(f"/api/v1/changes/{_id(client, change)}:replan", {"reason": reason})
        asked_for(client, made, wait=False, show=True)


# ------------------------------------------------------------------------------------------------------------ inside
def _read_first(found: Mapping[str, Any], plan_hash: str) -> None:
    if not sys.stdin.isatty():
        raise WrongUse(
            "Name the plan you have read with --hash.", hint="'irisplane change show ID --plan' shows plan and hash."
        )
    show_plan(found["plan"], plan_hash)
    output.say()
    if not ask(f"Approve this plan, asked for by {found['requested_by']} ({found['reason']})?"):
        output.notice("Nothing was decided.")
        raise Ended(WAITING)


def _summary(change: Mapping[str, Any]) -> dict[str, Any]:
    return {**change, "when": output.local_time(change["requested_at"])}


def _filtered(client: Client, address: str, query: Mapping[str, object], limit: int) -> list[Any]:
    from urllib.parse import urlencode

    rest = urlencode({name: value for name, value in query.items() if value is not None})
    return client.items(f"{address}&{rest}", most=limit)


def _word(text: str) -> str:
    from urllib.parse import quote

    return quote(text, safe="")


def _id(client: Client, given: str) -> str:
    """A change by its id, the end of it, or ``last``."""
    if re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", given):
        return given
    recent = client.items("/api/v1/changes", most=200, limit=200)
    found = (
        [one["id"] for one in recent if one["id"].endswith(given.lower())]
        if given != "last"
        else [one["id"] for one in recent[:1]]
    )
    if len(found) == 1:
        return str(found[0])
    if not found:
        raise NotFound(f"There is no change {given!r} among the last 200.", hint="'irisplane change list' shows them.")
    raise WrongUse(f"{given!r} is the end of several changes.", hint="Give more of the id.")
