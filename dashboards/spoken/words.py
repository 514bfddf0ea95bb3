"""Words that sentences are filled in with."""

from __future__ import annotations

from typing import Final

from dashboards.terms import mark as _

__all__ = ["WORDS"]

WORDS: Final = (
    _("Prepare"),
    _("Apply"),
    _("Verify"),
    _("Confirm"),
    _("Undo"),
    _("Lock"),
    _("Decide"),
    _("Inspect"),
    _("prepare"),
    _("apply"),
    _("verify"),
    _("confirm"),
    _("undo"),
    _("lock"),
    _("decide"),
    _("started"),
    _("done"),
    _("ok"),
    _("day"),
    _("Monday"),
    _("Tuesday"),
    _("Wednesday"),
    _("Thursday"),
    _("Friday"),
    _("Saturday"),
    _("Sunday"),
    _("queued"),
    _("saving"),
    _("in-use"),
    _("creating"),
    _("attaching"),
    _("detaching"),
    _("extending"),
    _("nothing"),
    _("none"),
    _("nobody"),
    _("no role"),
    _("name"),
    _("subnet"),
    _("router"),
    _("rule"),
    _("server"),
    _("size_gib"),
    _("leads outside"),
)
"""Words that sentences are filled in with, beside the terms of the pages."""
