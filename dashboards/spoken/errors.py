"""What errors say, whichever room they come from."""

from __future__ import annotations

from typing import Final

from dashboards.terms import mark as _

__all__ = ["SAID"]

SAID: Final = (
    _("There is nothing at %(path)s."),
    _("None of your roles gives the scope '%(scope)s'."),
    _("Your roles have changed; ask again."),
    _("A browser's session alters something only with its CSRF token."),
    _("This form was sent by a page of another site."),
    _("Something went wrong inside Irisplane."),
    _("There is no such session."),
    _("There is no such token."),
    _("There is no such member."),
    _("Nobody alters or ends the own membership."),
    _("Nobody can decide without knowing why."),
    _("No routers are named."),
    _("This cannot be left empty."),
    _("It is another one than you saw."),
    _("The server is another one than you saw."),
    _("'%(what)s' is no whole number."),
    _("'%(what)s' is no day."),
    _("'%(what)s' is no change's id."),
    _("'%(what)s' is no kind of entry."),
    _("There is no entry %(seq)s in the journal."),
    _("The chain covers every administration; only the region's staff verify it."),
    _("The plan has %(many)s differences, not %(number)s."),
    _("A context needs a name."),
    _("Its data are names and values."),
    _("It is neither JSON nor YAML."),
    _("It is neither JSON nor YAML at line %(line)s, column %(column)s."),
    _("Somebody else saved this context since you opened it. Nothing of yours is lost, and nothing was saved."),
    _("There is no device '%(name)s'."),
    _("There is no config context '%(name)s'."),
    _("There is no change %(id)s."),
    _("There is no server %(id)s."),
)
"""What an error says."""
