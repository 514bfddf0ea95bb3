"""A change, live: events as they come, over as many connections as it takes, until the change has ended."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from cli import output, session
from cli.change_view import told_of
from cli.client import Client
from core.errors import Unavailable

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

__all__ = ["ENDED", "follow", "watch"]

ENDED = frozenset({"succeeded", "failed", "rolled_back", "unknown", "rejected", "cancelled", "expired", "stale"})
_RECONNECT = 1.0
_AWAY = 120.0
_SILENCE = 40.0


def watch(client: Client, change_id: str, *, timeout: float | None = None) -> dict[str, Any]:
    """Show a change until it has ended or time runs out; gives the change as it is then."""
    if session.current.as_json:
        for event in follow(client, change_id, timeout=timeout):
            print(json.dumps(event, ensure_ascii=False), flush=True)
    else:
        reason = str(client.get(f"/api/v1/changes/{change_id}")["reason"])
        if output.console().is_terminal:
            _with_bars(follow(client, change_id, timeout=timeout), reason)
        else:
            for event in follow(client, change_id, timeout=timeout):
                line = _line(event, reason)
                if line:
                    output.say(line)
    found: dict[str, Any] = client.get(f"/api/v1/changes/{change_id}")
    return found


def follow(client: Client, change_id: str, *, timeout: float | None = None) -> Iterator[dict[str, Any]]:
    """Every event of a change from its start, each once, until it has ended or ``timeout`` seconds are over.

    Raises:
        Unavailable: the API was away for two minutes.
    """
    path = f"/api/v1/changes/{change_id}/events"
    until = None if timeout is None else time.monotonic() + timeout
    last: str | None = None
    heard = time.monotonic()
    while until is None or time.monotonic() < until:
        silence = _SILENCE if until is None else min(_SILENCE, max(0.1, until - time.monotonic()))
        try:
            with client.stream(path, last_event_id=last, silence=silence) as lines:
                heard = time.monotonic()
                for event in _events(lines):
                    heard = time.monotonic()
                    if event is None:  # nothing new for a while: did it end without a word?
                        if _has_ended(client, change_id):
                            return
                        continue
                    last = str(event["seq"])
                    yield event
                    if event["action"].startswith("change.") and event["body"].get("state") in ENDED:
                        return
        except Unavailable:
            if time.monotonic() - heard > _AWAY:
                raise
        time.sleep(_RECONNECT if until is None else max(0.0, min(_RECONNECT, until - time.monotonic())))


def _has_ended(client: Client, change_id: str) -> bool:
    try:
        return client.get(f"/api/v1/changes/{change_id}")["state"] in ENDED
    except Unavailable:
        return False


def _events(lines: Iterator[str]) -> Iterator[dict[str, Any] | None]:
    """Events of a stream; ``None`` when the other side says that nothing happened for a while."""
    for line in lines:
        if line.startswith("data:"):
            data = json.loads(line[5:])
            if "seq" in data:
                yield data
        elif line.startswith(":"):
            yield None


def _line(event: Mapping[str, Any], reason: str) -> str:
    body = event["body"]
    clock = output.local_time(event["at"])[11:]
    if event["action"] == "change.step":
        if body.get("status") == "started":
            return ""
        count = f" ({body['done']}/{body['total']})" if "total" in body else ""
        note = f"  {body['note']}" if body.get("note") else ""
        return f"{clock}  {body['target']}  {body['phase']} {body['status']}{count}{note}"
    what, said = told_of(event, reason)
    waits = f" (waits for {', '.join(body['waiting_for'])})" if body.get("waiting_for") else ""
    return f"{clock}  {what}{waits}{'  ' + said if said else ''}"


def _with_bars(events: Iterator[dict[str, Any]], reason: str) -> None:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=output.console(), transient=False) as progress:
        bars: dict[tuple[int, str], TaskID] = {}
        for event in events:
            body = event["body"]
            if event["action"] == "change.step":
                _advance(progress, bars, body)
                if body.get("status") not in {"failed", "unknown"}:
                    continue
            line = _line(event, reason)
            if line:
                progress.console.print(
                    output.clean(line), style=output.state(str(body.get("status") or body.get("state")))
                )


def _advance(progress: Progress, bars: dict[tuple[int, str], TaskID], body: Mapping[str, Any]) -> None:
    if "total" not in body:
        return
    key = (int(body.get("batch", 0)), str(body["phase"]))
    if key not in bars:
        bars[key] = progress.add_task(f"batch {key[0] + 1} {key[1]:<8}", total=int(body["total"]))
    progress.update(bars[key], completed=int(body["done"]), total=int(body["total"]))
