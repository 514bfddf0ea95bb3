"""What the inventory's tables and the fibre plant's refuse, and what to do about it."""

from __future__ import annotations

from typing import Final

from dashboards.terms import mark as _

__all__ = ["FOUND", "INVENTORY", "PLACES", "PLANT", "WAYS_OUT"]

INVENTORY: Final = (
    _("A commune with this NIS code exists."),
    _("A site with this code exists."),
    _("The site has a room of this name."),
    _("The site has a rack of this name."),
    _("The room is at another site than the rack."),
    _("Another device holds one of these rack units on this face at that time."),
    _("The device has a place in a rack at that time."),
    _("The units do not lie within the rack."),
    _("This manufacturer has a type of this model."),
    _("A device of this name exists."),
    _("Another device is managed at this address and port."),
    _("The device has an interface of this name."),
    _("A link of this name exists."),
    _("One of the two interfaces has a link already."),
    _("A link joins two different interfaces."),
    _("The device has its log-in already."),
    _("A VRF of this name exists."),
    _("Another VRF has this route distinguisher."),
    _("It overlaps a prefix of this VRF: assigned prefixes overlap nothing, containers may only nest."),
    _("The address is held in this VRF at that time."),
    _("The address does not lie inside its prefix."),
    _("A VLAN group of this name exists."),
    _("The VLAN id is held in this group at that time."),
    _("The group has a VLAN of this name at that time."),
    _("The VLAN id lies outside its group's range."),
    _("The AS number is in use."),
    _("An AS number range of this name exists."),
    _("It overlaps another range of AS numbers."),
    _("A configuration context of this name exists."),
    _("A context names exactly what its scope says: role, site or device, or nothing for the region."),
    _("Another change reserved an overlapping prefix or address."),
    _("Another change reserved the same number or unit."),
    _("A corner of this code exists."),
    _("A stretch of this code exists."),
    _("A stretch joins two corners."),
)
"""Of the inventory: what is so."""

PLANT: Final = (
    _("A power feed of this code exists."),
    _("A node of this code exists."),
    _("The site hangs on this feed already."),
    _("A duct of this code exists."),
    _("A duct joins two different nodes."),
    _("A duct's path begins at its a and ends at its b, within 50 m."),
    _("A duct is no shorter than the straight line between its nodes."),
    _("A cable of this code exists."),
    _("A cable is no shorter than the straight line between its ends."),
    _("Another duct stands at this position of the cable."),
    _("A cable's ducts follow on each other from its a to its b, in positions that count from 1."),
    _("The cable has this strand."),
    _("A closure of this code exists."),
    _("The closure has no such tray."),
    _("A splice joins two different strands."),
    _("A strand is spliced where its cable's end is."),
    _("A chain of splices and patch cords leads somewhere: it may not come back to itself."),
    _("One of the strand ends is spliced or terminated already."),
    _("A panel of this code exists."),
    _("The port is in use."),
    _("The panel has no such port."),
    _("A port's back takes a strand and the side of it: both or neither."),
    _("A strand is terminated at the site where its cable's end is."),
    _("The interface is plugged into another port."),
    _("The front of one of the ports is in use."),
    _("A patch cord of this code exists."),
    _("A patch cord joins two different ports."),
    _("The interface has its transceiver."),
    _("A receiver is overloaded at a higher power than the weakest it can hear."),
    _("The strand is held by somebody at that time."),
    _("The strand is held for another tenant at that time."),
    _("A circuit of this code exists."),
    _("Another circuit carries this link."),
    _("An end of a circuit is an interface or a panel's port, not both."),
    _("The circuit has another strand at this position at that time."),
    _("Another circuit lights the strand at that time."),
)
"""Of the fibre plant: what is so."""

FOUND: Final = (
    _("The chain of strand %(name)s closes on itself."),
    _("Strand %(name)s has its end %(side)s at %(node)s, but closure %(closure)s is at %(place)s."),
    _("Strand %(name)s has its end %(side)s at %(node)s, which is not the site %(site)s of panel %(panel)s."),
    _("The path of duct %(name)s begins %(count)s m from %(node)s and ends %(count_m)s m from %(place)s."),
    _("Duct %(name)s is given as %(count)s m, but %(node)s and %(place)s are %(count_m)s m apart."),
    _("Cable %(name)s is given as %(count)s m, but %(node)s and %(place)s are %(count_m)s m apart."),
    _("Cable %(name)s does not go on at position %(count)s, duct %(duct)s."),
    _("Circuit %(name)s lights strand %(strand)s until further notice."),
    _("Circuit %(name)s lights strand %(strand)s until %(when)s UTC."),
    _("Strand %(name)s is held for %(tenant)s until further notice."),
    _("Strand %(name)s is held for %(tenant)s until %(when)s UTC."),
    _("Circuit %(name)s is of somebody else."),
    _("Strands of cable %(name)s that are free then: %(count)s."),
    _("End %(side)s of strand %(name)s is spliced to %(end)s in closure %(closure)s."),
    _("End %(side)s of strand %(name)s is on port %(port)s."),
)
"""What the plant's triggers say: which row, who has it, by how much."""

PLACES: Final = (
    _("%(what)s, %(field)s: %(told)s."),
    _("point %(count)s: %(told)s"),
    _("lon %(lon)s, lat %(lat)s are in the wrong order: longitude comes first, write %(east)s, %(north)s"),
    _("lon %(lon)s, lat %(lat)s are no numbers that can be a place"),
    _("lon %(lon)s, lat %(lat)s lie outside Belgium: check them, longitude comes first"),
    _(
        "lon %(lon)s, lat %(lat)s are metres of %(datum)s, not degrees: convert it to WGS84 (EPSG:4326), "
        "e.g. ogr2ogr -t_srs EPSG:4326"
    ),
    _(
        "lon %(lon)s, lat %(lat)s are metres of %(datum)s with the axes swapped, not degrees: convert it to "
        "WGS84 (EPSG:4326), e.g. ogr2ogr -t_srs EPSG:4326"
    ),
    _("lon %(lon)s, lat %(lat)s are no degrees: convert it to WGS84 (EPSG:4326), e.g. ogr2ogr -t_srs EPSG:4326"),
)
"""Of places on the map."""

WAYS_OUT: Final = (
    _("Edit the commune that has it."),
    _("Choose another name, or edit the one that exists."),
    _("Name a room of the rack's site."),
    _("Ask for the next free unit (POST /api/v1/racks/{id}:allocate), or end the other placement first."),
    _("End its present placement first."),
    _("Units count from 1 to the rack's height."),
    _("Take a free management address."),
    _("Remove the other link first: an interface has one."),
    _("Name the interface at the other end."),
    _("Edit the one that exists."),
    _("Take another number."),
    _("Ask a container for the next free prefix (POST /api/v1/prefixes/{id}:allocate)."),
    _("Ask its prefix for the next free address (POST /api/v1/prefixes/{id}:allocate)."),
    _("Name the prefix it lies in."),
    _("Ask the group for the next free id (POST /api/v1/vlan-groups/{id}:allocate)."),
    _("Take an id of the group's range."),
    _("Ask its range for the next free number."),
    _("Ranges stand apart."),
    _("Give 'role' with scope role, 'site' with scope site, 'device' with scope device."),
    _("Plan again."),
    _("Edit it, or choose another code."),
    _("Name another corner."),
    _("Choose another code, or edit the one that exists."),
    _("Name the node at its other end."),
    _("Turn the path around if it runs from b to a; correct the path or the node's place otherwise."),
    _("Give the length in metres along the duct, or correct the nodes' places."),
    _("Give the length of the cable in metres, as its sheath is marked, or correct the nodes' places."),
    _("Count from the cable's a; move the others first."),
    _("Name every duct on the way; one that is walked from its b to its a is reversed."),
    _("Strands come with their cable."),
    _("Trays count from 1."),
    _("Name the strand that it is spliced to."),
    _("Name the other side of the strand, or a closure at the node where this end of the cable is."),
    _("Trace the strand to see where it goes: irisplane fibre trace."),
    _("Trace the strand to see what is at its end (irisplane fibre trace), and undo that first."),
    _("Edit the port that exists."),
    _("Ports count from 1."),
    _("Say which end of the strand it is: side a or b."),
    _("Name the other side of the strand, or say of which site the cable's node is."),
    _("Unplug it there first."),
    _("A port's front takes one interface or one patch cord; unplug that first."),
    _("Name the other port."),
    _("Give both in dBm."),
    _("Take a free strand, or end the other hold first."),
    _("Take a free strand, or end the hold first."),
    _("A link rides on one circuit."),
    _("Name one of them."),
    _("Count on from the last."),
    _("Take a free strand."),
)
"""What to do next."""
