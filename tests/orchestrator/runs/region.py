"""A small region for tests: a database, devices on a wire, worker processes, and Changes that are approved."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import make_url, text

from core.db import Database
from core.scope import EVERY_TENANT, Scope
from orchestrator.plan import Impact, Options, Plan
from orchestrator.planning import batches_of
from orchestrator.policy import ChangeFacts, Requester
from orchestrator.states import ENDED, State
from tests.orchestrator.runs.device_kind import target_for
from tests.orchestrator.runs.devices import Device, Wire

ROOT = Path(__file__).resolve().parents[3]
SCOPE = Scope(tenant=EVERY_TENANT, reason="test")
OLD, NEW = "old text", "new text"
LEASE_SECONDS = 3.0


class Worker:
    """A real worker process."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self.log = log

    def kill(self) -> None:
        """As a power cut does."""
        self.process.kill()
        self.process.wait()

    def stop(self, seconds: float = 90) -> int:
        """As a supervisor does."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def freeze(self) -> None:
        """As a paused virtual machine."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """And on it goes."""
        self.process.send_signal(signal.SIGCONT)


class Region:
    """What a test plays with.

    Args:
        dsn: URL of a role in a migrated database.
        folder: of this test alone.
    """

    def __init__(self, dsn: Callable[[Any], str], folder: Path) -> None:
        self.database = Database(dsn)
        self.folder = folder
        self.workers: list[Worker] = []
        (folder / "bad").mkdir()
        self.wire = Wire(folder / "wire")
        with self.database.transaction("owner", SCOPE) as tx:
            self.tenant: UUID = tx.execute(
                text(
                    "insert into tenant (code, kind, name_fr, name_nl, name_en)"
                    " values ('region', 'region', 'r', 'r', 'r')"
                    " on conflict (code) do update set active = true returning id"
                )
            ).scalar_one()
            self.person: UUID = tx.execute(
                text(
                    "insert into principal (kind, handle, display_name) values ('person', 'tester', 'Tester')"
                    " on conflict (handle) do update set active = true returning id"
                )
            ).scalar_one()

    # -------------------------------------------------------------------------------------------------------- devices
    def devices(self, count: int) -> list[Device]:
        """New devices ``d01`` … with the old text in force."""
        made = [Device(f"d{number:02}", OLD) for number in range(1, count + 1)]
        self.wire.devices.update((device.name, device) for device in made)
        return made

    def bad(self, day: str) -> Path:
        """Make a day bad: ``hold-before-apply-d01``, ``fail-verify-d02``."""
        mark = self.folder / "bad" / day
        mark.touch()
        return mark

    def good(self, day: str) -> None:
        """The bad day is over."""
        (self.folder / "bad" / day).unlink(missing_ok=True)

    def reached(self, day: str, seconds: float = 120) -> None:
        """Wait until a call stands at that ``hold``."""
        mark = (self.folder / "bad" / day).with_suffix(".reached")
        until(mark.exists, seconds, f"nobody reached {day}")

    # -------------------------------------------------------------------------------------------------------- workers
    def worker(self, *arguments: str, lease: float = LEASE_SECONDS) -> Worker:
        """Start a worker."""
        log = self.folder / f"worker{len(self.workers)}.log"
        url = make_url(self.database.dsn("worker"))
        env = {
            **os.environ,
            "IRISPLANE_DATABASE_URL": url.render_as_string(hide_password=False),
            "IRISPLANE_STATE_DIR": str(self.folder / "state"),
            "IRISPLANE_LEASE_SECONDS": str(lease),
            "IRISPLANE_LEASE_BEAT_SECONDS": "0.3",
            "IRISPLANE_TEST_FOLDER": str(self.folder),
            "PYTHONPATH": str(ROOT),
        }
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.orchestrator.runs.worker_program", *arguments],
                cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
            )  # fmt: skip
        self.workers.append(Worker(process, log))
        return self.workers[-1]

    def close(self) -> None:
        """End every worker and lift every hold."""
        for worker in self.workers:
            if worker.process.poll() is None:
                worker.kill()
        for mark in (self.folder / "bad").iterdir():
            mark.unlink()
        self.wire.close()
        self.database.close()

    # -------------------------------------------------------------------------------------------------------- changes
    def change(self, devices: Sequence[Device], wanted: str = NEW, *, timer: int = 12, **options: Any) -> UUID:
        """An approved Change that brings devices to a text."""
        chosen = Options(**options)
        targets = tuple(target_for(device.name, device.running, wanted) for device in devices)
        facts = ChangeFacts(
            kind="test.device", tenant=str(self.tenant), requester=str(self.person), targets=len(targets)
        )
        who = Requester(id=str(self.person), kind="person", roles=("engineer",), staff=True, tenant=str(self.tenant))
        plan = Plan(
            kind="test.device",
            intent={"devices": [target.name for target in targets], "text": wanted},
            summary=f"write {wanted!r} to {len(targets)} devices",
            targets=targets,
            batches=batches_of(targets, chosen),
            commands=(),
            impact=Impact(),
            options=chosen,
            approvals=(),
            timer=timer,
            cost={},
            facts={"policy": msgspec.to_builtins(facts), "requester": msgspec.to_builtins(who)},
            undo_note="",
        )
        with self.database.transaction("worker", SCOPE) as tx:
            change_id: UUID = tx.execute(
                text(
                    "insert into change (tenant_id, kind, title, state, reason, requested_by, plan_hash, plan,"
                    " expires_at) values (:tenant, 'test.device', :title,"
                    " 'approved', 'test', :person, :hash, cast(:plan as jsonb), now() + interval '1 day') returning id"
                ),
                {
                    "tenant": self.tenant, "person": self.person, "title": plan.summary, "hash": plan.hash,
                    "plan": plan.as_json(),
                },
            ).scalar_one()  # fmt: skip
        return change_id

    def row(self, change_id: UUID) -> Any:
        """The Change's row."""
        with self.database.transaction("worker", SCOPE) as tx:
            return tx.execute(text("select * from change where id = :id"), {"id": change_id}).one()

    def steps(self, change_id: UUID) -> list[Any]:
        """Its steps."""
        with self.database.transaction("worker", SCOPE) as tx:
            return list(
                tx.execute(text("select * from change_step where change_id = :id order by ordinal"), {"id": change_id})
            )

    def events(self, change_id: UUID, kind: str = "event") -> list[tuple[str, dict[str, Any]]]:
        """What was told about it, oldest first."""
        with self.database.transaction("worker", SCOPE) as tx:
            rows = tx.execute(
                text("select action, body from journal where change_id = :id and kind = :kind order by id"),
                {"id": change_id, "kind": kind},
            )
            return [(row.action, row.body) for row in rows]

    def ended(self, change_id: UUID, seconds: float = 120) -> State:
        """Wait for the end; gives the state."""
        until(lambda: State(self.row(change_id).state) in ENDED, seconds, lambda: self.story(change_id))
        return State(self.row(change_id).state)

    def story(self, change_id: UUID) -> str:
        """Everything known about a Change that does not come to an end, and the workers' last words."""
        row = self.row(change_id)
        lines = [
            f"change {row.state} batch {row.batch} decision {row.decision} epoch {row.epoch} outcome {row.outcome}"
        ]
        lines += [f"  {step.target_name}: {step.state} {step.epoch} {step.error}" for step in self.steps(change_id)]
        lines += [f"--- {worker.log.name}\n{worker.log.read_text()[-3000:]}" for worker in self.workers]
        return "\n".join(lines)


def until(
    happened: Callable[[], object], seconds: float, otherwise: str | Callable[[], str] = "it did not happen"
) -> None:
    """Wait for something, or fail with a sentence."""
    end = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > end:
            raise AssertionError(otherwise if isinstance(otherwise, str) else otherwise())
        time.sleep(0.05)


@contextmanager
def region_at(dsn: Callable[[Any], str], folder: Path) -> Iterator[Region]:
    """A region for one test."""
    region = Region(dsn, folder)
    try:
        yield region
    finally:
        region.close()
