"""`/quota`: ask for more than may be held now; somebody of the region decides."""

from __future__ import annotations

import json
from typing import Annotated, Any, Final

from fastapi import Depends, Query
from fastapi.responses import RedirectResponse, Response

from api.hosting.ordering import order, request_for
from api.problems import status_of
from core.errors import Denied, InvalidInput, IrisplaneError
from dashboards.pages.holdings import standing
from dashboards.rendering import show
from dashboards.routes import pages
from dashboards.terms import mark as _
from dashboards.visit import Visit, visiting
from datacenter.hosting.project_list import projects_json
from datacenter.hosting.quota_changes import QuotaGrant
from datacenter.hosting.quotas import RESOURCES

__all__ = ["router"]

router = pages()

_MOST: Final = 200
_GIB: Final = "ram_mib"
"""People say memory in GiB; the quota counts MiB."""

Asking = Annotated[Visit, Depends(visiting("hosting:read", "hosting:write"))]


@router.get("/quota")
def ask(visit: Asking, resource: Annotated[str, Query(max_length=40)] = "servers") -> Response:
    """What there is, and the form for more."""
    return _shown(visit, {"resource": resource, "project": "", "granted": "", "reason": ""})


@router.post("/quota")
def request(visit: Asking) -> Response:
    """Ask; the change waits for the region."""
    typed = {name: visit.form.text(name) for name in ("resource", "project", "granted", "reason")}
    try:
        answer = order(visit.creation(), request_for(QuotaGrant.name, _intent(visit, typed), typed["reason"]))
    except IrisplaneError as error:
        return _shown(visit, typed, error)
    return RedirectResponse(f"/changes/{answer.headers['Location'].rsplit('/', 1)[1]}", status_code=303)


def _intent(visit: Visit, typed: dict[str, str]) -> dict[str, Any]:
    if visit.principal.staff:
        raise Denied("The region grants; administrations ask.", hint="'irisplane quota request --tenant …' grants.")
    if typed["resource"] not in RESOURCES:
        raise InvalidInput(f"There is no resource {typed['resource'][:40]!r}.", pointer="/resource")
    amount = typed["granted"]
    if not amount.isascii() or not amount.isdecimal() or len(amount) > 9:
        raise InvalidInput(f"{amount[:20]!r} is no whole number.", pointer="/granted", hint="Give how much in all.")
    if not typed["reason"]:
        raise InvalidInput("Nobody can decide without knowing why.", pointer="/reason", hint="Say what it is for.")
    granted = int(amount) * (1024 if typed["resource"] == _GIB else 1)
    intent: dict[str, Any] = {"resources": {typed["resource"]: granted}}
    return intent | ({"project": typed["project"]} if typed["project"] else {})


def _shown(visit: Visit, typed: dict[str, str], error: IrisplaneError | None = None) -> Response:
    with visit.transaction() as tx:
        bounds = standing(tx)
        projects = [
            json.loads(row)
            for row, _key in projects_json(tx, visit.scope(), tenant=None, differs=None, after=None, limit=_MOST)
        ]
    return show(
        visit, "quota", _("Ask for more"), status=200 if error is None else status_of(type(error)), bounds=bounds,
        projects=projects, typed=typed, error=error, field=(error.pointer or "").strip("/") if error else "",
        key=visit.form.key, resources=RESOURCES,
    )  # fmt: skip
