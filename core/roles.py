"""Roles a person holds in a tenant, the scopes a token may carry, and which role gives which scope.

A scope says what a token may be used *for*; whether this person may do this thing now is policy's answer
(``orchestrator/policies``). So a scope here is wide, and a missing one is final.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

__all__ = ["ROLES", "SCOPES", "STAFF_ROLES", "covered", "expand", "scopes_of"]

ROLES: Final[Mapping[str, str]] = {
    "engineer": "Plans, submits and carries out changes to the region's equipment.",
    "network-lead": "Approves what engineers submit, and may go first in an emergency.",
    "agency-user": "Orders and follows what belongs to the own administration.",
    "agency-admin": "Approves the own administration's orders and manages its people.",
    "platform-manager": "Runs Irisplane itself: people, secrets, backups, settings of the platform.",
    "management": "Sees everything that is measured; approves what touches a whole site or service.",
    "auditor": "Reads everything, the journal included, and alters nothing.",
}

STAFF_ROLES: Final = frozenset({"engineer", "network-lead", "platform-manager", "management", "auditor"})
"""Held in the region's tenant, these see every tenant."""

SCOPES: Final[Mapping[str, str]] = {
    "inventory:read": "Read sites, racks, devices, links, addresses, context.",
    "inventory:write": "Submit inventory edits.",
    "network:read": "Read running and intended configuration, drift, backups, reachability.",
    "network:write": "Submit configuration changes, enrol host keys, handle drift.",
    "hosting:read": "Read projects, quotas, the catalogue, servers and what belongs to them, usage and cost.",
    "hosting:write": "Order, alter and give back servers and what belongs to them.",
    "hosting:support": "Ask the region for help, answer, announce maintenance.",
    "change:read": "Read changes, their plans and their story; follow events.",
    "change:submit": "Submit, cancel and undo changes.",
    "change:approve": "Approve or reject changes.",
    "audit:read": "Read and verify the journal.",
    "identity:read": "Read people, service accounts and roles.",
    "identity:write": "Create and deactivate people and service accounts, grant and take roles, name deputies.",
    "token:write": "Make and revoke one's own tokens.",
    "secret:read": "List the names of secrets; a value is never given out.",
    "secret:write": "Set and delete secrets.",
    "webhook:read": "Read webhooks and their deliveries.",
    "webhook:write": "Create, change and delete webhooks.",
    "calendar:write": "Keep maintenance windows and freezes.",
    "platform:read": "Read health, parts and figures of the platform.",
    "platform:write": "Rotate keys, make checkpoints and backups.",
}

_READ: Final = (
    "inventory:read", "network:read", "hosting:read", "change:read", "platform:read", "webhook:read", "token:write",
)  # fmt: skip

_OF_ROLE: Final[Mapping[str, tuple[str, ...]]] = {
    "engineer": (
        *_READ, "inventory:write", "network:write", "hosting:support", "change:submit", "change:approve", "audit:read",
        "identity:read", "secret:read", "secret:write", "webhook:write", "calendar:write",
    ),
    "network-lead": (
        *_READ, "inventory:write", "network:write", "hosting:support", "change:submit", "change:approve", "audit:read",
        "identity:read", "identity:write", "secret:read", "secret:write", "webhook:write", "calendar:write",
    ),
    "platform-manager": tuple(SCOPES),
    "management": (*_READ, "change:approve", "audit:read", "identity:read"),
    "auditor": (*_READ, "audit:read", "identity:read", "secret:read"),
    "agency-user": (
        "inventory:read", "hosting:read", "hosting:write", "hosting:support", "change:read", "change:submit",
        "webhook:read", "token:write",
    ),
    "agency-admin": (
        "inventory:read", "hosting:read", "hosting:write", "hosting:support", "change:read", "change:submit",
        "change:approve", "audit:read", "identity:read", "identity:write", "webhook:read", "webhook:write",
        "token:write",
    ),
}  # fmt: skip


def expand(scopes: Iterable[str]) -> frozenset[str]:
    """The scopes that names and wildcards (``*``, ``network:*``) stand for; unknown ones stand for nothing."""
    out: set[str] = set()
    for scope in scopes:
        if scope == "*":
            out |= SCOPES.keys()
        elif scope.endswith(":*"):
            out |= {known for known in SCOPES if known.startswith(scope[:-1])}
        elif scope in SCOPES:
            out.add(scope)
    return frozenset(out)


def scopes_of(roles: Iterable[str]) -> frozenset[str]:
    """Everything these roles give."""
    return frozenset(scope for role in roles for scope in _OF_ROLE[role])


def covered(scopes: Iterable[str], by: frozenset[str]) -> bool:
    """Whether every scope meant is among ``by``."""
    return expand(scopes) <= by
