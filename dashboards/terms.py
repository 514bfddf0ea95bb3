"""What the code names and people read: states, kinds of change, roles, resources. The words stand in the catalogues."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = [
    "CAPACITY",
    "CONTEXT_SCOPES",
    "FIBRE",
    "KINDS",
    "RESOURCES",
    "ROLES",
    "STATES",
    "STATUSES",
    "TERMS",
    "TONES",
    "WAITS",
    "mark",
]


def mark(text: str) -> str:
    """Marks a text for the catalogues; it is translated where it is shown. Imported as ``_``, which they look for."""
    return text


_ = mark


STATES: Final[Mapping[str, str]] = {
    "waiting": _("waiting"),
    "approved": _("approved"),
    "running": _("running"),
    "rolling_back": _("taking back"),
    "succeeded": _("done"),
    "failed": _("failed"),
    "rolled_back": _("taken back"),
    "unknown": _("unknown"),
    "rejected": _("rejected"),
    "cancelled": _("cancelled"),
    "expired": _("expired"),
    "stale": _("overtaken"),
}
"""States of a change."""

STEPS: Final[Mapping[str, str]] = {
    "pending": _("to come"),
    "preparing": _("being prepared"),
    "applying": _("being applied"),
    "verifying": _("being verified"),
    "confirming": _("being confirmed"),
    "undoing": _("being undone"),
    "prepared": _("prepared"),
    "applied": _("applied"),
    "verified": _("verified"),
    "confirmed": _("confirmed"),
    "undone": _("undone"),
    "skipped": _("skipped"),
}
"""States of a step, beside those of a change."""

STATUSES: Final[Mapping[str, str]] = {
    "ordered": _("ordered"),
    "building": _("being built"),
    "active": _("active"),
    "available": _("available"),
    "attached": _("attached"),
    "free": _("free"),
    "assigned": _("in use"),
    "asked": _("asked for"),
    "closed": _("closed"),
    "stopped": _("stopped"),
    "paused": _("paused"),
    "suspended": _("suspended"),
    "resized": _("resized"),
    "busy": _("busy"),
    "error": _("error"),
    "kept": _("given back, kept"),
    "deleting": _("being deleted"),
    "vanished": _("vanished"),
    "gone": _("gone"),
    "ready": _("ready"),
    "reachable": _("reachable"),
    "unreachable": _("unreachable"),
    "planned": _("planned"),
    "offline": _("offline"),
    "decommissioned": _("decommissioned"),
    "draft": _("draft"),
    "scheduled": _("planned"),
    "in-progress": _("under way"),
    "answered": _("answered"),
    "solved": _("solved"),
    "accepted": _("accepted"),
    "withdrawn": _("withdrawn"),
}
"""Statuses of servers, volumes, addresses, networks, projects and devices."""

PLACES: Final[Mapping[str, str]] = {
    "up": _("up"),
    "down": _("down"),
    "drift": _("drift"),
    "empty": _("without devices"),
}
"""States of sites and links, beside *unknown* and *planned*."""

SITE_KINDS: Final[Mapping[str, str]] = {
    "datacentre": _("data centre"),
    "station": _("station"),
    "town-hall": _("town hall"),
    "school": _("school"),
    "library": _("library"),
    "hospital": _("hospital"),
    "police": _("police station"),
    "fire": _("fire station"),
    "university": _("university"),
    "court": _("court"),
    "post-office": _("post office"),
    "community-centre": _("community centre"),
    "museum": _("museum"),
    "theatre": _("theatre"),
    "stop": _("stop"),
    "hotspot": _("hotspot"),
}

DEVICE_ROLES: Final[Mapping[str, str]] = {
    "core": _("core"),
    "aggregation": _("aggregation"),
    "access": _("access"),
    "edge": _("edge"),
    "spine": _("spine"),
    "leaf": _("leaf"),
    "firewall": _("firewall"),
    "server": _("server"),
    "access-point": _("access point"),
    "other": _("other"),
}

INTERFACE_KINDS: Final[Mapping[str, str]] = {
    "physical": _("physical"),
    "loopback": _("loopback"),
    "lag": _("link aggregation"),
    "vlan": _("VLAN"),
    "bridge": _("bridge"),
    "tunnel": _("tunnel"),
    "virtual": _("virtual"),
}
"""Without ``management``, which is also a role and is another word in French."""

LINK_KINDS: Final[Mapping[str, str]] = {
    "fibre": _("fibre"),
    "copper": _("copper"),
    "dac": _("direct attach cable"),
    "wireless": _("radio"),
    "virtual": _("virtual"),
}

SOURCES: Final[Mapping[str, str]] = {
    "backup": _("hourly copy"),
    "before": _("before a change"),
    "after": _("after a change"),
    "adopted": _("adopted"),
}
"""Why a configuration was kept, beside *drift*."""

DRIFT_POLICIES: Final[Mapping[str, str]] = {
    "report": _("is told"),
    "restore": _("is put back"),
    "adopt": _("is adopted"),
}
"""What is done about drift."""

FACES: Final[Mapping[str, str]] = {
    "front": _("front"),
    "rear": _("rear"),
    "both": _("front and rear"),
}
"""Sides of a rack."""

WAITS: Final[Mapping[str, str]] = {
    "schedule": _("its hour"),
    "window": _("a maintenance window"),
    "locks": _("another change on the same things"),
    "cloud": _("the cloud, which is away"),
}
"""What an approved change may wait for."""

ROLES: Final[Mapping[str, str]] = {
    "engineer": _("network engineer"),
    "network-lead": _("network lead"),
    "agency-user": _("member of an administration"),
    "agency-admin": _("administrator of an administration"),
    "platform-manager": _("platform manager"),
    "management": _("management"),
    "auditor": _("auditor"),
}

RESOURCES: Final[Mapping[str, str]] = {
    "servers": _("servers"),
    "vcpus": _("virtual processors"),
    "ram_mib": _("memory"),
    "volumes": _("volumes"),
    "storage_gib": _("storage"),
    "snapshots": _("snapshots"),
    "networks": _("networks"),
    "floating_ips": _("public addresses"),
    "security_groups": _("security groups"),
}

CAPACITY: Final[Mapping[str, str]] = {"disk_gib": _("disk")}
"""What machines have besides."""
"""What quotas bound."""

DATA_CLASSES: Final[Mapping[str, str]] = {
    "open": _("open data"),
    "internal": _("internal"),
    "personal": _("personal data"),
    "sensitive": _("sensitive data"),
}

OFFERED: Final[Mapping[str, str]] = {"floating-ip": _("public address")}
"""What the catalogue offers and its code names; plans of servers have names of their own."""

JOURNAL: Final[Mapping[str, str]] = {
    "audit": _("deeds"),
    "event": _("events"),
    "log": _("rows altered"),
}
"""Kinds of entries of the journal."""

CONTEXT_SCOPES: Final[Mapping[str, str]] = {
    "region": _("the whole region"),
    "role": _("all of a role"),
    "site": _("a site"),
    "device": _("one device"),
}
"""What a configuration context is laid on, from the widest to the narrowest."""

KINDS: Final[Mapping[str, str]] = {
    "take-back": _("Take back"),
    "inventory.edit": _("Edit the inventory"),
    "inventory.allocate": _("Allocate from pools"),
    "inventory.import": _("Import region data"),
    "network.config": _("Push configuration"),
    "network.snippet": _("Push a snippet"),
    "network.restore": _("Restore a kept configuration"),
    "network.adopt": _("Adopt what runs"),
    "network.enrol": _("Enrol a host key"),
    "network.replace": _("Replace a router"),
    "network.service.order": _("Order a network service"),
    "network.service.remove": _("Remove a network service"),
    "service.request": _("Ask for a network service"),
    "network.upgrade": _("Upgrade software"),
    "network.play": _("Run a play"),
    "network.design": _("Design the network"),
    "hosting.backup_schedule.alter": _("Alter a schedule of copies"),
    "hosting.backup_schedule.create": _("Copy a volume by itself"),
    "hosting.backup_schedule.delete": _("End a schedule of copies"),
    "hosting.catalogue.import": _("Import the catalogue"),
    "hosting.charge.correct": _("Correct a closed month"),
    "hosting.floating_address.assign": _("Lead a public address to a server"),
    "hosting.floating_address.create": _("Order a public address"),
    "hosting.floating_address.delete": _("Give a public address back"),
    "hosting.floating_address.release": _("Take a public address from its server"),
    "hosting.month.close": _("Close a month"),
    "hosting.network.create": _("Create a private network"),
    "hosting.network.delete": _("Delete a private network"),
    "hosting.project.create": _("Make a project"),
    "hosting.project.reconcile": _("Mend a project"),
    "hosting.quota.grant": _("Alter a quota"),
    "hosting.quota.split": _("Split the quota"),
    "hosting.security_group.alter": _("Alter a security group"),
    "hosting.security_group.create": _("Create a security group"),
    "hosting.security_group.delete": _("Delete a security group"),
    "hosting.server.add-security-group": _("Add a security group to a server"),
    "hosting.server.alter": _("Mark a server"),
    "hosting.server.attach-network": _("Attach a network"),
    "hosting.server.confirm-resize": _("Confirm a new size"),
    "hosting.server.create": _("Create a server"),
    "hosting.server.delete": _("Give a server back"),
    "hosting.server.delete-image": _("Delete an image of a server"),
    "hosting.server.detach-network": _("Detach a network"),
    "hosting.server.extend": _("Extend a lease"),
    "hosting.server.import": _("Take over servers"),
    "hosting.server.protect": _("Protect a server"),
    "hosting.server.reboot": _("Restart a server"),
    "hosting.server.rebuild": _("Rebuild a server"),
    "hosting.server.remove-security-group": _("Take a security group from a server"),
    "hosting.server.rename": _("Rename a server"),
    "hosting.server.resize": _("Resize a server"),
    "hosting.server.restore": _("Have a server back"),
    "hosting.server.revert-resize": _("Go back to the old size"),
    "hosting.server.set-security-groups": _("Choose a server's security groups"),
    "hosting.server.snapshot": _("Keep a server's disk as an image"),
    "hosting.server.start": _("Start a server"),
    "hosting.server.stop": _("Stop a server"),
    "hosting.server.unprotect": _("Lift a server's protection"),
    "hosting.snapshot.delete": _("Delete a snapshot"),
    "hosting.spend-limit.set": _("Limit what a month may come to"),
    "hosting.ssh_key.create": _("Bring an SSH key in"),
    "hosting.ssh_key.delete": _("Forget an SSH key"),
    "hosting.volume.attach": _("Attach a volume to a server"),
    "hosting.volume.create": _("Create a volume"),
    "hosting.volume.delete": _("Delete a volume"),
    "hosting.volume.detach": _("Detach a volume from its server"),
    "hosting.volume.extend": _("Make a volume larger"),
    "hosting.volume.rename": _("Rename a volume"),
    "hosting.volume.restore": _("Bring a volume back to its snapshot"),
    "hosting.volume.snapshot": _("Take a snapshot of a volume"),
    "hosting.zone.edit": _("Edit a zone"),
}
"""Kinds of change."""

RULES: Final[Mapping[str, str]] = {
    "network-needs-a-lead": _("A change of network equipment is approved by a network lead."),
    "core-needs-two-leads": _("Core equipment, or more than 20 devices at once, is approved by two network leads."),
    "agency-orders-need-the-agency-admin": _(
        "What an agency's user orders, beyond what its quota bounds, is approved by the agency's administrator."
    ),
    "emergency-needs-a-second-look": _(
        "An emergency that went first is approved by a second network lead within 24 hours."
    ),
    "dear-orders-need-the-agency-admin": _(
        "An order of more than 50 EUR a month is approved by the administration's administrator."
    ),
    "personal-data-needs-the-agency-admin": _(
        "A place for personal or sensitive data is approved by the administration's administrator."
    ),
    "sensitive-data-needs-the-platform": _(
        "A place for sensitive data is approved by a platform manager of the region."
    ),
    "large-orders-need-the-platform": _(
        "More than 8 virtual processors at once are approved by a platform manager of the region."
    ),
    "service-requests-need-an-engineer": _(
        "A network service that an administration asks for is approved by an engineer of the region, who orders it."
    ),
    "splitting-needs-the-agency-admin": _(
        "How a quota is split among projects is approved by the administration's administrator."
    ),
    "quota-needs-the-platform": _("A larger quota is granted by a platform manager of the region."),
}
"""Rules that ask for an approval, by their id: their own text, for it to be translated. Other rules speak English."""

FIBRE: Final[Mapping[str, str]] = {
    "blue": _("blue"),
    "orange": _("orange"),
    "green": _("green"),
    "brown": _("brown"),
    "grey": _("grey"),
    "white": _("white"),
    "red": _("red"),
    "black": _("black"),
    "yellow": _("yellow"),
    "violet": _("violet"),
    "pink": _("pink"),
    "turquoise": _("turquoise"),
    "fusion": _("fusion"),
    "mechanical": _("mechanical"),
    "express": _("led through"),
}
"""Colours of strands and tubes, and ways of splicing."""

TERMS: Final[Mapping[str, str]] = {
    **FIBRE, **STEPS, **STATES, **STATUSES, **JOURNAL, **PLACES, **SITE_KINDS, **DEVICE_ROLES,
    **INTERFACE_KINDS, **LINK_KINDS, **SOURCES,
    **DRIFT_POLICIES, **FACES, **WAITS, **ROLES, **RESOURCES, **CAPACITY, **DATA_CLASSES, **OFFERED, **RULES, **KINDS,
}  # fmt: skip
"""All of them: no two sets use one name for two things."""

_TONE_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "good": (
        "succeeded", "active", "available", "attached", "assigned", "ready", "reachable", "confirmed", "verified",
        "accepted", "solved", "up",
    ),
    "busy": (
        "running", "rolling_back", "building", "preparing", "applying", "verifying", "confirming", "undoing", "busy",
        "prepared", "applied", "deleting",
    ),
    "waits": ("waiting", "approved", "ordered", "planned", "resized", "asked", "drift"),
    "bad": ("failed", "error", "unreachable", "vanished", "down"),
    "unsure": ("unknown",),
}  # fmt: skip
TONES: Final[Mapping[str, str]] = {name: tone for tone, names in _TONE_OF.items() for name in names}
"""How a state looks; calm where nothing is said. *Unknown* never looks good."""
