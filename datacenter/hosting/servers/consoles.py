"""What is asked of the cloud while a person waits: a server's console, and the images made of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from core.db import Database
from datacenter.hosting.drivers.openstack import servers_of
from datacenter.hosting.errors import CloudRefused
from datacenter.hosting.servers.errors import NoConsole, WrongStatus
from datacenter.hosting.servers.queries import ServerRow
from datacenter.hosting.servers.wire import sentence

__all__ = ["Address", "address", "images", "output"]

_RUNNING: Final = frozenset({"active", "resized", "busy"})
"""A paused or suspended one answers nothing; of the others Nova knows."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a serial console is open.

    Attributes:
        url: of a WebSocket, with the key that opens it.
        until: when the key opens it no more; who is in by then stays.
    """

    url: str = field(repr=False)
    until: datetime


def output(database: Database, row: ServerRow, lines: int) -> str:
    """The last lines that a server wrote on its console.

    Raises:
        WrongStatus: it is not in the cloud yet.
        NoConsole: the cloud does not give it.
    """
    cloud_id = _in_the_cloud(row)
    try:
        return servers_of(database, row.project_id).console(cloud_id, lines)
    except CloudRefused as error:
        raise NoConsole(sentence(error.message)) from None


def address(database: Database, row: ServerRow, seconds: int) -> Address:
    """Where its serial console can be typed at. Whoever has the address can: it is a secret while it opens.

    Args:
        seconds: how long the cloud lets an address open a console.
    Raises:
        WrongStatus: it is not in the cloud, or does not run.
        NoConsole: the cloud offers no serial consoles, or not of this server.
    """
    cloud_id = _in_the_cloud(row)
    if row.status not in _RUNNING:
        raise WrongStatus(
            f"{row.name} is {row.status}: there is nobody to type to.",
            hint=f"Start it: irisplane server start {row.name}" if row.status == "stopped" else None,
            status=row.status,
        )
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=seconds)
    try:
        return Address(servers_of(database, row.project_id).console_address(cloud_id), until)
    except CloudRefused:
        raise NoConsole("This cloud offers no serial console to type at.") from None


def images(database: Database, row: ServerRow) -> list[dict[str, Any]]:
    """The images that were made of a server, newest first."""
    cloud_id = _in_the_cloud(row)
    found = servers_of(database, row.project_id).images(cloud_id)
    return [
        {"id": one.id, "name": one.name, "status": one.status, "bytes": one.size, "made_at": one.made_at}
        for one in sorted(found, key=lambda one: one.made_at, reverse=True)
    ]


def _in_the_cloud(row: ServerRow) -> str:
    if row.cloud_id is None:
        raise WrongStatus(f"{row.name} is {row.status}: it is not in the cloud.", status=row.status)
    return row.cloud_id
