"""What a hosting order alters, line by line, as its plan says it behind a sign: ``+ 5 GiB from the snapshot old``."""

from __future__ import annotations

from typing import Final

from dashboards.terms import mark as _

__all__ = ["LINES"]

LINES: Final = (
    # servers
    _("server %(name)s: %(plan)s (%(count)s vCPU, %(count_ram)s MiB, %(count_disk)s GiB), %(rest)s"),
    _("server %(name)s, as it stands: %(count)s vCPU, %(count_ram)s MiB"),
    _("server %(name)s, with everything on its disk"),
    _("server %(name)s: stopped, kept for %(count)s hours, then deleted"),
    _("%(name)s: image of its own -> %(image)s; what is on its disk is lost"),
    _("%(name)s: image %(old)s -> %(image)s; what is on its disk is lost"),
    _("image %(name)s of the disk of %(server)s"),
    _("image %(name)s"),
    _("%(name)s: protected -> not protected"),
    _("%(name)s: not protected -> protected"),
    _("%(name)s: protected -> protected"),
    _("%(name)s: not protected -> not protected"),
    _("%(name)s: kept -> active"),
    _("%(name)s: kept -> stopped"),
    _("%(word)s -> start"),
    _("%(word)s -> stop"),
    _("%(word)s -> soft reboot -> active"),
    _("%(word)s -> hard reboot -> active"),
    _("%(word)s -> %(how)s reboot -> active"),
    _("%(name)s: %(count)s -> %(count_a)s vCPU, %(count_b)s -> %(count_c)s MiB, %(count_d)s -> %(count_e)s GiB"),
    _("%(word)s -> confirm the new size of"),
    _("%(word)s -> take back the new size of"),
    _("metadata: %(old)s -> %(new)s"),
    _("tags: %(old)s -> %(new)s"),
    _("as it is"),
    _("network %(name)s of %(server)s"),
    # security groups
    _("group %(name)s"),
    _("%(name)s no longer lets it through: %(said)s"),
    _("%(name)s lets it through: %(said)s"),
    _("%(name)s: its rules are kept in the cloud alone"),
    _("the groups that it is in now were not seen yet"),
    _("in %(ports)s from %(word)s"),
    _("in %(ports)s from %(name)s"),
    _("out %(ports)s to %(word)s"),
    _("out %(ports)s to %(name)s"),
    _("as ordered, which the cloud is not"),
    _("name %(name)s"),
    # volumes, addresses, networks, projects
    _("attached to %(name)s"),
    _("%(count)s GiB"),
    _("%(count)s GiB of %(name)s"),
    _("%(count)s GiB from the snapshot %(name)s"),
    _("%(count)s GiB from %(name)s"),
    _("what was written since %(when)s UTC"),
    _("floating address"),
    _("floating address for %(name)s"),
    _("leads to %(name)s, which is not reached by it any more"),
    _("leads to %(name)s"),
    _("with a way outside"),
    _("isolated"),
    _("project %(name)s"),
    _("nothing was found at the last look"),
    # quotas
    _("administration: %(count)s ram_mib"),
    _("administration: %(count)s storage_gib"),
    _("administration: %(count)s %(word)s"),
    _("project %(name)s: %(count)s ram_mib"),
    _("project %(name)s: %(count)s storage_gib"),
    _("project %(name)s: %(count)s %(word)s"),
    # software of routers
    _("frr %(version)s is there: a restart"),
    _("drained meanwhile: %(how)s"),
)
