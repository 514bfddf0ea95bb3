"""Ask many targets at once, each with a deadline: one that hangs holds up nobody."""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextvars import copy_context
from dataclasses import dataclass
from typing import Generic, TypeVar

from orchestrator.runs.errors import TargetSilent

__all__ = ["Answer", "fan_out"]

_LINGER_SECONDS = 0.03
"""How long the first answer waits for company: every small list costs its taker a transaction."""

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Answer(Generic[Item, Result]):
    """What came back for one item: a result, or the error that was raised instead."""

    item: Item
    result: Result | None
    error: Exception | None
    seconds: float

    @property
    def silent(self) -> bool:
        """The call was abandoned: it may still be under way."""
        return isinstance(self.error, TargetSilent)


def fan_out(
    items: Sequence[Item],
    call: Callable[[Item], Result],
    *,
    concurrency: int,
    seconds: float,
    in_all: float | None = None,
) -> Iterator[list[Answer[Item, Result]]]:
    """Call for every item, ``concurrency`` at a time; yields what has arrived since the last time, in small lists.

    A call that takes longer than ``seconds`` is abandoned with ``TargetSilent``: its thread is left alone (Python
    cannot end it) and its place is given to the next item. Whatever it still returns is dropped. After ``in_all``
    seconds everything that has not answered, or not been asked, is given up in the same way.
    """
    end = time.monotonic() + (in_all if in_all is not None else float("inf"))
    waiting = deque(items)
    arrived: queue.SimpleQueue[Answer[Item, Result]] = queue.SimpleQueue()
    active: dict[int, tuple[Item, float]] = {}

    def work(item: Item) -> None:
        began = time.monotonic()
        answer: Answer[Item, Result]
        try:
            answer = Answer(item, call(item), None, time.monotonic() - began)
        except Exception as error:  # noqa: BLE001 - handed to the caller as the answer
            answer = Answer(item, None, error, time.monotonic() - began)
        arrived.put(answer)

    while waiting or active:
        while waiting and len(active) < concurrency:
            item = waiting.popleft()
            active[id(item)] = (item, min(end, time.monotonic() + seconds))
            # Each thread logs under the request and the Change of its caller.
            threading.Thread(target=copy_context().run, args=(work, item), daemon=True, name="target").start()
        batch = _collect(arrived, until=min(deadline for _, deadline in active.values()))
        # An answer of an abandoned call may still come in: only those that are awaited count.
        ready = [answer for answer in batch if active.pop(id(answer.item), None) is not None]
        now = time.monotonic()
        for key, (item, deadline) in list(active.items()):
            if deadline <= now:
                del active[key]
                ready.append(Answer(item, None, TargetSilent(f"No answer within {seconds:.0f} s."), seconds))
        if now >= end:
            ready += [
                Answer(item, None, TargetSilent("Not asked: the phase's time was over."), 0.0) for item in waiting
            ]
            waiting.clear()
        if ready:
            yield ready


def _collect(arrived: queue.SimpleQueue[Answer[Item, Result]], *, until: float) -> list[Answer[Item, Result]]:
    out: list[Answer[Item, Result]] = []
    try:
        out.append(arrived.get(timeout=max(0.0, until - time.monotonic())))
        until = min(until, time.monotonic() + _LINGER_SECONDS)
        while True:
            out.append(arrived.get(timeout=max(0.0, until - time.monotonic())))
    except queue.Empty:
        return out
