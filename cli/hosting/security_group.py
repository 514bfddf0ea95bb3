"""`irisplane security-group`: what may reach a server, and whom it may reach."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter

from cli import output
from cli.client import connect
from cli.errors import WrongUse
from cli.hosting.finding import SECURITY_GROUP, find
from cli.hosting.looking import Where, list_all
from cli.hosting.ordering import Manner, Order, place

__all__ = ["app"]

app = App(name="security-group", help="What may reach a server.")
_HOW = Manner()

Protocol = Literal["tcp", "udp", "icmp", "sctp", "esp", "ah", "gre", "any"]
From = Annotated[
    str | None, Parameter(name="--from", help="192.0.2.0/24, or group:NAME of the same project; anywhere when absent.")
]
Port = Annotated[str | None, Parameter(help="80, or 8000-8080; every port when absent.")]
Outwards = Annotated[bool, Parameter(negative="", help="What the server may reach, instead of what may reach it.")]


@app.command(name="list")
def list_(*, project: str | None = None) -> None:
    """Your security groups.

    Args:
        project: only those of this project.
    """
    columns = {"name": "security group", "project": "project", "status": "status", "count": "rules",
               "description": "", "fault": ""}  # fmt: skip
    list_all(SECURITY_GROUP, columns, row=lambda one: {**one, "count": _count(one)}, project=project)


@app.command
def show(name: str, *, project: Where = None) -> None:
    """A security group with its rules.

    Args:
        name: its name or id.
    """
    with connect() as client:
        found = client.get(SECURITY_GROUP.at(find(client, SECURITY_GROUP, name, project=project)))
    output.give(found, lambda: _show(found))


@app.command
def create(name: str, *, description: str | None = None, project: str = "main", how: Manner = _HOW) -> None:
    """Make a security group. It lets nothing in until 'allow', and everything out.

    Args:
        project: code of the project.
    """
    body: dict[str, object] = {"name": name, "project": project}
    body |= {"description": description} if description else {}
    with connect() as client:
        place(client, Order(SECURITY_GROUP.path, body), how, shown=_show)


@app.command
def allow(
    name: str,
    *,
    port: Port = None,
    protocol: Protocol = "tcp",
    from_: From = None,
    out: Outwards = False,
    project: Where = None,
    how: Manner = _HOW,
) -> None:
    """Let something through: 'irisplane security-group allow web --port 80'.

    Args:
        name: its name or id.
    """
    _alter("allow", name, _rule(port, protocol, from_, out=out), project, how)


@app.command
def deny(
    name: str,
    *,
    port: Port = None,
    protocol: Protocol = "tcp",
    from_: From = None,
    out: Outwards = False,
    project: Where = None,
    how: Manner = _HOW,
) -> None:
    """Take a rule away again: the same words as for 'allow'.

    Args:
        name: its name or id.
    """
    _alter("deny", name, _rule(port, protocol, from_, out=out), project, how)


@app.command
def delete(name: str, *, project: Where = None, how: Manner = _HOW) -> None:
    """Delete a security group that no server uses.

    Args:
        name: its name or id.
    """
    with connect() as client:
        found = find(client, SECURITY_GROUP, name, project=project)
        question = f"Delete the security group {found['name']}?"
        place(client, Order(SECURITY_GROUP.at(found), method="DELETE", match=found, question=question), how)


def _alter(verb: str, name: str, rule: Mapping[str, Any], project: str | None, how: Manner) -> None:
    with connect() as client:
        found = find(client, SECURITY_GROUP, name, project=project)
        place(client, Order(f"{SECURITY_GROUP.at(found)}:{verb}", rule, match=found, certain=True), how, shown=_show)


def _rule(port: str | None, protocol: str, remote: str | None, *, out: bool) -> dict[str, Any]:
    """A rule as the API takes it.

    Raises:
        WrongUse: the ports are none.
    """
    rule: dict[str, Any] = {"direction": "egress" if out else "ingress", "protocol": protocol}
    if port is not None:
        low, _, high = port.partition("-")
        if not low.isdecimal() or (high and not high.isdecimal()):
            raise WrongUse(f"--port {port!r} is no port.", hint="For example --port 80, or --port 8000-8080.")
        rule |= {"port_min": int(low), "port_max": int(high or low)}
    if remote is not None:
        rule["remote"] = remote
    return rule


def _show(group: Mapping[str, Any]) -> None:
    output.say(str(group["name"]), "bold")
    output.facts([("project", group.get("project")), ("state", group.get("status")), ("fault", group.get("fault")),
                  ("", group.get("description")), ("id", group["id"])])  # fmt: skip
    output.say()
    rows = [
        {
            "way": "in" if one["direction"] == "ingress" else "out",
            "protocol": one["protocol"],
            "ports": _ports(one),
            "who": one.get("remote") or "anywhere",
        }
        for one in group.get("rules") or ()
    ]
    columns = {"way": "way", "protocol": "protocol", "ports": "ports", "who": "from or to"}
    output.table(rows, columns, empty="No rules: nothing comes in.")


def _ports(rule: Mapping[str, Any]) -> str:
    low, high = rule.get("port_min"), rule.get("port_max")
    if not low:
        return "all"
    return str(low) if low == high else f"{low}-{high}"


def _count(group: Mapping[str, Any]) -> object:
    rules = group.get("rules")
    return len(rules) if isinstance(rules, list) else rules
