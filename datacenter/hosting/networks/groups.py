"""Security groups in Neutron: made when absent, and brought to hold exactly their rules.

Every project has two groups that nobody ordered: Neutron's own ``default``, which nothing of ours uses, and ``base``,
which lets ICMP in and nothing else. A server without groups gets ``base``: it answers ping, and that is all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from datacenter.hosting.cloud import speaking, tag_of
from datacenter.hosting.networks.errors import StillUsed
from datacenter.hosting.networks.rules import CloudRule, Rule, cloud_rules

if TYPE_CHECKING:
    from openstack.connection import Connection

__all__ = [
    "BASE",
    "BASE_RULES",
    "RESERVED",
    "Converged",
    "converge",
    "ensure_base",
    "find",
    "make",
    "remove",
    "rename",
    "rules_of",
    "shown_rules",
]

BASE: Final = "base"
RESERVED: Final = frozenset({BASE, "default"})
"""Names of the groups that every project has; nobody orders one of these names."""

_BASE_TAG: Final = "irisplane-base"
BASE_RULES: Final = (Rule("ingress", "icmp", 0, 0, ""),)
_AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True)
class Converged:
    """How many rules came and went."""

    added: int
    removed: int


def find(connection: Connection, group_id: UUID) -> Any:
    """The group with our tag as Neutron shows it; ``None`` when there is none."""
    with speaking("Looking for the security group"):
        return _tagged(connection, tag_of(group_id))


def make(connection: Connection, group_id: UUID, name: str) -> Any:
    """A new group, with Neutron's own rules for what goes out. Not safe to ask again: look for its tag first."""
    with speaking(f"Making the security group {name}"):
        return connection.network.create_security_group(name=name, description=tag_of(group_id))


def ensure_base(connection: Connection) -> str:
    """The id in the cloud of the project's ``base``, made when it is not there and brought back to its rules."""
    with speaking(f"Making the security group {BASE}"):
        found = _tagged(connection, _BASE_TAG)
        if found is None:
            found = connection.network.create_security_group(name=BASE, description=_BASE_TAG)
    group = str(found.id)
    converge(connection, group, cloud_rules(BASE_RULES, {}))
    return group


def converge(connection: Connection, group: str, wanted: frozenset[CloudRule]) -> Converged:
    """Let a group hold exactly these rules; those that are there already are not touched.

    What is missing comes before what is too much goes: a rule that is merely written otherwise leaves no gap.

    Args:
        group: its id in the cloud.
    """
    from openstack import exceptions as sdk

    with speaking("Setting the rules of the security group"):
        there = rules_of(connection, group)
        missing = sorted(wanted - there.keys())
        for start in range(0, len(missing), _AT_ONCE):
            some = missing[start : start + _AT_ONCE]
            try:
                _create(connection, group, some)
            except sdk.ConflictException:
                # One of them was made meanwhile, by the call whose answer was lost or by somebody else.
                known = rules_of(connection, group)
                _create(connection, group, [rule for rule in some if rule not in known])
        surplus = [found for rule, found in there.items() if rule not in wanted]
        for rule_id in surplus:
            connection.network.delete_security_group_rule(rule_id, ignore_missing=True)
    return Converged(len(missing), len(surplus))


def remove(connection: Connection, group_id: UUID, name: str) -> bool:
    """Delete a group of ours; whether there was one.

    Raises:
        StillUsed: a port has it.
    """
    from openstack import exceptions as sdk

    with speaking(f"Deleting the security group {name}"):
        found = find(connection, group_id)
        if found is None:
            return False
        try:
            connection.network.delete_security_group(found.id, ignore_missing=True)
        except sdk.ConflictException:
            raise StillUsed(f"The security group {name} is on a server or a port.", group=name) from None
    return True


def rename(connection: Connection, group: str, name: str) -> None:
    """Let a group be called so in the cloud as well."""
    with speaking(f"Renaming the security group {name}"):
        if connection.network.get_security_group(group).name != name:
            connection.network.update_security_group(group, name=name)


def rules_of(connection: Connection, group: str) -> dict[CloudRule, str]:
    """Rules of a group in the cloud → their ids."""
    with speaking("Looking at the rules of the security group"):
        return shown_rules(connection.network.get_security_group(group).security_group_rules)


def shown_rules(found: Sequence[Mapping[str, Any]]) -> dict[CloudRule, str]:
    """The same from what Neutron shows of a group."""
    return {CloudRule.of(rule): str(rule["id"]) for rule in found}


def _create(connection: Connection, group: str, rules: Sequence[CloudRule]) -> None:
    if rules:
        list(connection.network.create_security_group_rules([rule.body(group) for rule in rules]))


def _tagged(connection: Connection, tag: str) -> Any:
    return next(iter(connection.network.security_groups(description=tag)), None)
