"""Servers of one OpenStack project, through openstacksdk's adapters.

Nova is asked at one microversion (2.79, of 2019: tags, sizes inside servers, image ids of snapshots), so an older and a
newer cloud answer alike.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from core.db import Database
from datacenter.hosting import cloud, projects
from datacenter.hosting.cloud import speaking
from datacenter.hosting.drivers.protocol import Action, ImageSeen, ServerCloud, ServerOrder
from datacenter.hosting.errors import CloudLacks
from datacenter.hosting.servers.wire import Seen, seen

if TYPE_CHECKING:
    from uuid import UUID

    from openstack.connection import Connection

__all__ = ["MICROVERSION", "OpenStackServers", "marked_images", "servers_of"]

MICROVERSION: Final = "2.79"
_MARK: Final = "irisplane_snapshot"
_OF_SERVER: Final = "irisplane_server"
_PAGE: Final = 500

_ACTIONS: Final[Mapping[Action, dict[str, Any]]] = {
    "start": {"os-start": None},
    "stop": {"os-stop": None},
    "soft-reboot": {"reboot": {"type": "SOFT"}},
    "hard-reboot": {"reboot": {"type": "HARD"}},
    "confirm-resize": {"confirmResize": None},
    "revert-resize": {"revertResize": None},
}


def servers_of(database: Database, project_id: UUID) -> ServerCloud:
    """The servers of a project of ours, as its own account sees them."""
    return OpenStackServers(projects.of(database, project_id))


class OpenStackServers:
    """See :class:`ServerCloud`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find(self, tag: str) -> Sequence[Seen]:
        """Every server with this tag, the oldest first."""
        found = self._nova("GET", "/servers/detail", "Looking for the server", params={"tags": tag})["servers"]
        return [seen(one) for one in sorted(found, key=lambda one: str(one.get("created", "")))]

    def get(self, server: str) -> Seen:
        """A server as it is now."""
        return seen(self._nova("GET", f"/servers/{server}", "Looking at the server")["server"])

    def create(self, order: ServerOrder) -> Seen:
        """Begin to make one."""
        body: dict[str, Any] = {
            "name": order.name,
            "imageRef": order.image,
            "flavorRef": order.flavor,
            "networks": [{"uuid": network} for network in order.networks],
            "metadata": dict(order.metadata),
            "tags": [order.tag, *order.tags],
            "config_drive": True,
        }
        if order.security_groups:
            body["security_groups"] = [{"name": group} for group in order.security_groups]
        if order.key_name:
            body["key_name"] = order.key_name
        if order.zone:
            body["availability_zone"] = order.zone
        if order.user_data is not None:
            body["user_data"] = base64.b64encode(order.user_data.reveal().encode()).decode()
        made = self._nova("POST", "/servers", "Making the server", json={"server": body})["server"]
        return seen({**made, "status": "BUILD", "tags": [order.tag]})

    def act(self, server: str, action: Action) -> None:
        """Begin something that the server's status shows."""
        self._do(server, _ACTIONS[action], f"Asking for {action}")

    def resize(self, server: str, flavor: str) -> None:
        """Begin to give it another size."""
        self._do(server, {"resize": {"flavorRef": flavor}}, "Resizing the server")

    def rebuild(self, server: str, image: str) -> None:
        """Begin to make it anew from an image."""
        self._do(server, {"rebuild": {"imageRef": image}}, "Rebuilding the server")

    def rename(self, server: str, name: str) -> None:
        """Give it another name."""
        self._nova("PUT", f"/servers/{server}", "Renaming the server", json={"server": {"name": name}})

    def mark(self, server: str, tags: Sequence[str], metadata: Mapping[str, str]) -> None:
        """Let these be its tags and its metadata."""
        doing = "Marking the server"
        self._nova("PUT", f"/servers/{server}/tags", doing, json={"tags": list(tags)})
        self._nova("PUT", f"/servers/{server}/metadata", doing, json={"metadata": dict(metadata)})

    def delete(self, server: str) -> None:
        """Begin to delete it."""
        with suppress(CloudLacks):
            self._nova("DELETE", f"/servers/{server}", "Deleting the server")

    def interfaces(self, server: str) -> Mapping[str, str]:
        """Its ports by the id of their network."""
        found = self._nova("GET", f"/servers/{server}/os-interface", "Looking at the server's networks")
        return {str(one["net_id"]): str(one["port_id"]) for one in found["interfaceAttachments"]}

    def plug(self, server: str, network: str) -> None:
        """Attach it to a network."""
        self._nova(
            "POST", f"/servers/{server}/os-interface", "Attaching the network",
            json={"interfaceAttachment": {"net_id": network}},
        )  # fmt: skip

    def unplug(self, server: str, port: str) -> None:
        """Begin to detach a port."""
        with suppress(CloudLacks):
            self._nova("DELETE", f"/servers/{server}/os-interface/{port}", "Detaching the network")

    def console(self, server: str, lines: int) -> str:
        """The last lines that it wrote on its console."""
        said = self._do(server, {"os-getConsoleOutput": {"length": lines}}, "Reading the console")
        return str(said.get("output") or "")

    def console_address(self, server: str) -> str:
        """An address where its serial console can be typed at."""
        said = self._nova(
            "POST", f"/servers/{server}/remote-consoles", "Asking for the console",
            json={"remote_console": {"protocol": "serial", "type": "serial"}},
        )  # fmt: skip
        return str(said["remote_console"]["url"])

    def snapshot(self, server: str, name: str, mark: str) -> str:
        """Begin to keep its disk as an image."""
        marks = {_MARK: mark, _OF_SERVER: server}
        said = self._do(server, {"createImage": {"name": name, "metadata": marks}}, "Keeping the disk")
        return str(said["image_id"])

    def images(self, server: str | None = None) -> Sequence[ImageSeen]:
        """The project's own images, or those that were made of one server."""
        params = {"owner": str(self._connection.current_project_id), "visibility": "private"}
        if server is not None:
            params[_OF_SERVER] = server
        return [_image(one) for one in self._glance(params)]

    def delete_image(self, image: str) -> None:
        """Delete an image of the project's own."""
        with suppress(CloudLacks), speaking("Deleting the image"):
            self._connection.image.delete_image(image, ignore_missing=True)

    def image_id(self, chosen: Mapping[str, str]) -> str:
        """The newest usable image with these properties, or the one whose ``id`` is given."""
        params = {**chosen, "status": "active", "sort": "created_at:desc", "limit": "1"}
        found = self._glance(params)
        if not found:
            raise CloudLacks("The image is no longer there. Choose another one.")
        return str(found[0]["id"])

    # ------------------------------------------------------------------------------------------------------- the wire
    def _do(self, server: str, action: Mapping[str, Any], doing: str) -> dict[str, Any]:
        return self._nova("POST", f"/servers/{server}/action", doing, json=dict(action))

    def _nova(self, method: str, path: str, doing: str, **more: Any) -> dict[str, Any]:
        return cloud.asked(self._connection.compute, method, path, doing, microversion=MICROVERSION, **more)

    def _glance(self, params: Mapping[str, str]) -> list[dict[str, Any]]:
        said = cloud.asked(self._connection.image, "GET", "/images", "Looking for the image", params=dict(params))
        return list(said["images"])


def marked_images(admin: Connection) -> Sequence[ImageSeen]:
    """The images of all projects that were made of a server by us, as the administrator sees them."""
    found: list[ImageSeen] = []
    params = {"visibility": "all", "limit": str(_PAGE)}
    while True:
        page = cloud.asked(admin.image, "GET", "/images", "Looking at all images", params=dict(params))["images"]
        found += [_image(one) for one in page if one.get(_MARK)]
        if len(page) < _PAGE:
            return found
        params["marker"] = str(page[-1]["id"])


def _image(image: Mapping[str, Any]) -> ImageSeen:
    return ImageSeen(
        id=str(image["id"]),
        name=str(image.get("name") or ""),
        status=str(image.get("status") or ""),
        size=int(image.get("size") or 0),
        made_at=str(image.get("created_at") or ""),
        properties={"mark": image.get(_MARK), "server": image.get(_OF_SERVER)},
    )
