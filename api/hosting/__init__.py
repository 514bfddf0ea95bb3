"""The API of hosting: one router a noun, joined here."""

from __future__ import annotations

from fastapi import APIRouter

from api.hosting import catalogue, quotas, support, terraform_state

__all__ = ["router"]

router = APIRouter()
for _noun in (catalogue, quotas, support, terraform_state):
    router.include_router(_noun.router)
