"""Volumes and snapshots in Cinder, and volumes on servers in Nova: few verbs, each safe to ask again where it says so.

Cinder is asked at one microversion (3.59, of 2019), so an older and a newer cloud answer alike. What is ours carries
our tag in its metadata, written by the call that creates it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal
from uuid import UUID

from datacenter.hosting.cloud import speaking, tag_of
from datacenter.hosting.errors import CloudLacks

if TYPE_CHECKING:
    from openstack.connection import Connection

__all__ = ["Disk", "Disks", "Held", "every_disk", "our_word"]

_MICROVERSION: Final = "3.59"
_NOVA: Final = "2.79"
_PAGE: Final = 500
_PROJECT_OF_VOLUME: Final = "os-vol-tenant-attr:tenant_id"
_PROJECT_OF_SNAPSHOT: Final = "os-extended-snapshot-attributes:project_id"
MARK: Final = "irisplane"
"""The key of our tag in the metadata."""

_WORDS: Final[Mapping[str, str]] = {
    "available": "available", "in-use": "attached", "creating": "building", "downloading": "building",
    "deleting": "deleting", "error": "error", "error_deleting": "error", "error_extending": "error",
    "error_restoring": "error",
}  # fmt: skip


def our_word(status: str) -> str:
    """Cinder's status in ours; whatever is under way is ``busy``."""
    return _WORDS.get(status, "busy")


@dataclass(frozen=True, slots=True)
class Held:
    """Where a volume is attached: the server's id in the cloud, and as what it sees the volume."""

    server: str
    device: str


@dataclass(frozen=True, slots=True)
class Disk:
    """A volume or a snapshot as Cinder shows it.

    Attributes:
        status: Cinder's own word.
        tag: ours, when it is ours.
        project: id of its project in the cloud, as the administrator is told.
    """

    id: str
    name: str
    status: str
    size_gib: int
    tag: str
    made_at: str
    held: tuple[Held, ...] = ()
    project: str = ""

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Disk:
        """From what Cinder shows."""
        return cls(
            id=str(found["id"]), name=str(found.get("name") or ""), status=str(found["status"]),
            size_gib=int(found["size"]), tag=str((found.get("metadata") or {}).get(MARK, "")),
            made_at=str(found.get("created_at") or ""),
            project=str(found.get(_PROJECT_OF_VOLUME) or found.get(_PROJECT_OF_SNAPSHOT) or ""),
            held=tuple(
                Held(str(one["server_id"]), str(one.get("device") or ""))
                for one in found.get("attachments") or () if one.get("server_id")
            ),
        )  # fmt: skip


class Disks:
    """The volumes of one project as its own account sees them.

    Every verb raises ``CloudSilent`` (no answer: it may have happened), ``CloudLacks`` (it is not there) or
    ``CloudRefused`` (it did not happen; the sentence says why).
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    # -------------------------------------------------------------------------------------------------------- volumes
    def find(self, volume: UUID) -> Disk | None:
        """The volume with our tag; the oldest when there are several."""
        return self._tagged("volumes", volume)

    def create(self, volume: UUID, name: str, size_gib: int, *, snapshot: str = "", image: str = "") -> Disk:
        """Begin to make one. Not safe to ask again: look for the tag first.

        Args:
            snapshot, image: ids in the cloud of what it begins as.
        """
        body: dict[str, Any] = {"name": name, "size": size_gib, "metadata": {MARK: tag_of(volume)}}
        body |= {"snapshot_id": snapshot} if snapshot else {}
        body |= {"imageRef": image} if image else {}
        made = self._cinder("POST", "/volumes", f"Creating the volume {name}", json={"volume": body})
        return Disk.of(made["volume"])

    def rename(self, disk: str, name: str) -> None:
        """Let it be called so; safe to ask again."""
        self._cinder("PUT", f"/volumes/{disk}", f"Renaming the volume to {name}", json={"volume": {"name": name}})

    def extend(self, disk: str, size_gib: int) -> None:
        """Begin to make it larger. Not safe to ask again: look at its size first."""
        self._act(disk, {"os-extend": {"new_size": size_gib}}, f"Extending the volume to {size_gib} GiB")

    def revert(self, disk: str, snapshot: str) -> None:
        """Begin to bring it back to its newest snapshot; what was written since is lost."""
        self._act(disk, {"revert": {"snapshot_id": snapshot}}, "Bringing the volume back to its snapshot")

    def delete(self, disk: str) -> None:
        """Begin to delete it; nothing when it is not there."""
        self._gone(f"/volumes/{disk}", "Deleting the volume")

    # ------------------------------------------------------------------------------------------------------ snapshots
    def find_snapshot(self, snapshot: UUID) -> Disk | None:
        """The snapshot with our tag."""
        return self._tagged("snapshots", snapshot)

    def take_snapshot(self, snapshot: UUID, name: str, disk: str) -> Disk:
        """Begin to keep what stands on a volume, also of one that is attached. Look for the tag first."""
        body = {"name": name, "volume_id": disk, "force": True, "metadata": {MARK: tag_of(snapshot)}}
        made = self._cinder("POST", "/snapshots", f"Taking the snapshot {name}", json={"snapshot": body})
        return Disk.of(made["snapshot"])

    def delete_snapshot(self, snapshot: str) -> None:
        """Begin to delete it; nothing when it is not there."""
        self._gone(f"/snapshots/{snapshot}", "Deleting the snapshot")

    # ---------------------------------------------------------------------------------------------------- attachments
    def attach(self, disk: str, server: str) -> None:
        """Begin to give a volume to a server. Not safe to ask again: look where it is first.

        Args:
            server: its id in the cloud.
        """
        body = {"volumeAttachment": {"volumeId": disk}}
        self._nova("POST", f"/servers/{server}/os-volume_attachments", "Attaching the volume", json=body)

    def detach(self, disk: str, server: str) -> None:
        """Begin to take it from a server; nothing when it is not there."""
        try:
            self._nova("DELETE", f"/servers/{server}/os-volume_attachments/{disk}", "Detaching the volume")
        except CloudLacks:
            return

    def image_id(self, chosen: Mapping[str, str]) -> str:
        """The newest usable image with these properties.

        Raises:
            CloudLacks: there is none (any more).
        """
        params = {**chosen, "status": "active", "sort": "created_at:desc", "limit": "1"}
        found = self._ask(self._connection.image, "GET", "/images", "Looking for the image", None, params=params)
        if not found["images"]:
            raise CloudLacks("The cloud has the image no more.")
        return str(found["images"][0]["id"])

    # --------------------------------------------------------------------------------------------------------- inside
    def _tagged(self, what: str, thing: UUID) -> Disk | None:
        params = {"metadata": f"{{'{MARK}': '{tag_of(thing)}'}}"}
        found: Sequence[Mapping[str, Any]] = self._cinder(
            "GET", f"/{what}/detail", f"Looking for the {what.removesuffix('s')}", params=params
        )[what]
        disks = sorted((Disk.of(one) for one in found), key=lambda disk: disk.made_at)
        return next((disk for disk in disks if disk.tag == tag_of(thing)), None)

    def _act(self, disk: str, body: Mapping[str, Any], doing: str) -> None:
        self._cinder("POST", f"/volumes/{disk}/action", doing, json=body)

    def _gone(self, path: str, doing: str) -> None:
        try:
            self._cinder("DELETE", path, doing)
        except CloudLacks:
            return

    def _cinder(self, method: str, path: str, doing: str, **sent: Any) -> Any:
        return self._ask(self._connection.block_storage, method, path, doing, _MICROVERSION, **sent)

    def _nova(self, method: str, path: str, doing: str, **sent: Any) -> Any:
        return self._ask(self._connection.compute, method, path, doing, _NOVA, **sent)

    @staticmethod
    def _ask(service: Any, method: str, path: str, doing: str, microversion: str | None, **sent: Any) -> Any:
        from openstack.exceptions import raise_from_response

        with speaking(doing):
            answer = service.request(path, method, microversion=microversion, raise_exc=False, **sent)
            raise_from_response(answer)
            return answer.json() if answer.content else {}


def every_disk(admin: Connection, what: Literal["volumes", "snapshots"]) -> list[Disk]:
    """The volumes or snapshots of all projects that carry a tag of ours, as the administrator sees them."""
    found: list[Disk] = []
    params = {"all_tenants": "1", "limit": str(_PAGE)}
    while True:
        page = Disks._ask(  # noqa: SLF001 - its own module's
            admin.block_storage, "GET", f"/{what}/detail", f"Listing all {what}", _MICROVERSION, params=params
        )[what]
        found += [Disk.of(one) for one in page]
        if len(page) < _PAGE:
            return [one for one in found if one.tag]
        params["marker"] = str(page[-1]["id"])
