"""The API of hosting: one router a noun, joined here."""

from __future__ import annotations

from fastapi import APIRouter

from api.hosting import (
    catalogue,
    floating_addresses,
    networks,
    orders,
    quotas,
    security_groups,
    servers,
    showback,
    ssh_keys,
    support,
    terraform_state,
    zones,
)

__all__ = ["router"]

router = APIRouter()
for _noun in (
    catalogue,
    floating_addresses,
    networks,
    orders,
    quotas,
    security_groups,
    servers,
    showback,
    ssh_keys,
    support,
    terraform_state,
    zones,
):
    router.include_router(_noun.router)
