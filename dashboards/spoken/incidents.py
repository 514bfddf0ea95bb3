"""What incidents are called, and what stands in their story."""

from __future__ import annotations

from typing import Final

from dashboards.terms import mark as _

__all__ = ["EVIDENCE", "NAMES", "STORY"]

NAMES: Final = (
    _("cable %(name)s"),
    _("cable %(name)s or %(name_2)s"),
    _("cable %(name)s or %(name_2)s or %(name_3)s"),
    _("cable %(name)s or %(name_2)s or %(name_3)s or %(count)s more"),
    _("duct %(name)s"),
    _("duct %(name)s or %(name_2)s"),
    _("duct %(name)s or %(name_2)s or %(name_3)s"),
    _("duct %(name)s or %(name_2)s or %(name_3)s or %(count)s more"),
    _("strand %(name)s"),
    _("strand %(name)s or %(name_2)s"),
    _("strand %(name)s or %(name_2)s or %(name_3)s"),
    _("strand %(name)s or %(name_2)s or %(name_3)s or %(count)s more"),
    _("little light: %(name)s"),
    _("little light: %(told)s"),
    _("flood of notifications"),
)
"""What most likely broke, where it is a piece of the plant; devices and links are called by their names."""

STORY: Final = (
    _("%(name)s: link %(name_2)s down."),
    _("%(name)s: links %(names)s down."),
    _("%(told)s: link %(name_2)s down."),
    _("%(told)s: links %(names)s down."),
    _("link %(name)s down too."),
    _("links %(names)s down too."),
    _("link %(name)s down again."),
    _("links %(names)s down again."),
    _("link %(name)s up again."),
    _("links %(names)s up again."),
    _("What is down together is explained by %(name)s."),
    _("What is down together is explained by %(told)s."),
    _("Told: %(names)s."),
    _("Its impact cannot be told: %(said)s"),
    _("In hand."),
    _("Everything stands again."),
    _("It is part of incident %(count)s."),
    _("The alert is resolved."),
    _("Less light than planned: link %(name)s."),
    _("Less light than planned: links %(names)s."),
    _("Less light than planned too: link %(name)s."),
    _("Less light than planned too: links %(names)s."),
    _("Its light is as planned again."),
    _("Alert %(name)s: no summary"),
    _("Alert %(name)s: %(said)s"),
    _("Behind it, and not answering: %(names)s."),
    _("Together with what else is down it cuts off %(names)s."),
    _("%(count)s notifications were not read within %(count_seconds)s s, %(count_rate)s a second."),
    _("They came from %(names)s."),
    _("%(count)s came from addresses of no device."),
    _("%(count)s were lost before they could be counted by sender."),
    _("Links are looked at all the same."),
    _("Notifications are read again; %(count)s were not."),
    _("Notifications are read again."),
)
"""Lines of the story that nobody typed."""

EVIDENCE: Final = (
    _("%(name)s sees no light"),
    _("%(name)s is shut"),
    _("%(name)s lost its OSPF neighbour %(address)s on %(port)s"),
    _("%(name)s lost its OSPFv3 neighbour on %(port)s"),
    _(
        "%(name)s receives %(word)s dBm: of %(word_2)s dBm that %(name_2)s sends %(word_3)s dB are lost, planned are"
        " at most %(word_4)s"
    ),
    _("%(name)s receives %(word)s dBm, and hears no less than %(word_2)s dBm"),
)
"""What was seen of an end of a link."""
