"""What the inventory refuses, and what to do about it.

::

    InvalidInput
    ├── UnknownSelector   INV-100  a selector names a key or a value that does not exist
    ├── UnknownType       INV-101  no such type of object
    ├── UnknownReference  INV-102  a reference names something that does not exist, or not for you
    ├── FieldRefused      INV-103  a field's value cannot be taken
    ├── BadCursor         INV-104  a page cursor that this list did not give
    ├── ImportRefused     INV-120  a file cannot be read as what it claims to be
    └── RuleBroken        INV-130  a value breaks a rule of the database
    NotFound
    ├── ObjectNotFound    INV-140  no such object, or not yours
    └── NothingToTrace    INV-141  no strand hangs on it, so no light goes anywhere
    Conflict
    ├── Taken             INV-110  a name, number, place or address is in use
    └── StillUsed         INV-111  something still refers to it
    StaleVersion
    └── ObjectChanged     INV-112  somebody changed it since you read it
    Exhausted
    └── PoolExhausted     INV-113  the pool has nothing left of the size asked for
"""

from __future__ import annotations

import re
from typing import Final

from sqlalchemy.exc import DBAPIError

from core.db import violated_constraint
from core.errors import Conflict, Exhausted, InvalidInput, IrisplaneError, NotFound, StaleVersion
from inventory.plant import rules as plant

__all__ = [
    "RULES",
    "BadCursor",
    "FieldRefused",
    "ImportRefused",
    "NothingToTrace",
    "ObjectChanged",
    "ObjectNotFound",
    "PoolExhausted",
    "RuleBroken",
    "StillUsed",
    "Taken",
    "UnknownReference",
    "UnknownSelector",
    "UnknownType",
    "from_database",
]


class UnknownSelector(InvalidInput):
    """A selector names a key or a value that does not exist."""

    code = "INV-100"
    title = "Unknown selector"
    hint = "Write key=value pairs with commas, e.g. role=access,site=DC-ARTS,name~ac0*,!status=retired."


class UnknownType(InvalidInput):
    """No such type of object."""

    code = "INV-101"
    title = "Unknown type"


class UnknownReference(InvalidInput):
    """A reference names something that does not exist, or that is not yours to see."""

    code = "INV-102"
    title = "Unknown reference"
    hint = "Create it first, or correct the name; lists show what there is."


class FieldRefused(InvalidInput):
    """A field's value cannot be taken."""

    code = "INV-103"
    title = "Field refused"


class BadCursor(InvalidInput):
    """A page cursor that this list did not give."""

    code = "INV-104"
    title = "Unknown cursor"
    hint = "Take the cursor from the Link header of the page before, or start without one."


class ImportRefused(InvalidInput):
    """A file cannot be read as what it claims to be."""

    code = "INV-120"
    title = "File not understood"
    hint = "CSV, GeoJSON, a NetBox REST export or a folder written by 'irisplane region export' can be imported."


class RuleBroken(InvalidInput):
    """A value breaks a rule of the database."""

    code = "INV-130"
    title = "Rule broken"


class ObjectNotFound(NotFound):
    """No such object, or not yours."""

    code = "INV-140"
    title = "Not found"


class NothingToTrace(NotFound):
    """No strand hangs on it, so no light goes anywhere."""

    code = "INV-141"
    title = "Nothing to trace"
    hint = "Terminate a strand on a port at its side first, or trace a strand by CABLE/NUMBER."


class Taken(Conflict):
    """A name, number, place or address is in use."""

    code = "INV-110"
    title = "Taken"


class StillUsed(Conflict):
    """Something still refers to it."""

    code = "INV-111"
    title = "Still used"


class ObjectChanged(StaleVersion):
    """Somebody changed it since you read it."""

    code = "INV-112"
    title = "Changed meanwhile"


class PoolExhausted(Exhausted):
    """The pool has nothing left of the size asked for."""

    code = "INV-113"
    title = "Pool exhausted"


_ANOTHER_NAME: Final = "Choose another name, or edit the one that exists."

RULES: Final[dict[str, tuple[type[IrisplaneError], str, str, str]]] = {
    "commune_nis_once": (Taken, "A commune with this NIS code exists.", "/nis_code", "Edit the commune that has it."),
    "site_code_once": (Taken, "A site with this code exists.", "/code", _ANOTHER_NAME),
    "room_name_once": (Taken, "The site has a room of this name.", "/name", _ANOTHER_NAME),
    "rack_name_once": (Taken, "The site has a rack of this name.", "/name", _ANOTHER_NAME),
    "rack_room_at_site": (
        RuleBroken,
        "The room is at another site than the rack.",
        "/room",
        "Name a room of the rack's site.",
    ),
    "rack_placement_unit_once": (
        Taken,
        "Another device holds one of these rack units on this face at that time.",
        "/units",
        "Ask for the next free unit (POST /api/v1/racks/{id}:allocate), or end the other placement first.",
    ),
    "rack_placement_one_place": (
        Taken,
        "The device has a place in a rack at that time.",
        "/device",
        "End its present placement first.",
    ),
    "rack_placement_fits": (
        RuleBroken,
        "The units do not lie within the rack.",
        "/units",
        "Units count from 1 to the rack's height.",
    ),
    "device_type_once": (Taken, "This manufacturer has a type of this model.", "/model", _ANOTHER_NAME),
    "device_name_once": (Taken, "A device of this name exists.", "/name", _ANOTHER_NAME),
    "device_management_once": (
        Taken,
        "Another device is managed at this address and port.",
        "/management_address",
        "Take a free management address.",
    ),
    "interface_name_once": (Taken, "The device has an interface of this name.", "/name", _ANOTHER_NAME),
    "link_name_once": (Taken, "A link of this name exists.", "/name", _ANOTHER_NAME),
    "link_one_per_interface": (
        Taken,
        "One of the two interfaces has a link already.",
        "/a",
        "Remove the other link first: an interface has one.",
    ),
    "link_two_ends": (
        RuleBroken,
        "A link joins two different interfaces.",
        "/b",
        "Name the interface at the other end.",
    ),
    "device_access_once": (Taken, "The device has its log-in already.", "/device", "Edit the one that exists."),
    "vrf_name_once": (Taken, "A VRF of this name exists.", "/name", _ANOTHER_NAME),
    "vrf_rd_once": (Taken, "Another VRF has this route distinguisher.", "/rd", "Take another number."),
    "prefix_apart": (
        Taken,
        "It overlaps a prefix of this VRF: assigned prefixes overlap nothing, containers may only nest.",
        "/cidr",
        "Ask a container for the next free prefix (POST /api/v1/prefixes/{id}:allocate).",
    ),
    "address_once": (
        Taken,
        "The address is held in this VRF at that time.",
        "/address",
        "Ask its prefix for the next free address (POST /api/v1/prefixes/{id}:allocate).",
    ),
    "address_inside_prefix": (
        RuleBroken,
        "The address does not lie inside its prefix.",
        "/address",
        "Name the prefix it lies in.",
    ),
    "vlan_group_name_once": (Taken, "A VLAN group of this name exists.", "/name", _ANOTHER_NAME),
    "vlan_once": (
        Taken,
        "The VLAN id is held in this group at that time.",
        "/vid",
        "Ask the group for the next free id (POST /api/v1/vlan-groups/{id}:allocate).",
    ),
    "vlan_name_once": (Taken, "The group has a VLAN of this name at that time.", "/name", _ANOTHER_NAME),
    "vlan_in_group": (
        RuleBroken,
        "The VLAN id lies outside its group's range.",
        "/vid",
        "Take an id of the group's range.",
    ),
    "asn_once": (Taken, "The AS number is in use.", "/number", "Ask its range for the next free number."),
    "asn_range_name_once": (Taken, "An AS number range of this name exists.", "/name", _ANOTHER_NAME),
    "asn_range_apart": (Taken, "It overlaps another range of AS numbers.", "/numbers", "Ranges stand apart."),
    "config_context_name_once": (Taken, "A configuration context of this name exists.", "/name", _ANOTHER_NAME),
    "config_context_aim": (
        RuleBroken,
        "A context names exactly what its scope says: role, site or device, or nothing for the region.",
        "/scope",
        "Give 'role' with scope role, 'site' with scope site, 'device' with scope device.",
    ),
    "reservation_network_once": (
        Taken,
        "Another change reserved an overlapping prefix or address.",
        "/cidr",
        "Plan again.",
    ),
    "reservation_number_once": (Taken, "Another change reserved the same number or unit.", "/vid", "Plan again."),
    "corridor_node_code_once": (Taken, "A corner of this code exists.", "/code", "Edit it, or choose another code."),
    "corridor_code_once": (Taken, "A stretch of this code exists.", "/code", "Edit it, or choose another code."),
    "corridor_two_nodes": (RuleBroken, "A stretch joins two corners.", "/b_node", "Name another corner."),
    **{
        rule: (Taken if sort == "taken" else RuleBroken, message, pointer, hint)
        for rule, (sort, message, pointer, hint) in plant.RULES.items()
    },
}
"""By constraint: the error, what is so, the field, the way out."""

_BY_TRIGGER: Final = "23514"
_CHECK: Final = re.compile(r"^(?P<table>[a-z_]+)_(?P<column>[a-z_]+)_check\d*$")
_TABLES: Final = frozenset(
    (
        "address",
        "asn",
        "asn_range",
        "commune",
        "config_context",
        "device",
        "device_access",
        "device_type",
        "interface",
        "link",
        "prefix",
        "rack",
        "rack_placement",
        "reservation",
        "room",
        "site",
        "vlan",
        "vlan_group",
        "vrf",
        *plant.TABLES,
        "corridor",
        "corridor_node",
    )
)


def _measured(error: DBAPIError) -> str:
    """What a trigger of ours says; the server's own sentence, where the key itself refused, stays out."""
    told = getattr(getattr(error.orig, "diag", None), "message_primary", None) or ""
    return "" if getattr(error.orig, "sqlstate", "") != _BY_TRIGGER else told


def from_database(error: DBAPIError) -> IrisplaneError | None:
    """The rule that a database error names, in words; ``None`` when it is not one of the inventory's.

    The server's own text is never passed on: it holds values of rows that the caller may not see. The plant's triggers
    speak for themselves (``plant.MEASURED``).
    """
    rule = violated_constraint(error)
    if rule is None:
        return None
    if rule in RULES:
        kind, message, pointer, hint = RULES[rule]
        if rule in plant.MEASURED:
            message = f"{message} {_measured(error)}".strip()
        return kind(message, pointer=pointer, hint=hint, rule=rule)
    table = getattr(getattr(error.orig, "diag", None), "table_name", None)
    if table not in _TABLES:
        return None
    state = getattr(error.orig, "sqlstate", "")
    if state == "23503":
        return StillUsed(
            f"A {table} refers to something that is not there, or is still referred to (rule {rule}).",
            hint="Remove or move what refers to it first; the message names the rule.",
            rule=rule,
        )
    if state == "23514":
        found = _CHECK.match(rule)
        field = found["column"].removeprefix(f"{table}_") if found else ""
        where = rule.removeprefix(f"{table}_").removesuffix("_check") or field
        return RuleBroken(f"A value of this {table} breaks the rule '{rule}'.", pointer=f"/{where}", rule=rule)
    return None
