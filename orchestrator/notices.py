"""Who must be told what about a Change: mails are written as rows, from the numbered journal, once each.

Approvers learn that they are asked, and so do their deputies of the day; the requester learns how it ended. Sending is
``orchestrator.mail``'s business, so a mail server that is down delays mails and loses none.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import Connection, Row, text

from core.db import Database
from core.journal.reader import Entry, Filter, last_seq
from core.journal.reader import read as read_journal
from core.masking import mask
from core.scope import EVERY_TENANT, Scope
from core.settings import Settings, get_settings
from orchestrator.notice_texts import of, titled

__all__ = ["write_due"]

READER: Final = "notices"
_PAGE: Final = 500

_ASKS: Final = frozenset(
    {"change.submitted", "change.replanned", "change.approvals_missing", "change.lapsed", "change.waiting"}
)
_TELLS: Final = frozenset(
    {
        "change.rejected", "change.expired", "change.stale", "change.failed", "change.rolled_back", "change.unknown",
        "change.succeeded", "change.cancelled",
    }
)  # fmt: skip


def write_due(database: Database, settings: Settings | None = None) -> int:
    """Write the mails that new journal entries call for; gives how many. Called by the worker every few seconds."""
    settings = settings or get_settings()
    written = 0
    with database.transaction("platform", Scope(EVERY_TENANT, reason="tell people")) as tx:
        position = _position(tx)
        head = last_seq(tx)
        page = read_journal(tx, position, Filter(actions=("change.",), kinds=("event",)), limit=_PAGE)
        for entry in page:
            written += _write(tx, entry, settings)
        last = page[-1].seq if page else position
        reached = last if len(page) == _PAGE else max(head, last)  # not full: read to the head
        tx.execute(
            text("update reader_position set seq = :seq where reader = :reader"), {"seq": reached, "reader": READER}
        )
    return written


def _position(tx: Connection) -> int:
    """How far we are; the row's lock keeps another worker from writing the same mails."""
    tx.execute(text("insert into reader_position (reader) values (:reader) on conflict do nothing"), {"reader": READER})
    row = tx.execute(text("select seq from reader_position where reader = :reader for update"), {"reader": READER})
    return int(row.scalar_one())


def _write(tx: Connection, entry: Entry, settings: Settings) -> int:
    body = entry.body
    if entry.action in _ASKS and body.get("state") == "waiting":
        return _tell(tx, entry, "asked", body.get("waiting_for", ()), settings)
    if entry.action == "change.submitted" and body.get("emergency"):
        return _tell(tx, entry, "emergency", ["network-lead"], settings)
    if entry.action == "change.emergency_unapproved":
        return _tell(tx, entry, "alarm", ["network-lead", "platform-manager"], settings)
    if entry.action in _TELLS and "requested_by" not in body:  # else it ended as it was submitted, before their eyes
        return _tell(tx, entry, "ended", [], settings)
    return 0


def _tell(tx: Connection, entry: Entry, what: str, roles: Iterable[str], settings: Settings) -> int:
    change = tx.execute(_CHANGE, {"id": entry.subject_id}).one_or_none()
    if change is None:
        return 0
    if what == "asked" and change.state != "waiting":
        return 0  # decided meanwhile: nobody is asked for what is no longer needed
    asked = sorted(set(roles))
    values = {"id": change.id, "tenant": change.tenant_id, "roles": asked, "requester": change.requested_by}
    people = tx.execute(_APPROVERS if asked else _REQUESTER, values).all()
    told = [person for person in people if not (what == "ended" and person.id == entry.actor)]
    for person in told:
        subject, body = _compose(change, person, what, asked, settings, _refusal(tx, entry))
        tx.execute(
            text(
                "insert into notice (change_id, principal_id, subject, body) values (:change, :person, :subject, :body)"
            ),
            {"change": change.id, "person": person.id, "subject": subject, "body": body},
        )
    return len(told)


def _refusal(tx: Connection, entry: Entry) -> dict[str, str] | None:
    """Who said no, and why: whoever asked learns it in the same mail."""
    if entry.action != "change.rejected" or entry.actor is None:
        return None
    name = tx.execute(text("select display_name from principal where id = :id"), {"id": entry.actor}).scalar()
    return {"by": str(name or ""), "why": _line(entry.reason)}


def _compose(
    change: Row[Any],
    person: Row[Any],
    what: str,
    roles: list[str],
    settings: Settings,
    refusal: dict[str, str] | None = None,
) -> tuple[str, str]:
    words = of(person.locale)
    fields = {
        "title": _line(titled(change.title, change.reason, person.locale)),
        "requester": change.requester,
        "reason": _line(change.reason),
        "roles": ", ".join(words.roles.get(role, role) for role in roles),
        "state": words.states.get(change.state, change.state.replace("_", " ")),
        "due": change.emergency_due.isoformat(timespec="minutes") if change.emergency_due else "",
        "id": change.id,
        "hash": change.plan_hash,
        "link": f"{settings.public_url}/changes/{change.id}",
    }
    parts = [words.intros[what], *([words.said] if refusal else []), words.facts]
    if what != "ended":
        parts.append(words.how)
    if person.absent:
        parts.append(words.stand_in)
    body = "\n\n".join(part.format(**fields, **(refusal or {}), absent=person.absent) for part in parts)
    return f"[Irisplane] {words.subjects[what].format(**fields)}"[:240], body + "\n"


def _line(value: str) -> str:
    """One line of what people wrote, whatever looks like a secret masked."""
    return " ".join(mask(value).split())


_CHANGE: Final = text(
    "select c.id, c.tenant_id, c.title, c.reason, c.state, c.plan_hash, c.requested_by, c.emergency_due,"
    " p.display_name as requester from change c join principal p on p.id = c.requested_by where c.id = cast(:id as"
    " uuid)"
)
# Holders of the roles, in the region or in the change's own tenant, and whoever stands in for one of them today; never
# who asked, and nobody who has spoken on this plan already.
_APPROVERS: Final = text(
    """
    with holder as (
        select distinct m.principal_id as id from membership m join tenant t on t.id = m.tenant_id
         where m.role = any(:roles) and m.held @> now() and (t.kind = 'region' or t.id = :tenant)
           and m.principal_id <> :requester)
    , told as (
        select id, null::uuid as stands_for from holder
        union all
        select d.deputy_id, d.principal_id from deputy d join holder h on h.id = d.principal_id where d.held @> now())
    select distinct on (p.id) p.id, p.locale, a.display_name as absent
      from told join principal p on p.id = told.id left join principal a on a.id = told.stands_for
     where p.active and p.kind = 'person' and p.email is not null and p.id <> :requester
       and not exists (select from change_approval v join change c on c.id = v.change_id
                        where v.change_id = :id and v.plan_hash = c.plan_hash and v.decided_by = p.id
                          and v.lapses_at > now())
     order by p.id, told.stands_for nulls first
    """
)
_REQUESTER: Final = text(
    "select p.id, p.locale, null as absent from principal p"
    " where p.id = :requester and p.active and p.kind = 'person' and p.email is not null"
)
