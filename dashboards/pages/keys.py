"""`/keys`: the public SSH keys that open an administration's servers: bring one in, forget one."""

from __future__ import annotations

import json
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Depends
from fastapi.responses import RedirectResponse, Response

from api.hosting.ordering import order, request_for
from api.problems import status_of
from core.errors import InvalidInput, IrisplaneError
from dashboards.rendering import in_words, show
from dashboards.routes import pages
from dashboards.terms import mark as _
from dashboards.visit import Visit, visiting
from datacenter.hosting.key_changes import keys_json

__all__ = ["router"]

router = pages()

_MOST: Final = 200

Looking = Annotated[Visit, Depends(visiting("hosting:read"))]
Acting = Annotated[Visit, Depends(visiting("hosting:read", "hosting:write"))]


@router.get("/keys")
def keys(visit: Looking) -> Response:
    """Every key, and the form for one more."""
    return _shown(visit)


@router.post("/keys")
def bring_in(visit: Acting) -> Response:
    """One more key; what is refused comes back, except a private key, which nobody should see twice."""
    name, line = visit.form.text("name"), visit.form.text("public_key")
    try:
        if not name or not line:
            raise InvalidInput("A key has a name and a line.", pointer="/public_key" if name else "/name")
        asked = {"name": name[:200], "public_key": line}
        order(
            visit.creation(),
            request_for("hosting.ssh_key.create", asked, f"{in_words(visit, 'hosting.ssh_key.create')} {name[:200]}"),
        )
    except IrisplaneError as error:
        return _shown(visit, error)
    return RedirectResponse("/keys", status_code=303)


@router.post("/keys/{key_id}/forget")
def forget(visit: Acting, key_id: UUID) -> Response:
    """Servers that were made with it keep it; the change can be taken back."""
    asked: dict[str, Any] = {"key": str(key_id)}
    answer = order(
        visit.creation(), request_for("hosting.ssh_key.delete", asked, in_words(visit, "hosting.ssh_key.delete"))
    )
    return RedirectResponse(f"/changes/{answer.headers['Location'].rsplit('/', 1)[1]}", status_code=303)


def _shown(visit: Visit, error: IrisplaneError | None = None) -> Response:
    with visit.transaction() as tx:
        found = [json.loads(row) for row, _key in keys_json(tx, name=None, q=None, after=None, limit=_MOST)]
    line = visit.form.text("public_key")
    return show(
        visit, "keys", _("SSH keys"), status=200 if error is None else status_of(type(error)), found=found, error=error,
        field=(error.pointer or "").strip("/") if error else "", key=visit.form.key, name=visit.form.text("name"),
        line="" if "PRIVATE" in line else line,
    )  # fmt: skip
