"""What plays say: their plans, what was done and seen on hosts, what was wrong with what was asked."""

from __future__ import annotations

from typing import Final

from dashboards.terms import mark as _

__all__ = ["AFFECTED", "DONE", "ERRORS", "HINTS", "SUMMARIES", "UNDO"]

SUMMARIES: Final = (
    _("Run the play %(name)s on %(count)s hosts"),
    _("Run the play %(name)s on %(count)s host"),
    _("Put files back on %(count)s hosts"),
    _("Put files back on %(count)s host"),
)
"""What plans of plays are called."""

AFFECTED: Final = (
    _("Afterwards: %(rest)s"),
    _("Already so: %(names)s"),
)
"""Notes of their plans."""

UNDO: Final = (
    _("The files that the play alters are put back as they were, and their services read them again."),
    _(
        "The files that the play alters are put back as they were, and their services read them again. What "
        "stands in no file stays: %(rest)s."
    ),
    _("The files that were put back are replaced by what the play had written."),
)
"""How they are taken back."""

DONE: Final = (
    _("The host keeps what stands at %(count)s places."),
    _("The host keeps what stands at %(count)s place."),
    _("%(count)s altered."),
    _("%(count)s altered, and every service was told again, because the run was taken up again."),
    _("%(name)s cannot be reached: %(said)s"),
    _("%(name)s: a second run would fail at '%(task)s': %(said)s"),
    _("%(name)s: a second run would again alter: %(rest)s"),
    _("A second run would alter nothing."),
    _("It stays; the host keeps what was before."),
    _("the files are as they were"),
    _("the files are as the play wrote them"),
    _("some files are as they were, others not"),
    _("%(count)s files are as they were."),
    _("%(name)s: %(rest)s is not as it was"),
    _("Every file is as it was."),
)
"""What a step did or saw."""

ERRORS: Final = (
    _("The play %(name)s is another one than was planned."),
    _("%(name)s could not be put back: %(rest)s."),
    _("%(count)s of %(all)s hosts cannot be reached; what the play would do there is unknown: %(said)s"),
    _("The play %(name)s is not for %(names)s: it is for hosts of %(pattern)s."),
    _("On %(count)s of %(all)s hosts the play would fail: %(said)s"),
    _("Somebody altered %(rest)s on %(name)s since the play."),
    _("The play %(playbook)s failed on %(name)s at '%(task)s': %(said)s"),
    _("A play runs on Debian machines, and %(names)s is none."),
    _("%(name)s did not do what a play needs (%(what)s, status %(count)s): %(said)s"),
    _("The play %(playbook)s on %(names)s was not done within %(count)s s."),
    _("The play %(playbook)s could not be begun: %(said)s"),
    _("'%(name)s' is a secret: it is not written here, but named."),
    _("%(name)s: a variable is no template."),
    _("%(name)s holds characters that no variable may hold."),
    _("There is no play '%(play)s'."),
    _("The play %(play)s takes no variable '%(name)s'."),
    _("The play %(play)s needs the variable '%(name)s': %(said)s"),
    _("The play %(play)s refuses its variables: %(said)s."),
)
"""What is wrong."""

HINTS: Final = (
    _("Look at the named files on the host."),
    _("Select hosts of these groups; 'irisplane inventory ansible --list' names them."),
    _("Correct the named variable, or leave these hosts out of the selection."),
    _("Look at the named files; then run the play with the variables that you want."),
    _("Select platforms: --select 'platform=%(rest)s,…'."),
    _("Enrol it with 'irisplane config enrol'."),
    _("The account of plays needs Python 3, and sudo without a password."),
    _("Nothing was altered there. Run the change with a lower concurrency, or on fewer hosts."),
    _("Store it with 'irisplane secret set NAME' and write {{ secret('NAME') }} in its place."),
    _("It takes: %(names)s. 'irisplane play show %(play)s' says what each means."),
    _("'irisplane play show %(play)s' says what it looks like."),
    _("'irisplane play show %(play)s' says what each variable may be."),
    _("Write the value itself; a secret as {{ secret('NAME') }}, and nothing beside it."),
    _("A host keeps the last 20 plays. Run the play with the variables that it had before instead."),
)
"""The way out."""
