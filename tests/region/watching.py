"""Seeing exactly where a Change stands, and stopping the world there: how bad days are timed to the step."""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, LiteralString

import psycopg

from core.service_user import service_user
from core.supervisor import Supervisor
from tests.region.conftest import ENDED, Region, eventually

__all__ = ["Watch", "at_work", "carrier_of", "frozen", "more_workers", "without_supervised_worker"]

_LOOK_SECONDS = 0.003
_FREEZINGS = 100

_STAGES = {
    # The name of a stage → whether a change stands there, from the states of its steps (of one batch) and its row.
    "lock": "c.state = 'running' and s.pending = s.all",
    "prepare": "s.preparing > 0",
    "apply": "s.applying > 0",
    "verify": "s.verifying > 0",
    "decide": "c.decision = 'confirm' and s.confirming + s.confirmed = 0",
    "confirm": "s.confirming > 0",
    "end": "s.confirmed = s.all and c.state = 'running' and c.batch = {batch}",
    "undo": "s.undoing > 0",
}
_MOMENTS = {
    # The name of a stage → what ends it, as the triggers below name a move of a step, or of a change ("running").
    "lock": "from pending",
    "prepare": "from preparing",
    "apply": "from applying",
    "verify": "from verifying",
    "decide": "to confirming",
    "confirm": "from confirming",
    "end": "from running",
    "undo": "from undoing",
}
_WORDS = ("pending", "preparing", "applying", "verifying", "confirming", "confirmed", "undoing")

# Whoever moves a step or a change on asks for a lock that nobody has, unless a test holds it: then the move waits.
# Each is a transaction of its own: with both tables locked at once, workers could be in a deadlock.
_WAIT_AT_MOMENTS = (
    """
create or replace function test_moment() returns trigger language plpgsql as $$
declare
    at text := format('%s %s', to_jsonb(old) ->> tg_argv[0], old.batch);
begin
    perform pg_advisory_xact_lock_shared(hashtextextended(at || ' from ' || old.state, 0));
    perform pg_advisory_xact_lock_shared(hashtextextended(at || ' to ' || new.state, 0));
    return new;
end $$""",
    """
create or replace trigger test_moment before update on change_step for each row
    when (old.state is distinct from new.state) execute function test_moment('change_id')""",
    """
create or replace trigger test_moment before update on change for each row
    when ((old.state, old.batch) is distinct from (new.state, new.batch)) execute function test_moment('id')""",
)
_NEVER_WAIT = (
    "drop trigger if exists test_moment on change_step",
    "drop trigger if exists test_moment on change",
    "drop function if exists test_moment()",
)
_UNFINISHED = """
select coalesce(array_agg(l.pid || ' ' || l.transactionid::text), '{}')
  from pg_locks l join pg_stat_activity a on a.pid = l.pid
 where l.locktype = 'transactionid' and l.mode = 'ExclusiveLock' and l.granted
   and a.usename in ('irisplane_worker', 'irisplane_platform')
   and not exists (select 1 from pg_locks w where w.pid = l.pid and w.locktype = 'advisory' and not w.granted)
"""
_WAITS = "select pid from pg_locks where locktype = 'advisory' and not granted limit 1"


class Watch:
    """Looks at a region's rows as often as it can, past every door, and holds a change at a stage of its way."""

    def __init__(self, region: Region) -> None:
        self._region = region
        self._connection: psycopg.Connection[Any] | None = None
        self._can_hold = False

    def close(self) -> None:
        """Look no longer."""
        if self._connection is not None:
            self._connection.close()
        if self._can_hold:
            self._as_owner(*_NEVER_WAIT)

    def one(self, statement: str, *values: object) -> Any:
        """The first value that a query gives; asked again when the server goes away."""
        for _ in range(400):
            try:
                if self._connection is None or self._connection.closed:
                    self._connection = _connect(self._region, "irisplane_platform")
                row = self._connection.execute(statement, values).fetchone()
                return row[0] if row else None
            except psycopg.OperationalError:
                self._connection = None
                time.sleep(0.1)
        raise AssertionError("the database does not come back")

    def reached(self, change_id: str, stage: str, *, batch: int = 0, seconds: float = 120) -> None:
        """Return as soon as a change stands at a stage."""
        counts = ", ".join(f"count(*) filter (where state = '{word}') as {word}" for word in _WORDS)
        statement = (
            f"select case when {_STAGES[stage].format(batch=batch)} then 'here' else c.state end from change c,"
            f' (select count(*) as "all", {counts} from change_step where change_id = %s and batch = %s) s'
            " where c.id = %s"
        ).replace("s.all", 's."all"')
        end = time.monotonic() + seconds
        while (now := self.one(statement, change_id, batch, change_id)) != "here":
            assert now not in ENDED, f"the change is {now} and was never seen at {stage}"
            assert time.monotonic() < end, f"the change is {now} and not at {stage} after {seconds:.0f} s"
            time.sleep(_LOOK_SECONDS)

    @contextmanager
    def held(self, change_id: str, stage: str, *, batch: int = 0) -> Iterator[None]:
        """A change that does not leave a stage once it is there: on a busy machine its end would else be missed.

        The worker writes that it moves on, and the database answers when this is over, as a slow disk would.
        """
        if not self._can_hold:
            self._as_owner(*_WAIT_AT_MOMENTS)
            self._can_hold = True
        moment = f"{change_id} {batch} {_MOMENTS[stage]}"
        self.one("select pg_advisory_lock(hashtextextended(%s, 0))", moment)
        try:
            yield
        finally:
            # a server that was stopped meanwhile has forgotten it, and says so
            self.one("select pg_advisory_unlock(hashtextextended(%s, 0))", moment)

    def waiting_backend(self) -> int:
        """Process id of the backend in which a move waits that is held."""
        return int(eventually(lambda: self.one(_WAITS)))

    def unfinished(self) -> frozenset[str]:
        """Transactions of workers that have written something and are not over; without those that are held."""
        return frozenset(self.one(_UNFINISHED))

    def _as_owner(self, *statements: LiteralString) -> None:
        def done() -> bool:
            try:
                with _connect(self._region, "irisplane_owner") as connection:
                    for statement in statements:
                        connection.execute(statement)
            except psycopg.OperationalError:
                return False
            return True

        eventually(done)


def _connect(region: Region, role: str) -> psycopg.Connection[Any]:
    """A connection as the service's user, who alone is let in."""
    who = pwd.getpwnam(service_user().name)
    os.setegid(who.pw_gid)
    os.seteuid(who.pw_uid)
    try:
        return psycopg.connect(host=str(region.instance.runtime_dir), dbname="irisplane", user=role, autocommit=True)
    finally:
        os.seteuid(0)
        os.setegid(0)


# ------------------------------------------------------------------------------------------------------------ workers
def carrier_of(watch: Watch, change_id: str) -> int:
    """Process id of the worker that carries a change."""
    pid = watch.one(
        "select l.pid from executor_lease l join change c on c.executor = l.executor"
        " where c.id = %s and l.lost_at is null", change_id,
    )  # fmt: skip
    assert pid is not None, "nobody carries it"
    return int(pid)


@contextmanager
def frozen(watch: Watch, pid: int) -> Iterator[None]:
    """A process that does nothing meanwhile, and that nobody waits for: it stands in no transaction that has locks.

    A test that holds it at a stage (``Watch.held``) does not lose the stage while it is thawed and frozen anew.
    """
    try:
        for _ in range(_FREEZINGS):
            os.kill(pid, signal.SIGSTOP)
            if _holds_up_nobody(watch):
                break
            os.kill(pid, signal.SIGCONT)
            time.sleep(_LOOK_SECONDS)
        else:
            raise AssertionError(f"{pid} stood in a transaction at each of {_FREEZINGS} looks")
        yield
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def _holds_up_nobody(watch: Watch) -> bool:
    """Whether no transaction stays open: those of other workers come to an end."""
    time.sleep(0.1)  # what was sent to the database before is done by then
    open_now = watch.unfinished()
    if open_now:
        time.sleep(0.2)
        open_now &= watch.unfinished()
    return not open_now


def living(watch: Watch) -> int:
    """How many workers are alive."""
    return int(watch.one("select count(*) from executor_lease where lost_at is null"))


def at_work(region: Region, watch: Watch) -> None:
    """Wait until exactly the supervised worker is at work, and everything answers."""
    eventually(lambda: living(watch) == 1, seconds=120)
    eventually(lambda: _healthy(region), seconds=120)


def _healthy(region: Region) -> bool:
    try:
        return region.api("GET", "/api/v1/health").status_code == 200
    except OSError:
        return False
    except Exception as error:
        if type(error).__module__.startswith("httpx"):
            return False
        raise


@contextmanager
def more_workers(region: Region, watch: Watch, count: int) -> Iterator[Sequence[subprocess.Popen[bytes]]]:
    """Workers that nobody starts again, beside those that run: as on other machines."""
    before = living(watch)
    user = service_user()
    line = user.command([sys.executable, "-m", "orchestrator.worker"], instance=region.instance)
    environment = user.environment(region.instance)
    started = [
        subprocess.Popen(line, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(count)
    ]
    try:
        eventually(lambda: living(watch) == before + count, seconds=120)
        yield started
    finally:
        for process in started:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGCONT)
                process.terminate()
        for process in started:
            try:
                process.wait(90)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def without_supervised_worker(region: Region, watch: Watch) -> Iterator[None]:
    """The supervised worker is stopped meanwhile, as on a machine that is down."""
    supervisor = Supervisor(region.instance, service_user())
    supervisor._stop_program("worker")
    try:
        yield
    finally:
        supervisor.start_program("worker")
        at_work(region, watch)
