"""Security groups and their rules in our tables."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Row, text

from core.db import Database
from core.scope import EVERY_TENANT, Scope
from datacenter.hosting.listing import Shown
from datacenter.hosting.networks.errors import NoSuchThing
from datacenter.hosting.networks.groups import BASE, BASE_RULES
from datacenter.hosting.networks.rules import NAME_OF_GROUP, CloudRule, Rule, cloud_rules

__all__ = [
    "GROUPS", "cloud_ids", "groups_named", "held_by", "lets_members_in", "put_rules", "rename_on_servers",
    "rules_of_groups", "rules_of_row", "used_by", "wanted_of",
]  # fmt: skip

GROUPS: Final = Shown(
    noun="security group",
    table="security_group",
    fields={
        "name": "r.name",
        "description": "r.description",
        "rules": (
            "coalesce((select jsonb_agg(jsonb_build_object('direction', u.direction, 'protocol', u.protocol,"
            " 'port_min', u.port_min, 'port_max', u.port_max,"
            " 'remote', coalesce(u.remote::text, 'group:' || o.name))"
            " order by u.direction, u.protocol, u.port_min nulls first, u.port_max, u.remote, o.name)"
            " from security_group_rule u left join security_group o on o.id = u.remote_group_id"
            " where u.group_id = r.id), '[]')"
        ),
    },
)


def rules_of_row(tx: Connection, group: UUID) -> tuple[Rule, ...]:
    """The rules of a group, in order of their values."""
    found = tx.execute(
        text(
            "select u.direction, u.protocol, coalesce(u.port_min, 0) as low, coalesce(u.port_max, 0) as high,"
            " coalesce(u.remote::text, 'group:' || o.name, '') as remote from security_group_rule u"
            " left join security_group o on o.id = u.remote_group_id where u.group_id = :id"
        ),
        {"id": group},
    )
    return tuple(sorted(Rule(row.direction, row.protocol, row.low, row.high, row.remote) for row in found))


def rules_of_groups(tx: Connection, project: UUID, names: Sequence[str]) -> dict[str, tuple[Rule, ...]]:
    """Name → rules of those of these groups that are ours; of ``base`` too, which every project has."""
    found = tx.execute(
        text(
            "select g.name, u.direction, u.protocol, coalesce(u.port_min, 0) as low, coalesce(u.port_max, 0) as high,"
            " coalesce(u.remote::text, 'group:' || o.name, '') as remote from security_group g"
            " left join security_group_rule u on u.group_id = g.id"
            " left join security_group o on o.id = u.remote_group_id"
            " where g.project_id = :project and g.name = any(:names) and g.gone_at is null and g.status <> 'vanished'"
        ),
        {"project": project, "names": list(names)},
    )
    rules: dict[str, list[Rule]] = {BASE: list(BASE_RULES)} if BASE in names else {}
    for row in found:
        own = rules.setdefault(row.name, [])
        if row.direction is not None:
            own.append(Rule(row.direction, row.protocol, row.low, row.high, row.remote))
    return {name: tuple(sorted(own)) for name, own in rules.items()}


def lets_members_in(tx: Connection, project: UUID, names: Sequence[str]) -> set[tuple[str, Rule]]:
    """Which rules of which other groups name one of these groups: members of these are let through by them."""
    found = tx.execute(
        text(
            "select g.name, u.direction, u.protocol, coalesce(u.port_min, 0) as low, coalesce(u.port_max, 0) as high,"
            " 'group:' || o.name as remote from security_group_rule u join security_group g on g.id = u.group_id"
            " join security_group o on o.id = u.remote_group_id"
            " where o.project_id = :project and o.name = any(:names) and g.gone_at is null and o.gone_at is null"
            " and g.name <> all(:names)"
        ),
        {"project": project, "names": list(names)},
    )
    return {(row.name, Rule(row.direction, row.protocol, row.low, row.high, row.remote)) for row in found}


def held_by(tx: Connection, project: UUID, name: str) -> list[str]:
    """Names of the servers of a project that have a group, as far as it was seen."""
    found = tx.execute(
        text(
            "select name from server where project_id = :project and security_groups @> array[cast(:name as text)]"
            " and gone_at is null and status not in ('vanished', 'deleting') order by name"
        ),
        {"project": project, "name": name},
    )
    return list(found.scalars())


def rename_on_servers(tx: Connection, group: UUID, name: str) -> None:
    """Let servers that have a group call it by the name that it gets."""
    tx.execute(
        text(
            "update server s set security_groups = array_replace(s.security_groups, g.name, :name)"
            " from security_group g where g.id = :id and g.name <> :name and s.project_id = g.project_id"
            " and s.security_groups @> array[g.name] and s.gone_at is null"
        ),
        {"id": group, "name": name},
    )


def groups_named(tx: Connection, project: UUID, rules: Sequence[Rule], own: tuple[str, UUID]) -> dict[str, str]:
    """Name → our id of the groups that rules name.

    Args:
        own: name and id of the group whose rules they are: it may name itself, also before it stands.
    Raises:
        NoSuchThing: the project has no group of that name; points at the rule.
    """
    wanted = {rule.group for rule in rules if rule.group is not None} - {own[0]}
    found = tx.execute(
        text(
            "select name, id from security_group where project_id = :project and name = any(:names) and gone_at is null"
            " order by status <> 'vanished', id"  # the last one of a name counts: one that stands
        ),
        {"project": project, "names": sorted(wanted)},
    )
    known = {own[0]: str(own[1])} | {row.name: str(row.id) for row in found}
    for name in sorted(wanted - known.keys()):
        raise NoSuchThing(
            f"No rule can name {NAME_OF_GROUP + name!r}: the project has no such group.", pointer="/rules"
        )
    return {name: known[name] for name in wanted | ({own[0]} & {rule.group for rule in rules})}


def put_rules(tx: Connection, group: UUID, rules: Iterable[Rule], groups: dict[str, str]) -> None:
    """Let the group have exactly these rules.

    Args:
        groups: name → our id of the groups that they name.
    """
    tx.execute(text("delete from security_group_rule where group_id = :id"), {"id": group})
    rows = [{**rule.as_dict(), "remote_group_id": groups.get(rule.group or "")} for rule in rules]
    for row in rows:
        if row["remote_group_id"] is not None:
            row["remote"] = None
        elif str(row["remote"] or "").startswith(NAME_OF_GROUP):
            raise NoSuchThing(f"No rule can name {row['remote']!r}: the project has no such group.")
    tx.execute(
        text(
            "insert into security_group_rule (tenant_id, group_id, direction, protocol, port_min, port_max, remote,"
            " remote_group_id) select g.tenant_id, g.id, r.direction, r.protocol, r.port_min, r.port_max, r.remote,"
            " r.remote_group_id from security_group g cross join jsonb_to_recordset(cast(:rules as jsonb))"
            " r(direction text, protocol text, port_min integer, port_max integer, remote cidr, remote_group_id uuid)"
            " where g.id = :id"
        ),
        {"id": group, "rules": json.dumps(rows)},
    )


def cloud_ids(tx: Connection, groups: dict[str, str]) -> dict[str, str | None]:
    """Name → id in the cloud; ``None`` for a group that does not stand there yet."""
    found = tx.execute(
        text("select id, cloud_id from security_group where id = any(:ids)"),
        {"ids": [UUID(one) for one in groups.values()]},
    )
    known = {str(row.id): row.cloud_id for row in found}
    return {name: known.get(one) for name, one in groups.items()}


def used_by(tx: Connection, group: UUID) -> list[str]:
    """Names of the other groups whose rules let this one in or out."""
    found: Sequence[Row[Any]] = tx.execute(
        text(
            "select distinct o.name from security_group_rule u join security_group o on o.id = u.group_id"
            " where u.remote_group_id = :id and o.id <> :id and o.gone_at is null order by o.name"
        ),
        {"id": group},
    ).all()
    return [row.name for row in found]


def wanted_of(database: Database, groups: Sequence[UUID]) -> dict[UUID, frozenset[CloudRule]]:
    """The rules that the cloud shall have of each group; none of a group that names one which does not stand there."""
    everywhere = Scope(EVERY_TENANT, reason="as the cloud has it")
    with database.transaction("platform", everywhere) as tx:
        found = tx.execute(
            text(
                "select u.group_id, u.direction, u.protocol, coalesce(u.port_min, 0) as low,"
                " coalesce(u.port_max, 0) as high, coalesce(u.remote::text, 'group:' || o.name, '') as remote,"
                " o.cloud_id from security_group_rule u left join security_group o on o.id = u.remote_group_id"
                " where u.group_id = any(:ids)"
            ),
            {"ids": list(groups)},
        ).all()
    rules: dict[UUID, list[Rule]] = {group: [] for group in groups}
    known: dict[UUID, dict[str, str]] = {group: {} for group in groups}
    for row in found:
        rule = Rule(row.direction, row.protocol, row.low, row.high, row.remote)
        rules[row.group_id].append(rule)
        if rule.group is not None and row.cloud_id is not None:
            known[row.group_id][rule.group] = row.cloud_id
    whole = [group for group in groups if all(rule.group in known[group] for rule in rules[group] if rule.group)]
    return {group: cloud_rules(rules[group], known[group]) for group in whole}
