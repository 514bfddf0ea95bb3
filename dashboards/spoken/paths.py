"""What designs of networks and ways through them say when they cannot be had."""

from __future__ import annotations

from typing import Final

from dashboards.terms import mark as _

__all__ = ["PATHS"]

PATHS: Final = (
    _("The unit price '%(price)s' is %(count)s micro-euros; it must be from %(count_least)s to %(count_most)s."),
    _("There is no unit price '%(price)s'."),
    _("There is no corridor to lay a network in."),
    _("Import its nodes and edges first."),
    _("No site is a core, so there is nothing to lay a network to."),
    _("Add a data centre."),
    _("'%(node)s' is not in this network."),
    _("No edge leads to it."),
    _("The edge '%(edge)s' has the negative weight %(weight)s."),
    _("The edge '%(edge)s' leads from '%(node)s' to itself."),
    _("No core is named, so nothing can be cut off from one."),
    _("The plant has no node and no building of a site '%(ref)s'."),
    _("Both ends are the node '%(node)s'."),
    _("Name two different places."),
    _("No data centre is in the plant."),
    _("Add its building, and ducts that lead to it."),
    _("'%(what)s' cannot be avoided."),
)
"""Errors, and what to do next."""
