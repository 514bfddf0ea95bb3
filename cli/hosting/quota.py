"""`irisplane quota`: how much may be held, how much is left, and asking for more."""

from __future__ import annotations

from cyclopts import App

from cli import output
from cli.client import connect
from cli.errors import WrongUse
from cli.hosting.amounts import RESOURCES
from cli.hosting.ordering import Manner, Order, place

__all__ = ["app"]

app = App(name="quota", help="How much may be held, and how much is left.")
_PATH = "/api/v1/quotas"
_HOW = Manner()


@app.command(name="list")
def list_(*, project: str | None = None, tenant: str | None = None) -> None:
    """What is granted, used and left; without a project: of the whole administration.

    Args:
        project: only that of this project.
        tenant: of which administration, for the region's staff.
    """
    with connect() as client:
        found = client.items(_PATH, project=project, tenant=tenant)
    rows = [
        {**one, "project": one.get("project") or "(all)", "what": RESOURCES.get(one["resource"], ""),
         "left": one.get("left", int(one["granted"]) - int(one["used"]))}
        for one in found
    ]  # fmt: skip
    columns = {"project": "project", "resource": "resource", "granted": "granted", "used": "used", "left": "left",
               "what": ""}  # fmt: skip
    if len({one.get("tenant") for one in found}) > 1:
        columns = {"tenant": "administration", **columns}
    output.give(found, lambda: output.table(rows, columns, empty="No quotas."))


@app.command
def split(project: str, *shares: str, how: Manner = _HOW) -> None:
    """Let a project hold so much of what the administration has; its administrator decides.

    Args:
        project: its code.
        shares: RESOURCE=HOW-MUCH, servers=3 vcpus=6.
    """
    wanted = {}
    for word in shares:
        resource, _, amount = word.partition("=")
        if resource not in RESOURCES or not amount.isdecimal():
            raise WrongUse(f"{word!r} is no share.", hint=f"RESOURCE=HOW-MUCH, of: {', '.join(RESOURCES)}.")
        wanted[resource] = int(amount)
    if not wanted:
        raise WrongUse("Say how much, for example servers=3 vcpus=6.")
    body = {"shares": {project: wanted}}
    with connect() as client:
        place(client, Order(f"{_PATH}:split", body, kind="hosting.quota.split", intent=body), how)


@app.command
def request(resource: str, granted: int, *, project: str | None = None, how: Manner = _HOW) -> None:
    """Ask for more: a platform manager of the region decides.

    Args:
        resource: servers, vcpus, ram_mib, volumes, storage_gib, snapshots, networks, floating_ips or security_groups.
        granted: how much there should be in all.
        project: for this project; for the whole administration when absent.
    """
    if resource not in RESOURCES:
        raise WrongUse(f"{resource!r} is nothing that is counted.", hint=f"One of: {', '.join(RESOURCES)}.")
    body: dict[str, object] = {"resource": resource, "granted": granted}
    body |= {"project": project} if project else {}
    with connect() as client:
        place(client, Order(_PATH, body), how)
