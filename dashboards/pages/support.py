"""`/support`: ask the region about anything one has, follow the conversation, and read what the region works on."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Depends, Query
from fastapi.responses import RedirectResponse, Response

from api.answers import cursor_id, encode_cursor
from api.hosting import support as api
from api.problems import status_of
from core.errors import InvalidInput, IrisplaneError
from dashboards.forms import filled
from dashboards.rendering import show
from dashboards.routes import pages
from dashboards.terms import mark as _
from dashboards.things import loaded
from dashboards.visit import Visit, visiting
from datacenter.hosting.support import maintenance, requests
from datacenter.hosting.support.resources import must_be_named

__all__ = ["router"]

router = pages()

_PAGE: Final = 50
_LATELY: Final = timedelta(days=30)
"""So long is work that has ended still shown."""

Looking = Annotated[Visit, Depends(visiting("hosting:read"))]
Writing = Annotated[Visit, Depends(visiting("hosting:read", "hosting:support"))]


@router.get("/support")
def overview(
    visit: Looking, state: Annotated[str, Query(max_length=20)] = "", q: Annotated[str, Query(max_length=200)] = "",
    cursor: str | None = None,
) -> Response:  # fmt: skip
    """Requests, newest first, and what the region works on that concerns who looks."""
    wanted = requests.Wanted(state=state or None, q=q.strip() or None)
    with visit.transaction() as tx:
        rows = requests.listed(tx, wanted, cursor_id(cursor), _PAGE + 1)
        notices = loaded(maintenance.listed(tx, None, datetime.now(UTC) - _LATELY, None, 20))
    following = encode_cursor(rows[_PAGE - 1][1]) if len(rows) > _PAGE else None
    return show(
        visit, "support", _("Support"), found=loaded(rows[:_PAGE]), notices=notices, state=state, q=q,
        following=following,
    )  # fmt: skip


@router.get("/support/new")
def describe(visit: Writing, about: Annotated[str, Query(max_length=100)] = "") -> Response:
    """The form; ``about`` is type and id of what it is about, ``server:<id>``."""
    return _form(visit, about)


@router.post("/support/new")
def ask(visit: Writing) -> Response:
    """Open the request."""
    form, about = visit.form, visit.form.text("about")
    try:
        resource = dict(zip(("type", "id"), about.split(":", 1), strict=True)) if ":" in about else None
        given = {"subject": form.text("subject"), "body": form.text("body"), "resource": resource}
        answer = api.open_request(filled(api.RequestIn, given), visit.creation())
    except IrisplaneError as error:
        return _form(visit, about, error)
    return RedirectResponse(f"/support/{answer.headers['Location'].rsplit('/', 1)[1]}", status_code=303)


@router.get("/support/{request_id}")
def conversation(visit: Looking, request_id: UUID) -> Response:
    """Everything that was said."""
    return _one(visit, request_id)


@router.post("/support/{request_id}/say")
def say(visit: Writing, request_id: UUID) -> Response:
    """Add a message."""
    try:
        if not visit.form.text("body"):
            raise InvalidInput("This cannot be left empty.", pointer="/body", hint="Write something.")
        api.say(request_id, filled(api.MessageIn, {"body": visit.form.text("body")}), visit.creation())
    except IrisplaneError as error:
        return _one(visit, request_id, error)
    return RedirectResponse(f"/support/{request_id}", status_code=303)


@router.post("/support/{request_id}/state")
def move(visit: Writing, request_id: UUID) -> Response:
    """Say that it is solved, open it again, or close it for good."""
    edit = filled(api.RequestEdit, {"state": visit.form.text("state")})
    version = visit.form.text("version")
    try:
        api.edit_request(request_id, edit, int(version) if version.isdecimal() else -1, visit.caller)
    except IrisplaneError as error:
        return _one(visit, request_id, error)
    return RedirectResponse(f"/support/{request_id}", status_code=303)


def _one(visit: Visit, request_id: UUID, error: IrisplaneError | None = None) -> Response:
    with visit.transaction() as tx:
        found: dict[str, Any] = json.loads(requests.one(tx, request_id)[0])
    return show(
        visit, "support_one", _("Support"), status=200 if error is None else status_of(type(error)), found=found,
        error=error, typed=visit.form.text("body") if error else "", key=visit.form.key,
        may=visit.may("hosting:support") and found["state"] != "closed",
    )  # fmt: skip


def _form(visit: Visit, about: str, error: IrisplaneError | None = None) -> Response:
    kind, colon, thing = about.partition(":")
    name = ""
    if colon and error is None:
        try:
            number = UUID(thing)
        except ValueError as wrong:
            raise InvalidInput(f"{thing[:40]!r} is no number of a thing.", pointer="/about") from wrong
        with visit.transaction() as tx:
            name = must_be_named(tx, kind, number)
    field = (error.pointer or "").rsplit("/", 1)[-1] if error else ""
    return show(
        visit, "support_new", _("Ask the region"), status=200 if error is None else status_of(type(error)), about=about,
        kind=kind if colon else "", name=name or visit.form.text("about_name"), error=error, field=field,
        subject=visit.form.text("subject"), body=visit.form.text("body"), key=visit.form.key,
    )  # fmt: skip
