"""Which Irisplane on this machine? Names, ports, subnets and folders of one instance, all derived from its index.

``make test`` runs beside ``make up``, and several developers beside each other: whatever could collide (a port, a
bridge, a namespace, a folder) comes from this table and from nowhere else.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Final

from core.errors import Misconfigured

__all__ = ["CLOUD_PORTS", "CONSOLES", "INSTANCES", "ROOT", "Instance"]

ROOT: Final = Path(__file__).resolve().parent.parent
"""The folder that holds the source tree; the state of ``main`` lies below it, in ``var/``."""

INSTANCES: Final[Mapping[str, int]] = {
    "main": 0,
    "test": 1,
    "bench": 2,
    "long": 3,
    **{f"dev{n}": 3 + n for n in range(1, 9)},
    "region": 12,
    "restored": 13,
    "qemu": 14,
    "story": 15,
}
"""Name to index. An index is never given a second meaning; 16 of them fit the addressing below."""

_LONGEST_IFNAME: Final = 15  # Linux: IFNAMSIZ - 1

CLOUD_PORTS: Final[Mapping[str, int]] = {
    "keystone": 0,
    "glance": 1,
    "placement": 2,
    "nova": 3,
    "neutron": 4,
    "cinder": 5,
    "rabbitmq": 10,
    "rabbitmq-nodes": 11,
    "epmd": 12,
    "serial-proxy": 13,
    "faults": 20,
    "consoles": 40,
}
"""Where the lab's cloud listens, counted from the instance's first of 100; ``consoles`` is the first of many."""

CONSOLES: Final = 60
"""How many ports there are from ``consoles`` on; a machine with a serial console takes one."""


@dataclass(frozen=True, slots=True)
class Instance:
    """One Irisplane on this machine.

    Attributes:
        name: a key of ``INSTANCES``.
        index: 0 to 15; everything that must be unique on the machine derives from it.
        state_dir: what survives a restart.
        runtime_dir: unix sockets and process ids; short, because a socket's path holds 107 bytes at most.
    """

    name: str
    index: int
    state_dir: Path
    runtime_dir: Path

    @classmethod
    def named(cls, name: str, *, state_dir: Path | None = None) -> Instance:
        """The instance of that name.

        Raises:
            Misconfigured: no such instance.
        """
        if name not in INSTANCES:
            raise Misconfigured(
                f"There is no instance {name!r}.",
                hint=f"Set IRISPLANE_INSTANCE to one of: {', '.join(INSTANCES)}.",
                variable="IRISPLANE_INSTANCE",
            )
        var = ROOT / "var"
        uid = os.getuid()
        return cls(
            name=name,
            index=INSTANCES[name],
            state_dir=state_dir or (var if name == "main" else var / "instances" / name),
            runtime_dir=Path(f"/run/irisplane/{name}") if uid == 0 else Path(f"/tmp/irisplane-{uid}-{name}"),  # noqa: S108 - owned by uid and mode 0700: whoever makes it checks
        )

    @classmethod
    def current(cls, environment: Mapping[str, str] | None = None) -> Instance:
        """The instance that ``IRISPLANE_INSTANCE`` names (``main`` when unset).

        ``IRISPLANE_STATE_DIR`` and ``IRISPLANE_RUNTIME_DIR`` override the folders: a process that was started under
        another user id is told where the folders of its instance are.
        """
        env = os.environ if environment is None else environment
        state = env.get("IRISPLANE_STATE_DIR")
        runtime = env.get("IRISPLANE_RUNTIME_DIR")
        made = cls.named(env.get("IRISPLANE_INSTANCE") or "main", state_dir=Path(state).resolve() if state else None)
        return cls(made.name, made.index, made.state_dir, Path(runtime).resolve()) if runtime else made

    # ------------------------------------------------------------------------------------------------------- ports
    @property
    def api_port(self) -> int:
        """Where the API and the pages listen."""
        return 8080 + 10 * self.index

    @property
    def metrics_port(self) -> int:
        """Where the worker's metrics listen."""
        return self.api_port + 1

    @property
    def smtp_port(self) -> int:
        """Where the lab's mail server listens."""
        return self.api_port + 2

    @property
    def oidc_port(self) -> int:
        """Where the lab's identity provider listens."""
        return self.api_port + 3

    @property
    def prometheus_port(self) -> int:
        """Where the instance's Prometheus listens."""
        return self.api_port + 4

    @property
    def alertmanager_port(self) -> int:
        """Where an Alertmanager of the instance listens."""
        return self.api_port + 5

    @property
    def trap_port(self) -> int:
        """Where the worker hears traps and informs of devices (UDP)."""
        return self.api_port + 6

    # --------------------------------------------------------------------------------------------------------- lab
    @property
    def mgmt_network(self) -> IPv4Network:
        """The lab's management network."""
        return IPv4Network(f"172.30.{16 * self.index}.0/20")

    @property
    def mgmt_gateway(self) -> IPv4Address:
        """The root namespace's address on the management bridge: the last usable one."""
        return self.mgmt_network.broadcast_address - 1

    @property
    def bridge(self) -> str:
        """The management bridge in the root namespace."""
        return f"irb{self.index}"

    def mgmt_address(self, number: int) -> IPv4Address:
        """The management address of router ``number`` (1 to 4093)."""
        if not 1 <= number < self.mgmt_network.num_addresses - 2:
            raise ValueError(f"router number {number} has no management address")
        return self.mgmt_network.network_address + number

    def namespace(self, router: str) -> str:
        """The network namespace of a lab router."""
        return f"irp{self.index}-{router}"

    def mgmt_veth(self, router: str) -> str:
        """The root namespace's end of a lab router's management cable."""
        name = f"irm{self.index}-{router}"
        if len(name) > _LONGEST_IFNAME:
            raise ValueError(f"{name!r} is longer than Linux allows an interface's name to be")
        return name

    def host_namespace(self, host: str) -> str:
        """The network namespace of a lab host that is no router; not among those of the routers."""
        return f"irs{self.index}-{host}"

    @property
    def host_bridge(self) -> str:
        """The bridge in the root namespace at which the lab's hosts hang."""
        return f"irh{self.index}"

    @property
    def host_network(self) -> IPv4Network:
        """Where the lab's hosts are managed: 14 addresses out of ``mgmt_network`` that no router has."""
        return IPv4Network(f"{self.mgmt_network.broadcast_address - 31}/28")

    def host_veth(self, host: str) -> str:
        """The root namespace's end of a lab host's cable."""
        return f"irh{self.index}-{host}"

    # ------------------------------------------------------------------------------------------------------- cloud
    @property
    def cloud_dir(self) -> Path:
        """What the lab's cloud keeps over a restart."""
        return self.state_dir / "cloud"

    @property
    def cloud_runtime_dir(self) -> Path:
        """Sockets and process ids of the lab's cloud; beside ``runtime_dir``, which the cloud's user may not enter."""
        return self.runtime_dir.with_name(f"{self.runtime_dir.name}-cloud")

    def cloud_port(self, service: str) -> int:
        """The port of one of ``CLOUD_PORTS``."""
        return 20000 + 100 * self.index + CLOUD_PORTS[service]

    @property
    def cloud_namespace(self) -> str:
        """The network namespace of the cloud's switch and machines; not among those of the lab's routers."""
        return f"irc{self.index}"

    @property
    def cloud_veth(self) -> str:
        """The root namespace's end of the cable to the cloud's external network."""
        return f"irx{self.index}"

    @property
    def cloud_network(self) -> IPv4Network:
        """The cloud's external network, of the range that RFC 2544 keeps for laboratories."""
        return IPv4Network(f"198.18.{self.index}.0/24")

    def cloud_encapsulation(self, host: int) -> IPv4Address:
        """The loopback address that stands for a compute host's end of tunnels."""
        return IPv4Address(f"127.31.{self.index}.0") + host
