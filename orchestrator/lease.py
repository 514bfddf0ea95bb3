"""Which workers are alive: a row each, beaten every second, and the hand-over of what a silent one had.

A worker is lost when its row was not beaten for ``lease_seconds``, by the database's clock. Whoever notices first (a
row lock settles who) writes ``lost_at``, tells the durable engine to give the lost one's runs to the living, and
deletes the row when nothing of it is left. A worker that was only frozen finds ``lost_at`` on itself, or no row, and
must end: whatever it was about to write is refused by then, see ``orchestrator.runs.rows``.
"""

from __future__ import annotations

import os
import socket
import time
from dataclasses import dataclass
from uuid import uuid4

from sqlalchemy import text

from core.db import Database
from core.journal.record import record
from core.scope import EVERY_TENANT, Scope
from orchestrator.durable import DurableEngine

__all__ = ["Lease", "new_executor_id", "reap"]

_SCOPE = Scope(tenant=EVERY_TENANT, reason="workers that are alive")


def new_executor_id() -> str:
    """An id for this process that no process ever had: two with one id would strand each other's runs."""
    return f"{socket.gethostname()}-{uuid4()}"


@dataclass(slots=True)
class Lease:
    """This worker's own row.

    Args:
        database: best one of its own: a beat must not queue behind the work of runs.
        seconds: of silence after which a worker is lost.
    """

    database: Database
    executor: str
    version: str
    seconds: float
    _steady_since: float = 0.0
    _last_beat: float = 0.0

    def take(self) -> None:
        """Appear among the living."""
        with self.database.transaction("worker", _SCOPE) as tx:
            tx.execute(
                text(
                    "insert into executor_lease (executor, host, pid, version)"
                    " values (:executor, :host, :pid, :version)"
                ),
                {"executor": self.executor, "host": socket.gethostname(), "pid": os.getpid(), "version": self.version},
            )

    def beat(self) -> bool:
        """Show that we live; ``False`` when the others think otherwise."""
        with self.database.transaction("worker", _SCOPE, asynchronous=True) as tx:
            beaten = tx.execute(
                text("update executor_lease set beat_at = now() where executor = :me and lost_at is null"),
                {"me": self.executor},
            )
            alive = beaten.rowcount == 1
        now = time.monotonic()
        if self._last_beat and now - self._last_beat > self.seconds / 2:
            self._steady_since = now
        self._last_beat = now
        return alive

    @property
    def steady(self) -> bool:
        """Whether we could have beaten all the time, so that the silence of another is its own.

        After the database was away every worker looks silent; each must have had the time to beat again.
        """
        return time.monotonic() - self._steady_since > self.seconds

    def give_up(self) -> None:
        """Leave in good order: the others need not wait before they take over what is parked."""
        with self.database.transaction("worker", _SCOPE) as tx:
            tx.execute(text("update executor_lease set lost_at = now() where executor = :me"), {"me": self.executor})


def reap(database: Database, engine: DurableEngine, lease_seconds: float) -> list[str]:
    """Declare silent workers lost and hand over what lost ones had; gives the workers newly declared lost.

    Safe to run anywhere at any time: the row of a lost worker stays until nothing is pending under its name, because a
    hand-over may fail half way without saying so.
    """
    with database.transaction("platform", _SCOPE) as tx:
        silent = tx.execute(
            text(
                "update executor_lease set lost_at = now() where executor in (select executor from executor_lease"
                " where lost_at is null and beat_at < now() - make_interval(secs => :seconds) for update skip locked)"
                " returning executor"
            ),
            {"seconds": lease_seconds},
        )
        newly = list(silent.scalars())
        lost = list(tx.execute(text("select executor from executor_lease where lost_at is not null")).scalars())
        for executor in newly:
            runs = tx.execute(
                text(
                    "select id, tenant_id from change where executor = :executor"
                    " and state in ('running', 'rolling_back')"
                ),
                {"executor": executor},
            ).all()
            for run in runs:
                tx.execute(text("select set_config('irisplane.change_id', :id, true)"), {"id": str(run.id)})
                body = {"from": executor}
                record(tx, "audit", "change.taken_over", "change", run.id, body=body, tenant_id=run.tenant_id)
                record(tx, "event", "change.taken_over", "change", run.id, body=body, tenant_id=run.tenant_id)
    if not lost:
        return newly
    engine.recover(lost)
    empty = [executor for executor in lost if not engine.pending(executor)]
    with database.transaction("platform", _SCOPE) as tx:
        tx.execute(text("delete from executor_lease where executor = any(:gone)"), {"gone": empty})
    return newly
