"""What the cloud says was held: the shape that every source of usage gives, and who the sources are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

__all__ = ["Held", "Resource", "Source", "SourceName", "Window", "sources"]

SourceName = Literal["nova", "cinder", "neutron"]
Resource = Literal["server", "volume", "snapshot", "backup", "floating-ip", "network"]


@dataclass(frozen=True, slots=True)
class Window:
    """Full quarter-hours that are looked at: ``[begins, ends)``, UTC."""

    begins: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class Held:
    """One thing that was held.

    Attributes:
        cloud_project: id of the project it belongs to in the cloud.
        quantity: pieces, or GiB.
        begins, ends: when it was there; ``ends`` absent while it still is.
        flavor: size of a server as the cloud names it.
        off: while it was switched off.
        ours: id of our row, where its tag says so.
    """

    resource: Resource
    cloud_id: str
    cloud_project: str
    name: str
    begins: datetime
    ends: datetime | None = None
    quantity: int = 1
    flavor: str = ""
    off: Sequence[tuple[datetime, datetime | None]] = field(default=())
    ours: UUID | None = None


class Source(Protocol):
    """Where usage comes from.

    Attributes:
        remembers: whether it still tells what was deleted; where it does not, what vanished between two looks is only
            known up to the first.
    """

    name: SourceName
    remembers: bool

    def held(self, window: Window) -> Sequence[Held]:
        """Everything that was held at some moment of the window.

        Raises:
            CloudSilent, CloudRefused, NoCloud: it cannot be told; nothing is written then but a gap.
        """


def sources() -> tuple[Source, ...]:
    """Those in use."""
    from datacenter.hosting.metering.cinder import Cinder
    from datacenter.hosting.metering.neutron import Neutron
    from datacenter.hosting.metering.nova import Nova

    return (Nova(), Cinder(), Neutron())
