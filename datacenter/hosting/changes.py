"""What every kind of Change in the cloud has in common: one target, looked for by its tag, created once, waited for.

A kind derives from :class:`CloudKind`; its target is ``"<noun>:<uuid>"``, a row that stands from the moment of
ordering::

    class VolumeCreate(CloudKind[VolumeOrder]):
        name, title, intent, noun = "hosting.volume.create", "Create a volume", VolumeOrder, "volume"

        def plan(self, intent, world): return self.draft(summary, thing, facts=…, cost=…)
        def take(self, plan, change_id, tx): …insert the row…
        def apply(self, step, around):
            made = once(lambda: find(tag), lambda: create(…), seconds=self.apply_seconds(step))
        def verify(self, step, around):
            return watch(lambda: look(…), seconds=self.watch_seconds(step))
"""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Literal, TypeVar
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import Connection, text

from core.errors import IrisplaneError
from datacenter.hosting import cloud
from datacenter.hosting.errors import CloudSilent
from datacenter.hosting.spending import must_fit
from orchestrator.kinds import ChangeKind, Step, Verdict
from orchestrator.plan import Draft, JsonObject, Plan, Target

__all__ = ["CloudKind", "Thing", "id_of_target", "once", "patient", "watch"]

Intent = TypeVar("Intent", bound=BaseModel)
Found = TypeVar("Found")

_APPLY_SHARE: Final = 0.3
_WATCH_SHARE: Final = 0.35
"""Of a Change's timer: applying ends before 0.35 of it and verifying before 0.75 (``orchestrator.runs.phases``)."""
_SETTLE: Final = (0.5, 1.0, 2.0, 4.0, 8.0)
"""After an answer was lost, how long to look whether the thing appears before it is asked for again."""
_FIRST_LOOK: Final = 0.15
_LONGEST_PAUSE: Final = 2.0
_SHARE_OF_WAIT: Final = 0.1


@dataclass(frozen=True, slots=True)
class Thing:
    """What a Change of this family is about: one row of ours.

    Attributes:
        data: what the steps need, frozen with the plan; never a secret, only its name.
        facts: what impact looks at besides (``tenant``, ``site``).
    """

    id: UUID
    name: str
    diff: str
    data: JsonObject = field(default_factory=dict)
    facts: JsonObject = field(default_factory=dict)


class CloudKind(ChangeKind[Intent]):
    """A kind of Change in the cloud.

    Attributes:
        noun: what its target is: ``server``, ``volume`` …
        verify_seconds: how long the cloud may take over it.
    """

    noun: ClassVar[str]
    verify_seconds: ClassVar[int] = 300
    call_seconds = 600.0
    prepare_seconds = 180.0
    needs_network = False
    undo_keeps = frozenset({"bounded", "verify_seconds"})

    @abstractmethod
    def plan(self, intent: Intent, world: Any) -> Draft:
        """Say what would be done, from our own rows alone."""

    def take(self, plan: Plan, change_id: UUID | None, tx: Connection) -> None:
        """Insert the row that is ordered, or raise what is held of the quota; ``change_id=None`` in a preview."""

    def draft(
        self, summary: str, thing: Thing, *, facts: Mapping[str, Any] | None = None, cost: JsonObject | None = None,
        undo_note: str = "",
    ) -> Draft:  # fmt: skip
        """The draft of a Change with this one target.

        Args:
            facts: what policy looks at; an order that a quota bounds is the default.
        """
        target = Target(f"{self.noun}:{thing.id}", thing.name, "", thing.diff, thing.data, thing.facts)
        return Draft(
            summary,
            targets=(target,),
            facts={"bounded": True, "verify_seconds": self.verify_seconds, **(facts or {})},
            cost=cost or {},
            undo_note=undo_note,
        )

    def waits_for(self) -> tuple[str, JsonObject] | None:
        """Orders wait while the cloud is away or starts."""
        why = cloud.away()
        return ("cloud", {"why": why}) if why else None

    def reserve(self, plan: Plan, change_id: UUID | None, tx: Connection) -> None:
        """See that the month's limit has room, take what is ordered, and say on the Change what it is about."""
        must_fit(tx, plan)
        self.take(plan, change_id, tx)
        if change_id is not None and plan.targets:
            noun, _, thing = plan.targets[0].id.partition(":")
            tx.execute(
                text(
                    "update change set outcome = outcome || jsonb_build_object('resource',"
                    " jsonb_build_object('type', cast(:noun as text), 'id', cast(:id as text))) where id = :change"
                ),
                {"noun": noun, "id": thing, "change": change_id},
            )

    @staticmethod
    def apply_seconds(step: Step) -> float:
        """How long ``apply`` may try."""
        return step.timer * _APPLY_SHARE

    @staticmethod
    def watch_seconds(step: Step) -> float:
        """How long ``verify`` may watch."""
        return step.timer * _WATCH_SHARE


def id_of_target(target: Target) -> UUID:
    """The row that a target names."""
    return UUID(target.id.partition(":")[2])


def once(find: Callable[[], Found | None], make: Callable[[], Found], *, seconds: float) -> Found:
    """What ``find`` finds, or what ``make`` makes; made once, also when the cloud makes it and loses the answer.

    After a lost answer it is looked for during a quarter of a minute before it is asked for again. What a cloud makes
    even later is a second thing with the same tag, which the standing look removes.

    Raises:
        CloudSilent: nothing was found and nothing could be made in so many seconds.
    """
    end = time.monotonic() + seconds
    looked = patient(find, seconds=seconds)
    while looked is None:
        try:
            return make()
        except CloudSilent:
            if time.monotonic() > end:
                raise
        for pause in _SETTLE:
            time.sleep(min(pause, max(0.0, end - time.monotonic())))
            looked = patient(find, seconds=end - time.monotonic())
            if looked is not None:
                break
    return looked


def patient(ask: Callable[[], Found], *, seconds: float) -> Found:
    """Ask again while the cloud gives no answer; for what may be asked twice.

    Raises:
        CloudSilent: it gave none in so many seconds.
    """
    end = time.monotonic() + seconds
    pauses = _pauses()
    while True:
        try:
            return ask()
        except CloudSilent:
            pause = next(pauses)
            if time.monotonic() + pause > end:
                raise
            time.sleep(pause)


def watch(
    look: Callable[[], tuple[Literal["wait", "ok", "failed"], str]], *, seconds: float, first: float = _FIRST_LOOK
) -> Verdict:
    """Look until it is as intended or cannot become so any more.

    Args:
        look: the state, with a sentence that names what was seen.
    Returns:
        ``unknown`` when it neither came nor failed in time, or could not be seen.
    """
    end = time.monotonic() + seconds
    pauses = _pauses(first)
    said = "it was never seen"
    while True:
        try:
            state, said = look()
            if state != "wait":
                return Verdict(state, (said,))
        except CloudSilent as error:
            said = error.message
        except IrisplaneError as error:
            return Verdict("failed", (error.message,))
        pause = next(pauses)
        if time.monotonic() + pause > end:
            return Verdict("unknown", (f"After {seconds:.0f} s: {said}",))
        time.sleep(pause)


def _pauses(first: float = _FIRST_LOOK) -> Iterator[float]:
    """A share of the time that it took so far: what is quick is seen at once, what is slow is asked seldom."""
    began = time.monotonic()
    while True:
        yield min(max(first, _SHARE_OF_WAIT * (time.monotonic() - began)), _LONGEST_PAUSE)
