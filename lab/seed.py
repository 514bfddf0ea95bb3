"""The lab's routers entered into the inventory, and given their first configuration: what a region's people would do.

It speaks to the REST API as the persons of this instance (the engineer asks, two network leads approve), never to the
database: the first push goes the same road as every later one. Run again it finds everything done and changes nothing.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_network
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import quote
from uuid import uuid4

import httpx2

from core.errors import IrisplaneError
from core.settings import Settings
from lab.network import Credentials, Layout, Router, Topology, plan
from lab.network.hosts import HOSTS, Host
from lab.plant import cabinet, plant_of

__all__ = ["Seeded", "enter_hosts", "operations_for", "operations_for_hosts", "run", "secrets_of"]

_SECRET: Final = "lab/routers/irisplane"  # noqa: S105 - the name of a secret
_OPS: Final = "lab/ops"
_AUTH: Final = "lab/snmp/auth"
_PRIVACY: Final = "lab/snmp/privacy"
_COMMUNITY: Final = "lab/snmp/community"
_LINUX: Final = "Debian/Linux"
"""Type of the lab's hosts that are no routers."""
_PATIENCE: Final = 240.0
_ENDED: Final = frozenset(
    {"succeeded", "failed", "rolled_back", "unknown", "rejected", "cancelled", "expired", "stale"}
)


class SeedFailed(IrisplaneError):
    """The lab's first configuration did not go through."""

    code = "LAB-010"
    title = "First configuration failed"
    hint = "'irisplane change show ID' tells why; 'make up' tries again."


@dataclass(frozen=True, slots=True)
class Seeded:
    """What was done."""

    detail: str
    changed: bool = False
    skipped: bool = False


def run(settings: Settings, profiles: Path, tell: Callable[[str], None]) -> Seeded:
    """Enter region, routers and links; enrol host keys; push the first configuration.

    Args:
        profiles: the file with the tokens of this instance's persons.
        tell: gets progress, in pieces that carry their own line ends.
    Raises:
        SeedFailed: a step was refused, or the push did not succeed.
    """
    people = json.loads(profiles.read_text(encoding="utf-8"))["profiles"]
    with _Desk(settings, people) as desk:
        changed = _region(desk)
        changed |= _catalogue(desk)
        changed |= settings.lab_cloud != "off" and _zones(desk)
        layout = Layout(settings.place)
        size = layout.read_state().size
        if not size:
            return Seeded("the region's data; no lab, so no routers", changed=changed)
        topology = plan(size)
        known = {one["name"]: one for one in desk.get("/api/v1/network/devices")}
        _same_lab(topology, known)
        missing = [router for router in topology.routers if router.name not in known]
        if missing:
            _enter(desk, settings, topology, layout, known)
            changed = True
        changed |= _enrol(desk, layout, topology.routers)
        known = {one["name"]: one for one in desk.get("/api/v1/network/devices")}
        fresh = [router.name for router in topology.routers if not known[router.name]["configured"]]
        if fresh:
            tell(f"\n      first configuration of {len(fresh)} routers ")
            _push(desk, fresh, tell)
            changed = True
        changed |= _plant(desk, topology)
        desk.post("/api/v1/network/devices:look")
        return Seeded(f"{size} routers, {len(topology.fibres)} fibres", changed=changed)


def _same_lab(topology: Topology, known: Mapping[str, Any]) -> None:
    """A lab of another size is wired differently, so the inventory of the one cannot serve the other.

    Raises:
        SeedFailed: the inventory holds a lab of another size.
    """
    names = {router.name for router in topology.routers}
    entered = {name for name in known if re.fullmatch(r"(?:cr|ag|ac)\d\d", name)}
    if entered and entered != names:
        raise SeedFailed(
            f"The inventory holds a lab of {len(entered)} routers; this one has {len(names)}.",
            hint=f"Set IRISPLANE_LAB_ROUTERS={len(entered)} again, or begin anew: 'make clean', then 'make up'.",
        )


def _region(desk: _Desk) -> bool:
    """Import the region's own data; whether anything differed."""
    sites = desk.get("/api/v1/sites", limit=1)["items"]
    if sites:
        return False
    desk.import_region("The region's own data.")
    return True


def _catalogue(desk: _Desk) -> bool:
    """Import the catalogue that comes with the lab, where there is none yet: what people altered since is theirs."""
    if desk.get("/api/v1/catalogue")["items"]:
        return False
    desk.import_catalogue("The catalogue that comes with the lab.")
    return True


def _zones(desk: _Desk) -> bool:
    """Say where the lab's cloud stands and what it may hold, where nobody has said anything about zones yet."""
    if desk.get("/api/v1/zones")["items"]:
        return False
    for zone in _ZONES:
        desk.create("/api/v1/zones", zone, "Where the lab's cloud stands.", who="manager")
    return True


def _enter(desk: _Desk, settings: Settings, topology: Topology, layout: Layout, known: Mapping[str, Any]) -> None:
    """Devices, links, addresses and access, in one Change."""
    for name, value in secrets_of(layout.credentials()).items():
        desk.put(f"/api/v1/secrets/{name}", {"value": value})
    new = {router.name for router in topology.routers} - known.keys()
    operations = operations_for(settings, topology, new, first=not known)
    desk.change("inventory.edit", {"operations": operations}, "The lab's routers and fibres, as they were wired.")


def _plant(desk: _Desk, topology: Topology) -> bool:
    """Say what the lab's fibres lie in, once: what people altered since is theirs, and so are circuits they entered."""
    first = cabinet(topology.routers[0].site)
    if any(one["code"] == first for one in desk.get("/api/v1/plant-nodes", q=first)["items"]):
        return False
    known = {one["link"] for one in desk.every("/api/v1/circuits")}
    sites = [desk.get(f"/api/v1/sites/{router.site}") for router in topology.routers]
    places = {one["code"]: (one["lon"], one["lat"]) for one in sites if one["lon"] is not None}
    left = Topology(topology.routers, tuple(fibre for fibre in topology.fibres if fibre.name not in known))
    operations = [made for kind, values in plant_of(left, places).items() for made in _create(kind, values)]
    if not operations:
        return False
    desk.change("inventory.edit", {"operations": operations}, "What the lab's fibres lie in.")
    return True


def enter_hosts(settings: Settings, profiles: Path) -> Seeded:
    """Enter the lab's hosts that are no routers, and enrol their host keys.

    Args:
        profiles: the file with the tokens of this instance's persons.
    Raises:
        SeedFailed: a step was refused.
    """
    people = json.loads(profiles.read_text(encoding="utf-8"))["profiles"]
    with _Desk(settings, people) as desk:
        layout = Layout(settings.place)
        known = {one["name"]: one for one in desk.get("/api/v1/network/devices")}
        missing = [host for host in HOSTS if host.name not in known]
        if missing:
            types = {f"{one['manufacturer']}/{one['model']}" for one in desk.get("/api/v1/device-types")["items"]}
            desk.put(f"/api/v1/secrets/{_OPS}", {"value": layout.credentials()["ops"]["password"]})
            operations = operations_for_hosts(settings, missing, new_type=_LINUX not in types)
            desk.change("inventory.edit", {"operations": operations}, "The lab's hosts.")
        return Seeded(f"{len(HOSTS)} hosts", changed=bool(missing) | _enrol(desk, layout, HOSTS))


def operations_for_hosts(
    settings: Settings, hosts: Sequence[Host] = HOSTS, *, new_type: bool = True
) -> list[dict[str, Any]]:
    """What an ``inventory.edit`` needs to enter the lab's hosts."""
    manufacturer, _, model = _LINUX.partition("/")
    return [
        *_create(
            "device_type", [{"manufacturer": manufacturer, "model": model, "platform": "linux"}] if new_type else []
        ),
        *_create(
            "device",
            [
                {
                    "name": host.name,
                    "role": host.role,
                    "device_type": _LINUX,
                    "site": host.site,
                    "status": "active",
                    "management_address": str(host.address(settings.place)),
                    "interfaces": [{"name": "mgmt0", "kind": "management", "description": "management"}],
                }
                for host in hosts
            ],
        ),
        *_create("device_access", [{"device": host.name, "username": "ops", "secret_name": _OPS} for host in hosts]),
    ]


def secrets_of(credentials: Credentials) -> dict[str, str]:
    """The lab's passwords that Irisplane needs, by the names under which it keeps them."""
    snmp = credentials["snmp"]
    return {
        _SECRET: credentials["irisplane"]["password"],
        _OPS: credentials["ops"]["password"],
        _AUTH: snmp["v3_auth"],
        _PRIVACY: snmp["v3_privacy"],
        _COMMUNITY: snmp["community"],
    }


def operations_for(
    settings: Settings, topology: Topology, new: set[str], *, first: bool = True
) -> list[dict[str, Any]]:
    """What an ``inventory.edit`` needs to enter these routers; ``first``: with what the whole lab shares."""
    return [
        *_create("device", _devices(settings, topology, new)),
        *_create("link", _links(topology, new)),
        *_create("prefix", [_management_network(settings)] if first else []),
        *_create("config_context", [_CONTEXT] if first else []),
        *_create("prefix", _prefixes(topology, new)),
        *_create("address", [*_management(settings, topology, new), *_addresses(topology, new)]),
        *_create(
            "device_access", [{"device": n, "username": "irisplane", "secret_name": _SECRET} for n in sorted(new)]
        ),
    ]


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
        "ansible": {"user": "ops", "secret": _OPS},
    },
}


_ZONES: Final = (
    {"code": "arts", "site": "DC-ARTS", "data_classes": ["open", "internal", "personal"]},
    {"code": "siamu", "site": "DC-SIAMU", "data_classes": ["open", "internal"]},
)
"""Zones of the same names stand in the lab's cloud, the second only where it has two hosts; Irisplane finds out. What
is sensitive has no place in a laboratory."""


def _create(kind: str, values: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    if values:
        yield {"action": "create", "type": kind, "values": list(values)}


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


def _enrol(desk: _Desk, layout: Layout, machines: Sequence[Router | Host]) -> bool:
    """Enrol the routers' host keys, after comparing them with what stands on the routers' disks (their consoles)."""
    enrolled = {one["name"] for one in desk.get("/api/v1/network/devices") if one["enrolled"]}
    names = [machine.name for machine in machines if machine.name not in enrolled]
    if not names:
        return False
    consoles = layout.credentials()["host_keys"]
    intent = {"select": "name=" + "|".join(names)}
    asked = {"kind": "network.enrol", "intent": intent, "reason": "First enrolment."}
    shown = desk.post("/api/v1/changes:preview", asked)
    for name, fingerprint in shown["plan"]["facts"]["fingerprints"].items():
        if fingerprint != _fingerprint(consoles[name]):
            raise SeedFailed(f"{name} shows {fingerprint}, its console {_fingerprint(consoles[name])}.")
    desk.change("network.enrol", intent, "First enrolment; fingerprints compared with the consoles.")
    return True


def _fingerprint(key: str) -> str:
    digest = hashlib.sha256(base64.b64decode(key.split()[1])).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


def _push(desk: _Desk, names: Sequence[str], tell: Callable[[str], None]) -> None:
    """The first configuration: asked for by the engineer, approved by two leads, run as one transaction."""
    change = desk.change(
        "network.config",
        {"select": "name=" + "|".join(names)},
        "First configuration of the lab's routers.",
        options={"atomic": True},
    )
    for person in ("lead", "lead2"):
        if desk.get(f"/api/v1/changes/{change['id']}")["state"] == "waiting":
            body = {"plan_hash": change["plan_hash"], "reason": "First configuration, read and found right."}
            desk.post(f"/api/v1/changes/{change['id']}:approve", body, who=person)
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        now = desk.get(f"/api/v1/changes/{change['id']}")
        if now["state"] in _ENDED:
            break
        tell(".")
        time.sleep(1.0)
    tell(" ")
    if now["state"] not in _ENDED:
        raise SeedFailed(
            f"The change {change['id']} has not ended within {_PATIENCE:.0f} s: it is {now['state']}.",
            change_id=change["id"],
        )
    if now["state"] != "succeeded":
        raise SeedFailed(f"The change {change['id']} ended {now['state']}.", change_id=change["id"])


class _Desk:
    """A client of the API, as one of the instance's persons."""

    def __init__(self, settings: Settings, people: Mapping[str, Any]) -> None:
        self._people = people
        trust: ssl.SSLContext | bool = False  # nothing to verify in plain HTTP; making a context takes its time
        if settings.url.startswith("https:"):
            trust = ssl.create_default_context()
            if settings.tls_cert:
                trust.load_verify_locations(settings.tls_cert)
        self._client = httpx2.Client(base_url=settings.url, timeout=120, verify=trust)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def get(self, path: str, **query: Any) -> Any:
        return self._ask("GET", path, params=query)

    def every(self, path: str) -> Iterator[Any]:
        """A whole list, page by page."""
        cursor: dict[str, str] = {}
        while True:
            page = self.get(path, limit=1000, **cursor)
            yield from page["items"]
            if page["next"] is None:
                return
            cursor = {"cursor": page["next"]}

    def put(self, path: str, body: Mapping[str, Any]) -> Any:
        return self._ask("PUT", path, json=body)

    def post(self, path: str, body: Mapping[str, Any] | None = None, *, who: str = "engineer") -> Any:
        return self._ask("POST", path, who=who, json=body)

    def change(
        self, kind: str, intent: Mapping[str, Any], reason: str, *, options: Mapping[str, Any] | None = None
    ) -> Any:
        """Submit a Change."""
        body = {"kind": kind, "intent": intent, "reason": reason, "options": options or {}}
        return self._ask("POST", "/api/v1/changes", json=body, headers={"Idempotency-Key": str(uuid4())})

    def import_region(self, reason: str) -> Any:
        """Import the region's data that comes with Irisplane."""
        headers = {"Idempotency-Key": str(uuid4()), "X-Reason": quote(reason)}
        return self._ask("POST", "/api/v1/region:import", params={"builtin": "brussels"}, headers=headers)

    def import_catalogue(self, reason: str) -> Any:
        """Import the lab's catalogue, which a platform manager keeps."""
        headers = {"Idempotency-Key": str(uuid4()), "X-Reason": quote(reason)}
        return self._ask("POST", "/api/v1/catalogue:import", who="manager", params={"builtin": "lab"}, headers=headers)

    def create(self, path: str, body: Mapping[str, Any], reason: str, *, who: str) -> Any:
        """Create something, once."""
        headers = {"Idempotency-Key": str(uuid4()), "X-Reason": quote(reason)}
        return self._ask("POST", path, who=who, json=body, headers=headers)

    def _ask(self, method: str, path: str, *, who: str = "engineer", **how: Any) -> Any:
        headers = {"Authorization": f"Bearer {self._people[who]['token']}", **how.pop("headers", {})}
        answer = self._client.request(method, path, headers=headers, **how)
        if answer.status_code >= 400:
            problem = answer.json() if "json" in answer.headers.get("content-type", "") else {}
            raise SeedFailed(
                f"{method} {path} as {who}: {answer.status_code} {problem.get('code', '')}"
                f" {problem.get('detail') or problem.get('title', '')}",
                hint=problem.get("hint"),
            )
        return answer.json() if answer.content else None
