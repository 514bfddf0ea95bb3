"""`/servers/new`: order a server: described in a form, read as an offer, then committed to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Depends
from fastapi.responses import Response
from sqlalchemy import Connection

from api.hosting.ordering import request_for
from dashboards.forms import filled
from dashboards.offers import NOTHING_YET, Considered, considered
from dashboards.rendering import frame_of, in_words, show
from dashboards.routes import pages
from dashboards.terms import mark as _
from dashboards.visit import Visit, visiting
from datacenter.hosting.catalogue import reading
from datacenter.hosting.key_changes import keys_json
from datacenter.hosting.listing import Asked, listed
from datacenter.hosting.networks.network_changes import NETWORKS
from datacenter.hosting.project_list import projects_json
from datacenter.hosting.servers.changes.create import ServerWanted
from datacenter.hosting.servers.owners import owner_of_project
from orchestrator.engine import ChangeRequest

__all__ = ["router"]

router = pages()

_KIND: Final = "hosting.server.create"
_MOST: Final = 200

Ordering = Annotated[Visit, Depends(visiting("hosting:read", "hosting:write"))]


@router.get("/servers/new")
def describe(visit: Ordering) -> Response:
    """The form, with what the address fills in."""
    return _form(visit, dict(visit.request.query_params))


@router.post("/servers/new")
def offer_or_order(visit: Ordering) -> Response:
    """Show the offer, or order what was offered."""
    typed = {name: visit.form.text(name) for name in visit.form}
    found = considered(visit, lambda: _request(visit))
    return found if isinstance(found, Response) else _form(visit, typed, found)


def _request(visit: Visit) -> ChangeRequest:
    """What the form asks for.

    Raises:
        InvalidInput: names the field.
    """
    form = visit.form
    wanted: dict[str, Any] = {
        "name": form.text("name"), "plan": form.text("plan"), "image": form.text("image"),
        "project": form.text("project"), "data_class": form.text("data_class", "internal"),
        "floating_address": form.text("floating_address") == "yes",
    }  # fmt: skip
    if form.text("network"):
        wanted["networks"] = [form.text("network")]
    if form.text("key_name"):
        wanted["key"] = form.text("key_name")
    intent = filled(ServerWanted, wanted).model_dump(mode="json", exclude_unset=True)
    tenant = visit.tenant_of(lambda tx: owner_of_project(tx, wanted["project"]))
    reason = form.text("reason")[:2000] or f"{in_words(visit, _KIND)} {wanted['name']}"
    return request_for(_KIND, intent, reason, tenant=tenant)


def _form(visit: Visit, typed: Mapping[str, str], found: Considered = NOTHING_YET) -> Response:
    language = frame_of(visit)["language"]
    with visit.transaction() as tx:
        choices = _choices(tx, visit, language)
    field = (found.error.pointer or "").split("/")[1:2] if found.error else []
    return show(
        visit, "server_new", _("Order a server"), status=found.status, typed=typed, offer=found.offer, seen=found.seen,
        other=found.other, error=found.error, field=field[0] if field else "", key=visit.form.key, **choices,
    )  # fmt: skip


def _choices(tx: Connection, visit: Visit, language: reading.Language) -> dict[str, Any]:
    """What can be chosen: sizes, images, projects, networks, keys."""
    now = datetime.now(UTC)
    own: UUID | None = None if visit.principal.staff else visit.principal.tenant_id
    networks = listed(tx, NETWORKS, Asked(tenant=own, status="active"), _MOST)
    return {
        "plans": json.loads(reading.flavors_json(tx, language, now))["items"],
        "images": json.loads(reading.images_json(tx, language, now))["items"],
        "projects": [
            json.loads(row)
            for row, _key in projects_json(tx, visit.scope(), tenant=None, differs=None, after=None, limit=_MOST)
        ],
        "networks": sorted({json.loads(row)["name"] for row, _key in networks} | {"private"}),
        "keys": [json.loads(row)["name"] for row, _key in keys_json(tx, name=None, q=None, after=None, limit=_MOST)],
    }
