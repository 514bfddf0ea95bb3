"""What an FRR router sees: adjacencies, sessions, routes, interfaces, in one round of questions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Protocol

from network.expectations import Observations

__all__ = ["observe"]

_QUESTIONS = (
    "show ip ospf neighbor json",
    "show ipv6 ospf6 neighbor json",
    "show bgp summary json",
    "show ip route json",
    "show ipv6 route json",
    "show interface brief json",
)


class _Shows(Protocol):
    def show(self, *commands: str) -> list[str]: ...


def observe(driver: _Shows) -> Observations:
    """Look once."""
    ospf, ospf6, bgp, routes4, routes6, interfaces = (_json(answer) for answer in driver.show(*_QUESTIONS))
    return Observations(
        adjacencies={"ospf": _ospf(ospf), "ospfv3": _ospf6(ospf6)},
        bgp=_bgp(bgp),
        routes=frozenset(_active(routes4)) | frozenset(_active(routes6)),
        interfaces={name: str(one.get("status", "")).lower() == "up" for name, one in interfaces.items()},
    )


def _json(answer: str) -> dict[str, Any]:
    try:
        data = json.loads(answer or "{}")
    except ValueError:
        return {}  # a daemon that does not run answers with a sentence
    return data if isinstance(data, dict) else {}


def _ospf(answer: Mapping[str, Any]) -> dict[str, bool]:
    full: dict[str, bool] = {}
    for entries in (answer.get("neighbors") or {}).values():
        for entry in entries if isinstance(entries, list) else [entries]:
            interface = str(entry.get("ifaceName", "")).split(":")[0]
            state = str(entry.get("state") or entry.get("nbrState") or "")
            full[interface] = full.get(interface, False) or state.lower().startswith("full")
    return full


def _ospf6(answer: Mapping[str, Any]) -> dict[str, bool]:
    full: dict[str, bool] = {}
    for entry in answer.get("neighbors") or []:
        interface = str(entry.get("interfaceName", ""))
        full[interface] = full.get(interface, False) or str(entry.get("state", "")).lower() == "full"
    return full


def _bgp(answer: Mapping[str, Any]) -> dict[str, bool]:
    sessions: dict[str, bool] = {}
    for family in ("ipv4Unicast", "ipv6Unicast"):
        for peer, entry in ((answer.get(family) or {}).get("peers") or {}).items():
            up = entry.get("state") == "Established"
            sessions[peer] = sessions.get(peer, True) and up
    return sessions


def _active(answer: Mapping[str, Any]) -> list[str]:
    return [
        prefix for prefix, entries in answer.items() if any(e.get("installed") or e.get("selected") for e in entries)
    ]
