"""An order: its preview is shown, a person agrees, it is sent once, followed, and what came of it is told."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlsplit
from uuid import uuid4

from cyclopts import Parameter

from cli import live, output, session
from cli.asking import brief, ended_code, outcome
from cli.client import Client
from cli.errors import WAITING, ApiProblem, Ended, WrongUse
from cli.hosting.finding import Noun, find
from cli.hosting.quote_view import show_quote
from core.errors import IrisplaneError

__all__ = ["Manner", "Order", "place"]

_OVER_QUOTA = "HST-103"
_MEANWHILE = 4
"""How often a version is read again that moves on under one's hands."""


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Manner:
    """How an order is placed; the same for every verb that orders."""

    yes: Annotated[bool, Parameter(name=["--yes", "-y"], negative="", help="Order without being asked.")] = False
    dry_run: Annotated[bool, Parameter(negative="", help="Show the preview, order nothing.")] = False
    wait: Annotated[
        bool | None,
        Parameter(help="Follow it to its end; done unless somebody must approve it first."),
    ] = None
    reason: Annotated[str | None, Parameter(name=["--reason", "-r"], help="Why; what was typed when absent.")] = None


@dataclass(frozen=True)
class Order:
    """What is asked of the API.

    Attributes:
        path: of the request.
        body: its body; ``None``: none.
        method: ``POST`` or ``DELETE``.
        match: the thing as it was read: what somebody altered meanwhile is read again before it is ordered.
        question: asked instead of showing a preview; the preview is not fetched then.
        certain: nothing is asked: it costs nothing and is taken back as easily.
        kind, intent: of the Change that it becomes, where the address has no preview of its own.
        named: how what was made is found afterwards, where the answer does not say.
    """

    path: str
    body: Mapping[str, Any] | None = None
    method: str = "POST"
    match: Mapping[str, Any] | None = None
    question: str = ""
    certain: bool = False
    kind: str = ""
    intent: Mapping[str, Any] | None = None
    named: tuple[Noun, str] | None = None


def place(
    client: Client,
    order: Order,
    manner: Manner,
    *,
    shown: Callable[[Mapping[str, Any]], None] | None = None,
    afterwards: str = "",
) -> None:
    """Place an order and tell how it ended.

    Args:
        shown: prints the thing that was ordered, as it is afterwards.
        afterwards: a line of what can be done next.
    Raises:
        Ended: it did not go through, or it waits.
        WrongUse: nobody can be asked whether it is meant.
    """
    reason = manner.reason or _typed()
    _agreed(client, order, manner, reason)
    made = _sent(client, order, reason)
    if "state" not in made:  # done on the spot, without a Change
        output.give(made, lambda: shown(made) if shown else output.say("Done."))
        return
    _followed(client, order, made, manner, shown=shown, afterwards=afterwards)


def _sent(client: Client, order: Order, reason: str) -> dict[str, Any]:
    """Send an order; what the cloud's own news altered meanwhile is read again, a few times."""
    key, tag = uuid4().hex, _tag(order.match)
    for left in reversed(range(_MEANWHILE)):
        try:
            answer = client.request(order.method, order.path, body=order.body, key=key, match=tag, reason=reason)
        except ApiProblem as problem:
            if problem.status != 412 or not left:
                raise _with_way_out(problem) from None
            tag = client.request("GET", _thing(order.path)).headers["etag"]
        else:
            found: dict[str, Any] = answer.json() if answer.content else {}
            return found
    raise AssertionError("the last one is not sent again")


def _tag(read: Mapping[str, Any] | None) -> str | None:
    return f'"{read["version"]}"' if read and "version" in read else None


def _thing(path: str) -> str:
    """The address of what a verb is for: ``/api/v1/servers/ID`` of ``/api/v1/servers/ID:stop``."""
    head, _, last = path.partition("?")[0].rpartition("/")
    return f"{head}/{last.partition(':')[0]}"


# ------------------------------------------------------------------------------------------------------------ before
def _agreed(client: Client, order: Order, manner: Manner, reason: str) -> None:
    """Return when the order is meant.

    Raises:
        Ended: it is not, or only its preview was asked for.
    """
    if manner.dry_run or not (order.certain or order.question):
        try:
            preview = _preview(client, order, reason)
        except ApiProblem as problem:
            raise _with_way_out(problem) from None
        if manner.dry_run or not session.current.as_json:
            output.give(preview, lambda: show_quote(preview))
        if manner.dry_run:
            raise Ended(0)
        output.say() if not session.current.as_json else None
    if manner.yes or order.certain:
        return
    if session.current.as_json or not sys.stdin.isatty() or not sys.stdout.isatty():
        raise WrongUse(
            "Nothing was ordered: there is nobody here to say yes.", hint="Say --yes to order without being asked."
        )
    if input(f"{order.question or 'Order this?'} [y/N] ").strip().lower() not in {"y", "yes", "o", "oui", "j", "ja"}:
        output.notice("Nothing was ordered.")
        raise Ended(WAITING)


def _preview(client: Client, order: Order, reason: str) -> dict[str, Any]:
    """What the order would give and cost; nothing is written."""
    if not order.kind:
        asked: dict[str, Any] = client.request("POST", f"{order.path}:preview", body=order.body, reason=reason).json()
        return asked
    body = {"kind": order.kind, "intent": order.intent, "reason": reason}
    found: dict[str, Any] = client.request("POST", "/api/v1/changes:preview", body=body, reason=reason).json()
    plan = found["plan"]
    return {**found, **(plan.get("cost") or {}), "placement": (plan.get("facts") or {}).get("placement")}


def _typed() -> str:
    """What was typed, as the reason of an order that gives none."""
    return shlex.join(["irisplane", *session.current.line])[:500]


def _with_way_out(problem: ApiProblem) -> IrisplaneError:
    """An order over quota ends with the very command that asks for more."""
    fields = problem.problem.get("fields")
    asked = fields.get("order") if isinstance(fields, Mapping) else None
    intent = asked.get("intent") if isinstance(asked, Mapping) else None
    if problem.problem.get("code") != _OVER_QUOTA or not isinstance(intent, Mapping):
        return problem
    where = f" --project {shlex.quote(str(intent['project']))}" if intent.get("project") else ""
    commands = [
        f"irisplane quota request {resource} {enough}{where} --reason '…'"
        for resource, enough in (intent.get("resources") or {}).items()
    ]
    problem.hint = f"Give something back, or ask for more: {'; '.join(commands)}"
    return problem


# ------------------------------------------------------------------------------------------------------------- after
def _followed(
    client: Client,
    order: Order,
    made: Mapping[str, Any],
    manner: Manner,
    *,
    shown: Callable[[Mapping[str, Any]], None] | None,
    afterwards: str,
) -> None:
    quiet = session.current.as_json
    if not quiet and made["state"] != "succeeded":
        _ordered(made)
    waits_for_people = made["state"] == "waiting"
    follow = manner.wait if manner.wait is not None else not waits_for_people
    found = dict(made)
    if follow and made["state"] not in live.ENDED:
        found = _to_the_end(client, str(made["id"]))
    thing = _resource(client, order, made) if found["state"] == "succeeded" else None
    if quiet:
        output.give({"change": brief(found), "resource": thing or made.get("resource")}, lambda: None)
    elif found["state"] in live.ENDED:
        if found["state"] != "succeeded":  # whoever followed it has seen that, and sees what was made
            outcome(found)
            _said_why(found)
        if thing is not None and shown is not None:
            shown(thing)
        elif made["state"] == "succeeded":  # carried out on the spot: nothing was to be followed
            output.say(f"{made['title']}: done.")
        if found["state"] == "succeeded" and afterwards:
            output.say(afterwards, "dim")
    if follow or waits_for_people or found["state"] in live.ENDED:
        code = ended_code(found)
        if code:
            raise Ended(code)


def _to_the_end(client: Client, change: str) -> dict[str, Any]:
    """Follow a change; for programs without a word, so that what they read is one document."""
    if not session.current.as_json:
        return live.watch(client, change)
    for _ in live.follow(client, change):
        pass
    found: dict[str, Any] = client.get(f"/api/v1/changes/{change}")
    return found


def _ordered(made: Mapping[str, Any]) -> None:
    output.say(f"Order {made['id']}: {made['state']}", output.state(str(made["state"])) or "bold")
    if made["state"] == "waiting":
        output.say(f"It waits for: {', '.join(made['waiting_for'])}. Who has read it types:")
        output.say(f"  irisplane order approve {made['id']} --hash {made['plan_hash']} --reason '…'")
        output.say(f"You follow it with 'irisplane order watch {made['id']}'.")


def _said_why(found: Mapping[str, Any]) -> None:
    """What each step that failed says: the sentence that a person can act on."""
    for step in found.get("steps") or ():
        error = step.get("error") or {}
        if error.get("message"):
            output.say(f"  {error['message']}")
            if error.get("hint"):
                output.say(f"  {error['hint']}", "dim")


def _resource(client: Client, order: Order, made: Mapping[str, Any]) -> dict[str, Any] | None:
    """The thing that was ordered, as it is now; none when it is gone, as after a delete."""
    if order.named is not None:
        return find(client, *order.named)
    href = urlsplit(str((made.get("resource") or {}).get("href") or "")).path
    if not href:
        return None
    try:
        found: dict[str, Any] = client.get(href)
    except ApiProblem as problem:
        if problem.status == 404:
            return None
        raise
    return found
