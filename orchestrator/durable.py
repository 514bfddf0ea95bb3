"""Durable execution: the only module that knows which engine carries our runs (DBOS Transact 3.4, its MIT part).

A run's truth is in our own rows; the engine remembers which functions of which run are under way and with which results
finished steps answered. So whatever it holds can be lost or dropped: ``restart`` starts a run from our rows again.

What DBOS does not do without a paid service is to notice that a process is gone. ``recover`` hands the runs of dead
executors to the living; ``orchestrator.lease`` decides who is dead. For that one private call is used, because the
public way (``resume_workflows``) has no predicate on the executor and could start a run twice. A contract test watches
it, and the requirement pins the minor version.

Values pass as JSON, never pickled: whoever can write the database must not be able to run code.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, TypeVar

from sqlalchemy import make_url

if TYPE_CHECKING:
    from dbos import WorkflowStatus

__all__ = ["SHAPE", "DbosEngine", "DurableEngine", "RunStatus", "prepare_database"]

SCHEMA: Final = "dbos"
SHAPE: Final = "runs-1"
"""Version of the shape of our workflows (names, order and results of their steps). A release that keeps the shape goes
on with what an older one left; one that alters it raises the number, and older runs are started from our rows again."""

_POLL_SECONDS: Final = 0.2
_INTERNAL_QUEUE: Final = "_dbos_internal_queue"

Value = TypeVar("Value")
RunStatus = Literal["absent", "alive", "ended"]


class StepEnded(Exception):
    """What the engine records of a step that raised: the error's class, because its text may hold anything."""


class DurableEngine(Protocol):
    """What we ask of a durable engine; a second adapter (Temporal) would implement this."""

    def launch(self) -> None:
        """Begin to work."""

    def destroy(self) -> None:
        """Stop working; what is under way stays recorded as pending."""

    def start(self, workflow: str, run_id: str, change_id: str, batch: int) -> None:
        """Start a run; one with the same id is never started twice."""

    def restart(self, workflow: str, run_id: str, change_id: str, batch: int) -> None:
        """Forget what the engine knows of a run that nobody carries, and start it anew."""

    def status(self, run_id: str) -> tuple[RunStatus, str]:
        """Whether a run is known and under way, and which executor has it (``""``: waits to be taken)."""

    def recover(self, executors: Sequence[str]) -> int:
        """Hand the pending runs of dead executors to the living; how many were handed over."""

    def pending(self, executor: str) -> list[str]:
        """Ids of the runs that an executor has not finished, whatever its version."""

    def forget(self, days: float) -> int:
        """Drop what the engine remembers of runs that ended so long ago; how many. Our own rows keep the story."""

    def step(self, name: str, work: Callable[[], Value]) -> Value:
        """Inside a workflow: do the work, or give the recorded result when it was done before."""


Workflow = Callable[[DurableEngine, str, int], None]
"""A run: the engine that carries it, the Change's id, the number of its batch."""


def prepare_database(owner_dsn: str) -> None:
    """Create or migrate the engine's tables (as ``owner``, with our own migrations) and let ``worker`` use them."""
    from dbos import DBOS

    DBOS.migrate(owner_dsn, schema=SCHEMA, application_role="irisplane_worker")


class DbosEngine:
    """DBOS on our own PostgreSQL, schema ``dbos``, role ``worker``.

    Args:
        dsn: SQLAlchemy URL of the worker role.
        executor: this process's id, never used before.
        workflows: name → function; called as ``function(engine, change_id, batch)``.
        shape: see ``SHAPE``.
        idle_seconds: after which the server ends an idle transaction: a frozen process must not keep its locks.
    """

    def __init__(
        self,
        dsn: str,
        executor: str,
        workflows: Mapping[str, Workflow],
        *,
        shape: str = SHAPE,
        idle_seconds: float = 10.0,
    ) -> None:
        from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer

        logging.getLogger("dbos").setLevel(logging.WARNING)
        idle = f"-c idle_in_transaction_session_timeout={idle_seconds * 1000:.0f}"
        self._shape = shape
        config: DBOSConfig = {
            "name": "irisplane",
            "system_database_url": make_url(dsn).render_as_string(hide_password=False),
            "dbos_system_schema": SCHEMA,
            "run_migrations": False,
            "serializer": DBOSPortableJSONSerializer(),
            "application_version": shape,
            "executor_id": executor,
            "sys_db_pool_size": 6,
            # Checkpoints of idempotent steps: the disk need not be waited for, a lost one is derived again.
            "db_engine_kwargs": {
                "connect_args": {
                    "application_name": "irisplane runs",
                    "options": f"-c synchronous_commit=off {idle}",
                    "connect_timeout": 5,
                }
            },
            "notification_listener_polling_interval_sec": _POLL_SECONDS,
            "log_level": "WARNING",
            "enable_otlp": False,
        }
        self._dbos = DBOS(config=config)
        self._workflows: dict[str, Callable[[str, int], None]] = {}
        for name, function in workflows.items():
            self._workflows[name] = DBOS.workflow(name=name, max_recovery_attempts=None)(self._bound(function))

    def _bound(self, function: Workflow) -> Callable[[str, int], None]:
        def workflow(change_id: str, batch: int) -> None:
            function(self, change_id, batch)

        workflow.__qualname__ = workflow.__name__ = function.__name__
        return workflow

    def launch(self) -> None:
        """Begin to work."""
        from dbos import DBOS

        # What was recovered waits in the engine's own queue, which is looked at each second by default.
        self._dbos._registry.get_internal_queue()._polling_interval_sec = _POLL_SECONDS  # noqa: SLF001 - no public setting
        DBOS.launch()

    def destroy(self) -> None:
        """Stop working; what is under way stays recorded as pending."""
        from dbos import DBOS

        DBOS.destroy(workflow_completion_timeout_sec=0)

    def start(self, workflow: str, run_id: str, change_id: str, batch: int) -> None:
        """Start a run; one with the same id is never started twice."""
        from dbos import DBOS, SetWorkflowID

        with SetWorkflowID(run_id):
            DBOS.start_workflow(self._workflows[workflow], change_id, batch)

    def restart(self, workflow: str, run_id: str, change_id: str, batch: int) -> None:
        """Forget what the engine knows of a run that nobody carries, and start it anew."""
        from dbos import DBOS

        DBOS.delete_workflow(run_id)
        self.start(workflow, run_id, change_id, batch)

    def status(self, run_id: str) -> tuple[RunStatus, str]:
        """Whether a run is known and under way, and which executor has it (``""``: waits to be taken)."""
        from dbos import DBOS

        found = DBOS.list_workflows(workflow_ids=[run_id], load_input=False, load_output=False)
        if not found:
            return "absent", ""
        run = found[0]
        if run.status == "PENDING":
            return "alive", run.executor_id or ""
        # One that waits for an executor of another shape may wait for ever.
        return ("alive" if run.status == "ENQUEUED" and run.app_version == self._shape else "ended"), ""

    def recover(self, executors: Sequence[str]) -> int:
        """Hand the pending runs of dead executors to the living; how many were handed over.

        Runs of another shape are dropped instead: the dispatcher starts them from our rows.
        """
        from dbos import DBOS

        foreign = [
            run.workflow_id for dead in executors for run in self._unfinished(dead) if run.app_version != self._shape
        ]
        if foreign:
            DBOS.delete_workflows(foreign)
        return len(DBOS._recover_pending_workflows(list(executors)))  # noqa: SLF001 - see the module's docstring

    def pending(self, executor: str) -> list[str]:
        """Ids of the runs that an executor has not finished, whatever its version."""
        return [run.workflow_id for run in self._unfinished(executor)]

    def forget(self, days: float) -> int:
        """Drop what the engine remembers of runs that ended so long ago; how many. Our own rows keep the story."""
        from dbos import DBOS

        before = (datetime.now(UTC) - timedelta(days=days)).isoformat()
        ended = DBOS.list_workflows(
            status=["SUCCESS", "ERROR", "CANCELLED"], end_time=before, limit=1000, load_input=False, load_output=False
        )
        if ended:
            DBOS.delete_workflows([run.workflow_id for run in ended])
        return len(ended)

    @staticmethod
    def _unfinished(executor: str) -> list[WorkflowStatus]:
        from dbos import DBOS

        return DBOS.list_workflows(status="PENDING", executor_id=executor, load_input=False, load_output=False)

    def step(self, name: str, work: Callable[[], Value]) -> Value:
        """Inside a workflow: do the work, or give the recorded result when it was done before."""
        from dbos import DBOS

        met: list[Exception] = []

        def told() -> Value:
            try:
                return work()
            except Exception as error:  # noqa: BLE001 - raised again below, outside what is recorded
                met.append(error)
                raise StepEnded(type(error).__name__) from None

        try:
            result: Any = DBOS.run_step({"name": name}, told)
        except Exception:
            if not met:
                raise
        else:
            return result  # type: ignore[no-any-return]  # JSON in, JSON out: what the caller's function returned
        raise met[0]
