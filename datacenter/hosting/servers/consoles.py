"""What is asked of the cloud while a person waits: a server's console, and the images made of it."""

from __future__ import annotations

from typing import Any

from core.db import Database
from datacenter.hosting.drivers.openstack import servers_of
from datacenter.hosting.errors import CloudRefused
from datacenter.hosting.servers.errors import NoConsole, WrongStatus
from datacenter.hosting.servers.queries import ServerRow
from datacenter.hosting.servers.wire import sentence

__all__ = ["address", "images", "output"]


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


def address(database: Database, row: ServerRow) -> str:
    """Where its serial console can be typed at.

    Raises:
        WrongStatus: it is not in the cloud yet.
        NoConsole: the cloud offers no serial consoles, or not of this server.
    """
    cloud_id = _in_the_cloud(row)
    try:
        return servers_of(database, row.project_id).console_address(cloud_id)
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
