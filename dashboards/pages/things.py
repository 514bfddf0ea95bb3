"""`/volumes`, `/networks`, `/addresses`, `/security-groups`: one of them, and what can be ordered of it.

Each deed has an address: it shows what would be, what it costs and who is asked; nothing is ordered before that was
read. Then the change is followed and taken back as every other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Depends
from fastapi.responses import Response
from sqlalchemy import Connection

from api.hosting.ordering import request_for
from core.errors import StaleVersion
from dashboards.deeds import Deed, Row
from dashboards.diffs import alike, in_language
from dashboards.offers import NOTHING_YET, Considered, considered, field_of
from dashboards.rendering import frame_of, in_words, show
from dashboards.routes import pages
from dashboards.terms import TERMS
from dashboards.terms import mark as _
from dashboards.things import THINGS, Thing, loaded
from dashboards.visit import Visit, visiting
from datacenter.hosting import orders
from datacenter.hosting.listing import one
from datacenter.hosting.servers.owners import owner_of_project
from orchestrator.engine import ChangeRequest
from orchestrator.states import ENDED

__all__ = ["act_page", "changes_of", "register_deed", "router"]

router = pages()

_SHOWN: Final = 20

Looking = Annotated[Visit, Depends(visiting("hosting:read"))]
Ordering = Annotated[Visit, Depends(visiting("hosting:read", "hosting:write"))]
Reading = Callable[[Connection, UUID], dict[str, Any]]


def changes_of(tx: Connection, thing: UUID) -> list[dict[str, Any]]:
    """What was ordered of a thing, newest first."""
    return loaded(orders.listed(tx, orders.Wanted(resource=thing), None, _SHOWN))


def _read(thing: Thing, tx: Connection, thing_id: UUID) -> dict[str, Any]:
    row = loaded([one(tx, thing.shown, thing_id)])[0]
    return {**row, "called": str(row[thing.name] or "")}


def _page(thing: Thing, visit: Visit, thing_id: UUID) -> Response:
    """One thing, what hangs on it, and its changes."""
    with visit.transaction() as tx:
        row = _read(thing, tx, thing_id)
        parts: dict[str, Any] = {name: look(tx, row) for name, look in thing.parts.items()}
        done = changes_of(tx, thing_id)
    going = next((each for each in done if each["state"] not in ENDED), None)
    open_ = visit.may("hosting:write") and going is None
    deeds = {name: deed for name, deed in thing.deeds.items() if open_ and deed.offered(row)}
    template = "thing_live" if visit.enhanced else "thing"
    return show(visit, template, thing.title, thing=thing, row=row, done=done, going=going, deeds=deeds, **parts)


def act_page(
    visit: Visit, deed: Deed, address: str, row: Row, read: Reading | None, *, crumbs: tuple[tuple[str, str], ...]
) -> Response:
    """The form of a deed with its offer; or the order, when the offer was read.

    Args:
        row: what it is about; empty for a new thing.
        read: reads it again in the order's transaction.
        crumbs: address and name of what stands above it.
    """
    sent = visit.request.method == "POST"

    def ask() -> ChangeRequest:
        intent = deed.intent(visit.form, row)
        reason = visit.form.text("reason")[:2000] or f"{in_words(visit, deed.kind)} {row.get('called', '')}".strip()
        tenant = visit.tenant_of(lambda tx: owner_of_project(tx, str(row.get("project_id") or intent.get("project"))))
        return request_for(deed.kind, intent, reason, tenant=tenant)

    def as_read(tx: Connection) -> None:
        if read is not None and visit.form.text("version") != str(read(tx, UUID(str(row["id"])))["version"]):
            raise StaleVersion("It is another one than you saw.", hint="Look at it again below, then decide.")

    found: Response | Considered = NOTHING_YET
    if sent or not deed.fields:  # nothing has to be typed: the offer is what there is to read
        found = considered(visit, ask, before=as_read)
    if isinstance(found, Response):
        return found
    with visit.transaction() as tx:
        choices = {field.name: field.choices(tx, visit, row) for field in deed.fields if field.choices is not None}
    values = {
        field.name: visit.form.all_of(field.name) if field.control == "many" else visit.form.text(field.name)
        for field in deed.fields
    } if sent else {field.name: _first(field.control, field.before(row)) for field in deed.fields}  # fmt: skip
    return show(
        visit, "deed", TERMS[deed.kind], status=found.status if sent else 200, deed=deed, address=address, row=row,
        found=found, field=field_of(found.error, frozenset(values)), choices=choices, values=values,
        reason=visit.form.text("reason"), key=visit.form.key, crumbs=crumbs,
        differences=alike(in_language(deed.kind, found.offer["plan"]["targets"], frame_of(visit)["language"]))
        if found.offer else [],
    )  # fmt: skip


def _first(control: str, held: str) -> str | list[str]:
    return held.split("\n") if control == "many" else held


def register_deed(
    place: str, name: str, deed: Deed, read: Reading, *, crumbs: Callable[[Row], tuple[tuple[str, str], ...]]
) -> Callable[..., Response]:
    """The endpoint of a deed at ``/place/{thing_id}/name``, for looking and for sending alike."""

    def endpoint(visit: Ordering, thing_id: UUID) -> Response:
        with visit.transaction() as tx:
            row = read(tx, thing_id)
        return act_page(visit, deed, f"/{place}/{thing_id}/{name}", row, read, crumbs=crumbs(row))

    endpoint.__name__ = f"{place}_{name}".replace("-", "_")
    return endpoint


def _new(thing: Thing, deed: Deed) -> Callable[..., Response]:
    def endpoint(visit: Ordering) -> Response:
        return act_page(
            visit, deed, f"/{thing.path}/new", {}, None, crumbs=(("/holdings", _("Volumes, addresses, networks")),)
        )

    return endpoint


def _one(thing: Thing) -> Callable[..., Response]:
    def endpoint(visit: Looking, thing_id: UUID) -> Response:
        return _page(thing, visit, thing_id)

    return endpoint


def _crumbs(thing: Thing, row: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return (
        ("/holdings", _("Volumes, addresses, networks")),
        (f"/{thing.path}/{row['id']}", str(row["called"] or thing.title)),
    )


for _thing in THINGS:
    if _thing.new is not None:
        router.add_api_route(f"/{_thing.path}/new", _new(_thing, _thing.new), methods=["GET", "POST"])
    router.add_api_route(f"/{_thing.path}/{{thing_id}}", _one(_thing), methods=["GET"])
    for _name, _deed in _thing.deeds.items():
        router.add_api_route(
            f"/{_thing.path}/{{thing_id}}/{_name}",
            register_deed(_thing.path, _name, _deed, partial(_read, _thing), crumbs=partial(_crumbs, _thing)),
            methods=["GET", "POST"],
        )
