"""The shape of every inventory object as people and programs write it: names instead of ids, nothing unknown.

A reference is the natural key of the other object (a site's code, ``"DC-ARTS/R01"`` for a rack, ``"cr01:to-ag01"``
for an interface, ``"global 10.0.0.0/8"`` for a prefix) or its id. What these models cannot know (does it exist, is it
free) the planner and the database say. The fibre plant's models stand in ``inventory.plant.schema``.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, create_model, model_validator

from inventory.corridor.schema import CORRIDOR
from inventory.fields import (
    ContextData,
    Host,
    InputModel,
    InterfaceAddress,
    Latitude,
    Longitude,
    Name,
    Network,
    Period,
    Provenance,
    Ref,
    Span,
    Text,
    Title,
)
from inventory.plant.schema import PLANT, Located

__all__ = ["INPUT", "PATCH", "Allocation", "InputModel", "Provenance"]

TenantKind = Literal["region", "commune", "cpas", "agency", "police", "fire", "school-board", "other"]
SiteKind = Literal[
    "datacentre",
    "station",
    "town-hall",
    "school",
    "library",
    "hospital",
    "police",
    "fire",
    "university",
    "court",
    "post-office",
    "community-centre",
    "museum",
    "theatre",
    "stop",
    "hotspot",
    "other",
]
DeviceRole = Literal[
    "core", "aggregation", "access", "edge", "spine", "leaf", "firewall", "server", "access-point", "other"
]
Platform = Literal["frr", "eos", "junos", "iosxr", "nxos", "ios", "linux", "none"]
DeviceStatus = Literal["planned", "active", "maintenance", "retired"]
LinkKind = Literal["fibre", "copper", "dac", "wireless", "virtual"]
InterfaceKind = Literal["physical", "loopback", "management", "lag", "vlan", "bridge", "tunnel", "virtual"]


class TenantIn(InputModel):
    """A tenant: the region itself, a commune, an agency."""

    code: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{1,62}$")]
    kind: TenantKind
    name_fr: Title
    name_nl: Title
    name_en: Title
    nis_code: Annotated[str, StringConstraints(pattern=r"^[0-9]{5}$")] | None = None
    provenance: Provenance = "real"
    active: bool = True


class Placed(InputModel):
    """Where a record comes from, for data of the region."""

    provenance: Provenance = "synthetic"
    source: Text = ""
    lon: Longitude | None = None
    lat: Latitude | None = None


class CommuneIn(Placed):
    """A municipality."""

    tenant: Ref | None = None
    nis_code: Annotated[str, StringConstraints(pattern=r"^[0-9]{5}$")]
    name_fr: Title
    name_nl: Title
    population: Annotated[int, Field(ge=0, le=100_000_000)] | None = None


class SiteIn(Placed):
    """A place where equipment stands, or people are served."""

    tenant: Ref | None = None
    code: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9-]{1,62}$")]
    kind: SiteKind
    name_fr: Title
    name_nl: Title
    commune: Ref | None = None
    address: Text = ""
    facts: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _both_or_neither(self) -> SiteIn:
        if (self.lon is None) != (self.lat is None):
            raise ValueError("give both lon and lat, or neither")
        return self


class RoomIn(InputModel):
    """A room of a site."""

    site: Ref
    name: Name


class RackIn(InputModel):
    """A rack; its height is in rack units."""

    site: Ref
    room: Ref | None = None
    name: Name
    units: Annotated[int, Field(ge=1, le=100)] = 42


class DeviceTypeIn(InputModel):
    """A model of equipment."""

    tenant: Ref | None = None
    manufacturer: Name
    model: Name
    platform: Platform
    units: Annotated[int, Field(ge=0, le=100)] = 1
    watts: Annotated[int, Field(ge=0, le=1_000_000)] | None = None


class AsnRangeIn(InputModel):
    """A pool of AS numbers, ``numbers`` as ``first-last``."""

    tenant: Ref | None = None
    name: Name
    numbers: Span


class AsnIn(InputModel):
    """An AS number in use."""

    tenant: Ref | None = None
    range: Ref | None = None
    number: Annotated[int, Field(ge=1, le=4_294_967_294)]
    name: Text = ""


class VrfIn(InputModel):
    """A routing table of its own."""

    tenant: Ref | None = None
    name: Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9._-]{0,14}$")]
    rd: Annotated[str, StringConstraints(pattern=r"^[0-9.]+:[0-9]+$", max_length=40)] | None = None


class InterfaceOfDevice(InputModel):
    """An interface as it stands inside a device that is created."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[^\s\x00-\x1f]+$")]
    kind: InterfaceKind = "physical"
    description: Annotated[str, StringConstraints(max_length=240, pattern=r"^[^\x00-\x1f]*$")] = ""
    enabled: bool = True
    mtu: Annotated[int, Field(ge=68, le=65535)] | None = None
    mac: Annotated[str, StringConstraints(pattern=r"^([0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}$", to_lower=True)] | None = (
        None
    )
    vrf: Ref | None = None


class InterfaceIn(InterfaceOfDevice):
    """An interface of a device."""

    device: Ref


class DeviceIn(InputModel):
    """A device, with its interfaces if they are known."""

    tenant: Ref | None = None
    name: Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9]([a-zA-Z0-9._-]{0,61}[a-zA-Z0-9])?$")]
    role: DeviceRole
    device_type: Ref
    platform: Platform | None = None
    site: Ref
    management_address: Host | None = None
    management_port: Annotated[int, Field(ge=1, le=65535)] = 22
    status: DeviceStatus = "planned"
    serial: Annotated[str, StringConstraints(max_length=100)] = ""
    software_version: Annotated[str, StringConstraints(max_length=100)] = ""
    asn: Annotated[int, Field(ge=1, le=4_294_967_294)] | None = None
    drift_policy: Literal["report", "restore", "adopt"] | None = None
    interfaces: tuple[InterfaceOfDevice, ...] = Field(default=(), max_length=2000)


class LinkIn(InputModel):
    """A link between two interfaces, each named ``device:interface``."""

    tenant: Ref | None = None
    name: Title
    kind: LinkKind = "fibre"
    status: Literal["planned", "active", "retired"] = "active"
    a: Ref
    b: Ref
    length_m: Annotated[int, Field(ge=0, le=50_000_000)] | None = None


class DeviceAccessIn(InputModel):
    """How a device is entered; the secret by its name."""

    device: Ref
    username: Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_-]{0,31}$")]
    secret_name: Annotated[str, StringConstraints(min_length=1, max_length=200)]


class RackPlacementIn(InputModel):
    """A device's place in a rack; ``units`` counted from 1 at the bottom, ``first-last``."""

    rack: Ref
    device: Ref
    units: Span
    face: Literal["front", "rear", "both"] = "both"
    held: Period | None = None


class PrefixIn(InputModel):
    """A prefix: ``container`` and ``pool`` hold others, ``assigned`` is in use and overlaps nothing."""

    tenant: Ref | None = None
    vrf: Ref = "global"
    cidr: Network
    kind: Literal["container", "pool", "assigned"]
    shared: bool = False
    purpose: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]*$", max_length=60)] = ""
    site: Ref | None = None
    description: Text = ""


class AddressIn(InputModel):
    """An address with its length, in a prefix, on an interface if it is set on one."""

    tenant: Ref | None = None
    prefix: Ref
    address: InterfaceAddress
    interface: Ref | None = None
    name: Annotated[str, StringConstraints(max_length=253, pattern=r"^[a-zA-Z0-9._-]*$")] = ""
    held: Period | None = None


class VlanGroupIn(InputModel):
    """A scope within which a VLAN id means one thing; ``vids`` as ``first-last``."""

    tenant: Ref | None = None
    name: Name
    site: Ref | None = None
    vids: Span = "[1,4095)"


class VlanIn(InputModel):
    """A VLAN of a group."""

    tenant: Ref | None = None
    group: Ref
    vid: Annotated[int, Field(ge=1, le=4094)]
    name: Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[^\s\x00-\x1f]+$")]
    held: Period | None = None


class ConfigContextIn(InputModel):
    """Structured configuration data for the region, a role, a site or a device."""

    tenant: Ref | None = None
    name: Name
    scope: Literal["region", "role", "site", "device"]
    role: DeviceRole | None = None
    site: Ref | None = None
    device: Ref | None = None
    weight: Annotated[int, Field(ge=0, le=32767)] = 1000
    active: bool = True
    data: ContextData


class Allocation(InputModel):
    """What to take from a pool. Which fields are asked for depends on the pool.

    Attributes:
        length: length of the prefix to carve (prefix pools).
        name: name of the VLAN or AS number, or DNS name of the address.
        size: rack units needed (racks); the device's height when absent.
    """

    what: Literal["prefix", "address", "loopback", "pair", "vlan", "unit", "asn"]
    pool: Ref
    tenant: Ref | None = None
    length: Annotated[int, Field(ge=0, le=128)] | None = None
    purpose: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]*$", max_length=60)] = ""
    name: Annotated[str, StringConstraints(max_length=253, pattern=r"^[^\s\x00-\x1f]*$")] = ""
    description: Text = ""
    site: Ref | None = None
    interface: Ref | None = None
    peer: Ref | None = None
    device: Ref | None = None
    size: Annotated[int, Field(ge=1, le=100)] | None = None
    face: Literal["front", "rear", "both"] = "both"


INPUT: dict[str, type[InputModel]] = {
    "tenant": TenantIn,
    "commune": CommuneIn,
    "site": SiteIn,
    "room": RoomIn,
    "rack": RackIn,
    "device_type": DeviceTypeIn,
    "asn_range": AsnRangeIn,
    "asn": AsnIn,
    "vrf": VrfIn,
    "device": DeviceIn,
    "interface": InterfaceIn,
    "link": LinkIn,
    "device_access": DeviceAccessIn,
    "rack_placement": RackPlacementIn,
    "prefix": PrefixIn,
    "address": AddressIn,
    "vlan_group": VlanGroupIn,
    "vlan": VlanIn,
    "config_context": ConfigContextIn,
    **PLANT,
    **CORRIDOR,
}
"""Input models by type, in the order in which objects can be created."""


def _partial(model: type[InputModel]) -> type[InputModel]:
    """The same fields, none of them required; a field that may not be null may not be set to null either."""
    fields: dict[str, Any] = {
        name: (field.rebuild_annotation(), None) for name, field in model.model_fields.items() if name != "interfaces"
    }
    base: type[InputModel] = Located if issubclass(model, Located) else InputModel
    made: type[InputModel] = create_model(f"{model.__name__.removesuffix('In')}Patch", __base__=base, **fields)
    return made


PATCH: dict[str, type[InputModel]] = {name: _partial(model) for name, model in INPUT.items()}
"""What may be altered, by type; only the fields that are given alter."""
