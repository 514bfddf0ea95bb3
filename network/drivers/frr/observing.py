"""What an FRR router sees: adjacencies, sessions, routes, interfaces, in one round of questions."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final, Protocol

from network.expectations import Observations

__all__ = ["observe"]

_QUESTIONS = (
    "show ip ospf neighbor json",
    "show ipv6 ospf6 neighbor json",
    "show bgp summary json",
    # As text: the same as JSON is seven times longer, for the router to build and for us to read.
    "show ip route",
    "show ipv6 route",
    "show interface brief json",
)


_ACTIVE: Final = re.compile(r"^[A-Za-z~](?:>.|.\*)\S* +([0-9a-fA-F:.]+/\d+) ", re.MULTILINE)
"""A route that is selected (``>``) or in the kernel (``*``): ``O>* 10.255.0.2/32 [110/20] via ...``."""


class _Shows(Protocol):
    def show(self, *commands: str) -> list[str]: ...


def observe(driver: _Shows) -> Observations:
    """Look once."""
    ospf, ospf6, bgp, routes4, routes6, interfaces = driver.show(*_QUESTIONS)
    return Observations(
        adjacencies={"ospf": _ospf(_json(ospf)), "ospfv3": _ospf6(_json(ospf6))},
        bgp=_bgp(_json(bgp)),
        routes=frozenset(_ACTIVE.findall(routes4)) | frozenset(_ACTIVE.findall(routes6)),
        interfaces={name: str(one.get("status", "")).lower() == "up" for name, one in _json(interfaces).items()},
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
