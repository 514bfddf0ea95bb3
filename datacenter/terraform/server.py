"""`irisplane_server`: a virtual machine."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Final

from datacenter.terraform.fields import Field, known, length, moment, one_of, user_data
from datacenter.terraform.noun import ID, PROJECT, Noun, State

__all__ = ["Server"]

_BASE: Final = "base"
_PATCHED: Final[Mapping[str, Any]] = {"metadata": {}, "tags": []}


class Server(Noun):
    """A server. Its size and security groups can be altered; another image or network is another server."""

    name: ClassVar = "server"
    collection: ClassVar = "/api/v1/servers"
    description: ClassVar = "A virtual machine in the region's private cloud."
    fields: ClassVar = (
        ID,
        PROJECT,
        Field("name", "text", "Unique in the project.", "must", check=length(1, 63)),
        Field("plan", "text", "Code of the size, as the catalogue has it: `small`.", "must", check=length(1, 63)),
        Field("image", "text", "Code of the image, as the catalogue has it: `debian`.", "must", replace=True),
        Field("networks", "texts", "Names of networks of the project; `private` when absent.", "may", replace=True,
              untold=True),
        Field("key", "text", "Name of the SSH key that opens it.", "may", replace=True),
        Field("security_groups", "texts", "Names of security groups of the project; `base` when absent.", "may"),
        Field("user_data", "text", "For cloud-init, on a config drive; kept sealed, never given out.", "may",
              replace=True, sensitive=True, untold=True, check=user_data),
        Field("data_class", "text", "`open`, `internal`, `personal` or `sensitive`.", "either", replace=True,
              check=one_of("open", "internal", "personal", "sensitive")),
        Field("zone", "text", "Code of the zone; Irisplane chooses when absent.", "either", replace=True),
        Field("metadata", "map", "Keys and values for the guest.", "may"),
        Field("tags", "texts", "For finding it again.", "may"),
        Field("lease_until", "text", "When it is given back by itself; a lease only grows.", "either", check=moment),
        Field("protected", "bool", "Whether it cannot be deleted, by this configuration neither.", "may", default=False,
              sent=False),
        Field("addresses", "list", "Its own addresses.", volatile=True),
        Field("address", "text", "The first of them.", volatile=True),
        Field("vcpus", "number", "Virtual processors.", volatile=True),
        Field("ram_mib", "number", "MiB of memory.", volatile=True),
        Field("disk_gib", "number", "GiB of the system disk.", volatile=True),
        Field("status", "text", "As the cloud sees it.", volatile=True),
    )  # fmt: skip

    def plan(self, ctx: Any, current: State | None, planned: State) -> State:
        """The same moment in other words is no alteration."""
        if current and _time(planned["lease_until"]) == _time(current["lease_until"]) is not None:
            planned["lease_until"] = current["lease_until"]
        return super().plan(ctx, current, planned)

    def impossible(self, current: State, planned: State) -> list[tuple[str, str, str]]:
        """A lease never ends sooner."""
        until, wanted = _time(current["lease_until"]), _time(planned["lease_until"])
        if until is None or wanted is None or wanted >= until:
            return []
        sentence = f"The lease runs until {current['lease_until']}, and only grows."
        return [("lease_until", sentence, "Take the server out of the configuration to give it back now.")]

    def create(self, ctx: Any, planned: State) -> State | None:
        """Order it; what an order does not say is said afterwards."""
        made = super().create(ctx, planned)
        return self.update(ctx, made, planned) if made is not None and planned.get("protected") else made

    def state(self, found: Mapping[str, Any], before: State) -> State:
        """Its own addresses as a list of texts."""
        told = super().state({**found, "project": found["project"]["code"]}, before)
        own = [str(one["address"]) for one in found["addresses"] if one.get("kind") != "floating"]
        told["security_groups"] = _groups(found["security_groups"], before.get("security_groups"))
        if _time(told["lease_until"]) == _time(before.get("lease_until")) is not None:
            told["lease_until"] = before["lease_until"]  # the same moment, as the configuration writes it
        return {**told, "addresses": own, "address": own[0] if own else None}

    def alter(self, current: State, planned: State) -> None:
        """Another name, size, protection; other security groups; a longer lease; other metadata and tags."""
        at, orders = self.address(current["id"]), self.session.orders
        if planned["name"] != current["name"]:
            orders.do("POST", f"{at}:rename", {"name": planned["name"]})
        if planned["plan"] != current["plan"]:
            orders.do("POST", f"{at}:resize", {"plan": planned["plan"]})
            orders.do("POST", f"{at}:confirm-resize", {})
        if known(planned["lease_until"]) and planned["lease_until"] != current["lease_until"]:
            orders.do("POST", f"{at}:extend", {"lease_until": planned["lease_until"]})
        groups = planned.get("security_groups") or []
        if sorted(groups or [_BASE]) != sorted(current.get("security_groups") or [_BASE]):
            orders.do("POST", f"{at}:set-security-groups", {"security_groups": sorted(groups)})
        other: dict[str, Any] = {}
        for name, empty in _PATCHED.items():
            if (planned.get(name) or empty) != (current.get(name) or empty):
                other[name] = planned.get(name) or empty
        if other:
            orders.do("PATCH", at, other, match="*")
        if bool(planned.get("protected")) != bool(current.get("protected")):
            orders.do("POST", f"{at}:{'protect' if planned['protected'] else 'unprotect'}", {})

    def give_back(self, current: State) -> None:
        """At once, with no way back: Terraform's plan was the question."""
        self.session.orders.do("DELETE", self.address(current["id"]), match="*", now="true")


def _groups(told: Any, before: Any) -> list[str] | None:
    """Names of groups; ids where the configuration says ids, and nothing where it says nothing and none was chosen."""
    named = set(before) if known(before) else set()
    groups = sorted(str(one["id"]) if one["id"] in named else str(one["name"]) for one in told)
    if not groups or (groups == [_BASE] and not named):
        return list(before) if known(before) else None
    return groups


def _time(text: Any) -> datetime | None:
    return datetime.fromisoformat(text) if known(text) else None
