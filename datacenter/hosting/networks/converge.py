"""What Neutron has of every project, beside what we say: networks, groups, addresses; and what was altered by hand.

A rule that came or went by hand is not taken back: it is shown, and setting the rules again brings the group to them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row

from core.db import Database
from datacenter.hosting import cloud
from datacenter.hosting.cloud import speaking, tag_of
from datacenter.hosting.networks.group_rows import wanted_of
from datacenter.hosting.networks.groups import shown_rules
from datacenter.hosting.networks.rules import CloudRule
from datacenter.hosting.standing_look import Seen, by_cloud_id, differs, rows_of, write_down
from datacenter.hosting.twins import Tagged, remove_twins

__all__ = ["converge"]

_CLOUD_ID: Final = {"cloud_id": "text"}
_ADDRESS: Final = {"cloud_id": "text", "server_id": "uuid", "fixed_address": "inet", "address": "inet"}


def converge(database: Database) -> int:
    """Let networks, groups and addresses say what the cloud says; gives how many rows that altered.

    Four calls for all projects together. Nothing is written while the cloud is away.
    """
    if cloud.away():
        return 0
    networks = rows_of(database, "cloud_network", "network")
    groups = rows_of(database, "security_group", "security-group")
    addresses = rows_of(database, "floating_ip", "floating-address")
    wanted = wanted_of(database, [row.id for row in groups])
    admin = cloud.admin().network
    done = 0
    with speaking("Looking at the networks of all projects"):
        there = _by_tag(admin.networks(), networks)
        routers = _by_tag(admin.routers(), ())
        done += write_down(
            database, "cloud_network", "network", [_network(row, there, routers) for row in networks], _CLOUD_ID
        )
        there = _by_tag(admin.security_groups(), groups)
        seen = [_group(row, there.get(tag_of(row.id)), wanted.get(row.id)) for row in groups]
        done += write_down(database, "security_group", "security-group", seen, _CLOUD_ID)
        given = list(admin.ips())
        there, servers = _by_tag(given, addresses), by_cloud_id(database)
        seen = [_address(row, there.get(tag_of(row.id)), servers) for row in addresses]
        done += write_down(database, "floating_ip", "floating-address", seen, _ADDRESS)
    remove_twins(database, "floating_ip", "floating-address", map(_tagged, given), _remove_address)
    return done


def _by_tag(found: Iterable[Any], rows: Iterable[Row[Any]]) -> dict[str, Any]:
    """Things of ours by the tag in their description; of several that which a row holds, or else the oldest."""
    own = {row.cloud_id for row in rows}
    ours = [one for one in found if str(one.description or "").startswith(tag_of(""))]
    ordered = sorted(ours, key=lambda one: str(one.created_at), reverse=True)
    return {str(one.description): one for one in sorted(ordered, key=lambda one: str(one.id) in own)}


def _tagged(address: Any) -> Tagged:
    return Tagged(str(address.id), str(address.description or ""), str(address.project_id), idle=not address.port_id)


def _remove_address(own: Any, address: str) -> None:
    with speaking("Giving back a floating address that was given twice"):
        own.network.delete_ip(address, ignore_missing=True)


def _network(row: Row[Any], there: Mapping[str, Any], routers: Mapping[str, Any]) -> Seen:
    found = there.get(tag_of(row.id))
    if found is None:
        return Seen(row, "vanished", (), {"cloud_id": row.cloud_id})
    findings = [] if found.name == row.name else [differs("name", row.name, found.name)]
    if not found.subnet_ids:
        findings.append(differs("subnet", str(row.cidr), None))
    if row.routed and tag_of(row.id) not in routers:
        findings.append(differs("router", "leads outside", None))
    return Seen(row, "active" if found.status == "ACTIVE" else "error", findings, {"cloud_id": str(found.id)})


def _group(row: Row[Any], found: Any, wanted: frozenset[CloudRule] | None) -> Seen:
    if found is None:
        return Seen(row, "vanished", (), {"cloud_id": row.cloud_id})
    findings = [] if found.name == row.name else [differs("name", row.name, found.name)]
    if wanted is not None:
        rules = shown_rules(found.security_group_rules).keys()
        findings += [differs("rule", None, str(rule)) for rule in sorted(rules - wanted)]
        findings += [differs("rule", str(rule), None) for rule in sorted(wanted - rules)]
    return Seen(row, "active", findings[:50], {"cloud_id": str(found.id)})


def _address(row: Row[Any], found: Any, servers: Mapping[str, UUID]) -> Seen:
    if found is None:
        same = {"cloud_id": row.cloud_id, "server_id": None, "fixed_address": None, "address": row.address}
        return Seen(row, "vanished", (), same)
    device = str((found.port_details or {}).get("device_id") or "") if found.port_id else ""
    server = servers.get(device)
    findings: Sequence[Mapping[str, Any]] = ()
    if found.port_id and server is None:
        findings = (differs("server", None, device or str(found.port_id)),)
    return Seen(
        row, "assigned" if found.port_id else "free", findings,
        {
            "cloud_id": str(found.id), "server_id": server, "fixed_address": found.fixed_ip_address,
            "address": found.floating_ip_address,
        },
    )  # fmt: skip
