"""The verbs of a server's life: start, stop, resize, rebuild, attach, protect, have back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from cyclopts import Parameter

from cli.asking import moment
from cli.client import connect
from cli.hosting.finding import SERVER, VOLUME, find, project_of
from cli.hosting.ordering import Manner, Order, place
from cli.hosting.server_view import show_addresses

__all__ = ["VERBS", "Where"]

Where = Annotated[str | None, Parameter(help="Project in which to look for the name; all of yours when absent.")]
_HOW = Manner()


def start(name: str, *, project: Where = None, how: Manner = _HOW) -> None:
    """Start a server that stands still."""
    _do(name, project, "start", how=how)


def stop(name: str, *, project: Where = None, how: Manner = _HOW) -> None:
    """Stop a server; it keeps its disk and addresses."""
    _do(name, project, "stop", how=how, question="Stop {name}?")


def reboot(
    name: str, *, hard: Annotated[bool, Parameter(negative="")] = False, project: Where = None, how: Manner = _HOW
) -> None:
    """Start a server anew.

    Args:
        hard: as by pulling the plug, when it does not listen any more.
    """
    _do(name, project, "reboot", {"how": "hard" if hard else "soft"}, how=how, question="Reboot {name}?")


def resize(name: str, plan: str, *, project: Where = None, how: Manner = _HOW) -> None:
    """Give a server another size. It starts anew; then say 'confirm-resize' or 'revert-resize'.

    Args:
        plan: the size it gets.
    """
    then = f"Keep it: irisplane server confirm-resize {name}. Take it back: irisplane server revert-resize {name}."
    _do(name, project, "resize", {"plan": plan}, how=how, preview=True, afterwards=then)


def confirm_resize(name: str, *, project: Where = None, how: Manner = _HOW) -> None:
    """Keep the new size."""
    _do(name, project, "confirm-resize", how=how)


def revert_resize(name: str, *, project: Where = None, how: Manner = _HOW) -> None:
    """Go back to the size before."""
    _do(name, project, "revert-resize", how=how)


def rebuild(name: str, *, image: str, project: Where = None, how: Manner = _HOW) -> None:
    """Begin anew from an image: what is on the server's disk is lost, its addresses and volumes stay.

    Args:
        image: what it starts from: one of the catalogue, or one that was made of a server of the project.
    """
    lost = "Rebuild {name} from " + image + "? Everything on its disk is lost."
    _do(name, project, "rebuild", {"image": image}, how=how, question=lost)


def snapshot(name: str, snapshot_name: str, *, project: Where = None, how: Manner = _HOW) -> None:
    """Keep an image of a server's disk as it is now; servers can start from it.

    Args:
        snapshot_name: what the image is called.
    """
    _do(
        name,
        project,
        "snapshot",
        {"name": snapshot_name},
        how=how,
        afterwards=f"See it: irisplane server images {name}",
    )


def attach_volume(name: str, volume: str, *, project: Where = None, how: Manner = _HOW) -> None:
    """Give a server a volume.

    Args:
        volume: its name or id.
    """
    _do(name, project, "attach-volume", {"volume": volume}, how=how)


def detach_volume(name: str, volume: str, *, project: Where = None, how: Manner = _HOW) -> None:
    """Take a volume from a server; what it holds stays.

    Args:
        volume: its name or id.
    """
    _do(name, project, "detach-volume", {"volume": volume}, how=how, question="Detach " + volume + " from {name}?")


def attach_network(name: str, network: str, *, project: Where = None, how: Manner = _HOW) -> None:
    """Put a server into one more network.

    Args:
        network: its name.
    """
    _do(name, project, "attach-network", {"network": network}, how=how)


def detach_network(name: str, network: str, *, project: Where = None, how: Manner = _HOW) -> None:
    """Take a server out of a network.

    Args:
        network: its name.
    """
    _do(name, project, "detach-network", {"network": network}, how=how, question="Take {name} out of " + network + "?")


def set_security_groups(
    name: str,
    security_group: Annotated[list[str] | None, Parameter(name=["--security-group", "--set"], negative="")] = None,
    *,
    project: Where = None,
    how: Manner = _HOW,
) -> None:
    """Put a server into exactly these security groups; without any, into 'base', which answers ping alone.

    Args:
        security_group: its name or id; can be given several times.
    """
    _do(name, project, "set-security-groups", {"security_groups": security_group or []}, how=how, preview=True)


def add_security_group(name: str, security_group: str, *, project: Where = None, how: Manner = _HOW) -> None:
    """Put a server into one more security group; shows what that opens.

    Args:
        security_group: its name or id.
    """
    _do(name, project, "add-security-group", {"security_group": security_group}, how=how, preview=True)


def remove_security_group(name: str, security_group: str, *, project: Where = None, how: Manner = _HOW) -> None:
    """Take a server out of a security group; shows what that closes. Out of its last one, it is in 'base'.

    Args:
        security_group: its name or id.
    """
    _do(name, project, "remove-security-group", {"security_group": security_group}, how=how, preview=True)


def rename(name: str, new_name: str, *, project: Where = None, how: Manner = _HOW) -> None:
    """Give a server another name."""
    _do(name, project, "rename", {"name": new_name}, how=how)


def protect(name: str, *, project: Where = None, how: Manner = _HOW) -> None:
    """Let nobody delete a server until 'unprotect'."""
    _do(name, project, "protect", how=how)


def unprotect(name: str, *, project: Where = None, how: Manner = _HOW) -> None:
    """Let a server be deleted again."""
    _do(name, project, "unprotect", how=how, question="May {name} be deleted again?")


def extend(name: str, until: str | None = None, *, project: Where = None, how: Manner = _HOW) -> None:
    """Put off the end of a server's lease; what waits to end it is taken back.

    Args:
        until: 2027-12-31; as long again when absent.
    """
    _do(name, project, "extend", {"lease_until": moment(until)} if until else {}, how=how)


def restore(name: str, *, project: Where = None, how: Manner = _HOW) -> None:
    """Have a server back that was deleted and is still kept."""
    _do(name, project, "restore", how=how, status="kept")


VERBS = (
    start, stop, reboot, resize, confirm_resize, revert_resize, rebuild, snapshot, attach_volume, detach_volume,
    attach_network, detach_network, set_security_groups, add_security_group, remove_security_group,
    rename, protect, unprotect, extend, restore,
)  # fmt: skip


def _do(
    name: str,
    project: str | None,
    verb: str,
    body: Mapping[str, Any] | None = None,
    *,
    how: Manner,
    question: str = "",
    preview: bool = False,
    afterwards: str = "",
    status: str | None = None,
) -> None:
    """Order one verb for a server. Without question or preview nothing is asked: it is undone as easily."""
    with connect() as client:
        server = find(client, SERVER, name, project=project, status=status)
        given = dict(body or {})
        if "volume" in given:
            given["volume"] = find(client, VOLUME, str(given["volume"]), project=project_of(server))["id"]
        order = Order(
            f"{SERVER.at(server)}:{verb}",
            given,
            match=server,
            question=question.format(name=server["name"]),
            certain=not question and not preview,
            kind=f"hosting.server.{verb}",
            intent={"server": server["id"], **given},
        )
        place(client, order, how, shown=show_addresses, afterwards=afterwards)
