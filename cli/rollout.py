"""How does a change go over its targets? The options that a push and a play have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from cyclopts import Parameter

from cli.asking import moment, submit

__all__ = ["Rollout"]


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """In batches, now or later, shown or done.

    Attributes:
        canary: targets in the first batch; 0: none.
        share: percent of the rest in the second batch.
        keep: when something fails, keep the batches that were confirmed.
        emergency: a network lead goes first; a second approval is due within 24 hours.
        at: not before this time, 2027-01-31T22:00.
        dry_run: show the plan, submit nothing.
        wait: follow it until it has ended.
        yes: submit without asking.
    """

    canary: int | None = None
    share: int | None = None
    keep: bool = False
    emergency: bool = False
    at: str | None = None
    dry_run: bool = False
    wait: bool = False
    yes: Annotated[bool, Parameter(name=["--yes", "-y"])] = False

    def submit(self, kind: str, intent: Mapping[str, Any], reason: str, **options: Any) -> None:
        """Show, ask, and submit a change that goes over its targets so.

        Args:
            options: of the plan, beside what was typed here.
        Raises:
            WrongUse: ``at`` is no time.
        """
        options |= {"canary": self.canary} if self.canary is not None else {}
        options |= {"share": self.share} if self.share is not None else {}
        options |= {"on_failure": "keep"} if self.keep else {}
        request = {
            "kind": kind, "intent": intent, "reason": reason, "options": options, "emergency": self.emergency,
            "not_before": moment(self.at),
        }  # fmt: skip
        submit(request, dry_run=self.dry_run, wait=self.wait, yes=self.yes)
