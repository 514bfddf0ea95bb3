"""From a form to a change of the network: its plan is read first, and exactly that is asked for.

A plan that is shown reserves nothing. If it is another one by the time it is asked for, the new one is shown and
nothing was asked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi.responses import RedirectResponse, Response

from api.changes import submit_once
from api.problems import status_of
from core.errors import InvalidInput, IrisplaneError
from dashboards.visit import Visit
from orchestrator import engine
from orchestrator.engine import ChangeRequest
from orchestrator.plan import canonical_json

__all__ = ["NOTHING_YET", "Planned", "planned"]


@dataclass(frozen=True, slots=True)
class Planned:
    """What a form shows beside its fields.

    Attributes:
        seen: digest of what a person says yes to.
        other: whether the plan is another one than the person saw.
    """

    plan: Mapping[str, Any] | None = None
    seen: str = ""
    other: bool = False
    error: IrisplaneError | None = None

    @property
    def status(self) -> int:
        """Of the answer that shows it."""
        if self.error is not None:
            return status_of(type(self.error))
        return 409 if self.other else 200


NOTHING_YET = Planned()


def planned(visit: Visit, ask: Callable[[str], ChangeRequest], *, verb: str) -> Response | Planned:
    """Ask for what was planned, and lead to the change; or say what there is to be shown.

    Args:
        ask: what the form asks for, with a reason; raises what is wrong with it.
        verb: the button's word for asking; any other shows the plan.
    """
    creation, asking, reason = visit.creation(), visit.form.text("action") == verb, visit.form.text("reason")
    try:
        if asking and (answer := creation.answered()) is not None:
            return _to(answer)
        request = ask(reason[:2000] or "look at what it would do")
        made = engine.preview(visit.database, visit.principal, request, visit.caller.request_id).as_dict()
        seen = _digest(made)
        if not asking or visit.form.text("seen") != seen:
            return Planned(made, seen, other=asking)
        if not reason:
            raise InvalidInput("Nobody can decide without knowing why.", pointer="/reason", hint="Say what it is for.")
        return _to(submit_once(creation, request))
    except IrisplaneError as error:
        return Planned(error=error)


def _digest(plan: Mapping[str, Any]) -> str:
    """What of a plan a person says yes to: who is altered how, in which batches, with whose approval."""
    agreed = {
        "targets": [(target["id"], target["diff"]) for target in plan["targets"]],
        **{name: plan[name] for name in ("batches", "approvals", "options")},
    }
    return hashlib.sha256(canonical_json(agreed).encode()).hexdigest()


def _to(answer: Response) -> Response:
    return RedirectResponse(f"/changes/{answer.headers['Location'].rsplit('/', 1)[1]}", status_code=303)
