"""What Nova says of a server, in our words; its faults as sentences that an administration understands."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from core.masking import mask
from datacenter.hosting.cloud import id_of

__all__ = ["FIELDS", "Seen", "seen", "sentence"]

_STATUS: Final[Mapping[str, str]] = {
    "ACTIVE": "active",
    "BUILD": "building",
    "SHUTOFF": "stopped",
    "PAUSED": "paused",
    "SUSPENDED": "suspended",
    "SHELVED": "suspended",
    "SHELVED_OFFLOADED": "suspended",
    "VERIFY_RESIZE": "resized",
    "ERROR": "error",
    "DELETED": "gone",
    "SOFT_DELETED": "gone",
}
"""Everything else is on its way somewhere: ``busy``."""

_SENTENCES: Final = (
    (
        re.compile(r"no valid host", re.IGNORECASE),
        "No host of the cloud has room for a server of this size. Choose a smaller plan, or ask the region for room.",
    ),
    (
        re.compile(r"exceeded maximum number of retries|retries exhausted", re.IGNORECASE),
        "The cloud tried several hosts and none could start the server. Order again, or ask the region.",
    ),
    (
        re.compile(r"image .*(could not be found|is not active|not found)|can not find requested image", re.IGNORECASE),
        "The image is no longer there. Choose another one.",
    ),
    (
        re.compile(r"quota exceeded", re.IGNORECASE),
        "The cloud's own quota of the project is used up, though ours had room: ask the region for help.",
    ),
    (
        re.compile(r"virtual interface creation failed|failed to allocate the network", re.IGNORECASE),
        "The cloud could not connect the server to its network. Order again, or ask the region.",
    ),
    (re.compile(r"no fixed ip|no more ip addresses", re.IGNORECASE), "The network has no free address left."),
    (re.compile(r"keypair|key_name", re.IGNORECASE), "The project has no SSH key of this name."),
    (re.compile(r"security group .* not found", re.IGNORECASE), "The project has no security group of this name."),
)

FIELDS: Final = (
    "id", "tag", "project", "name", "status", "task", "fault", "host", "vcpus", "ram_mib", "disk_gib", "image",
    "flavor", "key_name", "addresses", "security_groups", "launched_at", "updated_at",
)  # fmt: skip
"""Of ``Seen.as_dict``."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A server as the cloud has it.

    Attributes:
        id: in the cloud.
        tag: the row of ours that its tag names.
        project: id of its project in the cloud.
        status: in our words; ``gone`` when the cloud has deleted it.
        image: id of its image in the cloud; empty when it boots from a volume.
        host: only the administrator is told.
        addresses: ``[{"network", "address", "kind": "fixed"|"floating"}]``.
        security_groups: names of those that any of its ports has, each once, in order.
        launched_at: RFC 3339.
    """

    id: str
    tag: UUID | None
    project: str
    name: str
    status: str
    task: str
    fault: str
    host: str
    vcpus: int
    ram_mib: int
    disk_gib: int
    image: str
    flavor: str
    key_name: str
    metadata: Mapping[str, str]
    tags: tuple[str, ...]
    addresses: Sequence[Mapping[str, str]]
    security_groups: Sequence[str]
    launched_at: str | None
    updated_at: str

    def as_dict(self) -> dict[str, Any]:
        """For a statement that takes many."""
        return {name: getattr(self, name) for name in FIELDS}


def seen(server: Mapping[str, Any]) -> Seen:
    """A server of Nova's API (microversion 2.47 or later) in our words."""
    flavor, image = server.get("flavor") or {}, server.get("image") or {}
    tags = tuple(server.get("tags") or ())
    status = _STATUS.get(str(server.get("status")), "busy")
    fault = server.get("fault") or {}
    launched = server.get("OS-SRV-USG:launched_at")
    return Seen(
        id=str(server["id"]),
        tag=next((found for tag in tags if (found := id_of(tag))), None),
        project=str(server.get("tenant_id", "")),
        name=str(server.get("name", "")),
        status=status,
        task=str(server.get("OS-EXT-STS:task_state") or ""),
        fault=sentence(str(fault.get("message", ""))) if status == "error" else "",
        host=str(server.get("OS-EXT-SRV-ATTR:host") or ""),
        vcpus=int(flavor.get("vcpus") or 0),
        ram_mib=int(flavor.get("ram") or 0),
        disk_gib=int(flavor.get("disk") or 0),
        image=str(image.get("id", "")) if isinstance(image, Mapping) else "",
        flavor=str(flavor.get("original_name") or ""),
        key_name=str(server.get("key_name") or ""),
        metadata=dict(server.get("metadata") or {}),
        tags=tuple(tag for tag in tags if id_of(tag) is None),
        addresses=[
            {"network": network, "address": str(one["addr"]), "kind": str(one.get("OS-EXT-IPS:type") or "fixed")}
            for network, found in (server.get("addresses") or {}).items()
            for one in found
        ],
        security_groups=sorted({str(one["name"]) for one in server.get("security_groups") or ()}),
        launched_at=f"{launched}Z" if launched else None,
        updated_at=str(server.get("updated") or ""),
    )


def sentence(fault: str) -> str:
    """A fault of Nova's as a sentence that says what to do; its own words where we know no better."""
    for pattern, said in _SENTENCES:
        if pattern.search(fault):
            return said
    return mask(" ".join(fault.split()))[:400]
