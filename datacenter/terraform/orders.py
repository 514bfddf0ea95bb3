"""Orders: created once however often Terraform is run again, and followed until they have ended.

Terraform tells a provider nothing that names a resource before it exists. So the key of an order follows from what is
ordered and by which configuration: a run that was killed after ordering finds its own order again, and goes on with it.
What was ordered, and given back since, is ordered anew under the next key.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from datacenter.terraform.api import Answer, Api, Failure

__all__ = ["ENDED", "Made", "NotCarriedOut", "Orders", "folder_of_configuration", "stands"]

ENDED: Final = frozenset({"succeeded", "failed", "rolled_back", "unknown", "rejected", "cancelled", "expired", "stale"})
_ABSENT: Final = frozenset({"gone", "vanished", "kept", "deleting"})
_MOST_TURNS: Final = 200
_FEWEST_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True)
class Made:
    """What was ordered.

    Attributes:
        taken_over: an earlier run of this configuration had ordered it already.
    """

    id: str
    taken_over: bool


class NotCarriedOut(Failure):
    """An order did not go through, or still waits."""


@dataclass
class Orders:
    """Orders of one configuration.

    Attributes:
        configuration: whose orders these are; two configurations never take over what the other one ordered.
        patience: seconds that an order is followed before Terraform is told that it still waits.
    """

    api: Api
    configuration: str
    patience: float = 3600.0
    _taken: set[str] = field(default_factory=set)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def create(self, collection: str, body: Mapping[str, Any]) -> Made:
        """Order something and wait until it is there.

        Raises:
            Problem, NotReached: see ``Api.request``.
            NotCarriedOut: see ``follow``.
        """
        for turn in range(1, _MOST_TURNS):
            answer = self.api.request("POST", collection, body=body, key=self._key(collection, body, turn))
            made = str(answer.body["resource"]["id"] if _goes_on(answer.body) else answer.body["id"])
            if answer.replayed and not self._stands(collection, made, answer):
                continue
            if not self._take(made):
                continue
            if _goes_on(answer.body):
                self.follow(answer)
            return Made(made, taken_over=answer.replayed)
        raise NotCarriedOut("This was ordered and given back too often within one day.", "Wait until tomorrow.")

    def do(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, match: str | None = None, **query: str
    ) -> None:
        """Ask for something that is there to be altered or given back, and wait until that is done.

        Raises:
            Problem, NotReached, NotCarriedOut: as ``create``.
        """
        key = hashlib.sha256(f"{time.time_ns()}{threading.get_ident()}{path}".encode()).hexdigest()
        once = key if method == "POST" else None
        answer = self.api.request(method, path, query=query, body=body, key=once, match=match)
        if _goes_on(answer.body):
            self.follow(answer)

    def follow(self, answer: Answer, *, sleep: Callable[[float], None] = time.sleep) -> None:
        """Wait until a change has ended, asking when it says that it is worth it.

        Raises:
            NotCarriedOut: it ended otherwise than well, or still waits when patience has run out.
        """
        change, again = answer.body, answer.again
        until = time.monotonic() + self.patience
        while change["state"] not in ENDED:
            left = until - time.monotonic()
            if left <= 0:
                raise _waits(change)
            sleep(max(_FEWEST_SECONDS, min(again, left)))
            answer = self.api.request("GET", f"/api/v1/changes/{change['id']}")
            change, again = answer.body, answer.again
        if change["state"] != "succeeded":
            raise _ended(change)

    def _key(self, collection: str, body: Mapping[str, Any], turn: int) -> str:
        said = json.dumps([self.configuration, collection, body, turn], sort_keys=True, ensure_ascii=False)
        return f"tf-{hashlib.sha256(said.encode()).hexdigest()}"

    def _stands(self, collection: str, made: str, answer: Answer) -> bool:
        """Whether what an earlier request ordered is still there, or on its way."""
        if _goes_on(answer.body):
            change = self.api.get(f"/api/v1/changes/{answer.body['id']}")
            if change["state"] in ENDED and change["state"] != "succeeded":
                return False
        return stands(self.api.find(f"{collection}/{made}"))

    def _take(self, made: str) -> bool:
        """Whether nobody else in this run has this one: two resources that look alike are two."""
        with self._guard:
            if made in self._taken:
                return False
            self._taken.add(made)
            return True


def stands(found: Mapping[str, Any] | None) -> bool:
    """Whether a thing is there to work with: neither deleted nor lost in the cloud."""
    return found is not None and found.get("status") not in _ABSENT


def folder_of_configuration(folder: Path, data: str | None, workspace: str | None) -> str:
    """What names a configuration that has no name: its folder, and its workspace.

    Args:
        data: ``TF_DATA_DIR``.
        workspace: ``TF_WORKSPACE``.
    """
    if not workspace:
        chosen = (folder / (data or ".terraform")) / "environment"
        workspace = chosen.read_text(encoding="utf-8").strip() if chosen.is_file() else ""
    return f"{folder}#{workspace or 'default'}"


def _goes_on(body: Any) -> bool:
    """Whether an answer is a change, which is carried out later, and not the thing itself."""
    return isinstance(body, dict) and "plan_hash" in body


def _waits(change: Mapping[str, Any]) -> NotCarriedOut:
    whom = ", ".join(change.get("waiting_for") or ()) or "its turn"
    return NotCarriedOut(
        f"The order {change['id']} ({change.get('title', '')}) waits for: {whom}.",
        "It stays ordered: run Terraform again once it has been approved, and it goes on with this very order.",
    )


def _ended(change: Mapping[str, Any]) -> NotCarriedOut:
    summary = (change.get("outcome") or {}).get("summary")
    reasons = [str(one["reason"]) for one in change.get("approvals") or () if one.get("reason")]
    why = summary or (reasons[-1] if reasons else "")
    return NotCarriedOut(
        f"The order {change['id']} ({change.get('title', '')}) ended as {change['state']}{f': {why}' if why else '.'}",
        f"'irisplane change show {change['id']}' tells the whole story.",
    )
