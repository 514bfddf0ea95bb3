"""The sequencer numbers what is committed, in an order that never changes, whatever happens to it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from psycopg.rows import TupleRow
from sqlalchemy import text

from core.db import Database
from core.journal.chain import connect
from core.journal.checkpoints import CheckpointFile, Signer, public_keys
from core.journal.record import record
from core.journal.sequencer import Sequencer, after_restore, checkpoint_now, number_batch
from core.journal.verify import verify_database
from core.scope import Scope
from tests.core.conftest import add_tenant


def write(database: Database, scope: Scope, *subjects: str) -> None:
    """One entry for each subject, in one transaction."""
    with database.transaction("api", scope) as tx:
        for subject in subjects:
            record(tx, "event", "thing.happened", "thing", subject)


def numbered(database: Database) -> list[tuple[int, str]]:
    """Number and subject of every numbered entry of ours."""
    with database.transaction("platform", Scope("*")) as tx:
        rows = tx.execute(
            text(
                "select c.seq, j.subject_id from journal_chain c join journal j on j.id = c.journal_id"
                " where j.action = 'thing.happened' order by c.seq"
            )
        )
        return [(row.seq, row.subject_id) for row in rows]


def highest(database: Database) -> tuple[int, int]:
    """How many links there are, and the highest number."""
    with database.transaction("platform", Scope("*")) as tx:
        row = tx.execute(text("select count(*), coalesce(max(seq), 0) from journal_chain")).one()
        return int(row[0]), int(row[1])


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Wait for something that another thread does."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.02)


def test_entries_are_numbered_from_one_without_gaps(fresh_database: Database, scope: Scope) -> None:
    write(fresh_database, scope, "a", "b")
    write(fresh_database, scope, "c")
    assert Sequencer(fresh_database, None).drain() == 3
    assert numbered(fresh_database) == [(1, "a"), (2, "b"), (3, "c")]
    assert Sequencer(fresh_database, None).drain() == 0


def test_a_rollback_leaves_no_gap(fresh_database: Database, scope: Scope) -> None:
    write(fresh_database, scope, "a")

    def fail_halfway() -> None:
        with fresh_database.transaction("api", scope) as tx:
            record(tx, "event", "thing.happened", "thing", "never")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_halfway()
    write(fresh_database, scope, "b")
    Sequencer(fresh_database, None).drain()
    assert numbered(fresh_database) == [(1, "a"), (2, "b")]


def test_a_preview_writes_neither_entry_nor_row_image(fresh_database: Database, scope: Scope) -> None:
    with fresh_database.transaction("platform", scope, preview=True) as tx:
        tx.execute(
            text(
                "insert into tenant (code, kind, name_fr, name_nl, name_en) values ('what-if', 'other', 'x', 'x', 'x')"
            )
        )
        record(tx, "event", "thing.happened", "thing", "never")
        assert tx.execute(text("select count(*) from journal")).scalar() == 0
    assert Sequencer(fresh_database, None).drain() == 0


def test_an_older_open_transaction_holds_numbering_back_and_nothing_is_skipped(
    fresh_database: Database, scope: Scope
) -> None:
    with fresh_database.transaction("api", scope) as slow:
        record(slow, "event", "thing.happened", "thing", "slow")
        write(fresh_database, scope, "quick")
        assert Sequencer(fresh_database, None).drain() == 0, "a reader at 1 would never see the slow one"
    Sequencer(fresh_database, None).drain()
    assert numbered(fresh_database) == [(1, "slow"), (2, "quick")]


def test_a_reader_of_old_rows_holds_nothing_back(fresh_database: Database, scope: Scope) -> None:
    with connect(fresh_database.dsn("platform")) as reader:
        reader.execute("select count(*) from journal")
        write(fresh_database, scope, "a")
        assert Sequencer(fresh_database, None).drain() == 1


def test_two_sequencers_and_many_writers_make_one_chain(fresh_database: Database, scope: Scope, tmp_path: Path) -> None:
    stop = threading.Event()
    pair = [Sequencer(fresh_database, None) for _ in range(2)]
    threads = [threading.Thread(target=each.run, args=(stop,)) for each in pair]

    def write_many(writer: int) -> None:
        for n in range(25):
            write(fresh_database, scope, f"{writer}.{n}")

    writers = [threading.Thread(target=write_many, args=(writer,)) for writer in range(6)]
    for thread in (*threads, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    try:
        wait_until(lambda: highest(fresh_database)[1] == 150)
        assert sum(each.leading for each in pair) == 1
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    rows = numbered(fresh_database)
    assert [seq for seq, _ in rows] == list(range(1, 151))
    assert len({subject for _, subject in rows}) == 150
    for n in range(6):
        own = [subject for _, subject in rows if subject.startswith(f"{n}.")]
        assert own == [f"{n}.{k}" for k in range(25)], "what one writer did stays in its order"
    assert verify_database(fresh_database, CheckpointFile(tmp_path / "none"), {}).intact


def test_when_the_leader_loses_its_connection_the_other_one_leads(fresh_database: Database, scope: Scope) -> None:
    stop = threading.Event()
    first, second = (Sequencer(fresh_database, None) for _ in range(2))
    one = threading.Thread(target=first.run, args=(stop,))
    one.start()
    wait_until(lambda: first.leading)
    two = threading.Thread(target=second.run, args=(stop,))
    two.start()
    try:
        with psycopg.connect(_plain(fresh_database.dsn("platform")), autocommit=True) as admin:
            # the role may end its own backends
            admin.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where application_name = 'irisplane sequencer' and datname = current_database()"
            )
        write(fresh_database, scope, "after")
        wait_until(lambda: numbered(fresh_database) == [(1, "after")])
        wait_until(lambda: first.leading != second.leading)
        assert numbered(fresh_database) == [(1, "after")], "once, whoever leads"
    finally:
        stop.set()
        one.join()
        two.join()


def test_killed_in_the_middle_of_a_batch_it_numbers_each_entry_once(
    fresh_database: Database, scope: Scope, tmp_path: Path
) -> None:
    write(fresh_database, scope, *(str(n) for n in range(300)))
    program = (
        "import sys, time\n"
        "from core.journal import sequencer\n"
        "from core.journal.chain import connect\n"
        "with connect(sys.argv[1]) as c:\n"
        "    assert sequencer._lead(c)\n"
        "    sequencer.number_batch(c, 100)\n"
        "    with c.transaction():\n"
        "        sequencer.number_batch(c, 100)\n"
        "        print('half', flush=True)\n"
        "        time.sleep(60)\n"
    )
    victim = subprocess.Popen(
        [sys.executable, "-c", program, fresh_database.dsn("platform")], stdout=subprocess.PIPE, text=True
    )
    assert victim.stdout is not None
    assert victim.stdout.readline() == "half\n"
    assert Sequencer(fresh_database, None).drain() == 0, "it leads as long as its connection lives"
    os.kill(victim.pid, signal.SIGKILL)
    victim.wait()
    victim.stdout.close()
    total = 0
    until = time.monotonic() + 60
    while total < 200 and time.monotonic() < until:
        total += Sequencer(fresh_database, None).drain()
    assert total == 200
    assert highest(fresh_database) == (300, 300)
    assert verify_database(fresh_database, CheckpointFile(tmp_path / "none"), {}).intact


def test_bulk_writes_become_one_entry_with_an_image_for_each_row(fresh_database: Database, scope: Scope) -> None:
    with fresh_database.transaction("platform", scope) as tx:
        tx.execute(
            text(
                "insert into tenant (code, kind, name_fr, name_nl, name_en)"
                " select 't' || n, 'other', 'x', 'x', 'x' from generate_series(10, 59) n"
            )
        )
        tx.execute(text("update tenant set name_en = 'y' where code < 't20'"))
        tx.execute(text("update tenant set name_en = 'y' where code < 't20'"))
        tx.execute(text("update tenant set name_en = 'z' where false"))
        rows = tx.execute(
            text(
                "select action, reason, request_id, body ->> 'rows' as n from journal"
                " where subject_type = 'tenant' order by id"
            )
        ).all()
        images = tx.execute(text("select count(*) from change_log where table_name = 'tenant'")).scalar()
        beside = tx.execute(text("select count(*) from journal where subject_type <> 'tenant'")).scalar_one()
    assert [(row.action, row.reason, row.request_id, row.n) for row in rows] == [
        ("tenant.insert", "a test", "req-test", "50"),
        ("tenant.update", "a test", "req-test", "10"),
    ], "an update that alters nothing leaves no entry"
    assert images == 60
    assert Sequencer(fresh_database, None).drain() == 2 + beside


def test_after_a_restore_queued_entries_of_another_server_are_numbered(
    fresh_database: Database, scope: Scope, tmp_path: Path
) -> None:
    write(fresh_database, scope, "old")
    Sequencer(fresh_database, None).drain()
    write(fresh_database, scope, "b", "c")
    _pretend_they_come_from_a_busier_server(fresh_database)
    with connect(fresh_database.dsn("platform")) as connection:
        assert number_batch(connection) == 0, "their transaction numbers lie in this server's future"
    after_restore(fresh_database, CheckpointFile(tmp_path / "audit" / "c.jsonl", Signer(tmp_path / "k.json")))
    assert Sequencer(fresh_database, None).drain() == 2
    assert numbered(fresh_database) == [(1, "old"), (2, "b"), (3, "c")]


def test_a_restore_without_ceremony_is_noticed_when_the_sequencer_starts(
    fresh_database: Database, scope: Scope
) -> None:
    write(fresh_database, scope, "a")
    _pretend_they_come_from_a_busier_server(fresh_database)
    assert Sequencer(fresh_database, None).drain() == 1


def test_checkpoints_are_signed_on_demand_at_shutdown_and_not_twice(
    fresh_database: Database, scope: Scope, tmp_path: Path
) -> None:
    file = CheckpointFile(tmp_path / "audit" / "checkpoints.jsonl", Signer(tmp_path / "journal.json"))
    assert checkpoint_now(fresh_database, file) is None, "nothing to sign yet"
    write(fresh_database, scope, "a")
    Sequencer(fresh_database, None).drain()
    first = checkpoint_now(fresh_database, file)
    assert first is not None
    assert first.seq == 1
    assert checkpoint_now(fresh_database, file) is None
    stop = threading.Event()
    sequencer = Sequencer(fresh_database, file, checkpoint_seconds=3600)
    thread = threading.Thread(target=sequencer.run, args=(stop,))
    thread.start()
    wait_until(lambda: sequencer.leading)
    write(fresh_database, scope, "b")
    wait_until(lambda: highest(fresh_database)[1] == 2)
    stop.set()
    thread.join()
    assert [point.seq for point in file.read()] == [1, 2]
    assert file.faults(public_keys(file.keys_path)) == []
    assert (tmp_path / "journal.json").stat().st_mode & 0o777 == 0o600


def test_nobody_who_serves_can_rewrite_the_journal(fresh_database: Database, scope: Scope) -> None:
    write(fresh_database, scope, "a")
    Sequencer(fresh_database, None).drain()
    for role in ("api", "worker", "platform"):
        for statement in (
            "update journal set reason = 'x'",
            "delete from journal_chain",
            "update journal_chain set seq = seq + 1",
            "update change_log set post = null",
            "delete from change_log",
        ):
            with psycopg.connect(_plain(fresh_database.dsn(role))) as connection:
                connection.execute("set irisplane.tenant = '*'")
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(statement)


def test_a_tenants_entries_are_its_own(fresh_database: Database, scope: Scope) -> None:
    mine, other = add_tenant(fresh_database, "jette"), add_tenant(fresh_database, "evere")
    with fresh_database.transaction("api", scope) as tx:
        record(tx, "event", "thing.happened", "thing", "mine", tenant_id=mine)
        record(tx, "event", "thing.happened", "thing", "other", tenant_id=other)
        record(tx, "event", "thing.happened", "thing", "region")
    with fresh_database.transaction("api", Scope(mine)) as tx:
        seen = tx.execute(text("select subject_id from journal where action = 'thing.happened'")).scalars().all()
    assert seen == ["mine"]


def _pretend_they_come_from_a_busier_server(database: Database) -> None:
    with database.transaction("platform", Scope("*")) as tx:
        tx.execute(text("update journal_pending set xid = '1000000000000'"))


def _plain(dsn: str) -> str:
    return dsn.replace("postgresql+psycopg://", "postgresql://", 1)


def test_a_checkpoint_that_cannot_be_signed_does_not_stop_the_numbering(
    fresh_database: Database, scope: Scope, tmp_path: Path
) -> None:
    file = CheckpointFile(tmp_path / "audit" / "checkpoints.jsonl", Signer(tmp_path / "journal.json"))
    file.path.parent.mkdir()
    file.path.write_text("damaged\n", encoding="utf-8")
    stop = threading.Event()
    sequencer = Sequencer(fresh_database, file, checkpoint_seconds=0)
    thread = threading.Thread(target=sequencer.run, args=(stop,))
    thread.start()
    try:
        for number, subject in enumerate("abc", start=1):
            write(fresh_database, scope, subject)
            wait_until(lambda number=number: highest(fresh_database) == (number, number))  # type: ignore[misc]  # a default binds the loop's value
            time.sleep(0.1)  # long enough to try to sign
        assert sequencer.leading
    finally:
        stop.set()
        thread.join()


def test_a_leader_that_is_frozen_in_the_middle_of_a_batch_loses_the_lead(
    fresh_database: Database, scope: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    frozen, thaw, stop = threading.Event(), threading.Event(), threading.Event()

    def freeze(connection: psycopg.Connection[TupleRow], limit: int = 500) -> int:
        if threading.current_thread().name != "frozen":
            return number_batch(connection, limit)
        with connection.transaction():
            connection.execute("select 1")
            frozen.set()
            thaw.wait(120)
        return 0

    monkeypatch.setattr("core.journal.sequencer._SILENCE_LIMIT", "200ms")
    monkeypatch.setattr("core.journal.sequencer.number_batch", freeze)
    thread = threading.Thread(target=Sequencer(fresh_database, None).run, args=(stop,), name="frozen")
    thread.start()
    try:
        assert frozen.wait(60)
        write(fresh_database, scope, "a")
        wait_until(lambda: Sequencer(fresh_database, None).drain() == 1)
    finally:
        stop.set()
        thaw.set()
        thread.join()
