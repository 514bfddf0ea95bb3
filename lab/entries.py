"""What does the inventory say of the lab? Its routers, links, addresses and hosts as objects; its secrets by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_network
from typing import Any, Final

from core.settings import Settings
from lab.network import Credentials, Topology
from lab.network.hosts import HOSTS, Host

__all__ = ["LINUX", "OPS", "create", "operations_for", "operations_for_hosts", "secrets_of"]

_SECRET: Final = "lab/routers/irisplane"  # noqa: S105 - the name of a secret
OPS: Final = "lab/ops"
_AUTH: Final = "lab/snmp/auth"
_PRIVACY: Final = "lab/snmp/privacy"
_COMMUNITY: Final = "lab/snmp/community"
LINUX: Final = "Debian/Linux"
"""Type of the lab's hosts that are no routers."""


def operations_for(
    settings: Settings, topology: Topology, new: set[str], *, first: bool = True
) -> list[dict[str, Any]]:
    """What an ``inventory.edit`` needs to enter these routers; ``first``: with what the whole lab shares."""
    return [
        *create("device", _devices(settings, topology, new)),
        *create("link", _links(topology, new)),
        *create("prefix", [_management_network(settings)] if first else []),
        *create("config_context", [_CONTEXT] if first else []),
        *create("prefix", _prefixes(topology, new)),
        *create("address", [*_management(settings, topology, new), *_addresses(topology, new)]),
        *create("device_access", [{"device": n, "username": "irisplane", "secret_name": _SECRET} for n in sorted(new)]),
    ]


def secrets_of(credentials: Credentials) -> dict[str, str]:
    """The lab's passwords that Irisplane needs, by the names under which it keeps them."""
    snmp = credentials["snmp"]
    return {
        _SECRET: credentials["irisplane"]["password"],
        OPS: credentials["ops"]["password"],
        _AUTH: snmp["v3_auth"],
        _PRIVACY: snmp["v3_privacy"],
        _COMMUNITY: snmp["community"],
    }


def operations_for_hosts(
    settings: Settings, hosts: Sequence[Host] = HOSTS, *, new_type: bool = True
) -> list[dict[str, Any]]:
    """What an ``inventory.edit`` needs to enter the lab's hosts."""
    manufacturer, _, model = LINUX.partition("/")
    return [
        *create(
            "device_type", [{"manufacturer": manufacturer, "model": model, "platform": "linux"}] if new_type else []
        ),
        *create(
            "device",
            [
                {
                    "name": host.name,
                    "role": host.role,
                    "device_type": LINUX,
                    "site": host.site,
                    "status": "active",
                    "management_address": str(host.address(settings.place)),
                    "interfaces": [{"name": "mgmt0", "kind": "management", "description": "management"}],
                }
                for host in hosts
            ],
        ),
        *create("device_access", [{"device": host.name, "username": "ops", "secret_name": OPS} for host in hosts]),
        # They have no SNMP agent before a play gives them one: asked all the same, each would be an alert for good.
        *create(
            "config_context",
            [
                {"name": f"lab {host.name}", "scope": "device", "device": host.name, "data": {"snmp": {"poll": None}}}
                for host in hosts
            ],
        ),
    ]


def create(kind: str, values: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    if values:
        yield {"action": "create", "type": kind, "values": list(values)}


_CONTEXT: Final = {
    "name": "lab",
    "scope": "region",
    "weight": 2000,
    # The lab's routers log to a file of their own and meet their reflectors quickly.
    "data": {
        "verbatim": {"frr": "log file /var/log/frr/frr.log warnings"},
        "bgp": {"connect": 5, "evpn": True},
        "snmp": {
            "poll": {"user": "irisplane", "auth": _AUTH, "privacy": _PRIVACY},
            "traps": {"community": _COMMUNITY},
        },
        # The driver's account is nobody's root; plays need one that is.
        "ansible": {"user": "ops", "secret": OPS},
    },
}


def _devices(settings: Settings, topology: Topology, new: set[str]) -> list[dict[str, Any]]:
    return [
        {
            "name": router.name,
            "role": router.role,
            "device_type": "FRRouting/FRR",
            "site": router.site,
            "management_address": str(settings.place.mgmt_address(router.number)),
            "status": "active",
            "interfaces": [
                {"name": "lo", "kind": "loopback", "description": f"loopback {router.name}"},
                {"name": "mgmt0", "kind": "management", "description": "management"},
                *({"name": name, "description": f"fibre to {name[3:]}"} for name in router.interfaces),
                *({"name": name, "description": f"customer port {name[4:]}"} for name in router.ports),
            ],
        }
        for router in topology.routers
        if router.name in new
    ]


def _links(topology: Topology, new: set[str]) -> list[dict[str, Any]]:
    return [
        {"name": f.name, "kind": "fibre", "a": f"{f.a}:{f.a_interface}", "b": f"{f.b}:{f.b_interface}"}
        for f in topology.fibres
        if {f.a, f.b} & new
    ]


def _prefixes(topology: Topology, new: set[str]) -> list[dict[str, Any]]:
    links = [
        {"cidr": cidr, "kind": "assigned", "purpose": "link", "description": f.name}
        for k, f in enumerate(topology.fibres)
        if {f.a, f.b} & new
        for cidr in _link_networks(k)
    ]
    services = [
        {
            "cidr": cidr, "kind": "assigned", "purpose": "service", "site": router.site,
            "description": f"services at {router.site}",
        }
        for router in topology.routers
        if router.name in new
        for cidr in (f"10.64.{router.number}.0/24", f"fd00:1715:64:{router.number:x}::/64")
    ]  # fmt: skip
    return [*links, *services]


def _management_network(settings: Settings) -> dict[str, Any]:
    return {
        "cidr": str(settings.place.mgmt_network),
        "kind": "assigned",
        "purpose": "management",
        "description": f"Management of the lab of instance {settings.place.name}",
    }


def _management(settings: Settings, topology: Topology, new: set[str]) -> list[dict[str, Any]]:
    network = settings.place.mgmt_network
    return [
        {
            "prefix": f"global {network}",
            "address": f"{settings.place.mgmt_address(router.number)}/{network.prefixlen}",
            "interface": f"{router.name}:mgmt0",
        }
        for router in topology.routers
        if router.name in new
    ]


def _addresses(topology: Topology, new: set[str]) -> list[dict[str, Any]]:
    loopbacks = [
        {"prefix": pool, "address": address, "interface": f"{router.name}:lo"}
        for router in topology.routers
        if router.name in new
        for pool, address in (
            ("global 10.255.0.0/24", f"10.255.0.{router.number}/32"),
            ("global fd00:1715:255::/64", f"fd00:1715:255::{router.number:x}/128"),
        )
    ]
    links = [
        {"prefix": f"global {net}", "address": address, "interface": f"{device}:{interface}"}
        for k, f in enumerate(topology.fibres)
        if {f.a, f.b} & new
        for end, (device, interface) in enumerate(((f.a, f.a_interface), (f.b, f.b_interface)))
        for net in _link_networks(k)
        for address in [f"{ip_network(net)[end]}/{ip_network(net).prefixlen}"]
    ]
    return [*loopbacks, *links]


def _link_networks(k: int) -> tuple[str, str]:
    """The /31 and the /127 of link number ``k`` (RFC 3021, RFC 6164)."""
    four = IPv4Address("10.254.0.0") + 2 * k
    six = IPv6Address("fd00:1715:254::") + 2 * k
    return f"{four}/31", f"{six}/127"
