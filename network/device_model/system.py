"""What a device is: its system settings, interfaces and VLANs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from network.device_model.ordering import spelled

__all__ = [
    "Interface",
    "LoginUser",
    "OspfInterface",
    "SecretRef",
    "Snmp",
    "SnmpCommunity",
    "SnmpUser",
    "SyslogServer",
    "System",
    "Vlan",
]


@dataclass(frozen=True, slots=True)
class SecretRef:
    """A secret by name; the value lives in the secret store and never in a model."""

    name: str


@dataclass(frozen=True, slots=True)
class SyslogServer:
    """Where log lines go; ``severity`` in syslog's words (``informational``)."""

    host: str
    severity: str = "informational"


@dataclass(frozen=True, slots=True)
class SnmpCommunity:
    """SNMPv2c: the community itself is the secret."""

    community: SecretRef
    access: Literal["ro", "rw"] = "ro"


@dataclass(frozen=True, slots=True)
class SnmpUser:
    """SNMPv3 user; the level follows from which keys there are."""

    name: str
    auth_protocol: Literal["sha", "sha256", "md5"] = "sha"
    auth: SecretRef | None = None
    priv_protocol: Literal["aes", "des"] = "aes"
    priv: SecretRef | None = None


@dataclass(frozen=True, slots=True)
class Snmp:
    location: str = ""
    contact: str = ""
    communities: tuple[SnmpCommunity, ...] = ()
    users: tuple[SnmpUser, ...] = ()
    agentx: bool = False


@dataclass(frozen=True, slots=True)
class LoginUser:
    """A person or program that may log in; ``password`` refers to a hash in the platform's own form."""

    name: str
    role: Literal["admin", "read-only"] = "read-only"
    password: SecretRef | None = None
    ssh_keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class System:
    domain: str = ""
    name_servers: tuple[str, ...] = ()
    ntp_servers: tuple[str, ...] = ()
    syslog_servers: tuple[SyslogServer, ...] = ()
    syslog_level: str | None = None
    banner: str = ""
    snmp: Snmp = Snmp()
    users: tuple[LoginUser, ...] = ()
    ipv4_forwarding: bool = True
    ipv6_forwarding: bool = True


@dataclass(frozen=True, slots=True)
class OspfInterface:
    """OSPFv2 or OSPFv3 on an interface. ``area`` keeps the spelling (``0`` or ``0.0.0.0``)."""

    area: str
    cost: int | None = None
    network: Literal["point-to-point", "broadcast", "non-broadcast", "point-to-multipoint"] | None = None
    passive: bool = False
    hello: int | None = None
    dead: int | None = None
    priority: int | None = None
    bfd: bool = False
    auth_key_id: int | None = None
    auth_key: SecretRef | None = None


@dataclass(frozen=True, slots=True)
class Interface:
    """One interface. The first address of a family is the primary one.

    ``access_vlan``/``trunk_vlans`` make a switched port; ``vlan_id`` makes a routed interface of that VLAN (SVI).
    """

    name: str
    description: str = ""
    enabled: bool = True
    mtu: int | None = None
    ipv4: tuple[str, ...] = ()
    ipv6: tuple[str, ...] = ()
    vrf: str | None = None
    ospf: OspfInterface | None = None
    ospfv3: OspfInterface | None = None
    access_vlan: int | None = None
    trunk_vlans: tuple[int, ...] = ()
    vlan_id: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "ipv4", tuple(spelled(address) for address in self.ipv4))
        object.__setattr__(self, "ipv6", tuple(spelled(address) for address in self.ipv6))


@dataclass(frozen=True, slots=True)
class Vlan:
    id: int
    name: str = ""
