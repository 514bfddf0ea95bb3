"""Who is told by mail what happened in hosting, in their language: rows written from the numbered journal, once each.

As the orchestrator's notices about Changes (``orchestrator.notices``), with a reader of its own. Sending is
``orchestrator.mail``'s business.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Connection, text

from core.db import Database
from core.journal.reader import Entry, Filter, last_seq
from core.journal.reader import read as read_journal
from core.masking import mask
from core.scope import EVERY_TENANT, Scope
from core.settings import Settings, get_settings
from datacenter.hosting.notice_texts import sentences

__all__ = ["READER", "write_due"]

READER: Final = "hosting-notices"
_PAGE: Final = 500

_STAFF: Final = """
    select distinct m.principal_id as id from membership m join tenant t on t.id = m.tenant_id and t.kind = 'region'
     where m.role = 'platform-manager' and m.held @> now()"""
_ADMINS: Final = """
    select distinct m.principal_id as id from membership m
     where m.tenant_id = :tenant and m.role = 'agency-admin' and m.held @> now()"""
_ASKERS: Final = """
    select opened_by as id from support_request where id = cast(:subject as uuid)
     union select author from support_message where request_id = cast(:subject as uuid) and not of_staff"""
_ORDERERS: Final = """
    select c.requested_by as id from server s join change c on c.id = s.order_id where s.id = cast(:subject as uuid)"""

_TOLD: Final[Mapping[str, str]] = {
    "support.opened": _STAFF,
    "support.asked": _STAFF,
    "support.answered": _ASKERS,
    "support.solved": _ASKERS,
    "support.closed": _ASKERS,
    "maintenance.scheduled": _ADMINS,
    "maintenance.in-progress": _ADMINS,
    "maintenance.done": _ADMINS,
    "maintenance.cancelled": _ADMINS,
    "quota.nearly-full": _ADMINS,
    "quota.full": _ADMINS,
    "lease.ends": f"{_ADMINS} union {_ORDERERS}",
    "lease.ended": f"{_ADMINS} union {_ORDERERS}",
}
"""Action → who is told of it; never who did it."""

_FACTS: Final[Mapping[str, str]] = {
    "support": "select subject as title from support_request where id = cast(:subject as uuid)",
    "maintenance": "select title_fr, title_nl, title_en, impact from maintenance where id = cast(:subject as uuid)",
    "lease": "select name as title from server where id = cast(:subject as uuid)",
    "quota": "select '' as title",
}
"""First word of the action → what its sentences name, beside what stands in the entry."""

_PLACES: Final[Mapping[str, str]] = {
    "support": "support-requests", "maintenance": "maintenance", "lease": "servers", "quota": "quotas",
}  # fmt: skip


def write_due(database: Database, settings: Settings | None = None) -> int:
    """Write the mails that new journal entries call for; gives how many. Called by the worker every few seconds."""
    settings = settings or get_settings()
    written = 0
    with database.transaction("platform", Scope(EVERY_TENANT, reason="tell people")) as tx:
        tx.execute(
            text("insert into reader_position (reader) values (:reader) on conflict do nothing"), {"reader": READER}
        )
        position = int(
            tx.execute(
                text("select seq from reader_position where reader = :reader for update"), {"reader": READER}
            ).scalar_one()
        )
        head = last_seq(tx)
        wanted = Filter(actions=tuple(f"{word}." for word in _FACTS), kinds=("event",))
        page = read_journal(tx, position, wanted, limit=_PAGE)
        for entry in page:
            written += _write(tx, entry, settings)
        last = page[-1].seq if page else position
        tx.execute(
            text("update reader_position set seq = :seq where reader = :reader"),
            {"seq": last if len(page) == _PAGE else max(head, last), "reader": READER},
        )
    return written


def _write(tx: Connection, entry: Entry, settings: Settings) -> int:
    told = _TOLD.get(entry.action)
    if told is None or entry.tenant_id is None:
        return 0
    word = entry.action.partition(".")[0]
    found = tx.execute(text(_FACTS[word]), {"subject": entry.subject_id}).one_or_none()
    if found is None:
        return 0
    people = tx.execute(
        text(
            f"select p.id, p.locale from principal p join ({told}) told on told.id = p.id where p.active"  # noqa: S608 - constants of this module
            " and p.kind = 'person' and p.email is not null and p.id is distinct from :actor order by p.id"
        ),
        {"tenant": entry.tenant_id, "subject": entry.subject_id, "actor": entry.actor},
    ).all()
    tenant = tx.execute(text("select code from tenant where id = :id"), {"id": entry.tenant_id}).scalar_one()
    rows = []
    for person in people:
        facts = {
            **_plain(entry.body),
            **_plain(found._mapping),  # noqa: SLF001 - public in SQLAlchemy
            "tenant": tenant,
            "link": f"{settings.public_url or settings.url}/api/v1/{_PLACES[word]}"
            + ("" if word == "quota" else f"/{entry.subject_id}"),
        }
        facts["title"] = facts.get(f"title_{person.locale}") or facts.get("title") or facts.get("title_en", "")
        subject, body = sentences(_sentence(entry), person.locale, facts)
        rows.append({"person": person.id, "subject": f"[Irisplane] {subject}"[:240], "body": body + "\n"})
    if rows:
        tx.execute(text("insert into notice (principal_id, subject, body) values (:person, :subject, :body)"), rows)
    return len(rows)


def _sentence(entry: Entry) -> str:
    """Which sentences: a protected server stays after its lease, so nobody is told of a day on which it is deleted."""
    stays = entry.action == "lease.ended" and not entry.body.get("deleted")
    return "lease.ended-stays" if stays else entry.action


def _plain(facts: Mapping[Any, Any]) -> dict[str, str]:
    """Every fact as one line of text; of resources their names."""
    out = {}
    for key, value in facts.items():
        if isinstance(value, list):
            names = [str(one.get("name") or one.get("id")) if isinstance(one, dict) else str(one) for one in value]
            said = ", ".join(names[:20]) + (f" (+{len(names) - 20})" if len(names) > 20 else "")
        else:
            said = "" if value is None else str(value)
        out[str(key)] = " ".join(mask(said).split())
    return out
