"""Volumes, snapshots and backups, from Cinder: what is there now, and since when. It forgets what was deleted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from datacenter.hosting.cloud import id_of
from datacenter.hosting.metering.asking import instant, pages
from datacenter.hosting.metering.held import Held, Resource, SourceName, Window

__all__ = ["Cinder"]

_NOT_THERE: Final = frozenset({"creating", "error", "deleting"})
"""Neither there yet nor to be had; ``error`` after creating holds nothing."""


class Cinder:
    """Reads what is stored."""

    name: SourceName = "cinder"
    remembers = False

    def held(self, window: Window) -> Sequence[Held]:
        """Everything that is stored now and was before the window ends."""
        found = [*self._listed("volumes", "volume"), *self._listed("snapshots", "snapshot")]
        if self._keeps_backups():
            found += self._listed("backups", "backup")
        return [one for one in found if one.begins < window.ends]

    def _listed(self, collection: str, resource: Resource) -> Iterator[Held]:
        doing = f"Reading {collection}"
        for one in pages("block_storage", f"/{collection}/detail", collection, {"all_tenants": 1}, doing=doing):
            begins = instant(one["created_at"])
            if begins is None or one["status"] in _NOT_THERE:
                continue
            yield Held(
                resource=resource,
                cloud_id=one["id"],
                cloud_project=_project(one),
                name=one.get("name") or "",
                begins=begins,
                quantity=max(1, int(one["size"])),
                ours=_ours(one),
            )

    def _keeps_backups(self) -> bool:
        """Whether a backup service runs: without one, its list cannot be asked for in every release."""
        services = pages("block_storage", "/os-services", "services", {}, doing="Reading which services run")
        return any(one["binary"] == "cinder-backup" and one["status"] == "enabled" for one in services)


def _project(one: dict[str, Any]) -> str:
    keys = (
        "os-vol-tenant-attr:tenant_id",
        "os-extended-snapshot-attributes:project_id",
        "os-backup-project-attr:project_id",
    )
    return next((str(one[key]) for key in keys if one.get(key)), "")


def _ours(one: dict[str, Any]) -> Any:
    said = [one.get("description"), *(one.get("metadata") or {}).values(), *(one.get("metadata") or {})]
    return next((found for text in said if (found := id_of(text)) is not None), None)
