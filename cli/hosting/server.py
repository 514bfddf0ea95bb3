"""`irisplane server`: order servers, see them, reach them, give them back and have them back."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from cyclopts import App, Parameter

from cli import output, session
from cli.asking import moment, read_text
from cli.client import connect
from cli.errors import WrongUse
from cli.hosting import serial_terminal, server_life
from cli.hosting.finding import SERVER, find, project_of
from cli.hosting.ordering import Manner, Order, place
from cli.hosting.server_view import LISTED, row, show_addresses, show_server

__all__ = ["app"]

app = App(name="server", help="Servers: order, see, alter, give back.")

Where = server_life.Where
_HOW = Manner()
DataClass = Literal["open", "internal", "personal", "sensitive"]
Many = Annotated[list[str] | None, Parameter(negative="")]
Clear = Annotated[bool, Parameter(negative="", help="Without tags and metadata, but for those given beside it.")]
_USER_DATA_MOST: Final = 65_535
"""Characters of user data in base64 that OpenStack takes."""


@app.command(name="list")
def list_(
    *,
    project: str | None = None,
    status: str | None = None,
    tag: str | None = None,
    search: Annotated[str | None, Parameter(name=["--search", "-q"])] = None,
    limit: int = 1000,
) -> None:
    """Your servers: status, addresses, cost of a month, end of the lease.

    Args:
        project: only those of this project.
        status: active, stopped, error, kept (deleted, can be had back) …
        tag: only those with this tag.
        search: a part of the name.
        limit: how many at most.
    """
    asked: dict[str, Any] = {"project": project, "status": status, "tag": tag, "q": search}
    with connect() as client:
        found = client.items(SERVER.path, most=limit, limit=min(limit, 1000), **asked)
        plans = [] if session.current.as_json else client.items("/api/v1/flavors")
    prices = {one["code"]: one["month_micro_eur"] for one in plans}
    output.give(found, lambda: output.table([row(one, prices) for one in found], LISTED, empty="No servers."))


@app.command
def show(name: str, *, project: Where = None) -> None:
    """Everything of one server.

    Args:
        name: its name or id.
    """
    with connect() as client:
        found = find(client, SERVER, name, project=project)
        found = client.get(SERVER.at(found))
    output.give(found, lambda: show_server(found))


@app.command
def create(
    name: str,
    *,
    plan: str,
    image: str,
    network: Many = None,
    key: str | None = None,
    project: str = "main",
    security_group: Many = None,
    user_data: Path | None = None,
    data_class: DataClass = "internal",
    zone: str | None = None,
    floating_ip: Annotated[bool, Parameter(negative="")] = False,
    near: str | None = None,
    apart: Many = None,
    until: str | None = None,
    tag: Many = None,
    metadata: Many = None,
    how: Manner = _HOW,
) -> None:
    """Order a server: shows what it costs and what is left, asks, then follows it until it runs.

    Args:
        name: of the server: letters, digits and hyphens.
        plan: a size of the catalogue, small; 'irisplane flavor list' shows them.
        image: what it starts from, debian; 'irisplane image list' shows them, 'irisplane server images' those of yours.
        network: a private network of the project; can be given several times.
        key: name of the SSH key that opens it; 'irisplane key add' brings one in.
        project: code of the project.
        security_group: what may reach it; can be given several times.
        user_data: file with a script or cloud-config for its first start; - for standard input.
        data_class: of what it will hold; decides where it may stand and who approves.
        zone: where; chosen by its data and neighbours when absent.
        floating_ip: with an address that is reached from outside.
        near: a server beside which it should stand.
        apart: a server with which it should not share a host; can be given several times.
        until: end of its lease, 2027-12-31; then it is stopped, and deleted after a while.
        tag: for searching; can be given several times.
        metadata: NAME=VALUE, read by the server itself; can be given several times.
    """
    body: dict[str, Any] = {
        "name": name,
        "plan": plan,
        "image": image,
        "project": project,
        "networks": network or [],
        "key": key,
        "security_groups": security_group or [],
        "user_data": _user_data(user_data),
        "data_class": data_class,
        "zone": zone,
        "near": [near] if near else None,
        "apart": apart,
        "lease_until": moment(until),
        "tags": tag or [],
        "metadata": pairs(metadata),
        "floating_address": floating_ip,
    }
    body = {field: value for field, value in body.items() if value not in (None, [], {})}
    with connect() as client:
        place(
            client,
            Order(SERVER.path, body),
            how,
            shown=show_addresses,
            afterwards=f"Its console: irisplane server console {name}. Give it back: irisplane server delete {name}.",
        )


@app.command
def delete(
    name: str,
    *,
    now: Annotated[bool, Parameter(negative="")] = False,
    project: Where = None,
    how: Manner = _HOW,
) -> None:
    """Give a server back. It is stopped and kept for some time, in which 'restore' brings it back.

    Args:
        name: its name or id.
        now: at once, with no way back.
    """
    with connect() as client:
        found = find(client, SERVER, name, project=project)
        question = f"Delete {found['name']} ({found['id']}) in project {project_of(found)}?"
        question += " There is no way back." if now else ""
        back = "" if now else f"Have it back: irisplane server restore {name}"
        path = SERVER.at(found) + ("?now=true" if now else "")
        place(client, Order(path, method="DELETE", match=found, question=question), how, shown=show_kept,
              afterwards=back)  # fmt: skip


@app.command
def console(
    name: str,
    *,
    attach: Annotated[bool, Parameter(negative="")] = False,
    project: Where = None,
    lines: int | None = None,
) -> None:
    """What the server wrote to its console.

    Args:
        name: its name or id.
        attach: sit down at it: a terminal on its serial port, left with Ctrl-].
        lines: only the last ones.
    """
    if attach and lines is not None:
        raise WrongUse("--attach shows what comes, --lines what was.", hint="Give one of the two.")
    if attach:
        serial_terminal.must_be_a_terminal()
    with connect() as client:
        found = find(client, SERVER, name, project=project)
        if attach:
            made = client.get(f"{SERVER.at(found)}/console-url")
            serial_terminal.sit_down(made["url"], str(found["name"]), client.access.authority)
            return
        text = client.request("GET", f"{SERVER.at(found)}/console", query={"lines": lines})
    said = text.json().get("output", "") if "json" in text.headers.get("content-type", "") else text.text
    output.give({"server": found["id"], "output": said}, lambda: print(output.clean(said), end=""))


@app.command
def console_url(name: str, *, project: Where = None) -> None:
    """An address (WebSocket) at which the server's serial console is open for some minutes. Keep it to yourself.

    Args:
        name: its name or id.
    """
    with connect() as client:
        found = find(client, SERVER, name, project=project)
        made = client.get(f"{SERVER.at(found)}/console-url")

    def shown() -> None:
        print(made["url"])
        output.notice(f"It opens the console until {output.local_time(made['expires_at'])}, for whoever has it.")

    output.give(made, shown)


@app.command(name="set")
def set_(
    name: str,
    *,
    tag: Many = None,
    metadata: Many = None,
    clear: Clear = False,
    project: Where = None,
    how: Manner = _HOW,
) -> None:
    """Give a server these tags, or this metadata, in place of those it has.

    Args:
        name: its name or id.
        tag: for searching; can be given several times.
        metadata: NAME=VALUE, read by the server itself; can be given several times.
    """
    body: dict[str, Any] = {"tags": [], "metadata": {}} if clear else {}
    body |= {"tags": tag} if tag else {}
    body |= {"metadata": pairs(metadata)} if metadata else {}
    if not body:
        raise WrongUse("Nothing to set was given.", hint="For example --tag web, --metadata role=web, or --clear.")
    with connect() as client:
        found = find(client, SERVER, name, project=project)
        place(client, Order(SERVER.at(found), body, method="PATCH", match=found, certain=True), how, shown=show_server)


@app.command
def images(name: str | None = None, *, project: Where = None) -> None:
    """The images that 'irisplane server snapshot' kept of a server; of all servers, gone ones too, when none is named.

    Args:
        name: its name or id; of one that is gone, its id.
    """
    if name is None:
        with connect() as client:
            kept = client.items("/api/v1/server-images", project=project)
        listed = [{**one, "of": one["server"]["name"], "server": one["server"]["id"]} for one in kept]
        shown = {"name": "image", "project": "project", "of": "of server", "status": "status", "bytes": "bytes",
                 "image": "id", "server": "server's id"}  # fmt: skip
        output.give(kept, lambda: output.table(listed, shown, empty="No images were made of servers."))
        return
    with connect() as client:
        found = client.items(f"{SERVER.at(find(client, SERVER, name, project=project))}/images")
    rows = [{**one, "when": output.local_time(one["made_at"])} for one in found]
    columns = {"name": "image", "status": "status", "bytes": "bytes", "when": "made at", "id": "id"}
    output.give(found, lambda: output.table(rows, columns, empty="No images were made of it."))


@app.command
def delete_image(name: str, image: str, *, project: Where = None, how: Manner = _HOW) -> None:
    """Delete an image that was made of a server; it counts as a snapshot until then.

    Args:
        name: the server's name or id; of one that is gone, its id.
        image: the image's name or id.
    """
    with connect() as client:
        server = find(client, SERVER, name, project=project)
        there = client.items(f"{SERVER.at(server)}/images")
        meant = [one for one in there if image in (one["id"], one["name"])]
        if len(meant) != 1:
            many = f"{len(meant)} images of {server['name']} are named {image!r}."
            none = f"{server['name']} has no image {image!r}."
            raise WrongUse(many if meant else none, hint=f"'irisplane server images {name}' shows them with their ids.")
        question = f"Delete the image {meant[0]['name']} ({meant[0]['id']}) of {server['name']}? There is no way back."
        path = f"{SERVER.at(server)}/images/{meant[0]['id']}"
        place(client, Order(path, method="DELETE", question=question), how)


@app.command(name="import")
def import_(*servers: str, project: str = "main", how: Manner = _HOW) -> None:
    """Take over servers that somebody made in the project past Irisplane.

    Args:
        servers: their ids in the cloud; all when none is named.
        project: code of the project.
    """
    with connect() as client:
        body = {"project": project, "servers": list(servers)}
        question = f"Take over {', '.join(servers) or 'every server'} of project {project} that is not known here?"
        place(client, Order(f"{SERVER.path}:import", body, question=question), how)


for _verb in server_life.VERBS:
    app.command(_verb)


# ------------------------------------------------------------------------------------------------------------ inside
def show_kept(server: Any) -> None:
    """Print until when a deleted server can be had back."""
    if server.get("purge_at"):
        output.say(f"  Stopped, and kept until {output.local_time(server['purge_at'])}.")


def pairs(given: Sequence[str] | None) -> dict[str, str]:
    """``NAME=VALUE`` words as a mapping.

    Raises:
        WrongUse: one is no pair.
    """
    found = {}
    for word in given or ():
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise WrongUse(f"--metadata {word!r} is no pair.", hint="For example --metadata role=web.")
        found[name] = value
    return found


def _user_data(file: Path | None) -> str | None:
    """What the server gets at its first start.

    Raises:
        WrongUse: it is more than a server takes.
    """
    if file is None:
        return None
    text = read_text(file)
    size = len(text.encode())
    if len(b64encode(text.encode())) > _USER_DATA_MOST:
        raise WrongUse(
            f"{file} holds {size} bytes; a server takes {_USER_DATA_MOST // 4 * 3} bytes of user data at most.",
            hint="Keep the script short, and let it fetch what is large.",
        )
    return text
