"""Servers, from Nova's own records: its tenant usage, what changed since, and the actions of what changed.

Nova's usage counts from ``launched_at``, and forgets: a rebuild or a resize sets it anew. The actions of a server keep
its first start, so it is read from there. They say too when it was stopped and started.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from datacenter.hosting.cloud import id_of
from datacenter.hosting.metering.asking import instant, pages
from datacenter.hosting.metering.held import Held, SourceName, Window

__all__ = ["Nova", "off_between", "usages"]

_USAGE: Final = "2.40"  # pages
_SERVERS: Final = "2.90"
_ACTIONS: Final = "2.58"  # updated_at
_LAUNCHES_ANEW: Final = frozenset(
    {"rebuild", "resize", "confirmResize", "revertResize", "unshelve", "migrate", "evacuate", "restore"}
)
_OFF: Final = frozenset({"stop", "shelve", "shelveOffload", "suspend"})
_ON: Final = frozenset({"start", "reboot", "unshelve", "resume", "rebuild", "create"})
_ASLEEP: Final = frozenset({"stopped", "shelved", "shelved_offloaded", "suspended", "soft-delete"})


class Nova:
    """Reads servers."""

    name: SourceName = "nova"
    remembers = True

    def held(self, window: Window) -> Sequence[Held]:
        """Every server that was launched before the window ends and not gone before it begins."""
        changed = self._changed(window)
        return [self._held(one, changed.get(one["instance_id"]), window) for one in usages(window)]

    def _changed(self, window: Window) -> dict[str, dict[str, Any]]:
        """Servers that altered since the window began, deleted ones too: only their past has to be asked about."""
        since = {"all_tenants": 1, "changes-since": f"{window.begins:%Y-%m-%dT%H:%M:%SZ}"}
        found = pages(
            "compute", "/servers/detail", "servers", since, microversion=_SERVERS, doing="Reading which servers changed"
        )
        return {one["id"]: one for one in found}

    def _held(self, usage: dict[str, Any], changed: dict[str, Any] | None, window: Window) -> Held:
        begins, ends = instant(usage["started_at"]), instant(usage["ended_at"])
        assert begins is not None, "Nova lists what was launched"
        off: Sequence[tuple[datetime, datetime | None]] = ()
        if changed is not None:
            actions = self._actions(usage["instance_id"])
            begins = _first_launch(begins, actions)
            off = off_between(actions)
        elif usage["state"] in _ASLEEP:
            off = ((window.begins, None),)
        return Held(
            resource="server",
            cloud_id=usage["instance_id"],
            cloud_project=usage["tenant_id"],
            name=usage["name"],
            begins=begins,
            ends=ends,
            flavor=usage["flavor"],
            off=off,
            ours=_ours(changed),
        )

    def _actions(self, server: str) -> list[dict[str, Any]]:
        """What happened to a server, oldest first; without what failed."""
        found = pages(
            "compute", f"/servers/{server}/os-instance-actions", "instanceActions", {}, microversion=_ACTIONS,
            doing="Reading what happened to a server",
        )  # fmt: skip
        kept = [one for one in found if one.get("message") is None]
        return sorted(kept, key=lambda one: str(one["start_time"]))


def usages(window: Window) -> Iterator[dict[str, Any]]:
    """Nova's own tenant usage of a window, server by server."""
    asked = {"detailed": 1, "start": f"{window.begins:%Y-%m-%dT%H:%M:%S}", "end": f"{window.ends:%Y-%m-%dT%H:%M:%S}"}
    tenants = pages(
        "compute", "/os-simple-tenant-usage", "tenant_usages", asked, microversion=_USAGE, doing="Reading usage"
    )
    for tenant in tenants:
        yield from tenant["server_usages"]


def off_between(actions: Sequence[dict[str, Any]]) -> tuple[tuple[datetime, datetime | None], ...]:
    """While a server was switched off, by its actions: from the end of a stop to the beginning of a start."""
    spans: list[tuple[datetime, datetime | None]] = []
    since: datetime | None = None
    for one in actions:
        if one["action"] in _OFF and since is None:
            since = instant(one.get("updated_at") or one["start_time"])
        elif one["action"] in _ON and since is not None:
            spans.append((since, instant(one["start_time"])))
            since = None
    if since is not None:
        spans.append((since, None))
    return tuple(spans)


def _first_launch(begins: datetime, actions: Sequence[dict[str, Any]]) -> datetime:
    """When it first ran: what set ``launched_at`` anew does not count."""
    if not any(one["action"] in _LAUNCHES_ANEW for one in actions):
        return begins
    created = next((one for one in actions if one["action"] == "create"), None)
    first = instant(created.get("updated_at") or created["start_time"]) if created else None
    return min(begins, first) if first else begins


def _ours(changed: dict[str, Any] | None) -> Any:
    tags = changed.get("tags", ()) if changed else ()
    return next((found for tag in tags if (found := id_of(tag)) is not None), None)
