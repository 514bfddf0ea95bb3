"""What an administration holds beside its servers, and what can be done to each: the table behind their pages."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection

from dashboards.deeds import Choices, Deed, Field, Intent, Row
from dashboards.rendering import in_words
from dashboards.terms import mark as _
from dashboards.visit import Visit
from datacenter.hosting.listing import Asked, Shown, listed
from datacenter.hosting.networks.address_changes import ADDRESSES
from datacenter.hosting.networks.group_rows import GROUPS
from datacenter.hosting.networks.network_changes import NETWORKS
from datacenter.hosting.project_list import projects_json
from datacenter.hosting.servers import queries
from datacenter.hosting.volumes.rows import SNAPSHOTS, VOLUMES

__all__ = ["THINGS", "Thing", "in_project", "loaded", "named_by", "servers_here"]

_MOST: Final = 200


@dataclass(frozen=True, slots=True)
class Thing:
    """A noun with pages of its own below ``/path``.

    Attributes:
        title: of the page of one that has no name.
        name: which field people know it by.
        new: how one is ordered; ``None``: otherwise.
    """

    path: str
    title: str
    shown: Shown
    deeds: Mapping[str, Deed]
    new: Deed | None = None
    name: str = "name"
    parts: Mapping[str, Callable[[Connection, Row], Sequence[Row]]] = field(default_factory=dict)


def loaded(rows: Sequence[tuple[str, Any]]) -> list[dict[str, Any]]:
    """Rows that PostgreSQL wrote as JSON."""
    return [json.loads(row) for row, _key in rows]


def in_project(tx: Connection, what: Shown, row: Row, status: str | None = None) -> list[dict[str, Any]]:
    """Things of the same project as another."""
    return loaded(listed(tx, what, Asked(project=str(row["project_id"]), status=status), _MOST))


def named_by(rows: Sequence[Row]) -> list[tuple[str, str]]:
    """Rows as choices."""
    return [(str(row["id"]), str(row["name"])) for row in rows]


def servers_here(*statuses: str) -> Choices:
    """Servers of the same project."""

    def choose(tx: Connection, visit: Visit, row: Row) -> Sequence[tuple[str, str]]:
        wanted = queries.Filters(project=str(row["project_id"]), status=statuses)
        return named_by(loaded(queries.servers_json(tx, visit.scope(), wanted, _MOST)))

    return choose


def _projects(tx: Connection, visit: Visit, _row: Row) -> Sequence[tuple[str, str]]:
    found = loaded(projects_json(tx, visit.scope(), tenant=None, differs=None, after=None, limit=_MOST))
    return [(one["id"], f"{one['tenant']} / {one['code']}" if visit.principal.staff else one["code"]) for one in found]


def _snapshots(tx: Connection, _visit: Visit, row: Row) -> Sequence[tuple[str, str]]:
    return named_by(_snapshots_of(tx, row))


def _snapshots_of(tx: Connection, row: Row) -> list[dict[str, Any]]:
    asked = Asked(project=str(row["project_id"]), more={"volume": str(row["id"])})
    return loaded(listed(tx, SNAPSHOTS, asked, _MOST))


def _directions(_tx: Connection, visit: Visit, _row: Row) -> Sequence[tuple[str, str]]:
    return [("ingress", in_words(visit, _("comes in"))), ("egress", in_words(visit, _("goes out")))]


def _protocols(_tx: Connection, visit: Visit, _row: Row) -> Sequence[tuple[str, str]]:
    plain = [(one, one.upper()) for one in ("tcp", "udp", "icmp", "sctp", "esp", "ah", "gre")]
    return [*plain, ("any", in_words(visit, _("everything")))]


def _rules_there(_tx: Connection, visit: Visit, row: Row) -> Sequence[tuple[str, str]]:
    ways = {"ingress": in_words(visit, _("comes in")), "egress": in_words(visit, _("goes out"))}
    return [(json.dumps(rule), f"{ways[rule['direction']]}: {_rule_in_words(rule, visit)}") for rule in row["rules"]]


def _rule_in_words(rule: Row, visit: Visit) -> str:
    ports = ""
    if rule["port_min"]:
        ports = f" {rule['port_min']}" + (f"–{rule['port_max']}" if rule["port_max"] != rule["port_min"] else "")
    return f"{rule['protocol']}{ports}, {rule['remote'] or in_words(visit, _('anywhere'))}"


def _rule(typed: Intent) -> Intent:
    names = ("direction", "protocol", "port_min", "port_max", "remote")
    return {name: typed[name] for name in names if name in typed}


def _first_rule(typed: Intent) -> Intent:
    rest: Intent = {name: typed[name] for name in ("project", "name", "description") if name in typed}
    return {**rest, "rules": [_rule(typed)] if "protocol" in typed else []}


_NAME: Final = Field("name", _("Name"), hint=_("Lower-case letters, digits and hyphens, for example web-1."))
_RENAMED: Final = Field("name", _("Name"), of="name")
_DESCRIPTION: Final = Field("description", _("What it is for"), required=False)
_DESCRIBED: Final = Field("description", _("What it is for"), required=False, of="description")
_PROJECT: Final = Field("project", _("Project"), "choice", choices=_projects)
_SERVER: Final = Field("server", _("Server"), "choice", choices=servers_here("active", "stopped"))
_RULE: Final = (
    Field("direction", _("Which way"), "choice", choices=_directions),
    Field("protocol", _("Protocol"), "choice", choices=_protocols),
    Field("port_min", _("From port"), "number", required=False, hint=_("Leave it empty for every port.")),
    Field("port_max", _("To port"), "number", required=False),
    Field(
        "remote", _("Who is at the other end"), required=False,
        hint=_("A range such as 192.0.2.0/24, group:NAME for servers of a group, or nothing: anywhere."),
    ),
)  # fmt: skip
_OF_FIRST: Final = (
    Field("direction", _("Which way"), "choice", choices=_directions),
    Field("protocol", _("Let through at first"), "choice", choices=_protocols, required=False, nothing=_("nothing")),
    *_RULE[2:],
)
_SETTLED: Final = frozenset({"available", "attached"})
_STANDS: Final = frozenset({"active", "error", "vanished"})
_LEADS: Final = frozenset({"free", "assigned", "error", "vanished"})

_VOLUME: Final = {
    "attach": Deed(
        "hosting.volume.attach", _("Attach"), "volume", (_SERVER,), frozenset({"available"})
    ),
    "detach": Deed("hosting.volume.detach", _("Detach"), "volume", (), frozenset({"attached"})),
    "extend": Deed(
        "hosting.volume.extend", _("Make larger"), "volume",
        (Field("size_gib", _("Size in GiB"), "number", of="size_gib"),), _SETTLED, final=True,
    ),
    "snapshot": Deed("hosting.volume.snapshot", _("Take a snapshot"), "volume", (_NAME, _DESCRIPTION), _SETTLED),
    "restore": Deed(
        "hosting.volume.restore", _("Go back to a snapshot"), "volume",
        (Field("snapshot", _("Snapshot"), "choice", choices=_snapshots),), frozenset({"available"}), final=True,
    ),
    "rename": Deed("hosting.volume.rename", _("Rename"), "volume", (_RENAMED, _DESCRIBED), _SETTLED),
    "delete": Deed(
        "hosting.volume.delete", _("Delete"), "volume", (), frozenset({"available", "error", "vanished"}), final=True
    ),
}  # fmt: skip

THINGS: Final = (
    Thing(
        "volumes", _("Volume"), VOLUMES, _VOLUME,
        Deed(
            "hosting.volume.create", _("Order"),
            fields=(
                _NAME, _PROJECT, Field("size_gib", _("Size in GiB"), "number", usual="10"), _DESCRIPTION,
            ),
        ),
        parts={"snapshots": _snapshots_of},
    ),
    Thing(
        "snapshots", _("Snapshot"), SNAPSHOTS,
        {
            "delete": Deed(
                "hosting.snapshot.delete", _("Delete"), "snapshot", (), frozenset({"available", "error", "vanished"}),
                final=True,
            )
        },
    ),
    Thing(
        "networks", _("Network"), NETWORKS,
        {"delete": Deed("hosting.network.delete", _("Delete"), "network", (), _STANDS)},
        Deed(
            "hosting.network.create", _("Create"),
            fields=(
                _NAME, _PROJECT,
                Field(
                    "cidr", _("Range"), required=False,
                    hint=_("Such as 10.20.0.0/24. Left empty, a free one is chosen and shown before you order."),
                ),
                Field("routed", _("A router leads from it to the outside"), "check", usual="yes"),
            ),
        ),
    ),
    Thing(
        "addresses", _("Public address"), ADDRESSES,
        {
            "assign": Deed(
                "hosting.floating_address.assign", _("Lead it to a server"), "address", (_SERVER,),
                frozenset({"free", "assigned"}),
            ),
            "release": Deed(
                "hosting.floating_address.release", _("Lead it nowhere"), "address", (), frozenset({"assigned"})
            ),
            "delete": Deed("hosting.floating_address.delete", _("Give back"), "address", (), _LEADS, final=True),
        },
        Deed(
            "hosting.floating_address.create", _("Order"),
            fields=(
                _PROJECT, _DESCRIPTION,
            ),
        ),
        name="address",
    ),
    Thing(
        "security-groups", _("Security group"), GROUPS,
        {
            "allow": Deed(
                "hosting.security_group.alter", _("Add a rule"), "group", _RULE, _STANDS,
                shape=lambda typed: {"allow": [_rule(typed)]},
            ),
            "deny": Deed(
                "hosting.security_group.alter", _("Take a rule away"), "group",
                (Field("rule", _("Rule"), "choice", choices=_rules_there),), _STANDS,
                only=lambda row: bool(row["rules"]), shape=lambda typed: {"deny": [_given_rule(typed["rule"])]},
            ),
            "rename": Deed("hosting.security_group.alter", _("Rename"), "group", (_RENAMED, _DESCRIBED), _STANDS),
            "delete": Deed("hosting.security_group.delete", _("Delete"), "group", (), _STANDS),
        },
        Deed(
            "hosting.security_group.create", _("Create"), fields=(_NAME, _PROJECT, _DESCRIPTION, *_OF_FIRST),
            shape=_first_rule,
        ),
    ),
)  # fmt: skip
"""Every noun; servers have a page of their own."""


def _given_rule(chosen: str) -> Any:
    """A rule that was chosen among those there are; whatever else was sent is refused by the kind."""
    try:
        return json.loads(chosen)
    except ValueError:
        return chosen
