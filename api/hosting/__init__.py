"""The API of hosting: one router a noun, joined here."""

from __future__ import annotations

from fastapi import APIRouter

from api.hosting import (
    backup_schedules,
    capacity,
    catalogue,
    floating_addresses,
    networks,
    orders,
    projects,
    quotas,
    security_groups,
    server_images,
    servers,
    showback,
    snapshots,
    ssh_keys,
    support,
    terraform_state,
    volumes,
    zones,
)

__all__ = ["router"]

router = APIRouter()
for _noun in (
    backup_schedules,
    capacity,
    catalogue,
    floating_addresses,
    networks,
    orders,
    projects,
    quotas,
    security_groups,
    server_images,
    servers,
    showback,
    snapshots,
    ssh_keys,
    support,
    terraform_state,
    volumes,
    zones,
):
    router.include_router(_noun.router)
