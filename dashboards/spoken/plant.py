"""What the fibre plant says of ways of light, places on them, and what it refuses."""

from __future__ import annotations

from typing import Final

from dashboards.terms import mark as _

__all__ = ["DESIGN", "IMPACT", "PLANT"]

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

IMPACT: Final = (
    _("Say what is lost."),
    _("One of %(names)s, or a polygon."),
    _("The polygon is no JSON."),
    _("Give a GeoJSON Polygon or MultiPolygon in WGS84, longitude first."),
    _("This is no Polygon and no MultiPolygon of GeoJSON (RFC 7946)."),
    _("Coordinates cannot be read: a ring is a list of at least four [lon, lat]."),
    _("There is no polygon in it."),
    _("A ring is not closed: its last place must be its first again, and it has four at least."),
    _("The polygon: %(told)s."),
    _("%(place)s are in the wrong order: longitude comes first, write %(other)s"),
    _("%(place)s are no numbers that can be a place"),
    _("%(place)s lie outside Belgium: check them, longitude comes first"),
    _("%(place)s are metres of %(datum)s, not degrees: convert it to WGS84 (EPSG:4326), e.g. %(command)s"),
    _(
        "%(place)s are metres of %(datum)s with the axes swapped, not degrees: convert it to WGS84 (EPSG:4326), "
        "e.g. %(command)s"
    ),
    _("%(place)s are no degrees: convert it to WGS84 (EPSG:4326), e.g. %(command)s"),
    _("The polygon crosses itself."),
    _("An area has at least three corners."),
    _("'%(typed)s' is no corner."),
    _("Give a GeoJSON polygon in WGS84, or a corner a line: longitude, then latitude."),
    _("The radius is %(count)s m; it must be from 1 to %(count_most)s."),
    _("'%(typed)s' is no number of metres."),
    _("Give whole metres, 50 for instance."),
    _("There is no place '%(typed)s'."),
    _("Name a manhole, a building or a site by its code, or give its longitude and latitude."),
    _("Nothing that is known of is touched by these works: nobody needs a notice."),
    _("Ask for the impact first, and name what is really taken out of service."),
    _("Prometheus at %(name)s does not answer: %(told)s."),
)
"""Of what breaks if something is lost."""

DESIGN: Final = (
    _("There is no corridor to lay a network in."),
    _("Import its nodes and edges first."),
    _("No site is a core, so there is nothing to lay a network to."),
    _("Add a data centre."),
    _("'%(name)s' is not in this network."),
    _("No edge leads to it."),
    _("The edge '%(name)s' has the negative weight %(count)s."),
    _("The edge '%(name)s' leads from '%(name_of_node)s' to itself."),
    _("No core is named, so nothing can be cut off from one."),
    _("The unit price '%(name)s' is %(count)s micro-euros; it must be from 0 to %(count_most)s."),
)
"""Of networks that are laid, and ways through them."""
