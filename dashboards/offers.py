"""From a form to an order: the offer is shown first, and what is ordered is exactly what was read.

An offer reserves nothing. If it is another one by the time it is ordered (a price, a place, who must approve), the new
one is shown and nothing was ordered.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Connection

from api.hosting.ordering import order
from api.hosting.previewing import previewed
from api.problems import status_of
from core.errors import IrisplaneError
from dashboards.visit import Visit
from orchestrator.engine import ChangeRequest
from orchestrator.plan import canonical_json

__all__ = ["NOTHING_YET", "Considered", "considered", "field_of"]


@dataclass(frozen=True, slots=True)
class Considered:
    """What a form shows beside its fields.

    Attributes:
        offer: the preview, as the API answers it.
        seen: digest of what a person says yes to.
        other: whether the offer is another one than the person saw.
    """

    offer: Mapping[str, Any] | None = None
    seen: str = ""
    other: bool = False
    error: IrisplaneError | None = None

    @property
    def status(self) -> int:
        """Of the answer that shows it."""
        if self.error is not None:
            return status_of(type(self.error))
        return 409 if self.other else 200


NOTHING_YET = Considered()


def considered(
    visit: Visit, ask: Callable[[], ChangeRequest], *, before: Callable[[Connection], None] | None = None
) -> Response | Considered:
    """Order what was offered, and lead to the change; or say what there is to be shown.

    Args:
        ask: what the form asks for; raises what is wrong with it.
        before: what is looked at in the order's transaction first.
    """
    creation, ordering = visit.creation(), visit.form.text("action") == "order"
    try:
        answer = creation.answered() if ordering else None
        if answer is None:
            request = ask()
            offer = previewed(visit.caller, request)
            seen = _digest(offer)
            if not ordering or visit.form.text("seen") != seen:
                return Considered(offer, seen, other=ordering)
            answer = order(creation, request, before=before)
    except IrisplaneError as error:
        return Considered(error=error)
    return RedirectResponse(f"/changes/{answer.headers['Location'].rsplit('/', 1)[1]}", status_code=303)


def field_of(error: IrisplaneError | None, fields: frozenset[str]) -> str:
    """The form's field that an error points at: the last of its names that is one; empty where there is none."""
    parts = (error.pointer or "").split("/") if error is not None else []
    return next((part for part in reversed(parts) if part in fields), "")


def _digest(offer: Mapping[str, Any]) -> str:
    """What of an offer a person says yes to."""
    agreed = {name: offer[name] for name in ("price", "placement", "approvals")}
    agreed["differences"] = [target["diff"] for target in offer["plan"]["targets"]]
    return hashlib.sha256(canonical_json(agreed).encode()).hexdigest()
