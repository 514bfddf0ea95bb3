"""The typed, vendor-neutral model of one device: what the inventory intends and what a configuration says.

Everything is frozen, ordered where order means nothing, and free of secrets: a secret is a :class:`SecretRef`, turned
into a value by a resolver at the last step of rendering. Equal intent gives equal canonical JSON, hence an equal
``input_hash``; fields at their defaults are left out, so a new field alters no hash.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from network.device_model.ordering import natural, network_key
from network.device_model.routing import (
    Bgp,
    BgpFamily,
    BgpNetwork,
    BgpPeer,
    Ospf,
    PeerFamily,
    PrefixList,
    PrefixListEntry,
    Redistribution,
    RouteMap,
    RouteMapEntry,
    StaticRoute,
    Vrf,
)
from network.device_model.system import (
    Interface,
    LoginUser,
    OspfInterface,
    SecretRef,
    Snmp,
    SnmpCommunity,
    SnmpUser,
    SyslogServer,
    System,
    Vlan,
)

__all__ = [
    "Bgp",
    "BgpFamily",
    "BgpNetwork",
    "BgpPeer",
    "DeviceModel",
    "Interface",
    "LoginUser",
    "OpaqueBlock",
    "Ospf",
    "OspfInterface",
    "PeerFamily",
    "PrefixList",
    "PrefixListEntry",
    "Redistribution",
    "RouteMap",
    "RouteMapEntry",
    "SecretRef",
    "Snmp",
    "SnmpCommunity",
    "SnmpUser",
    "StaticRoute",
    "SyslogServer",
    "System",
    "Vlan",
    "Vrf",
    "natural",
]


@dataclass(frozen=True, slots=True)
class OpaqueBlock:
    """Lines kept verbatim because we have no fields for them: brownfield's remainder, named and counted.

    ``context`` is the path of contexts the lines stand in (empty at the top); ``text`` may itself hold contexts.
    """

    name: str
    owner: str
    text: str
    context: tuple[str, ...] = ()
    platform: str = "frr"


@dataclass(frozen=True, slots=True)
class DeviceModel:
    """One device, whole."""

    hostname: str
    platform: str
    role: str = ""
    site: str = ""
    system: System = System()  # noqa: RUF009 - frozen, so one value serves all
    interfaces: tuple[Interface, ...] = ()
    vrfs: tuple[Vrf, ...] = ()
    vlans: tuple[Vlan, ...] = ()
    static_routes: tuple[StaticRoute, ...] = ()
    prefix_lists: tuple[PrefixList, ...] = ()
    route_maps: tuple[RouteMap, ...] = ()
    ospf: Ospf | None = None
    ospfv3: Ospf | None = None
    bgp: Bgp | None = None
    opaque: tuple[OpaqueBlock, ...] = ()

    def __post_init__(self) -> None:
        orders: dict[str, Any] = {
            "interfaces": lambda item: natural(item.name),
            "vrfs": lambda item: item.name,
            "vlans": lambda item: item.id,
            "static_routes": lambda item: (item.vrf or "", network_key(item.prefix), _static_key(item)),
            "prefix_lists": lambda item: (item.version, item.name),
            "route_maps": lambda item: item.name,
            "opaque": lambda item: (item.context, item.name),
        }
        for field, key in orders.items():
            object.__setattr__(self, field, tuple(sorted(getattr(self, field), key=key)))

    def as_dict(self) -> dict[str, Any]:
        """The model as JSON-able data, defaults left out."""
        dumped = _adapter().dump_python(self, mode="json", exclude_defaults=True)
        return dict(dumped)

    def canonical_json(self) -> str:
        """The one text of this model: keys sorted, no spaces, defaults left out."""
        return json.dumps(self.as_dict(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    def input_hash(self) -> str:
        """SHA-256 of the canonical JSON, in hex."""
        return hashlib.sha256(self.canonical_json().encode()).hexdigest()

    @staticmethod
    def from_dict(data: object) -> DeviceModel:
        """A model from :meth:`as_dict`'s data.

        Raises:
            pydantic.ValidationError: a field is missing, of a wrong type or out of its choices.
        """
        return _adapter().validate_python(data, from_attributes=False)

    @staticmethod
    def from_json(text: str | bytes) -> DeviceModel:
        """A model from its JSON. Raises ``pydantic.ValidationError`` as :meth:`from_dict` does."""
        return _adapter().validate_json(text)


def _static_key(route: StaticRoute) -> tuple[tuple[int, int, int], str]:
    return network_key(route.next_hop) if route.next_hop else (0, 0, 0), route.interface or ""


@cache
def _adapter() -> TypeAdapter[DeviceModel]:
    return TypeAdapter(DeviceModel)
