"""Traps and informs as hints: they wake the watch, and are counted; a flood of them costs a bounded number of looks.

What is not read is counted by sender until :func:`unread` is asked; what the kernel dropped is asked of the socket.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter as Counted
from dataclasses import replace
from typing import Final

from prometheus_client import Counter

from core.db import Database
from core.scope import EVERY_TENANT, Scope
from core.settings import get_settings
from core.telemetry import REGISTRY
from network.drivers.snmp.notifications import Heard, NotificationReceiver
from network.incidents.floods import Unread
from network.polling.asking import asked

__all__ = ["heard_so_far", "listen", "unread", "wait", "wake"]

_LOG: Final = logging.getLogger(__name__)
_SCOPE: Final = Scope(EVERY_TENANT, request_id="incidents", reason="who may send notifications")
_AGAIN_SECONDS: Final = 60.0
_HEARD: Final = Counter("irisplane_notifications", "Traps and informs, by what became of them.", ["outcome"],
                        registry=REGISTRY)  # fmt: skip
_WAKE: Final = threading.Event()
_GUARD: Final = threading.Lock()
_RECEIVER: dict[str, NotificationReceiver] = {}
_TRIED: dict[str, float] = {}
_COUNTED: Final[dict[str, int]] = dict.fromkeys(("taken", "flood", "stranger", "lost"), 0)
_COUNTING: Final = threading.Lock()
_UNREAD: Final[Counted[str]] = Counted()
"""Source → notifications of it that were not read; bounded by the devices that there are, strangers under one name."""
_STRANGERS: Final = ""
_LOST: Final[dict[str, int]] = {}


def listen(database: Database) -> None:
    """See that notifications are heard, from the devices that are asked, with the credentials they are asked with."""
    with _GUARD:
        if time.monotonic() - _TRIED.get("at", -_AGAIN_SECONDS) < _AGAIN_SECONDS:
            return
        _TRIED["at"] = time.monotonic()
        port = get_settings().place.trap_port
        with database.transaction("worker", _SCOPE) as tx:
            targets = tuple(replace(one.target, credentials=one.notifies) for one in asked(tx))
        receiver = _RECEIVER.get("one")
        if receiver is not None and receiver.serves(targets):
            return
        if receiver is not None:
            _fetch_lost(receiver)
            receiver.close()
            del _RECEIVER["one"]
        _LOST["seen"] = 0
        if not targets:
            return
        try:
            _RECEIVER["one"] = NotificationReceiver(targets, port, _heard)
        except OSError as error:
            _LOG.warning("no notifications on UDP port %d: %s; links are looked at all the same", port, error.strerror)


def wait(seconds: float) -> None:
    """Until a hint comes, at most so long. Many hints are one."""
    _WAKE.wait(seconds)
    _WAKE.clear()


def unread() -> Unread:
    """What was not read since this was asked last, by device where the sender is one."""
    with _GUARD:
        receiver = _RECEIVER.get("one")
        if receiver is not None:
            _fetch_lost(receiver)
        names = {} if receiver is None else receiver.names
        lost = _LOST.pop("untold", 0)
    with _COUNTING:
        counts = dict(_UNREAD)
        _UNREAD.clear()
    strangers = counts.pop(_STRANGERS, 0)
    return Unread({names.get(source, source): count for source, count in counts.items()}, strangers, lost)


def _fetch_lost(receiver: NotificationReceiver) -> None:
    """What the socket dropped since it was asked last."""
    seen = receiver.lost()
    more = seen - _LOST.get("seen", 0)
    if more > 0:
        _LOST["untold"] = _LOST.get("untold", 0) + more
        _COUNTED["lost"] += more
        _HEARD.labels("lost").inc(more)
    _LOST["seen"] = seen


def heard_so_far() -> dict[str, int]:
    """How many notifications there were, by what became of them."""
    return dict(_COUNTED)


def wake() -> None:
    """Let the watch look now."""
    _WAKE.set()


def _heard(heard: Heard) -> None:
    _COUNTED[heard.outcome] += 1
    _HEARD.labels(heard.outcome).inc()
    if heard.outcome != "taken":
        with _COUNTING:
            _UNREAD[_STRANGERS if heard.outcome == "stranger" else heard.source] += 1
    if heard.outcome != "stranger":
        wake()
