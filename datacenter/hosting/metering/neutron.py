"""Floating addresses and networks, from Neutron: what is there now, and since when. It forgets what was deleted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from datacenter.hosting.cloud import id_of
from datacenter.hosting.metering.asking import instant, pages
from datacenter.hosting.metering.held import Held, Resource, SourceName, Window

__all__ = ["Neutron"]


class Neutron:
    """Reads addresses and networks; those of the provider (external, shared) are nobody's use."""

    name: SourceName = "neutron"
    remembers = False

    def held(self, window: Window) -> Sequence[Held]:
        """Everything that is there now and was before the window ends."""
        found = [*self._addresses(), *self._networks()]
        return [one for one in found if one.begins < window.ends]

    def _addresses(self) -> Iterator[Held]:
        for one in pages("network", "/floatingips", "floatingips", {}, doing="Reading floating addresses"):
            yield from _of(one, "floating-ip", one["floating_ip_address"])

    def _networks(self) -> Iterator[Held]:
        for one in pages("network", "/networks", "networks", {}, doing="Reading networks"):
            if not one.get("router:external") and not one.get("shared"):
                yield from _of(one, "network", one["name"])


def _of(one: dict[str, Any], resource: Resource, name: str) -> Iterator[Held]:
    begins = instant(one.get("created_at"))
    if begins is not None:
        said = [one.get("description"), *one.get("tags", ())]
        yield Held(
            resource=resource,
            cloud_id=one["id"],
            cloud_project=one["project_id"],
            name=name,
            begins=begins,
            ours=next((found for text in said if (found := id_of(text)) is not None), None),
        )
