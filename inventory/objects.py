"""What kinds of object the inventory holds: their tables, natural keys and references, in one table.

The planner writes with it, the queries read with it, import and export translate with it: an object looks the same on
every road, and a new type is one entry here, one model in ``inventory.schema`` and one table.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from inventory.corridor.objects import CORRIDOR
from inventory.corridor.objects import KEY_PARTS as _CORRIDOR_KEYS
from inventory.errors import UnknownType
from inventory.object_type import ObjectType, Reference
from inventory.plant.objects import KEY_PARTS as _PLANT_KEYS
from inventory.plant.objects import PLANT

__all__ = ["ALL", "ObjectType", "Reference", "by_collection", "get", "natural_key", "order_type"]


def _span(column: str) -> str:
    """A range of whole numbers as ``first-last``, or one number."""
    low, high = f"lower({column})", f"upper({column}) - 1"
    return f"case when {low} = {high} then {low}::text else {low} || '-' || {high} end"


_SITE_CODE = "(select s.code from site s where s.id = t.site_id)"
_DEVICE_NAME = "(select d.name from device d where d.id = t.device_id)"
_VRF_NAME = "(select v.name from vrf v where v.id = t.vrf_id)"
_HELD = "case when upper_inf(t.held) and not lower_inf(t.held) then null else t.held end"
_AT_SITE = (
    "join site s on s.code = split_part(k, '/', 1)"
    " join {table} t on t.site_id = s.id and t.name = substr(k, strpos(k, '/') + 1)"
)

ALL: Final[dict[str, ObjectType]] = {
    made.name: made
    for made in (
        ObjectType(
            "tenant",
            "tenants",
            "t.code",
            "join tenant t on t.code = k",
            owned=False,
            order=("code",),
            plain=("code", "kind", "name_fr", "name_nl", "name_en", "nis_code", "provenance", "active"),
        ),
        ObjectType(
            "commune",
            "communes",
            "t.nis_code",
            "join commune t on t.nis_code = k",
            order=("nis_code",),
            plain=("nis_code", "name_fr", "name_nl", "population", "lon", "lat", "provenance", "source"),
        ),
        ObjectType(
            "site",
            "sites",
            "t.code",
            "join site t on t.code = k",
            order=("code",),
            references={"commune": Reference("commune_id", "commune", optional=True)},
            plain=("code", "kind", "name_fr", "name_nl", "address", "lon", "lat", "provenance", "source", "facts"),
        ),
        ObjectType(
            "room",
            "rooms",
            f"{_SITE_CODE} || '/' || t.name",
            _AT_SITE.format(table="room"),
            owned=False,
            references={"site": Reference("site_id", "site", gives_tenant=True)},
            plain=("name",),
            order=("site_id", "name"),
        ),
        ObjectType(
            "rack",
            "racks",
            f"{_SITE_CODE} || '/' || t.name",
            _AT_SITE.format(table="rack"),
            owned=False,
            references={
                "site": Reference("site_id", "site", gives_tenant=True),
                "room": Reference("room_id", "room", optional=True),
            },
            plain=("name", "units"),
            order=("site_id", "name"),
        ),
        ObjectType(
            "device_type",
            "device-types",
            "t.manufacturer || '/' || t.model",
            "join device_type t on t.manufacturer = split_part(k, '/', 1) and t.model = substr(k, strpos(k, '/') + 1)",
            plain=("manufacturer", "model", "platform", "units", "watts"),
            order=("manufacturer", "model"),
        ),
        ObjectType(
            "asn_range",
            "asn-ranges",
            "t.name",
            "join asn_range t on t.name = k",
            plain=("name", "numbers"),
            shape={"numbers": _span("t.numbers")},
        ),
        ObjectType(
            "asn",
            "asns",
            "t.number::text",
            "join asn t on t.number::text = k",
            order=("number",),
            references={"range": Reference("range_id", "asn_range", optional=True)},
            plain=("number", "name"),
        ),
        ObjectType("vrf", "vrfs", "t.name", "join vrf t on t.name = k", plain=("name", "rd")),
        ObjectType(
            "device",
            "devices",
            "t.name",
            "join device t on t.name = k",
            references={
                "device_type": Reference("device_type_id", "device_type", carries={"platform": "platform"}),
                "site": Reference("site_id", "site"),
            },
            plain=(
                "name",
                "role",
                "platform",
                "management_address",
                "management_port",
                "status",
                "serial",
                "software_version",
                "asn",
                "drift_policy",
            ),
            shape={"management_address": "host(t.management_address)"},
            children=(
                ("config_context", "device_id"),
                ("rack_placement", "device_id"),
                ("device_access", "device_id"),
                ("interface", "device_id"),
            ),
        ),
        ObjectType(
            "interface",
            "interfaces",
            f"{_DEVICE_NAME} || ':' || t.name",
            "join device d on d.name = split_part(k, ':', 1)"
            " join interface t on t.device_id = d.id and t.name = substr(k, strpos(k, ':') + 1)",
            references={
                "device": Reference("device_id", "device", gives_tenant=True),
                "vrf": Reference("vrf_id", "vrf", optional=True),
            },
            plain=("name", "kind", "description", "enabled", "mtu", "mac"),
            owned=False,
            order=("device_id", "name"),
            children=(
                ("link", "a_interface_id"),
                ("link", "b_interface_id"),
                ("address", "interface_id"),
                ("transceiver", "interface_id"),
            ),
        ),
        ObjectType(
            "link",
            "links",
            "t.name",
            "join link t on t.name = k",
            references={"a": Reference("a_interface_id", "interface"), "b": Reference("b_interface_id", "interface")},
            plain=("name", "kind", "status", "length_m"),
        ),
        ObjectType(
            "device_access",
            "device-access",
            _DEVICE_NAME,
            "join device d on d.name = k join device_access t on t.device_id = d.id",
            references={"device": Reference("device_id", "device", gives_tenant=True)},
            plain=("username", "secret_name"),
            owned=False,
            order=("device_id",),
        ),
        ObjectType(
            "rack_placement",
            "rack-placements",
            _DEVICE_NAME,
            "join device d on d.name = k join rack_placement t on t.device_id = d.id and t.held @> now()",
            references={
                "rack": Reference("rack_id", "rack", carries={"rack_units": "units"}),
                "device": Reference("device_id", "device", gives_tenant=True),
            },
            plain=("units", "face", "held"),
            shape={"units": _span("t.units"), "held": _HELD},
            owned=False,
            order=("id",),
        ),
        ObjectType(
            "prefix",
            "prefixes",
            f"{_VRF_NAME} || ' ' || t.cidr",
            "join vrf v on v.name = split_part(k, ' ', 1) join prefix t on t.vrf_id = v.id"
            " and case when pg_input_is_valid(split_part(k, ' ', 2), 'cidr')"
            " then t.cidr = split_part(k, ' ', 2)::cidr end",
            references={"vrf": Reference("vrf_id", "vrf"), "site": Reference("site_id", "site", optional=True)},
            plain=("cidr", "kind", "shared", "purpose", "description"),
            order=("vrf_id", "cidr"),
        ),
        ObjectType(
            "address",
            "addresses",
            f"{_VRF_NAME} || ' ' || host(t.address)",
            "join vrf v on v.name = split_part(k, ' ', 1) join address t on t.vrf_id = v.id and t.held @> now()"
            " and case when pg_input_is_valid(split_part(k, ' ', 2), 'inet')"
            " then t.host = split_part(k, ' ', 2)::inet end",
            references={
                "prefix": Reference("prefix_id", "prefix", carries={"vrf_id": "vrf_id", "prefix_cidr": "cidr"}),
                "interface": Reference("interface_id", "interface", gives_tenant=True, optional=True),
            },
            plain=("address", "name", "held"),
            shape={"address": "host(t.address) || '/' || masklen(t.address)", "held": _HELD},
            order=("vrf_id", "host", "id"),
        ),
        ObjectType(
            "vlan_group",
            "vlan-groups",
            "t.name",
            "join vlan_group t on t.name = k",
            references={"site": Reference("site_id", "site", optional=True)},
            plain=("name", "vids"),
            shape={"vids": _span("t.vids")},
        ),
        ObjectType(
            "vlan",
            "vlans",
            "(select g.name from vlan_group g where g.id = t.group_id) || '/' || t.vid",
            "join vlan_group g on g.name = split_part(k, '/', 1) join vlan t on t.group_id = g.id and t.held @> now()"
            " and t.vid::text = substr(k, strpos(k, '/') + 1)",
            references={"group": Reference("group_id", "vlan_group", carries={"group_vids": "vids"})},
            plain=("vid", "name", "held"),
            shape={"held": _HELD},
            order=("group_id", "vid", "id"),
        ),
        ObjectType(
            "config_context",
            "config-contexts",
            "t.name",
            "join config_context t on t.name = k",
            references={
                "site": Reference("site_id", "site", optional=True),
                "device": Reference("device_id", "device", optional=True),
            },
            plain=("name", "scope", "role", "weight", "active", "data"),
        ),
        *PLANT,
        *CORRIDOR,
    )
}
"""Every type by name, in the order in which objects can be created; deleting goes the other way."""

_CASTS: Final[Mapping[str, str]] = {
    "id": "uuid",
    "site_id": "uuid",
    "vrf_id": "uuid",
    "group_id": "uuid",
    "device_id": "uuid",
    "cidr": "cidr",
    "host": "inet",
    "vid": "integer",
    "number": "bigint",
    "cable_id": "uuid",
    "feed_id": "uuid",
    "panel_id": "uuid",
    "closure_id": "uuid",
    "circuit_id": "uuid",
    "interface_id": "uuid",
    "position": "integer",
}


def order_type(column: str) -> str:
    """The SQL type of a column that lists are ordered by."""
    return _CASTS.get(column, "text")


_KEY_PARTS: Final[Mapping[str, str]] = {
    "tenant": "{code}",
    "commune": "{nis_code}",
    "site": "{code}",
    "room": "{site}/{name}",
    "rack": "{site}/{name}",
    "device_type": "{manufacturer}/{model}",
    "asn_range": "{name}",
    "asn": "{number}",
    "vrf": "{name}",
    "device": "{name}",
    "interface": "{device}:{name}",
    "link": "{name}",
    "device_access": "{device}",
    "rack_placement": "{device}",
    "prefix": "{vrf} {cidr}",
    "vlan_group": "{name}",
    "vlan": "{group}/{vid}",
    "config_context": "{name}",
    **_PLANT_KEYS,
    **_CORRIDOR_KEYS,
}


def natural_key(kind: str, values: Mapping[str, Any]) -> str:
    """The natural key of an object in its outside form."""
    if kind == "address":
        return f"{str(values['prefix']).partition(' ')[0]} {str(values['address']).partition('/')[0]}"
    return _KEY_PARTS[kind].format_map(values)


def get(name: str) -> ObjectType:
    """The type of that name.

    Raises:
        UnknownType: names what exists.
    """
    found = ALL.get(name) or ALL.get(name.replace("-", "_"))
    if found is None:
        raise UnknownType(f"There is no type {name!r}.", hint=f"Types are: {', '.join(ALL)}.", known=list(ALL))
    return found


@cache
def by_collection() -> Mapping[str, ObjectType]:
    """Types by the name of their collection."""
    return {kind.collection: kind for kind in ALL.values()}
