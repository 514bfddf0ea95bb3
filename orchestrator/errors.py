"""What the orchestrator refuses, and what to do about it.

::

    InvalidInput
    ├── UnknownKind          ORC-101  no domain offers this kind of Change
    ├── ReasonMissing        ORC-102  every alteration says why
    ├── IntentRefused        ORC-103  the intent does not have the shape its kind asks for
    ├── RowRefused           ORC-131  a value breaks a rule of the database
    └── AddressRefused       ORC-140  a webhook may not point there
    NotFound
    └── ChangeNotFound       ORC-104  no such Change, or not yours
    Denied
    ├── OwnApproval          ORC-110  who asked may not approve, neither in person nor through another
    ├── RoleMissing          ORC-112  this approval needs a role that the approver does not hold
    ├── NotDeputy            ORC-113  no deputyship from that person today
    └── TableClosed          ORC-132  no domain lets commands write this table or column
    Conflict
    ├── AlreadyDecided       ORC-111  one person, one voice
    ├── OldPlan              ORC-114  the approval names another hash than the plan has now
    ├── MoveRefused          ORC-116  the state machine has no such move
    ├── ChangeEnded          ORC-115  it has ended; nothing moves it any more
    │   └── StalePlan        ORC-120  … because what its plan read has changed since
    ├── NothingToUndo        ORC-122  it altered nothing that could be taken back
    └── RowTaken             ORC-130  a rule of the database forbids it beside what is there
    StaleVersion
    └── RowsChanged          ORC-133  rows were altered since they were read
    Misconfigured
    └── BrokenRule           ORC-150  a policy file cannot be read
"""

from __future__ import annotations

from core.errors import Conflict, Denied, InvalidInput, Misconfigured, NotFound, StaleVersion

__all__ = [
    "AddressRefused",
    "AlreadyDecided",
    "BrokenRule",
    "ChangeEnded",
    "ChangeNotFound",
    "IntentRefused",
    "MoveRefused",
    "NotDeputy",
    "NothingToUndo",
    "OldPlan",
    "OwnApproval",
    "ReasonMissing",
    "RoleMissing",
    "RowRefused",
    "RowTaken",
    "RowsChanged",
    "StalePlan",
    "TableClosed",
    "UnknownKind",
]


class UnknownKind(InvalidInput):
    """No domain offers this kind of Change."""

    code = "ORC-101"
    title = "Unknown kind of change"
    hint = "Take one of the kinds that the message lists."


class ReasonMissing(InvalidInput):
    """Every alteration says why."""

    code = "ORC-102"
    title = "Reason missing"
    hint = "Say in one sentence why; it stands in the audit for ever (command line: --reason TEXT)."


class IntentRefused(InvalidInput):
    """The intent does not have the shape its kind asks for."""

    code = "ORC-103"
    title = "Intent refused"
    hint = "Correct the field that the pointer names; GET /api/v1/kinds shows the shape of each kind."


class ChangeNotFound(NotFound):
    """No such Change, or not yours."""

    code = "ORC-104"
    title = "No such change"
    hint = "'irisplane change list' shows the changes that you may see."


class OwnApproval(Denied):
    """Who asked may not approve."""

    code = "ORC-110"
    title = "Four eyes"
    hint = "Ask another person who holds the role; deputies and service accounts of the requester do not count either."


class AlreadyDecided(Conflict):
    """One person, one voice."""

    code = "ORC-111"
    title = "Already decided"
    hint = "Another person has to give the approvals that are still missing."


class RoleMissing(Denied):
    """This approval needs a role that the approver does not hold."""

    code = "ORC-112"
    title = "Role missing"
    hint = "Ask somebody who holds the role that the message names, or their deputy."


class NotDeputy(Denied):
    """No deputyship from that person today."""

    code = "ORC-113"
    title = "Not a deputy"
    hint = "The person who is away names a deputy, with dates, before leaving."


class OldPlan(Conflict):
    """The approval names another hash than the plan has now."""

    code = "ORC-114"
    title = "The plan has changed"
    hint = "Read the plan as it is now and approve its hash."


class ChangeEnded(Conflict):
    """It has ended; nothing moves it any more."""

    code = "ORC-115"
    title = "The change has ended"
    hint = "Submit a new change, or take this one back with 'irisplane change undo'."


class MoveRefused(Conflict):
    """The state machine has no such move."""

    code = "ORC-116"
    title = "Not in this state"
    hint = "'irisplane change show ID' says where the change stands and what it waits for."


class StalePlan(ChangeEnded):
    """It ended because what its plan read has changed since."""

    code = "ORC-120"
    title = "The plan is stale"
    hint = "Plan again ('irisplane change replan ID'); approvals are given anew because they are for a hash."


class NothingToUndo(Conflict):
    """It altered nothing that could be taken back."""

    code = "ORC-122"
    title = "Nothing to take back"
    hint = "Only what was carried out can be undone; 'irisplane change show ID' says how it ended."


class RowTaken(Conflict):
    """A rule of the database forbids it beside what is there."""

    code = "ORC-130"
    title = "Not beside what is there"
    hint = "Choose another value, or alter what stands in the way first."


class RowRefused(InvalidInput):
    """A value breaks a rule of the database."""

    code = "ORC-131"
    title = "Value refused"
    hint = "Correct the value that the pointer names."


class TableClosed(Denied):
    """No domain lets commands write this table or column."""

    code = "ORC-132"
    title = "Table not writable"
    hint = "A domain lists the tables its changes write in 'writable' of its Domain object."


class RowsChanged(StaleVersion):
    """Rows were altered since they were read."""

    code = "ORC-133"
    title = "Changed meanwhile"
    hint = "Read the rows again and decide again; to undo an older change, take back the newer ones first."


class AddressRefused(InvalidInput):
    """A webhook may not point there."""

    code = "ORC-140"
    title = "Address refused"
    hint = (
        "Use an https address that the public Internet routes; IRISPLANE_WEBHOOK_ALLOW_PRIVATE opens private networks."
    )


class BrokenRule(Misconfigured):
    """A policy file cannot be read."""

    code = "ORC-150"
    title = "Broken policy rule"
    hint = "Mend the file that the message names; docs/policy.md shows how a rule is written."
