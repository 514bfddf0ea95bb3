"""`/api/v1/secrets`: values go in and never come out; lists show names, versions and keys."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, SecretStr

from api.answers import json_value
from api.dependencies import Caller, require, settings_of
from api.shapes import answers, page_of
from api.shapes.identity import SecretSet
from core.errors import InvalidInput
from core.keyring import KeyFile
from core.secrets import SecretInfo, SecretStore, SecretValue

__all__ = ["router"]

router = APIRouter(tags=["secrets"])

_LONGEST = 64 * 1024


class SecretIn(BaseModel):
    """The value of a secret."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    value: SecretStr


def _store(request: Request) -> SecretStore:
    return SecretStore(KeyFile(settings_of(request).key_file))


@router.get("/api/v1/secrets", summary="Names of secrets", responses=answers(page_of(SecretInfo)))
def secrets(
    request: Request,
    caller: Annotated[Caller, Depends(require("secret:read"))],
    prefix: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """Names, versions and master keys of your tenant's secrets; never a value."""
    with caller.transaction() as tx:
        found = _store(request).names(tx, caller.principal.tenant_id, prefix=prefix)
    items = [
        {"name": one.name, "version": one.version, "key_id": one.key_id, "updated_at": one.updated_at.isoformat()}
        for one in found
    ]
    return json_value({"items": items, "next": None})


@router.put("/api/v1/secrets/{name:path}", summary="Set a secret", responses=answers(SecretSet))
def put_secret(
    name: str, body: SecretIn, request: Request, caller: Annotated[Caller, Depends(require("secret:write"))]
) -> Response:
    """Set a secret of your tenant; the answer names its version."""
    value = body.value.get_secret_value()
    if not 0 < len(value) <= _LONGEST:
        raise InvalidInput(f"A secret has 1 to {_LONGEST} characters.", pointer="/value")
    caller.must_write("secret")
    with caller.transaction() as tx:
        version = _store(request).put(tx, caller.principal.tenant_id, name, SecretValue(value))
    return json_value({"name": name, "version": version})


@router.delete("/api/v1/secrets/{name:path}", status_code=204, summary="Delete a secret")
def delete_secret(name: str, request: Request, caller: Annotated[Caller, Depends(require("secret:write"))]) -> Response:
    """Forget a secret of your tenant."""
    caller.must_write("secret")
    with caller.transaction() as tx:
        _store(request).delete(tx, caller.principal.tenant_id, name)
    return Response(status_code=204)
