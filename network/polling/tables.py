"""What rows of MIB tables mean. Pure: columns in, typed rows out, and a complaint for each value that cannot be right.

Agents leave rows out, send texts for numbers, and know half a table. What is missing or of the wrong type is ``None``:
unknown, never zero and never up.

Figures and names are those of RFC 2863 (IF-MIB), RFC 4750 and RFC 5643 (OSPF), RFC 4273 (BGP4-MIB), IEEE 802.1AB
(LLDP-MIB), RFC 3433 (ENTITY-SENSOR-MIB) and RFC 6933 (ENTITY-MIB).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import log10
from typing import Final

from network.drivers.snmp import Value

__all__ = [
    "BGP_PEER_STATE", "COLUMNS", "IF", "LLDP", "OSPF_NEIGHBOR_STATE", "SENSOR", "SYS_DESCR", "SYS_UP_TIME", "BgpPeer",
    "Column", "Interface", "LldpNeighbour", "OspfNeighbor", "Sensor", "bgp_peers", "interfaces", "lldp_neighbours",
    "ospf_neighbors", "sensors",
]  # fmt: skip

SYS_DESCR: Final = "1.3.6.1.2.1.1.1.0"
SYS_UP_TIME: Final = "1.3.6.1.2.1.1.3.0"

_IF_ENTRY: Final = "1.3.6.1.2.1.2.2.1"
_IFX_ENTRY: Final = "1.3.6.1.2.1.31.1.1.1"
IF: Final[Mapping[str, str]] = {  # the better of two columns first: the other is then not read
    "ifName": f"{_IFX_ENTRY}.1",
    "ifHCInOctets": f"{_IFX_ENTRY}.6",
    "ifHCOutOctets": f"{_IFX_ENTRY}.10",
    "ifHighSpeed": f"{_IFX_ENTRY}.15",
    "ifDescr": f"{_IF_ENTRY}.2",
    "ifSpeed": f"{_IF_ENTRY}.5",
    "ifAdminStatus": f"{_IF_ENTRY}.7",
    "ifOperStatus": f"{_IF_ENTRY}.8",
    "ifInOctets": f"{_IF_ENTRY}.10",
    "ifInDiscards": f"{_IF_ENTRY}.13",
    "ifInErrors": f"{_IF_ENTRY}.14",
    "ifOutOctets": f"{_IF_ENTRY}.16",
    "ifOutDiscards": f"{_IF_ENTRY}.19",
    "ifOutErrors": f"{_IF_ENTRY}.20",
    "ifAlias": f"{_IFX_ENTRY}.18",
}
OSPF_NEIGHBOR_STATE: Final = "1.3.6.1.2.1.14.10.1.6"
OSPFV3_NEIGHBOR_STATE: Final = "1.3.6.1.2.1.191.1.9.1.8"
BGP_PEER_STATE: Final = "1.3.6.1.2.1.15.3.1.2"
BGP_PEER_SINCE: Final = "1.3.6.1.2.1.15.3.1.16"
_LLDP_REMOTE: Final = "1.0.8802.1.1.2.1.4.1.1"
LLDP: Final[Mapping[str, str]] = {
    "lldpLocPortDesc": "1.0.8802.1.1.2.1.3.7.1.4",
    "lldpLocPortId": "1.0.8802.1.1.2.1.3.7.1.3",
    "lldpRemPortIdSubtype": f"{_LLDP_REMOTE}.6",
    "lldpRemPortId": f"{_LLDP_REMOTE}.7",
    "lldpRemPortDesc": f"{_LLDP_REMOTE}.8",
    "lldpRemSysName": f"{_LLDP_REMOTE}.9",
}
_SENSOR_ENTRY: Final = "1.3.6.1.2.1.99.1.1.1"
SENSOR: Final[Mapping[str, str]] = {
    "entPhySensorType": f"{_SENSOR_ENTRY}.1",
    "entPhySensorScale": f"{_SENSOR_ENTRY}.2",
    "entPhySensorPrecision": f"{_SENSOR_ENTRY}.3",
    "entPhySensorValue": f"{_SENSOR_ENTRY}.4",
    "entPhySensorOperStatus": f"{_SENSOR_ENTRY}.5",
    "entPhysicalName": "1.3.6.1.2.1.47.1.1.1.1.7",
}
COLUMNS: Final[Mapping[str, str]] = {
    **IF,
    "ospfNbrState": OSPF_NEIGHBOR_STATE,
    "ospfv3NbrState": OSPFV3_NEIGHBOR_STATE,
    "bgpPeerState": BGP_PEER_STATE,
    "bgpPeerFsmEstablishedTime": BGP_PEER_SINCE,
    **LLDP,
    **SENSOR,
}
"""Every column that is read, by its name."""

Column = Mapping[str, Value]
"""A column by the index of its rows, as dotted text."""

_STATUS: Final = {1: "up", 2: "down", 3: "testing", 4: "unknown", 5: "dormant", 6: "notPresent", 7: "lowerLayerDown"}
_OSPF_FULL: Final = 8
_BGP_STATES: Final = {1: "idle", 2: "connect", 3: "active", 4: "openSent", 5: "openConfirm", 6: "established"}
_SENSOR_TYPES: Final = {5: "amperes", 6: "watts", 8: "celsius", 4: "volts", 14: "dBm"}
_WATTS: Final = 6
_SENSOR_OK: Final = 1
_MAC_PORT: Final = 3  # LldpPortIdSubtype: macAddress
_SCALES: Final = {number: 3 * (number - 9) for number in range(1, 18)}
"""SensorDataScale: 9 is units, 8 milli, 10 kilo."""
_LARGEST32: Final = 2**32 - 1


@dataclass(frozen=True, slots=True)
class Interface:
    """One interface; ``None`` where the agent does not say.

    Attributes:
        status: ifOperStatus in words; ``up`` from it.
        speed: bit/s.
        wide: its octets are 64-bit counters.
    """

    index: int
    name: str
    alias: str = ""
    admin_up: bool | None = None
    status: str | None = None
    speed: int | None = None
    in_octets: int | None = None
    out_octets: int | None = None
    in_errors: int | None = None
    out_errors: int | None = None
    in_discards: int | None = None
    out_discards: int | None = None
    wide: bool = True

    @property
    def up(self) -> bool | None:
        """Whether it is operational; ``None``: it does not say."""
        return None if self.status in {None, "unknown", "testing"} else self.status in {"up", "dormant"}


@dataclass(frozen=True, slots=True)
class OspfNeighbor:
    """A neighbour: by its address (OSPFv2), or by our interface and its router id (OSPFv3)."""

    version: int
    address: str
    interface: str
    full: bool | None


@dataclass(frozen=True, slots=True)
class BgpPeer:
    """A peer, with the seconds since its session last changed between established and not."""

    address: str
    state: str | None
    seconds: int | None

    @property
    def established(self) -> bool | None:
        """``None``: it does not say."""
        return None if self.state is None else self.state == "established"


@dataclass(frozen=True, slots=True)
class LldpNeighbour:
    """Who is heard at the other end of an interface."""

    interface: str
    device: str
    remote_interface: str


@dataclass(frozen=True, slots=True)
class Sensor:
    """A sensor that works; ``unit``: dBm (also for watts of light), celsius, volts, amperes, watts."""

    name: str
    unit: str
    value: float


def interfaces(columns: Mapping[str, Column]) -> tuple[list[Interface], list[str]]:
    """The interfaces, by index, with the complaints. One without any name is left out, with a complaint."""
    said: list[str] = []
    found: list[Interface] = []
    rows = {key for name in ("ifName", "ifDescr", "ifOperStatus") for key in columns.get(name, {})}
    seen: set[str] = set()
    for key in sorted(rows, key=_ordinal):
        name = _text(columns, "ifName", key) or _text(columns, "ifDescr", key)
        if not key.isdecimal() or not name:
            said.append(f"interface {key} has no name")
            continue
        if name in seen:
            said.append(f"two interfaces are called {name}")
            continue
        seen.add(name)
        status = _number(columns, "ifOperStatus", key, said)
        if status is not None and status not in _STATUS:
            said.append(f"ifOperStatus.{key} is {status}")
        admin = _number(columns, "ifAdminStatus", key, said)
        wide = key in columns.get("ifHCInOctets", {}) and key in columns.get("ifHCOutOctets", {})
        octets = ("ifHCInOctets", "ifHCOutOctets") if wide else ("ifInOctets", "ifOutOctets")
        found.append(
            Interface(
                index=int(key),
                name=name,
                alias=_text(columns, "ifAlias", key),
                admin_up=None if admin is None else admin == 1,
                status=_STATUS.get(status) if status is not None else None,
                speed=_speed(columns, key, said),
                in_octets=_number(columns, octets[0], key, said),
                out_octets=_number(columns, octets[1], key, said),
                in_errors=_number(columns, "ifInErrors", key, said),
                out_errors=_number(columns, "ifOutErrors", key, said),
                in_discards=_number(columns, "ifInDiscards", key, said),
                out_discards=_number(columns, "ifOutDiscards", key, said),
                wide=wide,
            )
        )
    return found, said


def _speed(columns: Mapping[str, Column], key: str, said: list[str]) -> int | None:
    """bit/s; nothing where an agent says 0, which is how they say that they do not know."""
    high = _number(columns, "ifHighSpeed", key, said)
    if high:
        return high * 1_000_000
    low = _number(columns, "ifSpeed", key, said)
    return low if low and low < _LARGEST32 else None


def ospf_neighbors(columns: Mapping[str, Column], names: Mapping[int, str]) -> tuple[list[OspfNeighbor], list[str]]:
    """OSPFv2 and OSPFv3 neighbours.

    Args:
        names: of interfaces by index.
    """
    said: list[str] = []
    found: list[OspfNeighbor] = []
    for key in sorted(columns.get("ospfNbrState", {}), key=_ordinal):
        parts = key.split(".")
        state = _number(columns, "ospfNbrState", key, said)
        if len(parts) != 5 or not all(part.isdecimal() for part in parts):
            said.append(f"ospfNbrState.{key} has no such index")
            continue
        interface = names.get(int(parts[4]), "") if parts[4] != "0" else ""
        found.append(OspfNeighbor(2, ".".join(parts[:4]), interface, None if state is None else state == _OSPF_FULL))
    for key in sorted(columns.get("ospfv3NbrState", {}), key=_ordinal):
        parts = key.split(".")
        state = _number(columns, "ospfv3NbrState", key, said)
        if len(parts) != 3 or not all(part.isdecimal() for part in parts):
            said.append(f"ospfv3NbrState.{key} has no such index")
            continue
        router = int(parts[2])
        address = ".".join(str(router >> shift & 255) for shift in (24, 16, 8, 0))
        full = None if state is None else state == _OSPF_FULL
        found.append(OspfNeighbor(3, address, names.get(int(parts[0]), ""), full))
    return found, said


def bgp_peers(columns: Mapping[str, Column]) -> tuple[list[BgpPeer], list[str]]:
    """BGP peers. BGP4-MIB knows IPv4 sessions only."""
    said: list[str] = []
    found: list[BgpPeer] = []
    for key in sorted(columns.get("bgpPeerState", {}), key=_ordinal):
        state = _number(columns, "bgpPeerState", key, said)
        if state is not None and state not in _BGP_STATES:
            said.append(f"bgpPeerState.{key} is {state}")
        since = _number(columns, "bgpPeerFsmEstablishedTime", key, said)
        found.append(BgpPeer(key, _BGP_STATES.get(state) if state is not None else None, since))
    return found, said


def lldp_neighbours(columns: Mapping[str, Column], names: Mapping[int, str]) -> tuple[list[LldpNeighbour], list[str]]:
    """Who is heard where. The index is a time mark, the local port's number, and a number of the neighbour."""
    said: list[str] = []
    found: set[tuple[str, str, str]] = set()
    for key in columns.get("lldpRemSysName", {}):
        parts = key.split(".")
        if len(parts) != 3 or not parts[1].isdecimal():
            said.append(f"lldpRemSysName.{key} has no such index")
            continue
        port = parts[1]
        # The port's number need not be its ifIndex; its description is its name on the systems we know.
        local = _text(columns, "lldpLocPortDesc", port) or names.get(int(port), "")
        subtype = columns.get("lldpRemPortIdSubtype", {}).get(key)
        described = _text(columns, "lldpRemPortDesc", key)
        remote = described if subtype == _MAC_PORT else _text(columns, "lldpRemPortId", key) or described
        device = _text(columns, "lldpRemSysName", key).partition(".")[0]
        if device and remote and local:  # else it came between two columns: the next look has it whole
            found.add((local, device, remote))
    return [LldpNeighbour(*one) for one in sorted(found)], said


def sensors(columns: Mapping[str, Column]) -> tuple[list[Sensor], list[str]]:
    """The sensors that work. Light in watts becomes dBm; other watts stay watts."""
    said: list[str] = []
    found: list[Sensor] = []
    for key in sorted(columns.get("entPhySensorValue", {}), key=_ordinal):
        parts = [_number(columns, f"entPhySensor{part}", key, said, signed=True) for part in
                 ("Type", "Scale", "Precision", "Value", "OperStatus")]  # fmt: skip
        kind, scale, precision, value, status = parts
        name = _text(columns, "entPhysicalName", key) or key
        unit = _SENSOR_TYPES.get(kind) if kind is not None else None
        if status not in {None, _SENSOR_OK} or unit is None:
            continue
        if value is None or scale not in _SCALES or precision is None:
            said.append(f"sensor {name} gives no figure")
            continue
        figure = value * 10.0 ** (_SCALES[scale] - precision)
        optical = any(word in name.lower() for word in ("optic", "rx", "tx", "receive", "transmit", "laser"))
        if kind == _WATTS and optical:
            if figure <= 0:
                continue  # no light at all has no level in dBm
            unit, figure = "dBm", 10 * log10(figure * 1000)
        found.append(Sensor(name, unit, round(figure, 3)))
    return found, said


def _ordinal(key: str) -> list[int]:
    return [int(part) if part.isdecimal() else -1 for part in key.split(".")]


def _text(columns: Mapping[str, Column], column: str, key: str) -> str:
    value = columns.get(column, {}).get(key)
    return value.decode("utf-8", "replace").strip("\x00 ") if isinstance(value, bytes) else ""


def _number(
    columns: Mapping[str, Column], column: str, key: str, said: list[str], *, signed: bool = False
) -> int | None:
    """A number of a column; what is none, or is below zero where none can be, is a complaint."""
    value = columns.get(column, {}).get(key)
    if value is None:
        return None
    if not isinstance(value, int) or (value < 0 and not signed):
        said.append(f"{column}.{key} is no number" if not isinstance(value, int) else f"{column}.{key} is below zero")
        return None
    return value
