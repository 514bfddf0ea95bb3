"""What the fibre plant says of ways of light, places on them, and what it refuses."""

from __future__ import annotations

from typing import Final

from dashboards.terms import mark as _

__all__ = ["PLANT"]

PLANT: Final = (
    _("No strand hangs on the %(word)s '%(name)s'."),
    _("Terminate a strand on a port at its side first, or trace a strand by CABLE/NUMBER."),
    _("'%(node)s' is not on the way of strand %(name)s."),
    _("Its nodes are, in order: %(names)s."),
    _("%(count)s m is beyond the end of strand %(name)s: from %(name_of_node)s it is %(count_whole)s m long."),
    _("Trace the strand (irisplane fibre trace): a splice may be missing, or a length be too short."),
    _("From %(name)s light goes both ways."),
    _("Say towards which node it was measured: %(names)s."),
)
"""Of traces, budgets and measured distances."""
