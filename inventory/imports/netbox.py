"""NetBox's REST export: the JSON of ``/api/dcim/devices/`` and its neighbours, in any number of files.

Objects are read in the order in which they refer to each other, whatever the order of files. What NetBox knows and the
inventory does not (tags, custom fields, comments) is left out; a row that has no equivalent is refused with its reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from ipaddress import ip_interface, ip_network
from typing import Any, Final

from inventory.imports.netbox_plant import PORTS, Ports
from inventory.imports.places import slug
from inventory.imports.reading import Reading, SourceFile

__all__ = ["endpoint_of", "read_objects"]

_ENDPOINT: Final = re.compile(r"/api/([a-z-]+/[a-z-]+)/\d+/?$")
_STATUS: Final[Mapping[str, str]] = {
    "active": "active",
    "offline": "maintenance",
    "failed": "maintenance",
    "staged": "planned",
    "planned": "planned",
    "inventory": "planned",
    "decommissioning": "retired",
}
_ROLES: Final = ("core", "aggregation", "access", "edge", "spine", "leaf", "firewall", "server", "access-point")
_PLATFORMS: Final[Mapping[str, str]] = {
    "frr": "frr",
    "eos": "eos",
    "junos": "junos",
    "iosxr": "iosxr",
    "ios-xr": "iosxr",
    "nxos": "nxos",
    "nx-os": "nxos",
    "ios": "ios",
    "linux": "linux",
}

Row = Mapping[str, Any]


class _NoEquivalent(Exception):
    """A NetBox object that the inventory cannot hold; the text says why."""


def endpoint_of(rows: Any) -> str | None:
    """Which NetBox list this is, by the address that each of its objects carries."""
    first = rows[0] if isinstance(rows, list) and rows else None
    found = _ENDPOINT.search(str(first.get("url", ""))) if isinstance(first, dict) else None
    return found[1] if found else None


def read_objects(files: Sequence[tuple[SourceFile, str, list[Any]]], reading: Reading) -> None:
    """Take every object that has an equivalent."""
    ports = Ports()
    for endpoint, reader in _READERS.items():
        for file, theirs, rows in files:
            if theirs != endpoint:
                continue
            for number, row in enumerate(rows, start=1):
                try:
                    if endpoint in PORTS:
                        ports.port(endpoint, row)
                    if endpoint == "dcim/cables" and ports.cable(file.name, number, row, _length_m(row)):
                        continue
                    for kind, values in reader(row, reading):
                        reading.take(kind, values, file.name, number)
                except _NoEquivalent as why:
                    reading.refuse(file.name, number, str(why))
                except (KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
                    reading.refuse(
                        file.name, number, f"not as NetBox writes it ({type(error).__name__}: {error})"[:300]
                    )
    ports.read(reading, next((file.name for file, theirs, _ in files if theirs in PORTS), "NetBox"))
    for file, theirs, rows in files:
        if theirs not in _READERS:
            reading.not_taken(file.name, len(rows), f"NetBox {theirs}: the inventory has no such objects")


def _name(value: Any, field: str = "name") -> str | None:
    """The name of a nested object; ``None`` when there is none."""
    return str(value[field]) if isinstance(value, dict) and value.get(field) is not None else None


def _choice(value: Any) -> str:
    """A choice as its value, whichever way this NetBox writes it."""
    return str(value.get("value")) if isinstance(value, dict) else str(value or "")


def _code(site: Any) -> str:
    return slug(_name(site, "slug") or _name(site) or "", 63)


def _tenant(row: Row, _: Reading) -> list[tuple[str, Row]]:
    code = str(row["slug"]).lower()
    return [
        (
            "tenant",
            {"code": code, "kind": "other", "name_fr": row["name"], "name_nl": row["name"], "name_en": row["name"]},
        )
    ]


def _site(row: Row, _: Reading) -> list[tuple[str, Row]]:
    values = {
        "code": _code(row),
        "kind": "other",
        "name_fr": row["name"],
        "name_nl": row["name"],
        "lon": row.get("longitude"),
        "lat": row.get("latitude"),
        "address": (row.get("physical_address") or "").replace("\r", "").replace("\n", ", "),
        "provenance": "real",
        "source": "NetBox",
        "tenant": _name(row.get("tenant"), "slug"),
    }
    return [("site", values)]


def _rack(row: Row, _: Reading) -> list[tuple[str, Row]]:
    return [("rack", {"site": _code(row["site"]), "name": row["name"], "units": row.get("u_height", 42)})]


def _device_type(row: Row, _: Reading) -> list[tuple[str, Row]]:
    values = {
        "manufacturer": _plain(row["manufacturer"]["name"]),
        "model": _plain(row["model"]),
        "platform": _platform(row.get("default_platform"), "none"),
        "units": int(float(row.get("u_height") or 0)),
    }
    return [("device_type", values)]


def _vrf(row: Row, _: Reading) -> list[tuple[str, Row]]:
    return [("vrf", {"name": row["name"], "rd": row.get("rd")})]


def _asn(row: Row, _: Reading) -> list[tuple[str, Row]]:
    return [("asn", {"number": row["asn"], "name": row.get("description") or ""})]


def _device(row: Row, reading: Reading) -> list[tuple[str, Row]]:
    if not row.get("name"):
        raise _NoEquivalent("a device without a name")
    role = str((row.get("role") or row.get("device_role") or {}).get("slug", ""))
    given_type = row["device_type"]
    type_key = f"{_plain(given_type['manufacturer']['name'])}/{_plain(given_type['model'])}"
    primary = _name(row.get("primary_ip4"), "address") or _name(row.get("primary_ip"), "address")
    values = {
        "name": row["name"],
        "role": next((known for known in _ROLES if known in role), "other"),
        "device_type": type_key,
        "platform": _platform(row.get("platform"), None),
        "site": _code(row["site"]),
        "status": _STATUS.get(_choice(row.get("status")), "planned"),
        "management_address": str(ip_interface(primary).ip) if primary else None,
        "serial": row.get("serial") or "",
        "tenant": _name(row.get("tenant"), "slug"),
    }
    out: list[tuple[str, Row]] = [("device", values)]
    rack, position = _name(row.get("rack")), row.get("position")
    if rack and position:
        known = reading.records.get("device_type", {}).get(type_key)
        height = max(int(known.values.get("units", 1)) if known else 1, 1)
        low = int(float(position))
        units = str(low) if height == 1 else f"{low}-{low + height - 1}"
        face = _choice(row.get("face"))
        placed = {
            "rack": f"{_code(row['site'])}/{rack}",
            "device": row["name"],
            "units": units,
            "face": face if face in {"front", "rear"} else "both",
        }
        out.append(("rack_placement", placed))
    return out


def _interface(row: Row, _: Reading) -> list[tuple[str, Row]]:
    kind = _choice(row.get("type"))
    known = {
        "lag": "lag",
        "bridge": "bridge",
        "virtual": "loopback" if str(row["name"]).lower().startswith("lo") else "virtual",
    }
    values = {
        "device": row["device"]["name"],
        "name": str(row["name"]).replace(" ", "-"),
        "description": row.get("description") or "",
        "kind": "management" if row.get("mgmt_only") else known.get(kind, "physical"),
        "enabled": row.get("enabled", True),
        "mtu": row.get("mtu"),
        "mac": row.get("mac_address"),
        "vrf": _name(row.get("vrf")),
    }
    return [("interface", values)]


def _collected(_row: Row, _reading: Reading) -> list[tuple[str, Row]]:
    """Ports are not taken one by one: a panel is all of a device's."""
    return []


def _cable(row: Row, _: Reading) -> list[tuple[str, Row]]:
    ends = []
    for side in ("a_terminations", "b_terminations"):
        found = row.get(side) or []
        if len(found) != 1 or found[0].get("object_type") != "dcim.interface":
            raise _NoEquivalent("a cable that does not join two interfaces")
        end = found[0]["object"]
        ends.append(f"{end['device']['name']}:{str(end['name']).replace(' ', '-')}")
    form = _choice(row.get("type"))
    length_m = _length_m(row)
    values = {
        "name": row.get("label") or f"{ends[0]} - {ends[1]}",
        "a": ends[0],
        "b": ends[1],
        "kind": "copper" if form.startswith("cat") else "dac" if form.startswith("dac") else "fibre",
        "status": "planned" if _choice(row.get("status")) == "planned" else "active",
        "length_m": None if length_m is None else round(length_m),
    }
    return [("link", values)]


def _length_m(row: Row) -> float | None:
    metres = {"m": 1.0, "km": 1000.0, "cm": 0.01, "ft": 0.3048, "mi": 1609.344, "in": 0.0254}
    unit = metres.get(_choice(row.get("length_unit")))
    return float(row["length"]) * unit if row.get("length") and unit else None


def _prefix(row: Row, _: Reading) -> list[tuple[str, Row]]:
    status = _choice(row.get("status"))
    kind = "container" if status == "container" else "pool" if row.get("is_pool") else "assigned"
    site = row.get("site") or (row.get("scope") if row.get("scope_type") == "dcim.site" else None)
    values = {
        "vrf": _name(row.get("vrf")) or "global",
        "cidr": row["prefix"],
        "kind": kind,
        "description": row.get("description") or "",
        "purpose": slug(_name(row.get("role"), "slug") or "").lower(),
        "site": _code(site) if site else None,
        "tenant": _name(row.get("tenant"), "slug"),
    }
    return [("prefix", values)]


def _address(row: Row, reading: Reading) -> list[tuple[str, Row]]:
    vrf = _name(row.get("vrf")) or "global"
    here = ip_interface(row["address"])
    prefixes = reading.records.get("prefix", {})
    # At most 129 look-ups by key, however many prefixes there are.
    around = (ip_network((here.ip, length), strict=False) for length in range(here.max_prefixlen, -1, -1))
    smallest = next((network for network in around if f"{vrf} {network}" in prefixes), None)
    if smallest is None:
        raise _NoEquivalent(f"no prefix of VRF {vrf} among the imported ones holds {here.ip}")
    on = row.get("assigned_object") if row.get("assigned_object_type") == "dcim.interface" else None
    values = {
        "prefix": f"{vrf} {smallest}",
        "address": str(here),
        "name": row.get("dns_name") or "",
        "interface": f"{on['device']['name']}:{str(on['name']).replace(' ', '-')}" if on else None,
        "tenant": _name(row.get("tenant"), "slug"),
    }
    return [("address", values)]


def _vlan(row: Row, reading: Reading) -> list[tuple[str, Row]]:
    group = _name(row.get("group")) or _code(row.get("site")) or "global"
    out: list[tuple[str, Row]] = (
        [] if group in reading.records.get("vlan_group", {}) else [("vlan_group", {"name": group})]
    )
    return [*out, ("vlan", {"group": group, "vid": row["vid"], "name": str(row["name"]).replace(" ", "-")})]


def _platform(value: Any, default: str | None) -> str | None:
    words = re.split(
        r"[^a-z]+", (_name(value, "slug") or "").lower().replace("ios-xr", "iosxr").replace("nx-os", "nxos")
    )
    return next((_PLATFORMS[word] for word in words if word in _PLATFORMS), default)


def _plain(name: str) -> str:
    return name.replace("/", "-").strip()


_READERS: Final[Mapping[str, Callable[[Row, Reading], list[tuple[str, Row]]]]] = {
    "tenancy/tenants": _tenant,
    "dcim/sites": _site,
    "dcim/racks": _rack,
    "dcim/device-types": _device_type,
    "ipam/vrfs": _vrf,
    "ipam/asns": _asn,
    "dcim/devices": _device,
    "dcim/interfaces": _interface,
    **dict.fromkeys(PORTS, _collected),
    "dcim/cables": _cable,
    "ipam/prefixes": _prefix,
    "ipam/ip-addresses": _address,
    "ipam/vlans": _vlan,
}
