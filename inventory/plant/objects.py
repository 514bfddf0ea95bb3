"""What kinds of object the fibre plant holds: the entries of ``inventory.objects`` for it.

Keys: a strand is ``"CABLE/12"``, one of its ends ``"CABLE/12:a"``, a port ``"PANEL/3"``; everything else has a code.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from inventory.object_type import ObjectType, Reference

__all__ = ["KEY_PARTS", "PLANT"]

_BY_CODE: Final = "join {table} t on t.code = k"
_CABLE: Final = "(select c.code from cable c where c.id = t.cable_id)"
_SITE: Final = "(select s.code from site s where s.id = t.site_id)"
_FEED: Final = "(select f.code from power_feed f where f.id = t.feed_id)"
_PANEL: Final = "(select p.code from panel p where p.id = t.panel_id)"
_CIRCUIT: Final = "(select c.code from circuit c where c.id = t.circuit_id)"
_DURING: Final = "case when upper_inf(t.during) and not lower_inf(t.during) then null else t.during end"
# Who holds a strand of another's cable knows its name; the function asks who it is, for those who do not see the cable.
_STRAND: Final = f"coalesce({_CABLE}, strand_cable(t.id)) || '/' || t.number"
_STRAND_OF: Final = (
    "(select coalesce((select c.code from cable c where c.id = n.cable_id), strand_cable(n.id)) || '/' || n.number"
    " from strand n where n.id = t.{column})"
)
# The id is computed in a query of its own: as a part of the join it would stand behind row-level security, and every
# strand would be read before it.
_FIND_STRAND: Final = (
    "join cable c on c.code = split_part(k, '/', 1)"
    " cross join lateral (select strand_id(c.id, {number}) as id offset 0) made"
    " join strand {alias} on {alias}.id = made.id"
)
_PER_TUBE: Final = "(select c.strands_per_tube from cable c where c.id = t.cable_id)"
_TUBE: Final = f"(t.number - 1) / {_PER_TUBE} + 1"
_IN_TUBE: Final = f"(t.number - 1) % {_PER_TUBE} + 1"
_PORT_OF_DEVICE: Final = (
    "join device d on d.name = split_part(k, ':', 1)"
    " join interface i on i.device_id = d.id and i.name = substr(k, strpos(k, ':') + 1)"
)

PLANT: Final[tuple[ObjectType, ...]] = (
    ObjectType(
        "power_feed",
        "power-feeds",
        "t.code",
        _BY_CODE.format(table="power_feed"),
        plain=("code", "name", "provenance", "source"),
        children=(("site_feed", "feed_id"),),
        order=("code",),
    ),
    ObjectType(
        "plant_node",
        "plant-nodes",
        "t.code",
        _BY_CODE.format(table="plant_node"),
        references={
            "site": Reference("site_id", "site", optional=True),
            "feed": Reference("feed_id", "power_feed", optional=True),
        },
        plain=("code", "kind", "lon", "lat", "provenance", "source"),
        order=("code",),
    ),
    ObjectType(
        "site_feed",
        "site-feeds",
        f"{_SITE} || '/' || {_FEED}",
        "join site s on s.code = split_part(k, '/', 1) join power_feed f on f.code = substr(k, strpos(k, '/') + 1)"
        " join site_feed t on t.site_id = s.id and t.feed_id = f.id",
        references={"site": Reference("site_id", "site"), "feed": Reference("feed_id", "power_feed")},
        owned=False,
        order=("site_id", "feed_id"),
    ),
    ObjectType(
        "duct",
        "ducts",
        "t.code",
        _BY_CODE.format(table="duct"),
        references={"a_node": Reference("a_node_id", "plant_node"), "b_node": Reference("b_node_id", "plant_node")},
        plain=("code", "kind", "length_m", "path", "owner", "provenance", "source"),
        order=("code",),
    ),
    ObjectType(
        "cable",
        "cables",
        "t.code",
        _BY_CODE.format(table="cable"),
        references={"a_node": Reference("a_node_id", "plant_node"), "b_node": Reference("b_node_id", "plant_node")},
        plain=("code", "type", "strands", "strands_per_tube", "length_m", "status", "provenance", "source"),
        children=(("cable_duct", "cable_id"),),
        order=("code",),
    ),
    ObjectType(
        "cable_duct",
        "cable-ducts",
        f"{_CABLE} || '/' || t.position",
        "join cable c on c.code = split_part(k, '/', 1)"
        " join cable_duct t on t.cable_id = c.id and t.position::text = substr(k, strpos(k, '/') + 1)",
        references={"cable": Reference("cable_id", "cable", gives_tenant=True), "duct": Reference("duct_id", "duct")},
        plain=("position", "reversed"),
        owned=False,
        order=("cable_id", "position"),
    ),
    ObjectType(
        "strand",
        "strands",
        _STRAND,
        _FIND_STRAND.format(alias="t", number="substr(k, strpos(k, '/') + 1)"),
        references={"cable": Reference("cable_id", "cable", gives_tenant=True)},
        plain=("number", "tube", "position", "tube_colour", "colour"),
        shape={
            "tube": _TUBE,
            "position": _IN_TUBE,
            "tube_colour": f"fibre_colour({_TUBE})",
            "colour": f"fibre_colour({_IN_TUBE})",
        },
        owned=False,
        order=("cable_id", "number"),
        part_of=("cable", "strands"),
    ),
    ObjectType(
        "closure",
        "closures",
        "t.code",
        _BY_CODE.format(table="closure"),
        references={"node": Reference("node_id", "plant_node")},
        plain=("code", "trays"),
        children=(("splice", "closure_id"),),
        order=("code",),
    ),
    ObjectType(
        "splice",
        "splices",
        f"{_STRAND_OF.format(column='a_strand_id')} || ':' || t.a_side",
        _FIND_STRAND.format(alias="n", number="split_part(substr(k, strpos(k, '/') + 1), ':', 1)")
        + " join splice t on t.a_strand_id = n.id and t.a_side = split_part(k, ':', 2)",
        references={
            "closure": Reference("closure_id", "closure", carries={"closure_trays": "trays"}),
            "a_strand": Reference("a_strand_id", "strand"),
            "b_strand": Reference("b_strand_id", "strand"),
        },
        plain=("a_side", "b_side", "tray", "kind", "loss_db"),
        owned=False,
        order=("closure_id", "id"),
    ),
    ObjectType(
        "panel",
        "panels",
        "t.code",
        _BY_CODE.format(table="panel"),
        references={"site": Reference("site_id", "site"), "rack": Reference("rack_id", "rack", optional=True)},
        plain=("code", "ports"),
        children=(("panel_port", "panel_id"),),
        order=("code",),
    ),
    ObjectType(
        "panel_port",
        "panel-ports",
        f"{_PANEL} || '/' || t.number",
        "join panel p on p.code = split_part(k, '/', 1)"
        " join panel_port t on t.panel_id = p.id and t.number::text = substr(k, strpos(k, '/') + 1)",
        references={
            "panel": Reference("panel_id", "panel", carries={"panel_ports": "ports"}),
            "strand": Reference("strand_id", "strand", optional=True),
            "interface": Reference("interface_id", "interface", optional=True),
        },
        plain=("number", "connector", "side"),
        children=(("patch_cord", "a_port_id"), ("patch_cord", "b_port_id")),
        owned=False,
        order=("panel_id", "number"),
    ),
    ObjectType(
        "patch_cord",
        "patch-cords",
        "t.code",
        _BY_CODE.format(table="patch_cord"),
        references={"a_port": Reference("a_port_id", "panel_port"), "b_port": Reference("b_port_id", "panel_port")},
        plain=("code", "length_m"),
        owned=False,
        order=("code",),
    ),
    ObjectType(
        "transceiver",
        "transceivers",
        "(select d.name || ':' || i.name from interface i join device d on d.id = i.device_id"
        " where i.id = t.interface_id)",
        f"{_PORT_OF_DEVICE} join transceiver t on t.interface_id = i.id",
        references={"interface": Reference("interface_id", "interface", gives_tenant=True)},
        plain=("type", "wavelength_nm", "tx_power_dbm", "rx_sensitivity_dbm", "rx_overload_dbm", "rx_power_dbm"),
        owned=False,
        order=("interface_id",),
    ),
    ObjectType(
        "strand_hold",
        "strand-holds",
        _STRAND_OF.format(column="strand_id"),
        _FIND_STRAND.format(alias="n", number="substr(k, strpos(k, '/') + 1)")
        + " join strand_hold t on t.strand_id = n.id and t.during @> now()",
        references={"strand": Reference("strand_id", "strand")},
        plain=("purpose", "during"),
        shape={"during": _DURING},
        order=("id",),
    ),
    ObjectType(
        "circuit",
        "circuits",
        "t.code",
        _BY_CODE.format(table="circuit"),
        references={
            "a_interface": Reference("a_interface_id", "interface", optional=True),
            "a_port": Reference("a_port_id", "panel_port", optional=True),
            "b_interface": Reference("b_interface_id", "interface", optional=True),
            "b_port": Reference("b_port_id", "panel_port", optional=True),
            "link": Reference("link_id", "link", optional=True),
        },
        plain=("code", "name", "status", "protection"),
        children=(("circuit_strand", "circuit_id"),),
        order=("code",),
    ),
    ObjectType(
        "circuit_strand",
        "circuit-strands",
        f"{_CIRCUIT} || '/' || t.role || '/' || t.position",
        "join circuit c on c.code = split_part(k, '/', 1) join circuit_strand t on t.circuit_id = c.id"
        " and t.role = split_part(k, '/', 2) and t.position::text = split_part(k, '/', 3) and t.during @> now()",
        references={"circuit": Reference("circuit_id", "circuit"), "strand": Reference("strand_id", "strand")},
        plain=("role", "position", "during"),
        shape={"during": _DURING},
        owned=False,
        order=("circuit_id", "id"),
    ),
)
"""The plant's types, in the order in which objects can be created."""

KEY_PARTS: Final[Mapping[str, str]] = {
    "power_feed": "{code}",
    "plant_node": "{code}",
    "site_feed": "{site}/{feed}",
    "duct": "{code}",
    "cable": "{code}",
    "cable_duct": "{cable}/{position}",
    "strand": "{cable}/{number}",
    "closure": "{code}",
    "splice": "{a_strand}:{a_side}",
    "panel": "{code}",
    "panel_port": "{panel}/{number}",
    "patch_cord": "{code}",
    "transceiver": "{interface}",
    "strand_hold": "{strand}",
    "circuit": "{code}",
    "circuit_strand": "{circuit}/{role}/{position}",
}
"""How each type's natural key is written from its fields."""
