"""Who acts, for which tenant, why, and under which request: carried into every transaction.

The database reads these as ``SET LOCAL`` settings: row-level security filters by ``irisplane.tenant``, the change-log
trigger writes the others beside every row it records. Without a scope, a tenant's table cannot be read at all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, Self
from uuid import UUID

__all__ = ["EVERY_TENANT", "Scope"]

EVERY_TENANT: Literal["*"] = "*"


@dataclass(frozen=True, slots=True)
class Scope:
    """The circumstances of one transaction.

    Attributes:
        tenant: the tenant whose rows are visible, or ``"*"`` for the region's own staff and services.
        actor: principal that acts; ``None`` for the system itself.
        request_id: ties API request, run, device command and log lines together.
        reason: why; required wherever something alters.
        change_id: the Change this belongs to, if any.
    """

    tenant: UUID | Literal["*"]
    actor: UUID | None = None
    request_id: str = ""
    reason: str = ""
    change_id: UUID | None = None

    def because(self, reason: str) -> Self:
        """The same scope with another reason."""
        return replace(self, reason=reason)

    def for_change(self, change_id: UUID) -> Self:
        """The same scope, writing on behalf of a Change."""
        return replace(self, change_id=change_id)

    def settings(self) -> dict[str, str]:
        """The scope as the database settings that triggers and policies read."""
        return {
            "irisplane.tenant": str(self.tenant),
            "irisplane.actor": str(self.actor or ""),
            "irisplane.request_id": self.request_id,
            "irisplane.reason": self.reason,
            "irisplane.change_id": str(self.change_id or ""),
        }
