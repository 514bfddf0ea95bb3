"""The API of hosting: one router a noun, joined here."""

from __future__ import annotations

from fastapi import APIRouter

from api.hosting import terraform_state

__all__ = ["router"]

router = APIRouter()
router.include_router(terraform_state.router)
