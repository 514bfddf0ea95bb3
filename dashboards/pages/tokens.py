"""`/tokens`: with which tokens programs act for me, and the service accounts of an administration."""

from __future__ import annotations

import json
from datetime import UTC, datetime, time, timedelta
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import Depends
from fastapi.responses import RedirectResponse, Response

from api import identity, tokens
from api.problems import status_of
from core.errors import InvalidInput, IrisplaneError
from core.members import list_members
from core.tokens import DEFAULT_LIFE, LONGEST_LIFE, list_tokens
from dashboards.forms import filled
from dashboards.rendering import show
from dashboards.routes import pages
from dashboards.terms import mark as _
from dashboards.visit import Visit, visiting
from datacenter.hosting.pricing import REGION_TIME

__all__ = ["router"]

router = pages()

Holding = Annotated[Visit, Depends(visiting("token:write"))]
Keeping = Annotated[Visit, Depends(visiting("token:write", "identity:write"))]


@router.get("/tokens")
def show_tokens(visit: Holding) -> Response:
    """My tokens, those of service accounts that I keep, and the form for one more."""
    return _shown(visit)


@router.post("/tokens")
def make(visit: Holding) -> Response:
    """Make a token; its text stands on this answer and nowhere again."""
    try:
        made = json.loads(bytes(tokens.create_token(_asked(visit), visit.creation()).body))
    except IrisplaneError as error:
        return _shown(visit, error)
    return _shown(visit, made=made)


@router.post("/tokens/{token_id}/revoke")
def revoke(visit: Holding, token_id: UUID) -> Response:
    """End a token, and the sessions that it began, at once."""
    tokens.revoke_token(token_id, visit.request, visit.caller)
    return RedirectResponse("/tokens", status_code=303)


@router.post("/service-accounts")
def add(visit: Keeping) -> Response:
    """A service account: programs act as it, and it outlives the person who made it."""
    form = visit.form
    given = {"handle": form.text("handle"), "display_name": form.text("display_name"), "role": form.text("role")}
    try:
        if not given["display_name"]:
            raise InvalidInput("Nobody will know what it is for.", pointer="/display_name", hint="Give it a name.")
        identity.add_principal(filled(identity.PrincipalIn, {**given, "kind": "service"}), visit.creation())
    except IrisplaneError as error:
        return _shown(visit, error)
    return RedirectResponse("/tokens", status_code=303)


@router.post("/service-accounts/{handle}/close")
def close(visit: Keeping, handle: str) -> Response:
    """Its tokens open nothing any more."""
    identity.close_principal(handle, visit.request, visit.caller)
    return RedirectResponse("/tokens", status_code=303)


def _asked(visit: Visit) -> tokens.TokenIn:
    """What the form asks for: all of the person's scopes unless some are chosen; until the end of a day.

    Raises:
        InvalidInput: names the field.
    """
    form = visit.form
    wanted: dict[str, Any] = {
        "name": form.text("name"),
        "scopes": form.all_of("scope") or sorted(visit.principal.scopes),
    }
    if form.text("ends"):
        try:
            day = datetime.fromisoformat(form.text("ends")).date()
        except ValueError as error:
            raise InvalidInput(f"{form.text('ends')[:20]!r} is no date.", pointer="/ends", hint="2027-01-31") from error
        wanted["expires_at"] = datetime.combine(day, time(23, 59), REGION_TIME).astimezone(UTC)
    if form.text("principal") and form.text("principal") != visit.principal.handle:
        wanted["principal"] = form.text("principal")
    return filled(tokens.TokenIn, wanted)


def _shown(visit: Visit, error: IrisplaneError | None = None, made: dict[str, Any] | None = None) -> Response:
    who, keeps = visit.principal, visit.may("identity:write")
    with visit.transaction() as tx:
        found = list_tokens(tx, principal_id=None if keeps else who.id)
        services = [one for one in list_members(tx, who.tenant_id) if one.kind == "service"] if keeps else []
    named = {one.handle for one in services} | {who.handle}
    now = datetime.now(UTC)
    today = now.astimezone(REGION_TIME).date()
    field = (error.pointer or "").strip("/") if error else ""
    return show(
        visit, "tokens", _("Tokens"), status=200 if error is None else status_of(type(error)),
        alive=[one for one in found if one.revoked_at is None and one.expires_at > now and one.handle in named],
        services=services, scopes=sorted(who.scopes), whole=who.scopes, error=error, made=made,
        typed={} if made else visit.form,
        field="ends" if field == "expires_at" else field, key=uuid4().hex if made else visit.form.key, keeps=keeps,
        chosen=[] if made else visit.form.all_of("scope"), usual=(today + DEFAULT_LIFE).isoformat(),
        soonest=(today + timedelta(days=1)).isoformat(), latest=(today + LONGEST_LIFE).isoformat(),
    )  # fmt: skip
