"""A region that orders from a real cloud: people, workers, and short ways to see what came of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import make_url, text

from core.db import Database
from core.scope import EVERY_TENANT, Scope
from datacenter.hosting import projects
from datacenter.hosting.changes import patient
from tests.api.people import Hire, Person

__all__ = ["SYSTEM", "Hosting", "Worker", "until"]

ROOT = Path(__file__).resolve().parents[2]
SYSTEM = Scope(EVERY_TENANT, None, "test", "a test")
ENDED = {"succeeded", "failed", "rolled_back", "unknown", "rejected", "cancelled", "expired", "stale"}


def until(happened: Callable[[], Any], seconds: float = 120, otherwise: Callable[[], str] = lambda: "not so") -> Any:
    """Wait for something and give it, or fail with a sentence."""
    end = time.monotonic() + seconds
    while not (seen := happened()):
        if time.monotonic() > end:
            raise AssertionError(otherwise())
        time.sleep(0.1)
    return seen


class Worker:
    """A real worker process."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process, self.log = process, log

    def kill(self) -> None:
        """As a power cut does."""
        self.process.kill()
        self.process.wait()

    def freeze(self) -> None:
        """As a paused virtual machine."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """And on it goes."""
        self.process.send_signal(signal.SIGCONT)


class Hosting:
    """What a test of hosting plays with.

    Args:
        environment: the settings that workers get beside this process's own.
    """

    def __init__(
        self, database: Database, tenants: dict[str, UUID], hire: Hire, folder: Path, environment: dict[str, str]
    ) -> None:
        self.database, self.tenants, self.hire, self.folder = database, tenants, hire, folder
        self.environment = environment
        self.workers: list[Worker] = []

    # ------------------------------------------------------------------------------------------------------- database
    def sql(self, statement: str, **values: Any) -> Any:
        """Rows of a statement, as the platform; the number of rows where there are none."""
        with self.database.transaction("platform", SYSTEM) as tx:
            result = tx.execute(text(statement), values)
            return result.all() if result.returns_rows else result.rowcount

    def project(self, tenant: str = "ixelles", code: str = "main") -> Any:
        """The row of a project."""
        return self.sql(
            "select * from project where tenant_id = :tenant and code = :code", tenant=self.tenants[tenant], code=code
        )[0]

    def own_cloud(self, tenant: str = "ixelles", code: str = "main") -> Any:
        """The connection of a project's own account, once the project stands; a cloud under load is waited for."""
        project = self.project(tenant, code).id
        patient(lambda: projects.ensure(self.database, project), seconds=180)
        return projects.of(self.database, project)

    def server(self, server_id: str | UUID) -> Any:
        """The row of a server."""
        return self.sql("select * from server where id = :id", id=str(server_id))[0]

    def grant(self, tenant: str, project: str = "main", **limits: int) -> None:
        """What a tenant and its project may hold."""
        for resource, granted in limits.items():
            self.sql(
                "update quota q set granted = :granted from project p where p.tenant_id = q.tenant_id"
                " and p.tenant_id = :tenant and p.code = :code and coalesce(q.project_id, p.id) = p.id"
                " and q.resource = :resource",
                granted=granted, tenant=self.tenants[tenant], code=project, resource=resource,
            )  # fmt: skip

    def used(self, resource: str, tenant: str = "ixelles") -> int:
        """What is held or ordered of a resource by a tenant."""
        rows = self.sql(
            "select used from quota where tenant_id = :tenant and project_id is null and resource = :resource",
            tenant=self.tenants[tenant], resource=resource,
        )  # fmt: skip
        return int(rows[0].used)

    # ---------------------------------------------------------------------------------------------------------- orders
    def ended(self, answer: Any, seconds: float = 180) -> Any:
        """The row of the Change that an answer (or an id) names, once it has ended."""
        if not isinstance(answer, (str, UUID)):
            assert answer.status_code in {201, 202}, answer.text
            answer = answer.json()["id"]

        def row() -> Any:
            return self.sql("select * from change where id = :id", id=str(answer))[0]

        until(lambda: row().state in ENDED, seconds, lambda: self.story(answer))
        return row()

    def done(self, answer: Any, seconds: float = 180) -> Any:
        """The same, and it succeeded."""
        row = self.ended(answer, seconds)
        assert row.state == "succeeded", self.story(row.id)
        return row

    def story(self, change_id: str | UUID) -> str:
        """Everything known about a Change, and the workers' last words."""
        row = self.sql("select * from change where id = :id", id=str(change_id))[0]
        steps = self.sql("select * from change_step where change_id = :id", id=str(change_id))
        lines = [f"{row.kind} {row.state} waits for {row.waiting_for} {row.outcome}"]
        lines += [f"  {step.target_name}: {step.state} {step.error} {step.record}" for step in steps]
        lines += [f"--- {worker.log.name}\n{worker.log.read_text()[-3000:]}" for worker in self.workers]
        return "\n".join(lines)

    def create(self, person: Person, name: str, *, once: str | None = None, **more: Any) -> Any:
        """Order a server."""
        body = {"name": name, "plan": "small", "image": "guest", "reason": "a test", **more}
        return person.post("/api/v1/servers", key=once, json=body)

    # --------------------------------------------------------------------------------------------------------- workers
    def worker(self, **environment: str) -> Worker:
        """Start a worker, and wait until it lives."""
        log = self.folder / f"worker{len(self.workers)}.log"
        env = {
            **os.environ,
            **self.environment,
            "IRISPLANE_DATABASE_URL": make_url(self.database.dsn("worker")).render_as_string(hide_password=False),
            "IRISPLANE_LEASE_SECONDS": "2.0",
            "IRISPLANE_LEASE_BEAT_SECONDS": "0.3",
            "PYTHONPATH": str(ROOT),
            **environment,
        }
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.datacenter.worker_program"],
                cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
            )  # fmt: skip
        self.workers.append(Worker(process, log))
        until(lambda: b" is up" in log.read_bytes(), 60, log.read_text)
        return self.workers[-1]

    def close(self) -> None:
        """End every worker."""
        for worker in self.workers:
            if worker.process.poll() is None:
                worker.kill()
        self.workers.clear()
