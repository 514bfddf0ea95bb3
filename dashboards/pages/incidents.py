"""`/incidents`: what went wrong in the network, what is being done about it, what is expected to be down."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Depends, Path, Query
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Connection

from api import incidents as api
from api.idempotency import Answer
from api.problems import status_of
from core.errors import InvalidInput, IrisplaneError, NotFound
from core.journal.reader import last_seq
from dashboards.csv_files import csv_answer
from dashboards.forms import filled
from dashboards.pages.impact import touched_csv
from dashboards.rendering import show
from dashboards.routes import pages
from dashboards.terms import mark as _
from dashboards.visit import Visit, visiting
from dashboards.works import works_ahead
from datacenter.hosting.pricing import REGION_TIME
from network.incidents import queries, silences
from network.incidents.last_look import last_look_json

__all__ = ["SEVERITIES", "STATES", "board", "router"]

router = pages()

STATES: Final[Mapping[str, tuple[str, str]]] = {
    "open": (_("nobody has it yet"), "bad"),
    "acknowledged": (_("in hand"), "busy"),
    "closed": (_("over"), "calm"),
}
"""What each state is called, and how it looks."""
SEVERITIES: Final[Mapping[str, tuple[str, str]]] = {
    "down": (_("something is down"), "bad"),
    "degraded": (_("goes on, protection lost"), "waits"),
    "protected": (_("goes on over another way"), "good"),
    "none": (_("touches nobody known"), "calm"),
    "unknown": (_("not known whom it touches"), "unsure"),
}
_LINES: Final[Mapping[str, str]] = {
    "opened": _("began"), "evidence": _("seen"), "fell": _("more is down"), "rose": _("stands again"),
    "acknowledged": _("in hand"), "note": _("said"), "silenced": _("expected"), "told": _("told"),
    "closed": _("over"), "reopened": _("began again"),
}  # fmt: skip
_NOUNS: Final[Mapping[str, str]] = {"link": _("link"), "device": _("device"), "site": _("site")}
_SHOWN: Final = 100
_LATELY: Final = 10
"""So many that are over stand on the board."""
_EVERY: Final = 100_000
_COLUMNS: Final = (
    "number", "name", "kind", "state", "severity", "silenced", "falls", "opened_at", "last_fall_at", "acknowledged_by",
    "acknowledged_at", "closed_at", "links", "told",
)  # fmt: skip
_OF_AN_AGENCY: Final = ("number", "state", "since", "over")
_SCOPES: Final = ("network:read", "inventory:read")

Coming = Annotated[Visit, Depends(visiting("inventory:read"))]
Looking = Annotated[Visit, Depends(visiting(*_SCOPES))]
Doing = Annotated[Visit, Depends(visiting(*_SCOPES, "network:write"))]
Number = Annotated[int, Path(ge=1, le=2**62)]
Which = Annotated[str, Query(pattern="^(open|closed|all)?$")]
Severity = Annotated[str, Query(pattern=f"^({'|'.join(queries.SEVERITIES)})?$")]
Letters = Annotated[str, Query(max_length=200)]


# --------------------------------------------------------------------------------------------------------------- board
@router.get("/incidents")
def incidents(visit: Coming, which: Which = "", severity: Severity = "", q: Letters = "") -> Response:
    """The board: what is open first; or what is asked for. An administration sees what touches it."""
    if not visit.may(*_SCOPES):
        with visit.transaction() as tx:
            notices = json.loads(queries.notices_json(tx))
            ahead = works_ahead(visit, tx)
        return show(visit, "incidents_agency", _("Incidents"), notices=notices, ahead=ahead)
    filtered = bool(which or severity or q.strip())
    with visit.transaction() as tx:
        heard = last_seq(tx)
        shown = board(tx)
        asked = _asked(tx, which or "all", severity, q, _SHOWN) if filtered else []
        lately = [] if filtered else _asked(tx, "closed", "", "", _LATELY)
        expected = json.loads(silences.silences_json(tx))
    return show(
        visit, "incidents_live" if visit.enhanced else "incidents", _("Incidents"), **shown, asked=asked, lately=lately,
        expected=expected, heard=heard, filtered=filtered, which=which, severity=severity, q=q, most=_SHOWN,
        states=STATES, severities=SEVERITIES, nouns=_NOUNS, key=visit.form.key,
    )  # fmt: skip


@router.get("/incidents.csv")
def incidents_csv(visit: Coming, which: Which = "", severity: Severity = "", q: Letters = "") -> Response:
    """Every incident that is asked for, a line each; for an administration those that touch it."""
    if not visit.may(*_SCOPES):
        with visit.transaction() as tx:
            notices = json.loads(queries.notices_json(tx))
        return csv_answer("incidents", _OF_AN_AGENCY, ([one[name] for name in _OF_AN_AGENCY] for one in notices))
    with visit.transaction() as tx:
        found = _asked(tx, which or "all", severity, q, _EVERY)
    rows = ({**one, "links": " ".join(link["link"] for link in one["links"]), "told": " ".join(one["told"])}
            for one in found)  # fmt: skip
    return csv_answer("incidents", _COLUMNS, ([row[name] for name in _COLUMNS] for row in rows))


def board(tx: Connection) -> dict[str, Any]:
    """``open`` incidents, and how the links were ``seen`` last: what it means that there is none."""
    return {"open": _asked(tx, "open", "", "", _SHOWN), "seen": json.loads(last_look_json(tx))}


def _asked(tx: Connection, which: str, severity: str, q: str, limit: int) -> list[dict[str, Any]]:
    of: queries.Which = "open" if which == "open" else "closed" if which == "closed" else "all"
    worst = next((one for one in queries.SEVERITIES if one == severity), None)
    found: list[dict[str, Any]] = json.loads(queries.incidents_json(tx, of, limit, severity=worst, q=q.strip() or None))
    return found


# ------------------------------------------------------------------------------------------------------------ silences
@router.get("/incidents:silence")
def expect(
    visit: Doing, kind: Annotated[str, Query(max_length=10)] = "link", name: Annotated[str, Query(max_length=200)] = ""
) -> Response:
    """The form: what may be down, from when to when, why."""
    return _expecting(visit, {"kind": kind, "name": name})


@router.post("/incidents:silence")
def silence(visit: Doing) -> Response:
    """Expect it."""
    form = visit.form
    typed = {name: form.text(name) for name in ("kind", "name", "begins", "ends", "reason")}
    try:
        for name in ("name", "ends", "reason"):
            if not typed[name]:
                raise InvalidInput("This cannot be left empty.", pointer=f"/{name}", hint="Fill it in.")
        begins = _moment(typed["begins"], "begins") if typed["begins"] else datetime.now(REGION_TIME)
        given = {**typed, "begins": begins, "ends": _moment(typed["ends"], "ends")}
        api.lay(filled(api.SilenceIn, given), visit.creation())
    except IrisplaneError as error:
        return _expecting(visit, typed, error)
    return RedirectResponse("/incidents#expected", status_code=303)


@router.post("/incidents:silence/{silence_id}/end")
def unsilence(visit: Doing, silence_id: UUID) -> Response:
    """End it now; one that is over already is as good as ended."""
    with suppress(NotFound), visit.transaction() as tx:
        silences.lift(tx, silence_id)
    return RedirectResponse("/incidents#expected", status_code=303)


def _moment(typed: str, field: str) -> datetime:
    try:
        at = datetime.fromisoformat(typed)
    except ValueError:
        raise InvalidInput(f"{typed[:20]!r} is no time.", pointer=f"/{field}", hint="2027-01-31 22:00") from None
    return at if at.tzinfo else at.replace(tzinfo=REGION_TIME)


def _expecting(visit: Visit, typed: Mapping[str, str], error: IrisplaneError | None = None) -> Response:
    field = (error.pointer or "").rsplit("/", 1)[-1] if error else ""
    if isinstance(error, NotFound):
        field = "name"
    return show(
        visit, "silence", _("Expect something to be down"), status=status_of(type(error)) if error else 200,
        typed={**dict.fromkeys(("kind", "name", "begins", "ends", "reason"), ""), **typed}, error=error,
        field=field if field in {"name", "begins", "ends", "reason"} else "", nouns=_NOUNS, key=visit.form.key,
    )  # fmt: skip


# ----------------------------------------------------------------------------------------------------------------- one
@router.get("/incidents/{incident}")
def incident(visit: Looking, incident: Number) -> Response:
    """What broke, what is down, whom it touches, its story; followed while it is looked at."""
    return _one(visit, incident)


@router.get("/incidents/{incident}/impact.csv")
def impact_csv(visit: Looking, incident: Number) -> Response:
    """Everything that it touches, a line each.

    Raises:
        NotFound: there is no such incident, or nobody can say what it touches.
    """
    with visit.transaction() as tx:
        found = json.loads(queries.incident_json(tx, incident))["impact"]
    if found is None:
        raise NotFound(f"Nobody can say what incident {incident} touches.", hint="Its page says what is known.")
    return touched_csv(f"incident-{incident}", found)


@router.post("/incidents/{incident}/acknowledge")
def acknowledge(visit: Doing, incident: Number) -> Response:
    """Take it in hand."""
    try:
        api.acknowledge(filled(api.SaidIn, {"said": visit.form.text("said")}), visit.caller, incident)
    except IrisplaneError as error:
        return _one(visit, incident, error)
    return RedirectResponse(f"/incidents/{incident}", status_code=303)


@router.post("/incidents/{incident}/note")
def note(visit: Doing, incident: Number) -> Response:
    """Say something in its story; pressed twice, it is said once."""
    said = visit.form.text("said")
    try:
        if not said:
            raise InvalidInput("This cannot be left empty.", pointer="/said", hint="Write something.")
        body = filled(api.NoteIn, {"said": said})

        def effect(tx: Connection) -> Answer:
            queries.note(tx, incident, visit.principal.id, body.said)
            return Answer(200, "{}", {})

        visit.creation().in_one_transaction(effect)
    except IrisplaneError as error:
        return _one(visit, incident, error)
    return RedirectResponse(f"/incidents/{incident}", status_code=303)


def _one(visit: Visit, number: int, error: IrisplaneError | None = None) -> Response:
    with visit.transaction() as tx:
        heard = last_seq(tx)  # before it is read: what happens in between is told once more, never missed
        found = json.loads(queries.incident_json(tx, number))
        things = queries.silenceable(tx, number)
    return show(
        visit, "incident_live" if visit.enhanced else "incident", _("Incident"),
        status=status_of(type(error)) if error else 200, incident=found, things=things, heard=heard, error=error,
        said=visit.form.text("said"), states=STATES, severities=SEVERITIES, lines=_LINES, nouns=_NOUNS, most=_SHOWN,
        key=visit.form.key,
    )  # fmt: skip
