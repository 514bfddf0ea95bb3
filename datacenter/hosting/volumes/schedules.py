"""Volumes are copied by themselves: when a copy is due, which copies are too many, and the orders for both.

An hour is one of the clock in Brussels: on the day that skips it the copy is due an hour later, on the day that has it
twice it is due the first time. A due time that nobody answered while Irisplane was away is caught up once, whatever
number of them passed.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, text

from core.bootstrap import REGION, SYSTEM
from core.db import Database
from core.errors import IrisplaneError, NotFound, Unavailable
from core.identity import Principal, principal_in
from core.journal.record import record
from core.scope import EVERY_TENANT, Scope
from datacenter.hosting.pricing import REGION_TIME
from orchestrator import engine
from orchestrator.engine import ChangeRequest

__all__ = ["give_up_surplus", "latest_due", "take_due"]

_LOG = logging.getLogger(__name__)
_EVERYWHERE: Final = Scope(EVERY_TENANT, reason="schedules of copies")


def latest_due(every: str, weekday: int | None, hour: int, now: datetime) -> datetime:
    """The newest moment, not later than ``now``, at which a copy was due (UTC).

    Args:
        every: ``day`` or ``week``.
        weekday: of a weekly one; 1 is Monday.
        hour: of the clock in Brussels.
    """
    day = now.astimezone(REGION_TIME).date()
    if every == "week" and weekday is not None:
        day -= timedelta(days=(day.isoweekday() - weekday) % 7)
    step = timedelta(days=7 if every == "week" else 1)
    while True:
        due = datetime(day.year, day.month, day.day, hour, tzinfo=REGION_TIME).astimezone(UTC)
        if due <= now:
            return due
        day -= step


def take_due(database: Database, now: datetime | None = None) -> int:
    """Order the copies that are due; gives how many. Called every minute by the worker's leader."""
    moment = now or datetime.now(UTC)
    with database.transaction("platform", _EVERYWHERE) as tx:
        schedules = tx.execute(_SCHEDULES).all()
        person = _system(tx)
    if person is None:
        return 0
    taken = 0
    for schedule in schedules:
        due = latest_due(schedule.every, schedule.weekday, schedule.hour, moment)
        if schedule.last_due is None or due > schedule.last_due:
            taken += _take(database, person, schedule, due)
    return taken


def give_up_surplus(database: Database) -> int:
    """Order the deletion of copies beyond those that are kept; gives how many.

    Kept are the newest good ones of each schedule; one that failed is given up once a newer one is good. Of what is
    ordered already nothing is ordered again within the hour.
    """
    with database.transaction("platform", _EVERYWHERE) as tx:
        surplus = tx.execute(_SURPLUS).all()
        person = _system(tx)
    if person is None:
        return 0
    done = 0
    for snapshot in surplus:
        reason = f"the schedule {snapshot.schedule} keeps {snapshot.keep}"
        request = ChangeRequest(
            kind="hosting.snapshot.delete", intent={"snapshot": str(snapshot.id)}, reason=reason,
            tenant=snapshot.tenant_id,
        )  # fmt: skip
        try:
            engine.submit(database, person, request)
        except IrisplaneError as error:
            _LOG.warning("the snapshot %s is not given up: %s", snapshot.id, error)
        else:
            done += 1
    return done


def _take(database: Database, person: Principal, schedule: Row[Any], due: datetime) -> bool:
    """Order one copy; that this due time was answered is written in the same transaction, or why it was not."""
    reason = f"the schedule {schedule.name}"
    request = ChangeRequest(
        kind="hosting.volume.snapshot",
        intent={"volume": str(schedule.volume_id), "name": _name(schedule, due), "schedule": str(schedule.id)},
        reason=reason,
        tenant=schedule.tenant_id,
    )
    scope = person.scope("", reason)
    try:
        with database.transaction("api", scope) as tx:
            if not _answered(tx, schedule, due):
                return False
            made = engine.submit(database.joining(tx), person, request)
            tx.execute(
                text("update backup_schedule set last_order = :order, fault = '' where id = :id"),
                {"order": made.id, "id": schedule.id},
            )
    except Unavailable as error:
        _LOG.warning("the schedule %s waits: %s", schedule.id, error)
        return False
    except IrisplaneError as error:
        with database.transaction("api", scope) as tx:
            if _answered(tx, schedule, due):
                _failed(tx, schedule, error)
        return False
    return True


def _answered(tx: Connection, schedule: Row[Any], due: datetime) -> bool:
    """Whether it is we who answer this due time: another worker, or an edit, may have been first."""
    done = tx.execute(
        text(
            "update backup_schedule set last_due = :due where id = :id and active"
            " and (last_due is null or last_due < :due)"
        ),
        {"due": due, "id": schedule.id},
    )
    return done.rowcount == 1


def _failed(tx: Connection, schedule: Row[Any], error: IrisplaneError) -> None:
    tx.execute(
        text("update backup_schedule set fault = :fault where id = :id"),
        {"fault": error.message[:500], "id": schedule.id},
    )
    body = {"name": schedule.name, "volume": schedule.volume, "why": error.message}
    record(
        tx, "event", "backup-schedule.failed", "backup-schedule", schedule.id, body=body, tenant_id=schedule.tenant_id
    )


def _name(schedule: Row[Any], due: datetime) -> str:
    """Readable, and unique in the project: two volumes may have schedules of one name."""
    when = due.astimezone(REGION_TIME)
    return f"{schedule.volume[:20].strip()} {schedule.name[:20].strip()} {schedule.id.hex[-6:]} {when:%Y-%m-%d %H}h"


def _system(tx: Connection) -> Principal | None:
    """The account under which Irisplane acts by itself; ``None`` while the region is not set up."""
    try:
        return principal_in(tx, SYSTEM, REGION)
    except NotFound:
        return None


_SCHEDULES: Final = text("""
    select b.*, v.name as volume from backup_schedule b join volume v on v.id = b.volume_id
     where b.active and v.gone_at is null and v.status in ('available', 'attached', 'busy') order by b.id""")
_SURPLUS: Final = text("""
    with ranked as (
        select s.id, s.tenant_id, s.status, s.taken_at, s.created_at, b.name as schedule, b.keep,
               count(*) filter (where s.status = 'available')
                   over (partition by s.schedule_id order by s.created_at desc, s.id desc) as good_so_far
          from volume_snapshot s join backup_schedule b on b.id = s.schedule_id
         where s.gone_at is null and s.status in ('available', 'error'))
    select r.id, r.tenant_id, r.schedule, r.keep from ranked r
     where (r.status = 'available' and r.good_so_far > r.keep or r.status = 'error' and r.good_so_far > 0)
       and not exists (
           select from change c where c.kind = 'hosting.snapshot.delete'
              and c.outcome -> 'resource' ->> 'id' = r.id::text
              and (c.finished_at is null or c.finished_at > now() - interval '1 hour'))
     order by r.id limit 200""")
