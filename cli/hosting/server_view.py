"""A server as a person reads it: a row of the list, and the whole of one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cli import output
from cli.hosting.amounts import euro, mib
from cli.hosting.finding import project_of

__all__ = ["LISTED", "row", "show_addresses", "show_server"]

LISTED: Final = {
    "name": "server",
    "project": "project",
    "status": "status",
    "plan": "plan",
    "where": "addresses",
    "month": "a month, running",
    "lease": "until",
    "note": "",
}


def row(server: Mapping[str, Any], prices: Mapping[str, str]) -> dict[str, Any]:
    """A server as a row of the list.

    Args:
        prices: code of a plan → what it costs a month, in micro-euros.
    """
    return {
        **server,
        "project": project_of(server),
        "plan": server.get("plan") or f"{server['vcpus']} vCPU, {mib(server['ram_mib'])}",
        "where": [one["address"] for one in server.get("addresses") or ()],
        "month": euro(prices.get(str(server.get("plan")))),
        "lease": output.local_time(server.get("lease_until"))[:10],
        "note": _note(server),
    }


def show_server(server: Mapping[str, Any]) -> None:
    """Print everything of one server."""
    output.say(str(server["name"]), "bold")
    size = f"{server['vcpus']} vCPU, {mib(server['ram_mib'])} of memory, {server['disk_gib']} GiB disk"
    output.facts(
        [
            ("state", server["status"]),
            ("doing", server.get("task")),
            ("fault", server.get("fault")),
            ("project", project_of(server)),
            ("plan", f"{server['plan']} ({size})" if server.get("plan") else size),
            ("image", server.get("image")),
            ("addresses", _addresses(server)),
            ("zone", server.get("zone")),
            ("data", server.get("data_class")),
            ("key", server.get("key")),
            ("security groups", ", ".join(_names(server.get("security_groups")))),
            ("volumes", ", ".join(_names(server.get("volumes")))),
            ("tags", ", ".join(server.get("tags") or ())),
            ("metadata", "\n".join(f"{name}={value}" for name, value in (server.get("metadata") or {}).items())),
            ("protected", "against deletion" if server.get("protected") else ""),
            ("lease ends", output.local_time(server.get("lease_until"))),
            ("gone for good", output.local_time(server.get("purge_at"))),
            ("ordered", output.local_time(server.get("created_at"))),
            ("order", server.get("order")),
            ("id", server["id"]),
        ]
    )


def show_addresses(server: Mapping[str, Any]) -> None:
    """Print what one needs to reach a server that has just come up."""
    output.say()
    output.say(f"{server['name']} is {server['status']}.", output.state(str(server["status"])) or "bold")
    output.facts([("addresses", _addresses(server)), ("id", server["id"])])


def _addresses(server: Mapping[str, Any]) -> str:
    floating = {"floating": " (floating)"}
    return "\n".join(
        f"{one['address']:<15}  {one.get('network', '')}{floating.get(str(one.get('kind')), '')}".rstrip()
        for one in server.get("addresses") or ()
    )


def _names(found: object) -> list[str]:
    if not isinstance(found, list):
        return []
    return [str(one.get("name") or one.get("id")) if isinstance(one, Mapping) else str(one) for one in found]


def _note(server: Mapping[str, Any]) -> str:
    if server.get("fault"):
        return str(server["fault"])
    if server.get("purge_at"):
        return f"gone for good at {output.local_time(server['purge_at'])}"
    return "protected" if server.get("protected") else ""
