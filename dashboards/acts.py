"""What the journal holds, in words: whose, and what happened to it.

An act is called ``subject.verb`` there: ``change.approval_given``. Both are said by their code, so that every act of a
subject has words as soon as its verb has; a test reads from the sources which there are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from dashboards.languages import catalogue
from dashboards.terms import TERMS
from dashboards.terms import mark as _

__all__ = ["SUBJECTS", "VERBS", "in_words"]

SUBJECTS: Final[Mapping[str, str]] = {
    "change": _("change"),
    "server": _("server"),
    "volume": _("volume"),
    "snapshot": _("snapshot"),
    "network": _("network"),
    "floating-address": _("public address"),
    "security-group": _("security group"),
    "backup-schedule": _("schedule of copies"),
    "calendar": _("calendar"),
    "deputy": _("deputy"),
    "device": _("device"),
    "incident": _("incident"),
    "invitation": _("invitation"),
    "key": _("master key"),
    "lease": _("lease"),
    "maintenance": _("maintenance"),
    "member": _("member"),
    "principal": _("account"),
    "project": _("project"),
    "quota": _("quota"),
    "role": _("role"),
    "secret": _("secret"),
    "session": _("session"),
    "support": _("support request"),
    "tenant": _("administration"),
    "terraform_state": _("Terraform state"),
    "token": _("token"),
    "webhook": _("webhook"),
}
VERBS: Final[Mapping[str, str]] = {
    "fell": _("more is down"),
    "rose": _("something stands again"),
    "told": _("an administration was told"),
    "acknowledged": _("somebody has it in hand"),
    "noted": _("somebody said something"),
    "closed": _("everything stands again"),
    "approval_given": _("an approval was given"),
    "approvals_missing": _("approvals are missing"),
    "approve": _("approved by a person"),
    "batch": _("a batch is done"),
    "cancel_asked": _("asked to stop"),
    "decided": _("decided: it stays"),
    "emergency_unapproved": _("emergency without a second approval"),
    "lapsed": _("approvals lapsed"),
    "passed_calendar": _("passed the calendar in an emergency"),
    "replanned": _("planned again"),
    "settled": _("every approval is there"),
    "started": _("began"),
    "step": _("step"),
    "submitted": _("asked for"),
    "taken_over": _("taken over by another worker"),
    "waits": _("waits"),
    "differs": _("differs in the cloud"),
    "agrees": _("agrees with the cloud again"),
    "seen": _("seen in the cloud again"),
    "twin_removed": _("a twin in the cloud was removed"),
    "freeze_added": _("a freeze was added"),
    "window_added": _("a maintenance window was added"),
    "removed": _("removed"),
    "named": _("named"),
    "drifted": _("drifted from its intent"),
    "in_step": _("runs its intent again"),
    "withdrawn": _("withdrawn"),
    "rotated": _("changed for a new one"),
    "ended": _("ended"),
    "ends": _("ends soon"),
    "altered": _("altered"),
    "drafted": _("drafted"),
    "invited": _("invited"),
    "joined": _("joined"),
    "created": _("created"),
    "deleted": _("deleted"),
    "deactivated": _("closed"),
    "granted": _("granted"),
    "taken_back": _("taken back"),
    "revoked": _("revoked"),
    "set": _("set"),
    "console_opened": _("console opened"),
    "resized_in_cloud": _("resized in the cloud by hand"),
    "moved": _("moved to another administration"),
    "offered": _("a way in was offered"),
    "opened": _("opened"),
    "reopened": _("opened again"),
    "locked": _("locked"),
    "unlocked": _("unlocked"),
    "purged": _("erased for good"),
    "written": _("written"),
    "restored": _("brought back"),
    "issued": _("made"),
    "added": _("added"),
    "gave_up": _("given up: the address does not answer"),
    "redelivered": _("sent again"),
    "detached": _("taken from its server"),
    "extended": _("made larger"),
    "renamed": _("renamed"),
    "done": _("done"),
    "insert": _("row added"),
    "update": _("row altered"),
    "delete": _("row removed"),
}
"""Beside the states of changes and of things, which are verbs as well."""


def in_words(action: str, language: str, *, of_a_change: bool = False) -> str | None:
    """``server.console_opened`` → ``server: console opened``; ``None`` where a word is missing.

    Args:
        of_a_change: in a change's own story its acts need no subject.
    """
    subject, _dot, verb = action.partition(".")
    what, did = SUBJECTS.get(subject), VERBS.get(verb) or TERMS.get(verb)
    if what is None or did is None:
        return None
    say = catalogue(language).gettext
    said = str(say(did))
    if of_a_change and subject == "change":
        return said
    return f"{say(what)} : {said}" if language == "fr" else f"{say(what)}: {said}"
