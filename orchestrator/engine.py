"""The engine's front door: what the API, the command line and other rooms call to ask for, decide on and undo Changes.

Each function is one synchronous transaction under the caller's scope, role ``api``, except where it says so.
"""

from __future__ import annotations

from orchestrator.approvals import approve, cancel, reject
from orchestrator.planning import ChangeRequest
from orchestrator.records import ChangeRecord
from orchestrator.submitting import preview, replan, submit, undo

__all__ = ["ChangeRecord", "ChangeRequest", "approve", "cancel", "preview", "reject", "replan", "submit", "undo"]
