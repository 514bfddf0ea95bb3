"""Rules of the data centre's tables in words."""

from __future__ import annotations

import json
from typing import Final

from sqlalchemy.exc import DBAPIError

from core.db import violated_constraint
from core.errors import IrisplaneError
from datacenter.hosting.errors import NameTaken, OverQuota
from datacenter.hosting.metering.errors import MonthClosed, MonthNotReady, PriceHeld
from datacenter.hosting.networks.errors import RangeTaken

__all__ = ["from_database"]

_RESOURCES: Final = {
    "servers": "servers",
    "vcpus": "virtual processors",
    "ram_mib": "MiB of memory",
    "volumes": "volumes",
    "storage_gib": "GiB of storage",
    "snapshots": "snapshots",
    "networks": "networks",
    "floating_ips": "floating addresses",
    "security_groups": "security groups",
}
_NAMES: Final = {
    "server_name_once": "server",
    "cloud_network_name_once": "network",
    "project_code_once": "project",
    "security_group_name_once": "security group",
    "volume_name_once": "volume",
    "volume_snapshot_name_once": "snapshot",
    "backup_schedule_name_once": "schedule",
}
_OF_MONTHS: Final = {
    "month_as_read": "The month has altered since it was read; look at it again.",
    "month_is_over": "The month is not over yet.",
    "months_in_order": "A later month is closed already.",
    "closed_month_once": "The month is closed already.",
    "closed_month_stays": "A month that was closed stays closed.",
    "usage_stays": "What was metered stays.",
}


def from_database(error: DBAPIError) -> IrisplaneError | None:
    """The rule that a database error names, in words; ``None`` when it is not one of ours."""
    rule = violated_constraint(error)
    if rule == "quota_fits":
        return _over_quota(str(getattr(getattr(error.orig, "diag", None), "message_detail", None) or "{}"))
    if rule == "cloud_network_apart":
        return RangeTaken("Another network of the project has some of these addresses.", pointer="/cidr")
    if rule == "ssh_key_name_once":
        return NameTaken("Your administration has a key of this name.", pointer="/name", rule=rule)
    if rule == "month_is_closed":
        detail = str(getattr(getattr(error.orig, "diag", None), "message_detail", None) or "")
        return MonthClosed(f"The month {detail} is closed: its lines stay as they are.", month=detail)
    if rule in _OF_MONTHS:
        return MonthNotReady(_OF_MONTHS[rule], rule=rule)
    if rule == "price_history":
        return PriceHeld("A price that held stays as it was, and a closed month gets no other one.", rule=rule)
    if rule in _NAMES:
        return NameTaken(f"A {_NAMES[rule]} of this name stands in the project.", pointer="/name", rule=rule)
    return None


def _over_quota(detail: str) -> OverQuota:
    facts = json.loads(detail)
    what = _RESOURCES.get(facts["resource"], facts["resource"])
    whose = "administration" if facts["level"] == "tenant" else "project"
    order = {
        "kind": "hosting.quota.grant",
        "intent": {"project": facts.get("project"), "resources": facts.pop("enough", {})},
    }
    return OverQuota(
        f"This needs {facts['asked']} {what}; of the {facts['granted']} of your {whose} {facts['left']} are left.",
        **facts,
        order=order,
    )
