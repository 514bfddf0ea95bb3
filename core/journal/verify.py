"""Was anything altered, removed or cut off? The offline verifier.

It recomputes every link and every digest of row images itself, from the database or from an export alone, and compares
with the signed checkpoints. It names the first broken link and goes on, so that a report shows how far damage reaches.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Final

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from psycopg.rows import TupleRow

from core.db import Database
from core.errors import InvalidInput
from core.journal.chain import COLUMNS, GENESIS, Link, connect, link_hash, links
from core.journal.checkpoints import Checkpoint, CheckpointFile

__all__ = ["Finding", "Report", "export", "read_export", "verify_database", "verify_export", "verify_links"]

FORMAT: Final = "irisplane-journal/1"
_SHOWN: Final = 50


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it was written.

    Attributes:
        seq: the entry concerned, ``None`` when it has no number.
        entry: its id, where known.
        what: a sentence.
    """

    seq: int | None
    entry: str | None
    what: str


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of a verification.

    Attributes:
        entries: numbered entries that were read.
        last: number of the last one.
        hash: its hash (hex).
        checkpoints: signed checkpoints that were compared.
        findings: in order; the first is the first broken link. At most 50 are kept.
        notes: what is worth knowing and no fault.
    """

    entries: int
    last: int
    hash: str
    checkpoints: int
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def intact(self) -> bool:
        """Nothing was found."""
        return not self.findings

    def as_dict(self) -> dict[str, object]:
        """The outcome as JSON-able data, the same from the API, the command line and an export."""
        return {"intact": self.intact, **asdict(self)}


def verify_database(database: Database, checkpoints: CheckpointFile, keys: Mapping[str, Ed25519PublicKey]) -> Report:
    """Verify what the database holds now, in one snapshot."""
    with connect(database.dsn("platform"), name="irisplane verify") as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        # the file is read before the snapshot: a checkpoint signed meanwhile must not look like a cut tail
        points, faults = checkpoints.read(), checkpoints.faults(keys)
        report = verify_links(links(connection), points, faults)
        strays, waiting = _unchained(connection)
    findings = (*report.findings, *strays)[:_SHOWN]
    notes = (*report.notes, f"{waiting} entries wait for their number.") if waiting else report.notes
    return Report(report.entries, report.last, report.hash, report.checkpoints, findings, notes)


def verify_export(path: Path, checkpoints: CheckpointFile, keys: Mapping[str, Ed25519PublicKey]) -> Report:
    """Verify an exported journal: no database, nothing of Irisplane running.

    Raises:
        InvalidInput: the file is no export.
    """
    with path.open(encoding="utf-8") as file:
        start = _read_header(file.readline())
        return verify_links(read_export(file), checkpoints.read(), checkpoints.faults(keys), start=start)


def verify_links(
    chain: Iterable[Link],
    points: Sequence[Checkpoint] = (),
    faults: Sequence[str] = (),
    *,
    start: tuple[int, bytes] = (0, GENESIS),
) -> Report:
    """Walk the chain and compare it with checkpoints.

    Args:
        start: number and hash of the link before the first one given.
    """
    findings = [Finding(None, None, fault) for fault in faults]
    expected_at, notes = _expectations(points, start[0])
    entries, (last, previous) = 0, start
    for link in chain:
        entries += 1
        gap = link.seq != last + 1
        if gap:
            missing = f"entry {last + 1}" if link.seq == last + 2 else f"entries {last + 1} to {link.seq - 1}"
            findings.append(Finding(last + 1, None, f"{missing} taken out of the chain"))
        findings += _faults_of(link, None if gap else previous)
        for point in expected_at.pop(link.seq, ()):
            if link.hash.hex() != point.hash:
                what = f"the chain was rewritten at or before this entry: it is not what was signed at {point.at}"
                findings.append(Finding(link.seq, link.id, what))
        last, previous = link.seq, link.hash
    for seq in sorted(seq for seq in expected_at if seq > last)[-1:]:
        at = expected_at[seq][-1].at
        findings.append(
            Finding(last + 1, None, f"the tail was cut off: entry {seq} was signed at {at}, the last is {last}")
        )
    return Report(entries, last, previous.hex(), len(points), tuple(findings[:_SHOWN]), tuple(notes))


def export(database: Database, out: IO[str], *, after: int = 0) -> int:
    """Write the numbered entries as JSON lines that ``verify_export`` reads; gives how many."""
    count = 0
    with connect(database.dsn("platform"), name="irisplane export") as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        before = connection.execute("select hash from journal_chain where seq = %s", (after,)).fetchone()
        header = {"format": FORMAT, "after": after, "previous": (bytes(before[0]) if before else GENESIS).hex()}
        out.write(json.dumps(header) + "\n")
        for link in links(connection, after=after):
            line = {"seq": link.seq, "hash": link.hash.hex(), **link.named(), "id": link.id, "log": link.log}
            out.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")
            count += 1
    return count


def read_export(lines: Iterable[str]) -> Iterator[Link]:
    """The links of an export, after its header.

    Raises:
        InvalidInput: a line is none of an export (names the line).
    """
    for number, line in enumerate(lines, start=2):
        try:
            data = json.loads(line)
            columns = tuple(data[name] for name in COLUMNS) if data.get("kind") is not None else None
            log = tuple(map(str, data["log"]))
            yield Link(int(data["seq"]), str(data["id"]), bytes.fromhex(data["hash"]), columns, log)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise _no_export(number) from None


def _read_header(line: str) -> tuple[int, bytes]:
    try:
        header = json.loads(line)
        known, start = header["format"] == FORMAT, (int(header["after"]), bytes.fromhex(header["previous"]))
    except (ValueError, KeyError, TypeError):
        raise _no_export(1) from None
    if not known:
        raise _no_export(1)
    return start


def _no_export(line: int) -> InvalidInput:
    return InvalidInput(f"Line {line} is no line of a journal export.", hint="'irisplane audit export' makes one.")


def _faults_of(link: Link, previous: bytes | None) -> Iterator[Finding]:
    if link.columns is None:
        yield Finding(link.seq, link.id, "the entry was deleted")
        return
    # after a gap the hash before is unknown, so the link cannot be checked; the gap itself is reported
    if previous is not None and link_hash(previous, link.seq, link.columns) != link.hash:
        yield Finding(link.seq, link.id, "the entry or its link was altered")
    named = link.named()
    try:
        body = json.loads(named["body"] or "{}")
    except ValueError:
        body = {}
    body = body if isinstance(body, dict) else {}
    if named["kind"] == "log":
        digest = hashlib.sha256("\n".join(link.log).encode()).hexdigest()
        if body.get("sha256") != digest:
            rows, had = len(link.log), body.get("rows")
            what = f"{had} row images were recorded, {rows} are there" if rows != had else "a row image was altered"
            yield Finding(link.seq, link.id, what)
    elif link.log:
        yield Finding(link.seq, link.id, "row images were added to an entry that has none")


def _expectations(points: Sequence[Checkpoint], start: int) -> tuple[dict[int, list[Checkpoint]], list[str]]:
    """What the chain must show at which number, and what a restore excuses."""
    at: dict[int, list[Checkpoint]] = {}
    notes = []
    for point in points:
        if point.kind == "restore":
            beyond = [seq for seq in at if seq > point.seq]
            for seq in beyond:
                del at[seq]
            lost = (
                f", entries {point.seq + 1} to {max(beyond)} had been signed before and were not in it"
                if beyond
                else ""
            )
            notes.append(f"A backup was restored at {point.at}: the chain went on after entry {point.seq}{lost}.")
        if point.seq > start:
            at.setdefault(point.seq, []).append(point)
    return at, notes


def _unchained(connection: psycopg.Connection[TupleRow]) -> tuple[list[Finding], int]:
    strays = connection.execute(
        "select j.id::text from journal j where not exists (select from journal_chain c where c.journal_id = j.id)"
        " and not exists (select from journal_pending p where p.journal_id = j.id) order by j.id limit %s",
        (_SHOWN,),
    ).fetchall()
    waiting = connection.execute("select count(*) from journal_pending").fetchone()
    what = "the entry is outside the chain: its link was removed, or it was slipped in"
    return [Finding(None, row[0], what) for row in strays], int(waiting[0]) if waiting else 0
