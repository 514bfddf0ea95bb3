"""What FRR's daemons answer, as NAPALM's models: pure functions of their JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

__all__ = [
    "arp",
    "bgp_neighbors",
    "interfaces",
    "interfaces_ip",
    "lldp_neighbors",
    "neighbours6",
    "ospf_neighbors",
    "routes",
]

_FAMILIES = {"ipv4Unicast": "ipv4", "ipv6Unicast": "ipv6"}


def interfaces(answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """``show interface json`` as NAPALM's interfaces. FRR does not tell how long ago a link flapped: -1."""
    return {
        name: {
            "is_up": shown.get("operationalStatus") == "up",
            "is_enabled": shown.get("administrativeStatus") == "up",
            "description": shown.get("description", ""),
            "last_flapped": -1.0,
            "speed": float(shown.get("speed", 0)),
            "mtu": int(shown.get("mtu", 0)),
            "mac_address": shown.get("hardwareAddress", "").upper(),
        }
        for name, shown in answer.items()
    }


def interfaces_ip(answer: dict[str, Any]) -> dict[str, dict[str, dict[str, dict[str, int]]]]:
    """``show interface json`` as NAPALM's addresses by interface and family."""
    out: dict[str, dict[str, dict[str, dict[str, int]]]] = {}
    for name, shown in answer.items():
        for entry in shown.get("ipAddresses", []):
            address, _, length = entry["address"].partition("/")
            family = "ipv6" if ":" in address else "ipv4"
            out.setdefault(name, {}).setdefault(family, {})[address] = {"prefix_length": int(length)}
    return out


def bgp_neighbors(summary: dict[str, Any], detail: dict[str, Any]) -> dict[str, Any]:
    """``show bgp summary json`` and ``show bgp neighbors json`` as NAPALM's sessions, both address families."""
    peers: dict[str, Any] = {}
    router_id = ""
    for family, short in _FAMILIES.items():
        shown = summary.get(family, {})
        router_id = router_id or shown.get("routerId", "")
        for name, peer in shown.get("peers", {}).items():
            known = detail.get(name, {})
            up = peer.get("state") == "Established"
            entry = peers.setdefault(
                name,
                {
                    "local_as": int(peer.get("localAs", shown.get("as", 0))),
                    "remote_as": int(peer.get("remoteAs", 0)),
                    "remote_id": known.get("remoteRouterId", ""),
                    "is_up": up,
                    "is_enabled": "adminShutDown" not in known,
                    "description": peer.get("desc", known.get("nbrDesc", "")),
                    "uptime": int(peer.get("peerUptimeMsec", 0) / 1000) if up else -1,
                    "address_family": {},
                },
            )
            entry["address_family"][short] = {
                "received_prefixes": int(peer.get("pfxRcd", -1)) if up else -1,
                "accepted_prefixes": int(peer.get("pfxRcd", -1)) if up else -1,
                "sent_prefixes": int(peer.get("pfxSnt", -1)) if up else -1,
            }
    return {"global": {"router_id": router_id, "peers": peers}}


def ospf_neighbors(v2: dict[str, Any], v3: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Adjacencies of OSPFv2 and OSPFv3: per version, who, over which interface, in which state, full or not."""
    two = [
        {
            "router_id": name,
            "interface": entry.get("ifaceName", "").partition(":")[0],
            "address": entry.get("ifaceAddress", entry.get("address", "")),
            "state": entry.get("nbrState", entry.get("state", "")).partition("/")[0],
            "is_full": entry.get("nbrState", entry.get("state", "")).startswith("Full"),
        }
        for name, entries in v2.get("neighbors", {}).items()
        for entry in entries
    ]
    three = [
        {
            "router_id": entry.get("neighborId", ""),
            "interface": entry.get("interfaceName", ""),
            "address": "",
            "state": entry.get("state", ""),
            "is_full": entry.get("state", "") == "Full",
        }
        for entry in v3.get("neighbors", [])
    ]
    return {"ospf": two, "ospf3": three}


def _first(node: dict[str, Any], key: str) -> str:
    values = node.get(key) or [{}]
    return str(values[0].get("value", ""))


def lldp_neighbors(answer: dict[str, Any]) -> dict[str, list[dict[str, str]]]:
    """``lldpcli -f json0 show neighbors``: host and port at the far end, by interface."""
    out: dict[str, list[dict[str, str]]] = {}
    for block in answer.get("lldp", []):
        for entry in block.get("interface", []):
            chassis = (entry.get("chassis") or [{}])[0]
            port = (entry.get("port") or [{}])[0]
            far = {"hostname": _first(chassis, "name"), "port": _first(port, "descr") or _first(port, "id")}
            out.setdefault(entry["name"], []).append(far)
    return out


def _neighbours(entries: Iterable[dict[str, Any]], *, six: bool) -> list[dict[str, Any]]:
    return [entry for entry in entries if "lladdr" in entry and (":" in entry["dst"]) is six]


def arp(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """``ip -j neigh`` as NAPALM's ARP table; the kernel does not tell the age: -1."""
    return [
        {"interface": entry["dev"], "mac": entry["lladdr"].upper(), "ip": entry["dst"], "age": -1.0}
        for entry in _neighbours(entries, six=False)
    ]


def neighbours6(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """``ip -j neigh`` as NAPALM's IPv6 neighbours."""
    return [
        {
            "interface": entry["dev"],
            "mac": entry["lladdr"].upper(),
            "ip": entry["dst"],
            "age": -1.0,
            "state": entry.get("state", [""])[0],
        }
        for entry in _neighbours(entries, six=True)
    ]


def routes(answer: dict[str, Any], protocol: str) -> dict[str, list[dict[str, Any]]]:
    """``show ip route … json`` as NAPALM's routes, one entry a next hop; all protocols when ``protocol`` is empty."""
    out: dict[str, list[dict[str, Any]]] = {}
    for prefix, entries in answer.items():
        for entry in entries:
            if protocol and entry.get("protocol") != protocol:
                continue
            for hop in entry.get("nexthops", [{}]):
                out.setdefault(prefix, []).append(
                    {
                        "protocol": entry.get("protocol", ""),
                        "current_active": bool(entry.get("selected", False)),
                        "last_active": False,
                        "age": -1,
                        "next_hop": hop.get("ip", ""),
                        "outgoing_interface": hop.get("interfaceName", ""),
                        "selected_next_hop": bool(hop.get("fib", False)),
                        "preference": int(entry.get("distance", 0)),
                        "inactive_reason": "",
                        "routing_table": entry.get("vrfName", "default"),
                        "protocol_attributes": {"metric": entry.get("metric", 0)},
                    }
                )
    return out
