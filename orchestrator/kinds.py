"""Kinds of Change: what a domain registers, the orchestrator runs.

A domain announces its kinds in its ``irisplane.domains`` entry point (see ``core.domain``). A kind is stateless:
everything a step needs is in ``Step`` and ``Surroundings``, everything it learns is in what it returns. Every method
that touches equipment is idempotent for the same step, and carries ``step.epoch`` to the device, which refuses an older
one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Protocol, TypeVar
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import Connection

from core.db import Database
from core.scope import Scope
from orchestrator.plan import Draft, JsonObject, Options, Plan, Target

__all__ = ["ChangeKind", "Outcome", "Step", "Surroundings", "Verdict", "World"]

Intent = TypeVar("Intent", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What verification saw. ``unknown`` is never taken for good.

    Attributes:
        status: ``"ok"``, ``"failed"`` or ``"unknown"``.
        evidence: sentences that name what was expected and what was seen.
    """

    status: str
    evidence: tuple[str, ...] = ()
    data: JsonObject | None = None

    @property
    def ok(self) -> bool:
        """Verified good."""
        return self.status == "ok"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a phase did on one target: recorded before the next phase starts.

    Attributes:
        data: what later phases and undo need; JSON values only, never a secret.
        note: one sentence for the change's story.
    """

    data: JsonObject
    note: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One target of one Change, as the runner hands it to a kind.

    Attributes:
        epoch: the run's fencing number: grows with every (re)start of a run on any worker.
        timer: seconds of the dead-man timer, from the plan.
        record: what earlier phases returned, by phase name (``prepare``, ``apply`` ...).
    """

    change_id: UUID
    step_id: UUID
    epoch: int
    target: Target
    timer: int
    record: JsonObject
    undo_of: UUID | None = None


class World(Protocol):
    """What a plan may read: the database under the requester's scope, nothing that alters."""

    @property
    def tx(self) -> Connection: ...
    @property
    def scope(self) -> Scope: ...
    def read_blob(self, digest: str) -> str: ...
    def surroundings(self) -> Surroundings: ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a running step may use: the database (role ``worker``) and the scope of its Change.

    ``gathered`` is what the kind read for all targets of the phase, see ``ChangeKind.gather``.
    """

    database: Database
    scope: Scope
    gathered: object = None

    def read_blob(self, digest: str) -> str:
        """A text of the plan by its digest."""
        from orchestrator.blobs import read

        with self.database.transaction("worker", self.scope) as tx:
            return read(tx, digest)


class ChangeKind(ABC, Generic[Intent]):
    """A kind of Change.

    A kind that only writes the inventory returns ``commands`` in its draft and implements ``plan`` alone.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    intent: type[Intent]
    needs_network: ClassVar[bool] = True
    call_seconds: ClassVar[float] = 90.0
    """How long one target may take over one phase, at most."""
    prepare_seconds: ClassVar[float] = 30.0
    """How long one target may take to be prepared, where nothing is in force yet and no timer runs."""
    undo_keeps: ClassVar[frozenset[str]] = frozenset()
    """Facts of its plan that hold for taking it back as well, so that policy asks then what it would ask of an order
    that does the same: ``bounded``, where giving back what was ordered needs nobody either."""

    @abstractmethod
    def plan(self, intent: Intent, world: World) -> Draft:
        """Say what would be done. Reads only.

        Raises:
            IrisplaneError: the intent cannot be met; names the field and the way out.
        """

    def reserve(self, plan: Plan, change_id: UUID | None, tx: Connection) -> None:
        """Take what only one can have (a name, a share of a quota), in the transaction that stores the Change.

        A preview does the same and takes it back, with ``change_id=None``: so it says truthfully whether there is room.
        A plan that is replaced was released before. What a Change had taken is given back by the database when it ends
        without effect (a trigger of the domain on ``change.state``), whoever ends it.

        Raises:
            IrisplaneError: there is not enough left; says how much is.
        """

    def release(self, change_id: UUID, tx: Connection) -> None:
        """Give back what ``reserve`` took, because the Change gets another plan."""

    def waits_for(self) -> tuple[str, JsonObject] | None:
        """What an approved Change of this kind has to wait for before it is begun, with facts for people; ``None``: go.

        Asked by the dispatcher before each admission, so it answers from memory or within two seconds.
        """
        return None

    def plan_undo(self, done: Sequence[Step], world: World) -> Draft:
        """The plan that takes a finished Change back, from what its steps recorded.

        The default uses each step's own ``undo``, on the same targets in reverse order.
        A kind that overrides it plans targets that its own ``apply`` carries out, instead of its steps' ``undo``.
        """
        targets = tuple(step.target for step in reversed(done))
        return Draft(summary="Take back", targets=targets, undo_note="Apply the original change again.")

    def must_be_undoable(self, done: Sequence[Step], world: World) -> None:
        """Look whether anything stands in the way by now of taking these steps back. Reads only.

        Raises:
            IrisplaneError: something does; says what, and the way out.
        """

    def waves(self, targets: Sequence[Target], options: Options) -> Sequence[Sequence[str]]:
        """Ids of the targets in batches of the kind's own; empty: canary, share and rest, as the options say.

        Raises:
            IrisplaneError: these options do not fit the kind.
        """
        return ()

    def fingerprint(self, target: Target, around: Surroundings) -> str:
        """The target's fingerprint now; compared with ``target.base``."""
        return target.base

    def gather(self, phase: str, targets: Sequence[Target], around: Surroundings) -> object:
        """Read once, for all targets of a phase, what its calls will need; each finds it as ``around.gathered``.

        It only saves asking: where it raises, or a call is made without it, the call reads for itself.
        """
        return None

    def prepare(self, step: Step, around: Surroundings) -> Outcome:
        """Check the base fingerprint on the target, load the candidate; nothing is in force yet."""
        return Outcome({})

    def apply(self, step: Step, around: Surroundings) -> Outcome:
        """Put it in force with a timer, or create if absent."""
        return Outcome({})

    def verify(self, step: Step, around: Surroundings) -> Verdict:
        """Look whether it is as intended."""
        return Verdict("ok")

    def confirm(self, step: Step, around: Surroundings) -> Outcome:
        """Disarm the timer: it stays."""
        return Outcome({})

    def undo(self, step: Step, around: Surroundings) -> Outcome:
        """Take back what this step did, whatever phase it had reached; also when it did nothing."""
        return Outcome({})

    def inspect(self, step: Step, around: Surroundings) -> Verdict:
        """After a run that cannot tell: is the target as before or as planned? ``data={"is": "old"|"new"|"other"}``."""
        return Verdict("unknown", ("this kind cannot look",))


AnyKind = ChangeKind[Any]
