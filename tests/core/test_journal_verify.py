"""The verifier finds whatever somebody with full rights on the database did to the journal, and names where."""

from __future__ import annotations

import io
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import text

from core.db import Database
from core.errors import InvalidInput, Misconfigured
from core.journal.chain import COLUMNS_SQL, GENESIS, connect, link_hash
from core.journal.checkpoints import Checkpoint, CheckpointFile, Signer, public_keys
from core.journal.record import record
from core.journal.sequencer import Sequencer, after_restore, checkpoint_now
from core.journal.verify import Report, export, verify_database, verify_export
from core.scope import EVERY_TENANT, Scope

SCOPE = Scope(EVERY_TENANT, request_id="req-1", reason="Prüfung « ça va »")


@dataclass
class Journal:
    """Ten entries, two of them row images, signed at the end."""

    database: Database
    checkpoints: CheckpointFile
    folder: Path

    def write(self, count: int = 4) -> None:
        """Events and audit entries, numbered."""
        with self.database.transaction("api", SCOPE) as tx:
            for n in range(count):
                record(tx, "event", "thing.happened", "thing", f"n{n}", body={"n": n, "ratio": 0.1, "text": 'a|b\n"é"'})
        Sequencer(self.database, None).drain()

    def tamper(self, *statements: str) -> None:
        """As the owner of the tables, triggers silenced: what a thief of the database can do."""
        with self.database.transaction("owner", SCOPE) as tx:
            for statement in statements:
                tx.execute(text(statement))

    def verify(self) -> Report:
        return verify_database(self.database, self.checkpoints, public_keys(self.checkpoints.keys_path))

    def rechain(self) -> None:
        """Forge a chain that is consistent in itself."""
        with connect(self.database.dsn("owner")) as connection:
            connection.execute("select set_config('irisplane.tenant', '*', true)")
            rows = connection.execute(
                f"select c.seq, {COLUMNS_SQL} from journal_chain c join journal j on j.id = c.journal_id order by c.seq"
            ).fetchall()
            previous = GENESIS
            for seq, *columns in rows:
                previous = link_hash(previous, seq, columns)
                connection.execute("update journal_chain set hash = %s where seq = %s", (previous, seq))


@pytest.fixture
def journal(fresh_database: Database, tmp_path: Path) -> Journal:
    checkpoints = CheckpointFile(tmp_path / "audit" / "checkpoints.jsonl", Signer(tmp_path / "keys" / "journal.json"))
    made = Journal(fresh_database, checkpoints, tmp_path)
    made.write()
    with fresh_database.transaction("owner", SCOPE) as tx:
        # administrations as mere rows: what hosting gives each new one would stand in the journal beside them
        tx.execute(text("alter table tenant disable trigger project_first"))
        tx.execute(
            text(
                "insert into tenant (code, kind, name_fr, name_nl, name_en)"
                " select 't' || n, 'other', 'Œuvre', 'x', 'x' from generate_series(10, 14) n"
            )
        )
        tx.execute(text("delete from tenant where code = 't10'"))
        tx.execute(text("alter table tenant enable trigger project_first"))
    made.write()
    assert checkpoint_now(fresh_database, checkpoints) is not None
    return made


def first(report: Report) -> tuple[int | None, str]:
    """Where it broke first, and what is said."""
    assert not report.intact
    return report.findings[0].seq, report.findings[0].what


def test_an_untouched_journal_is_intact(journal: Journal) -> None:
    report = journal.verify()
    assert report.intact, report.findings
    assert (report.entries, report.last, report.checkpoints) == (10, 10, 1)


def test_any_altered_column_breaks_its_link(journal: Journal) -> None:
    journal.tamper(
        "create table kept as select * from journal where id in (select journal_id from journal_chain where seq = 3)"
    )
    for alteration in (
        "action = 'thing.other'",
        "subject_id = 'n9'",
        "subject_type = 'other'",
        "actor = uuidv7()",
        "kind = 'audit'",
        "at = at + interval '1 microsecond'",
        "reason = 'another'",
        "request_id = 'r'",
        "change_id = uuidv7()",
        "tenant_id = (select id from tenant limit 1)",
        "body = jsonb_set(body, '{n}', '7')",
        "body = jsonb_set(body, '{ratio}', '0.10')",
    ):
        journal.tamper(f"update journal set {alteration} where id in (select id from kept)")
        report = journal.verify()
        assert first(report) == (3, "the entry or its link was altered"), alteration
        assert report.findings[0].entry is not None
        assert len(report.findings) == 1, "the rest still stands"
        journal.tamper(
            "update journal j set (action, subject_id, subject_type, actor, kind, at, reason, request_id, change_id,"
            " tenant_id, body) = (select k.action, k.subject_id, k.subject_type, k.actor, k.kind, k.at, k.reason,"
            " k.request_id, k.change_id, k.tenant_id, k.body from kept k) where j.id in (select id from kept)"
        )
    assert journal.verify().intact


def test_an_altered_row_image_is_found(journal: Journal) -> None:
    journal.tamper("update change_log set post = post || '{\"name_fr\"\\: \"x\"}' where ordinal = 2 and op = 'insert'")
    assert first(journal.verify()) == (5, "a row image was altered")


def test_every_column_of_a_row_image_is_covered(journal: Journal) -> None:
    journal.tamper("create table kept as select * from change_log where ordinal = 2 and op = 'insert'")
    of_kept = "where (journal_id, ordinal) in (select journal_id, ordinal from kept)"
    for change in (
        "op = 'update'",
        "row_id = uuidv7()",
        "table_name = 'x'",
        "tenant_id = uuidv7()",
        "pre = post, post = pre",
    ):
        journal.tamper(f"update change_log set {change} {of_kept}")
        assert first(journal.verify()) == (5, "a row image was altered"), change
        journal.tamper(f"delete from change_log {of_kept}", "insert into change_log select * from kept")
    assert journal.verify().intact


def test_a_removed_and_an_added_row_image_are_counted(journal: Journal) -> None:
    journal.tamper("delete from change_log where ordinal = 2 and op = 'insert'")
    assert first(journal.verify()) == (5, "5 row images were recorded, 4 are there")
    journal.tamper(
        "insert into change_log (journal_id, ordinal, table_name, row_id, op)"
        " select journal_id, 1, 'x', uuidv7(), 'insert' from journal_chain where seq = 2"
    )
    assert first(journal.verify()) == (2, "row images were added to an entry that has none")


def test_entries_taken_out_of_the_middle_are_named(journal: Journal) -> None:
    journal.tamper(
        "create temp table gone as select journal_id from journal_chain where seq in (3, 4)",
        "delete from journal_chain where seq in (3, 4)",
        "delete from journal where id in (select journal_id from gone)",
    )
    assert first(journal.verify()) == (3, "entries 3 to 4 taken out of the chain")


def test_closing_the_gap_by_renumbering_is_found(journal: Journal) -> None:
    journal.tamper(
        "delete from journal_chain where seq = 3",
        "update journal_chain set seq = -(seq - 1) where seq > 3",
        "update journal_chain set seq = -seq where seq < 0",
    )
    assert first(journal.verify())[0] == 3


def test_a_cut_tail_is_seen_against_the_last_checkpoint(journal: Journal) -> None:
    journal.tamper(
        "create temp table gone as select journal_id from journal_chain where seq > 8",
        "delete from journal_chain where seq > 8",
        "delete from journal where id in (select journal_id from gone)",
    )
    seq, what = first(journal.verify())
    assert seq == 9
    assert "tail was cut off: entry 10 was signed" in what


def test_a_forged_chain_is_seen_against_the_checkpoint(journal: Journal) -> None:
    journal.tamper(
        "update journal set reason = 'nothing to see' where id = (select journal_id from journal_chain where seq = 2)"
    )
    journal.rechain()
    seq, what = first(journal.verify())
    assert seq == 10
    assert "rewritten" in what


def test_an_entry_outside_the_chain_is_found(journal: Journal) -> None:
    journal.tamper("delete from journal_chain where seq = 10")
    report = journal.verify()
    assert any("outside the chain" in finding.what and finding.entry for finding in report.findings)


def test_waiting_entries_are_a_note_not_a_fault(journal: Journal) -> None:
    with journal.database.transaction("api", SCOPE) as tx:
        record(tx, "event", "thing.happened", "thing", "late")
    report = journal.verify()
    assert report.intact
    assert report.notes == ("1 entries wait for their number.",)


def test_a_forged_checkpoint_and_a_removed_one_are_found(journal: Journal) -> None:
    journal.write(1)
    checkpoint_now(journal.database, journal.checkpoints)
    journal.write(1)
    checkpoint_now(journal.database, journal.checkpoints)
    path = journal.checkpoints.path
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([lines[0], lines[2]]) + "\n", encoding="utf-8")
    assert "altered or taken out" in first(journal.verify())[1]
    forged = Checkpoint(**{**json.loads(lines[2]), "hash": "00" * 32})
    path.write_text("\n".join([lines[0], lines[1], forged.line()]) + "\n", encoding="utf-8")
    assert "not signed by a key of ours" in first(journal.verify())[1]


def test_a_checkpoint_torn_by_a_power_cut_is_no_checkpoint(journal: Journal) -> None:
    with journal.checkpoints.path.open("a", encoding="utf-8") as file:
        file.write('{"seq": 11, "ha')
    assert journal.verify().intact
    journal.write(1)
    checkpoint_now(journal.database, journal.checkpoints)
    assert [point.seq for point in journal.checkpoints.read()] == [10, 11]
    assert journal.verify().intact


def test_a_public_key_put_in_place_of_ours_is_refused(journal: Journal) -> None:
    keys = journal.checkpoints.keys_path
    stranger = CheckpointFile(journal.folder / "x" / "c.jsonl", Signer(journal.folder / "x" / "k.json"))
    stranger.append(1, bytes(32))
    theirs = json.loads(stranger.keys_path.read_text(encoding="utf-8"))
    ours = json.loads(keys.read_text(encoding="utf-8"))
    keys.write_text(json.dumps(dict(zip(ours, theirs.values(), strict=True))), encoding="utf-8")
    with pytest.raises(Misconfigured, match="does not belong to its id"):
        journal.verify()


def test_a_restored_older_backup_is_said_and_not_called_tampering(journal: Journal) -> None:
    journal.tamper(
        "create temp table gone as select journal_id from journal_chain where seq > 8",
        "delete from journal_chain where seq > 8",
        "delete from journal where id in (select journal_id from gone)",
    )
    after_restore(journal.database, journal.checkpoints)
    report = journal.verify()
    assert report.intact, report.findings
    assert "went on after entry 8, entries 9 to 10 had been signed before" in report.notes[0]
    journal.write(4)
    checkpoint_now(journal.database, journal.checkpoints)
    assert journal.verify().intact


def test_an_export_is_verified_without_a_database(journal: Journal) -> None:
    path = journal.folder / "journal.jsonl"
    with path.open("w", encoding="utf-8") as out:
        assert export(journal.database, out) == 10
    keys = public_keys(journal.checkpoints.keys_path)
    report = verify_export(path, journal.checkpoints, keys)
    assert report.intact, report.findings
    assert report.entries == 10
    text_ = path.read_text(encoding="utf-8")
    path.write_text(text_.replace("Œuvre", "OEuvre", 1), encoding="utf-8")
    assert first(verify_export(path, journal.checkpoints, keys)) == (5, "a row image was altered")
    lines = text_.splitlines(keepends=True)
    path.write_text("".join(lines[:-1]), encoding="utf-8")
    assert "tail was cut off" in first(verify_export(path, journal.checkpoints, keys))[1]
    path.write_text("".join([*lines[:4], *lines[5:]]), encoding="utf-8")
    assert first(verify_export(path, journal.checkpoints, keys)) == (4, "entry 4 taken out of the chain")
    path.write_text("hello\n", encoding="utf-8")
    with pytest.raises(InvalidInput, match="Line 1"):
        verify_export(path, journal.checkpoints, keys)


def test_a_part_is_exported_and_verified_by_itself(journal: Journal) -> None:
    out = io.StringIO()
    assert export(journal.database, out, after=6) == 4
    path = journal.folder / "part.jsonl"
    path.write_text(out.getvalue(), encoding="utf-8")
    report = verify_export(path, journal.checkpoints, public_keys(journal.checkpoints.keys_path))
    assert report.intact, report.findings
    assert (report.entries, report.last) == (4, 10)


def test_what_is_of_another_shape_is_a_finding_not_a_crash(journal: Journal) -> None:
    path = journal.folder / "journal.jsonl"
    with path.open("w", encoding="utf-8") as out:
        export(journal.database, out)
    lines = path.read_text(encoding="utf-8").splitlines()
    for hostile in ("null", "[]", "5", '"x"', '{"kind": "log"}'):
        path.write_text("\n".join([lines[0], hostile]) + "\n", encoding="utf-8")
        with pytest.raises(InvalidInput, match="Line 2"):
            verify_export(path, journal.checkpoints, {})
    journal.tamper("update journal set body = '[]' where id = (select journal_id from journal_chain where seq = 5)")
    assert first(journal.verify()) == (5, "the entry or its link was altered")


def test_a_signing_key_is_there_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def dies(_handle: int) -> None:
        raise OSError("power cut")

    path = tmp_path / "keys" / "journal.json"
    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", dies)
        with pytest.raises(OSError, match="power cut"):
            Signer(path)
    assert list(path.parent.iterdir()) == []
    made = Signer(path)
    assert Signer(path).id == made.id
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_two_who_make_the_signing_key_at_once_have_the_same(tmp_path: Path) -> None:
    path = tmp_path / "journal.json"
    with ThreadPoolExecutor(8) as pool:
        assert len({signer.id for signer in pool.map(lambda _: Signer(path), range(8))}) == 1
