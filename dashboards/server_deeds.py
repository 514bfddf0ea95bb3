"""What can be ordered of a server beyond the verbs that need no form: size, name, image, groups, networks, volumes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection

from core.errors import InvalidInput
from dashboards.deeds import Deed, Field, Intent, Row
from dashboards.formats import Formats
from dashboards.rendering import frame_of
from dashboards.terms import mark as _
from dashboards.things import in_project, named_by
from dashboards.visit import Visit
from datacenter.hosting.catalogue import reading
from datacenter.hosting.networks.group_rows import GROUPS
from datacenter.hosting.networks.groups import BASE
from datacenter.hosting.networks.network_changes import NETWORKS
from datacenter.hosting.servers import queries
from datacenter.hosting.volumes.rows import VOLUMES

__all__ = ["DEEDS", "VERBS", "possible", "row_of"]

VERBS: Final = {
    verb: Deed(f"hosting.server.{verb}", word, "server", only=only)
    for verb, word, only in (
        ("start", _("Start"), lambda _row: True),
        ("reboot", _("Restart"), lambda _row: True),
        ("stop", _("Stop"), lambda _row: True),
        ("confirm-resize", _("Keep the new size"), lambda _row: True),
        ("revert-resize", _("Go back to the old size"), lambda _row: True),
        ("restore", _("Have it back"), lambda _row: True),
        ("protect", _("Protect"), lambda row: not row["protected"]),
        ("unprotect", _("Lift the protection"), lambda row: row["protected"]),
        ("delete", _("Give back"), lambda row: row["status"] not in {"kept", "deleting"}),
    )
}
"""Verbs that a button asks for at once: each can be taken back, or is asked for again."""


def row_of(tx: Connection, server_id: UUID) -> dict[str, Any]:
    """A server as the API shows it, with what the table of deeds needs of every thing.

    Raises:
        NoSuchServer: none in this scope.
    """
    body, _version = queries.server_json(tx, server_id)
    row: dict[str, Any] = json.loads(body)
    return {**row, "called": row["name"], "project_id": row["project"]["id"]}


def possible(row: Row) -> list[str]:
    """Verbs that can be asked of it now; whatever is said here, the change itself decides."""
    return [verb for verb, deed in VERBS.items() if deed.offered(row)]


def _sizes(tx: Connection, visit: Visit, row: Row) -> Sequence[tuple[str, str]]:
    language = frame_of(visit)["language"]
    euro = Formats(language).euro
    found = json.loads(reading.flavors_json(tx, language, datetime.now(UTC)))["items"]
    return [
        (one["code"], f"{one['name']}: {euro(one['month_micro_eur'])}") for one in found if one["code"] != row["plan"]
    ]


def _images(tx: Connection, visit: Visit, _row: Row) -> Sequence[tuple[str, str]]:
    found = json.loads(reading.images_json(tx, frame_of(visit)["language"], datetime.now(UTC)))["items"]
    return [(one["code"], one["name"]) for one in found]


def _groups(tx: Connection, _visit: Visit, row: Row) -> Sequence[tuple[str, str]]:
    names = {BASE} | {one["name"] for one in in_project(tx, GROUPS, row)} | _held(row)
    return [(name, name) for name in sorted(names)]


def _held(row: Row) -> set[str]:
    return {one["name"] for one in row["security_groups"]}


def _networks_of(row: Row) -> set[str]:
    return {one["network"] for one in row["addresses"] if one["kind"] != "floating"}


def _other_networks(tx: Connection, _visit: Visit, row: Row) -> Sequence[tuple[str, str]]:
    names = {one["name"] for one in in_project(tx, NETWORKS, row, "active")} | {"private"}
    return [(name, name) for name in sorted(names - _networks_of(row))]


def _own_networks(_tx: Connection, _visit: Visit, row: Row) -> Sequence[tuple[str, str]]:
    return [(name, name) for name in sorted(_networks_of(row))]


def _free_volumes(tx: Connection, _visit: Visit, row: Row) -> Sequence[tuple[str, str]]:
    return named_by(in_project(tx, VOLUMES, row, "available"))


def _own_volumes(_tx: Connection, _visit: Visit, row: Row) -> Sequence[tuple[str, str]]:
    return named_by(row["volumes"])


def _marks(typed: Intent) -> Intent:
    """Tags, and notes written as ``name: value``.

    Raises:
        InvalidInput: a note has no name.
    """
    notes = dict[str, str]()
    for line in typed["metadata"]:
        name, colon, value = line.partition(":")
        if not colon or not name.strip():
            raise InvalidInput(f"{line[:40]!r} is no note.", pointer="/metadata", hint="Write each as name: value.")
        notes[name.strip()] = value.strip()
    return {"tags": typed["tags"], "metadata": notes}


_RUNS: Final = frozenset({"active", "stopped"})

DEEDS: Final = {
    "resize": Deed(
        "hosting.server.resize", _("Another size"), "server", (Field("plan", _("Size"), "choice", choices=_sizes),)
    ),
    "rename": Deed("hosting.server.rename", _("Rename"), "server", (Field("name", _("Name"), of="name"),)),
    "mark": Deed(
        "hosting.server.alter", _("Tags and notes"), "server",
        (
            Field("tags", _("Tags"), "lines", hint=_("One a line."), of="tags"),
            Field("metadata", _("Notes"), "lines", hint=_("One a line, as name: value."), of="metadata"),
        ),
        shape=_marks,
    ),
    "snapshot": Deed(
        "hosting.server.snapshot", _("Keep its disk as an image"), "server", (Field("name", _("Name of the image")),)
    ),
    "rebuild": Deed(
        "hosting.server.rebuild", _("Make it anew"), "server",
        (Field("image", _("Starts from"), "choice", choices=_images),), final=True,
    ),
    "hard-reboot": Deed(
        "hosting.server.reboot", _("Cut its power and start it"), "server", shape=lambda _typed: {"how": "hard"}
    ),
    "set-security-groups": Deed(
        "hosting.server.set-security-groups", _("Security groups"), "server",
        (Field("security_groups", _("Security groups"), "many", choices=_groups, of="security_groups"),),
    ),
    "attach-network": Deed(
        "hosting.server.attach-network", _("Attach a network"), "server",
        (Field("network", _("Network"), "choice", choices=_other_networks),),
    ),
    "detach-network": Deed(
        "hosting.server.detach-network", _("Detach a network"), "server",
        (Field("network", _("Network"), "choice", choices=_own_networks),), only=lambda row: bool(_networks_of(row)),
    ),
    "attach-volume": Deed(
        "hosting.volume.attach", _("Attach a volume"), "server",
        (Field("volume", _("Volume"), "choice", choices=_free_volumes),), _RUNS,
    ),
    "detach-volume": Deed(
        "hosting.volume.detach", _("Detach a volume"), "server",
        (Field("volume", _("Volume"), "choice", choices=_own_volumes),), _RUNS, only=lambda row: bool(row["volumes"]),
    ),
    "extend": Deed(
        "hosting.server.extend", _("Extend its lease"), "server", (), _RUNS,
        only=lambda row: row["lease_until"] is not None,
    ),
    "delete-now": Deed(
        "hosting.server.delete", _("Give it back for good, now"), "server", (),
        frozenset({"active", "stopped", "error", "kept", "vanished"}), only=lambda row: not row["protected"],
        shape=lambda _typed: {"now": True}, final=True,
    ),
}  # fmt: skip
"""What has a page of its own: the offer is read before anything is ordered."""
