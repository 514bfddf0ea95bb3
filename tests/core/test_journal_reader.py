"""Readers follow the numbers: nothing skipped, nothing twice, nothing of another tenant's."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator

import pytest

from core.db import Database
from core.journal.reader import Announcements, Entry, Filter, follow, follow_async, last_seq, read
from core.journal.record import record
from core.journal.sequencer import Sequencer
from core.postgres_temporary import TemporaryPostgres
from core.scope import Scope
from core.telemetry import metrics_text
from tests.core.conftest import add_tenant


@pytest.fixture
def sequencer(fresh_database: Database) -> Iterator[Sequencer]:
    """A sequencer at work."""
    stop, made = threading.Event(), Sequencer(fresh_database, None)
    thread = threading.Thread(target=made.run, args=(stop,))
    thread.start()
    yield made
    stop.set()
    thread.join()


@pytest.fixture
def announcements(fresh_database: Database) -> Iterator[Announcements]:
    made = Announcements(fresh_database)
    made.start()
    yield made
    made.stop()


def write(database: Database, scope: Scope, subject: str, action: str = "thing.happened") -> None:
    """One entry."""
    with database.transaction("api", scope) as tx:
        record(tx, "event", action, "thing", subject)


def test_a_follower_sees_every_entry_of_many_writers_once_and_in_order(
    fresh_database: Database, scope: Scope, sequencer: Sequencer, announcements: Announcements
) -> None:
    seen: list[Entry] = []

    def follow_all() -> None:
        for entry in follow(fresh_database, scope, 0, announcements, heartbeat=5):
            if entry is not None:
                seen.append(entry)
            if len(seen) == 80:
                return

    def write_many(writer: int) -> None:
        for n in range(20):
            write(fresh_database, scope, f"{writer}.{n}")

    threads = [threading.Thread(target=follow_all)]
    threads += [threading.Thread(target=write_many, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert [entry.seq for entry in seen] == list(range(1, 81))
    assert len({entry.subject_id for entry in seen}) == 80


def test_news_arrive_at_once(
    fresh_database: Database, scope: Scope, sequencer: Sequencer, announcements: Announcements
) -> None:
    heartbeat = 3600  # whoever waits for it meets the end of the test's time
    news = (entry for entry in follow(fresh_database, scope, 0, announcements, heartbeat=heartbeat) if entry)
    write(fresh_database, scope, "first")
    assert next(news).subject_id == "first"
    threading.Timer(0.5, write, (fresh_database, scope, "second")).start()
    assert next(news).subject_id == "second"


def test_a_follower_resumes_after_the_number_it_had(fresh_database: Database, scope: Scope) -> None:
    for n in range(5):
        write(fresh_database, scope, str(n))
    Sequencer(fresh_database, None).drain()
    with fresh_database.transaction("api", scope) as tx:
        assert [entry.subject_id for entry in read(tx, 3)] == ["3", "4"]
        assert [entry.subject_id for entry in read(tx, 0, limit=2)] == ["0", "1"]
        assert last_seq(tx) == 5


def test_filters_and_tenants_narrow_what_is_seen(fresh_database: Database, scope: Scope) -> None:
    mine, other = add_tenant(fresh_database, "forest"), add_tenant(fresh_database, "schaerbeek")
    with fresh_database.transaction("api", scope) as tx:
        record(tx, "audit", "change.approved", "change", "1", tenant_id=mine)
        record(tx, "event", "change.running", "change", "1", tenant_id=mine)
        record(tx, "event", "device.lost", "device", "cr01", tenant_id=mine)
        record(tx, "event", "change.running", "change", "2", tenant_id=other)
    Sequencer(fresh_database, None).drain()

    def actions(who: Scope, wanted: Filter | None = None) -> list[str]:
        with fresh_database.transaction("api", who) as tx:
            return [entry.action for entry in read(tx, 0, wanted)]

    assert actions(Scope(mine)) == ["change.approved", "change.running", "device.lost"]
    assert actions(Scope(other)) == ["change.running"]
    assert actions(scope, Filter(actions=("change.",))) == ["change.approved", "change.running", "change.running"]
    assert actions(scope, Filter(kinds=("audit",))) == ["change.approved"]
    assert actions(scope, Filter(subject_type="device")) == ["device.lost"]
    assert actions(scope, Filter(subject_type="change", subject_id="2")) == ["change.running"]
    assert "tenant.insert" in actions(scope, Filter(kinds=("log",)))


def test_without_news_there_is_a_heartbeat(
    fresh_database: Database, scope: Scope, announcements: Announcements
) -> None:
    assert next(follow(fresh_database, scope, 0, announcements, heartbeat=0.2)) is None


def test_a_coroutine_follows_too(
    fresh_database: Database, scope: Scope, sequencer: Sequencer, announcements: Announcements
) -> None:
    async def first_two() -> list[str]:
        out: list[str] = []
        async for entry in follow_async(fresh_database, scope, 0, announcements, heartbeat=5):
            if entry is not None:
                out.append(entry.subject_id)
                if len(out) == 1:
                    await asyncio.to_thread(write, fresh_database, scope, "b")
            if len(out) == 2:
                break
        return out

    write(fresh_database, scope, "a")
    assert asyncio.run(first_two()) == ["a", "b"]


def test_stopping_the_announcements_ends_every_follower(fresh_database: Database, scope: Scope) -> None:
    announcements = Announcements(fresh_database)
    announcements.start()
    ended = threading.Thread(target=lambda: list(follow(fresh_database, scope, 0, announcements, heartbeat=60)))
    ended.start()
    time.sleep(0.3)
    announcements.stop()
    ended.join(60)
    assert not ended.is_alive()


def test_a_cut_connection_is_made_again(
    pg: TemporaryPostgres, fresh_database: Database, scope: Scope, announcements: Announcements
) -> None:
    follower = follow(fresh_database, scope, 0, announcements, heartbeat=2)
    write(fresh_database, scope, "a")
    Sequencer(fresh_database, None).drain()
    assert next(follower) is not None
    pg.kill_backends("api")
    write(fresh_database, scope, "b")
    Sequencer(fresh_database, None).drain()
    entry = next(each for each in follower if each is not None)
    assert entry.subject_id == "b"


def test_figures_tell_what_waits(fresh_database: Database, scope: Scope) -> None:
    write(fresh_database, scope, "a")
    page = metrics_text(fresh_database).decode()
    assert "irisplane_journal_seq 0.0" in page
    assert "irisplane_journal_waiting 1.0" in page
    assert 'irisplane_changes{state="running"} 0.0' in page
    assert "irisplane_workers 0.0" in page
    assert 'irisplane_database_pool{role="api",state="idle"}' in page
    Sequencer(fresh_database, None).drain()
    assert "irisplane_journal_lag_seconds 0.0" in metrics_text(fresh_database).decode()


def test_figures_are_served_without_a_database() -> None:
    gone = Database(lambda role: f"postgresql+psycopg://irisplane_{role}@/none?host=/nowhere")
    assert "irisplane_database_up 0.0" in metrics_text(gone).decode()
