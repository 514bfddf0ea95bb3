"""What support refuses, and what to do about it.

::

    NotFound
    ├── NoSuchRequest        HST-180  no such support request, or not yours
    ├── NoSuchResource       HST-181  no such thing to ask about, or not yours
    └── NoSuchMaintenance    HST-184  no such maintenance notice, or it touches nothing of yours
    Conflict
    ├── RequestClosed        HST-182  nothing more is said in this request
    └── MaintenanceMoved     HST-185  a notice in this state does not become that
    InvalidInput
    └── UnknownResourceType  HST-183  there are no things of this type
"""

from __future__ import annotations

from core.errors import Conflict, InvalidInput, NotFound

__all__ = [
    "MaintenanceMoved",
    "NoSuchMaintenance",
    "NoSuchRequest",
    "NoSuchResource",
    "RequestClosed",
    "UnknownResourceType",
]


class NoSuchRequest(NotFound):
    """No such support request, or not yours."""

    code = "HST-180"
    title = "No such support request"
    hint = "GET /api/v1/support-requests lists yours."


class NoSuchResource(NotFound):
    """No such thing to ask about, or not yours."""

    code = "HST-181"
    title = "No such resource"
    hint = "Name a thing of your administration by its type and id, or ask without naming one."


class RequestClosed(Conflict):
    """Nothing more is said in this request."""

    code = "HST-182"
    title = "Request closed"
    hint = "Open a new one; it may name this one."


class UnknownResourceType(InvalidInput):
    """There are no things of this type."""

    code = "HST-183"
    title = "Unknown type"
    hint = "For example server, volume, network, project, change."


class NoSuchMaintenance(NotFound):
    """No such maintenance notice, or it touches nothing of yours."""

    code = "HST-184"
    title = "No such maintenance"
    hint = "GET /api/v1/maintenance lists what touches you."


class MaintenanceMoved(Conflict):
    """A notice in this state does not become that."""

    code = "HST-185"
    title = "Not from there"
    hint = "draft → scheduled → in-progress → done; whatever is not done can be cancelled."
