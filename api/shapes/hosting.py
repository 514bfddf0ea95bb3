"""What stands in projects: servers, volumes, snapshots, networks, groups, addresses, keys; and the projects."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from api.shapes import Bytes, Code, GiB, IdAndName, MiB, MicroEuroText, Shape, Time, Version
from datacenter.hosting.networks.rules import Direction, Protocol
from datacenter.hosting.zones import DataClass

__all__ = [
    "BackupSchedule",
    "Console",
    "ConsoleAddress",
    "FloatingAddress",
    "ImageInCloud",
    "Network",
    "Project",
    "SecurityGroup",
    "Server",
    "ServerImage",
    "ServerStatus",
    "Snapshot",
    "SshKey",
    "Volume",
    "Zone",
]

ServerStatus = Literal[
    "ordered", "building", "active", "stopped", "paused", "suspended", "resized", "busy", "error", "kept", "deleting",
    "vanished", "gone",
]  # fmt: skip
VolumeStatus = Literal["ordered", "building", "available", "attached", "busy", "error", "deleting", "vanished", "gone"]
SnapshotStatus = Literal["ordered", "building", "available", "busy", "error", "deleting", "vanished", "gone"]
ImageStatus = Literal["ordered", "building", "active", "error", "vanished", "gone"]
NetworkStatus = Literal["ordered", "active", "error", "deleting", "vanished", "gone"]
AddressStatus = Literal["ordered", "free", "assigned", "error", "deleting", "vanished", "gone"]
Fault = Annotated[str, Field(description="What is wrong with it; empty: nothing.")]
Order = Annotated[UUID | None, Field(description="The change that it came with, or that altered it last.")]
CloudId = Annotated[str | None, Field(description="Its id in the cloud; null before it is there.")]
MonthPrice = Annotated[MicroEuroText | None, Field(description="Micro-euro for 730 hours, at today's price.")]


class Differs(Shape):
    """Something that somebody altered in the cloud."""

    what: str
    here: Any
    cloud: Any


class _InProject(Shape):
    """What every list of a project's things has (``datacenter.hosting.listing``)."""

    id: UUID
    tenant: Code
    project: Annotated[str, Field(description="Code.")]
    project_id: UUID
    fault: Fault
    findings: Annotated[list[Differs], Field(description="What differs in the cloud from what is here.")]
    order: Order
    version: Version
    created_at: Time
    updated_at: Time


class Volume(_InProject):
    """A disk that outlives servers."""

    name: str
    description: str
    size_gib: GiB
    wanted_gib: Annotated[int | None, Field(description="GiB that it is to have.")]
    snapshot_id: Annotated[UUID | None, Field(description="What it is a copy of.")]
    image: Annotated[str, Field(description="Code of the image it was made from; empty: none.")]
    server: Annotated[IdAndName | None, Field(description="Which has it.")]
    server_id: UUID | None
    device: Annotated[str, Field(description="What the server calls it; empty: no server has it.")]
    month_micro_eur: MonthPrice
    status: VolumeStatus


class Snapshot(_InProject):
    """A volume as it was at a time."""

    name: str
    description: str
    size_gib: GiB
    volume: Annotated[str, Field(description="Name.")]
    volume_id: UUID
    schedule_id: UUID | None
    taken_at: Time | None
    month_micro_eur: MonthPrice
    status: SnapshotStatus


class Network(_InProject):
    """A private network."""

    name: str
    cidr: str
    routed: Annotated[bool, Field(description="Whether a router leads from it to the public network.")]
    servers: list[IdAndName]
    status: NetworkStatus


class GroupRule(Shape):
    """What a security group lets through."""

    direction: Direction
    protocol: Protocol
    port_min: int | None
    port_max: int | None
    remote: Annotated[str | None, Field(description="A prefix, or `group:` and a name; null: everybody.")]


class SecurityGroup(_InProject):
    """Rules by which servers are reached."""

    name: str
    description: str
    rules: list[GroupRule]
    status: NetworkStatus


class FloatingAddress(_InProject):
    """An address by which a server is reached from outside."""

    address: Annotated[str | None, Field(description="null before the cloud gave one.")]
    description: str
    server: IdAndName | None
    server_id: UUID | None
    fixed_address: Annotated[str | None, Field(description="The server's own, that it stands for.")]
    status: AddressStatus


class BackupSchedule(Shape):
    """When a volume is copied by itself, and how many copies are kept."""

    id: UUID
    tenant: Code
    project: Annotated[str, Field(description="Code.")]
    project_id: UUID
    volume: Annotated[str, Field(description="Name.")]
    volume_id: UUID
    name: str
    every: Literal["day", "week"]
    weekday: Annotated[int | None, Field(ge=1, le=7, description="1 is Monday.")]
    hour: Annotated[int, Field(ge=0, le=23, description="Of the clock in Brussels.")]
    keep: int
    method: Literal["snapshot"]
    active: bool
    next_due: Time | None
    last_due: Time | None
    last_order: UUID | None
    fault: Fault
    copies: int
    version: Version
    created_at: Time
    updated_at: Time


class ServerWithStatus(IdAndName):
    """A server, which may be gone."""

    status: ServerStatus


class ServerImage(_InProject):
    """An image that was made of a server's disk; it counts as a snapshot."""

    name: str
    image: Annotated[str | None, Field(description="Its id where servers are ordered.")]
    bytes: Bytes | None
    server: ServerWithStatus
    status: ImageStatus


class ProjectNamed(Shape):
    """The project of a server."""

    id: UUID
    code: str


class ServerAddress(Shape):
    """An address of a server."""

    network: str
    address: str
    kind: Literal["fixed", "floating"]


class VolumeOfServer(Shape):
    """A volume that a server has."""

    id: UUID
    name: str
    size_gib: GiB
    device: str


class GroupOfServer(Shape):
    """A security group that a server's ports are in."""

    id: Annotated[UUID | None, Field(description="null for one that is not Irisplane's.")]
    name: str


class Server(Shape):
    """A server, as the cloud had it a few seconds ago."""

    id: UUID
    name: str
    status: ServerStatus
    task: Annotated[str, Field(description="What the cloud is doing with it; empty: nothing.")]
    fault: Fault
    tenant: Code
    project: ProjectNamed
    plan: Annotated[str | None, Field(description="Code; null for one that was not ordered here.")]
    vcpus: int
    ram_mib: MiB
    disk_gib: GiB
    image: Annotated[str, Field(description="Code.")]
    data_class: DataClass
    zone: Annotated[str | None, Field(description="Code.")]
    addresses: list[ServerAddress]
    key: Annotated[str | None, Field(description="Name of the SSH key.")]
    metadata: dict[str, str]
    tags: list[str]
    protected: Annotated[bool, Field(description="Whether it cannot be deleted.")]
    lease_until: Time | None
    host: Annotated[str | None, Field(description="Where it runs; for the region's staff.")]
    volumes: list[VolumeOfServer]
    security_groups: list[GroupOfServer]
    cloud_id: CloudId
    order: Order
    launched_at: Time | None
    kept_at: Annotated[Time | None, Field(description="Since when it is deleted and can be restored.")]
    purge_at: Annotated[Time | None, Field(description="When it goes for good.")]
    created_at: Time
    updated_at: Time
    version: Version


class Console(Shape):
    """What a server wrote on its console."""

    server: UUID
    output: str


class ConsoleAddress(Shape):
    """Where a server's console can be typed at."""

    server: UUID
    type: Literal["serial"]
    url: Annotated[str, Field(description="Of a WebSocket; a secret, for whoever has it can type.")]
    expires_at: Annotated[Time, Field(description="When it opens the console no more.")]


class ImageInCloud(Shape):
    """An image that was made of a server's disk, as the cloud has it now."""

    id: str
    name: str
    status: Annotated[str, Field(description="The cloud's own word.")]
    bytes: Bytes | None
    made_at: str


class OursDiffers(Shape):
    """Something of Irisplane's about a project that differs in the cloud."""

    kind: Annotated[str, Field(description="`project-renamed`, `account-gone`, `quota-cores` …")]
    said: Annotated[str, Field(description="A sentence for people.")]
    wanted: Any
    there: Any
    ours: Annotated[bool, Field(description="Whether `:reconcile` mends it.")]


class ForeignServer(Shape):
    """A server in a project that nobody ordered here; `POST /api/v1/servers:import` takes it over."""

    kind: Literal["foreign-server"]
    cloud_id: str
    name: str
    status: ServerStatus
    vcpus: int
    ram_mib: MiB
    disk_gib: GiB


class Project(Shape):
    """A project of an administration."""

    id: UUID
    tenant: Code
    code: str
    name: str
    status: Literal["asked", "ready", "failed", "closed"]
    cloud_id: CloudId
    cloud_name: str
    fault: Fault
    findings: Annotated[
        list[OursDiffers | ForeignServer], Field(description="What differs in the cloud, as at `looked_at`.")
    ]
    looked_at: Time | None
    servers: int
    created_at: Time
    updated_at: Time
    version: Version


class SshKey(Shape):
    """A public key of an administration."""

    id: UUID
    tenant: Code
    name: str
    public_key: Annotated[str, Field(description="Type and base64, as OpenSSH writes them.")]
    comment: str
    algorithm: Literal["ed25519", "ecdsa", "rsa"]
    bits: int
    fingerprint: Annotated[str, Field(description="`SHA256:…`, as `ssh-keygen -l` shows it.")]
    version: Version
    created_at: Time
    updated_at: Time


class ResourceOfOne(Shape):
    """What one host, pool or network can hold of a resource: count, MiB or GiB, as its name says."""

    resource: str
    used: Annotated[int, Field(ge=0)]
    usable: Annotated[int | None, Field(description="What can be given out; null: the cloud names no bound.")]
    physical: Annotated[int | None, Field(description="What there is, before reserves and overcommitment.")]


class CapacityOfOne(Shape):
    """What a host, a storage pool or a range of public addresses can hold."""

    id: Annotated[str, Field(description="The cloud's.")]
    name: str
    kind: Literal["host", "pool", "network"]
    zone: Annotated[str, Field(description="Code of the zone, or the cloud's own name for it; hosts alone have one.")]
    taking: Annotated[bool, Field(description="It is up and takes what is new.")]
    looked_at: Time
    resources: list[ResourceOfOne]


class Zone(Shape):
    """Where servers can stand."""

    id: UUID
    code: str
    site: Annotated[str, Field(description="Code of the inventory's site.")]
    availability_zone: Annotated[str, Field(description="Its name in the cloud.")]
    data_classes: Annotated[list[DataClass], Field(description="Which data may be held there.")]
    open: Annotated[bool, Field(description="Whether it takes servers now.")]
    present: Annotated[bool | None, Field(description="Whether the cloud has it; null before it was asked.")]
    version: Version
