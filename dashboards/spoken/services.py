"""What services of tenants say: their plans, what packets did, what was wrong with an order."""

from __future__ import annotations

from typing import Final

from dashboards.terms import mark as _

__all__ = ["ERRORS", "HINTS", "NOTES", "ORDERS", "SEEN", "SUMMARIES", "UNDO"]

SUMMARIES: Final = (
    _("Order the L3VPN %(name)s for %(tenant)s on %(count)s routers"),
    _("Order the internet access %(name)s for %(tenant)s on %(count)s routers"),
    _("Order the E-Line %(name)s for %(tenant)s on %(count)s routers"),
    _("Ask the region for the L3VPN %(name)s"),
    _("Ask the region for the E-Line %(name)s"),
    _("Ask the region for the internet access %(name)s"),
    _("Bring the service %(name)s back on %(count)s routers"),
    _("Remove the service %(name)s from %(count)s routers"),
)
"""What their plans are called."""

UNDO: Final = (
    _("The service is removed: its lines, its numbers, and nothing of another service."),
    _("The region's order is cancelled while it waits."),
    _("It is removed again."),
    _("The service comes back with the same numbers, as long as nobody else took them."),
)
"""How they are taken back."""

NOTES: Final = (
    _("takes the tunnel number %(count)s"),
    _(
        "takes the table number %(count)s (VRF %(name)s, route target %(target)s, distinguisher %(place)s)"
        " and the tunnel number %(count_2)s (VNI)"
    ),
    _("each of its ports is held to %(count)s Mbit/s, in both directions"),
    _("reaches the internet over %(names)s"),
    _("its table holds %(names)s and the way out, nothing of others; nothing else is sent or let in"),
    _("no bandwidth is ordered: its ports are held to no rate"),
    _("%(name)s – %(other)s: its two ways share the ducts %(names)s"),
    _("%(name)s – %(other)s: its two ways share the buildings or manholes %(names)s"),
    _("%(name)s – %(other)s: its two ways share the power feeds %(names)s"),
    _("%(name)s – %(other)s: its two ways share no duct, no building or manhole, no power feed"),
    _("%(name)s – %(other)s: the plant knows no ducts of %(names)s; what they share with others is not known"),
    _("%(name)s – %(other)s: one way"),
    _("%(name)s – %(other)s: two ways"),
    _("%(name)s – %(other)s: two ways, of which some ducts, buildings or power are common or not known"),
    _("%(name)s – %(other)s: two ways with nothing in common"),
    _("gives back the tunnel number %(count)s"),
    _("gives back the tunnel number %(count)s and the table number %(count_2)s"),
    _("%(name)s – %(other)s: over %(names)s; else over %(names_else)s"),
    _("%(name)s – %(other)s: over %(names)s; no second way"),
    _("%(name)s – %(other)s: over %(names)s (strands %(names_lit)s); else over %(names_else)s"),
    _("%(name)s – %(other)s: over %(names)s (strands %(names_lit)s); no second way"),
)
"""Numbers and ways, as a plan tells them."""

ORDERS: Final = (
    _("write the gateway's address with its length, e.g. 10.20.1.1/24"),
    _("%(address)s leaves no address for the customer"),
    _("%(address)s is the network's own or its broadcast address; take one between"),
    _("a probe needs the address of its gateway"),
    _("the probe %(address)s is not in %(network)s"),
    _("%(device)s:%(port)s is named twice"),
    _("it needs two ends at least: one alone has nobody to reach"),
    _("%(address)s at %(name)s: internet access is offered with IPv4 addresses"),
    _("an E-Line has two ends, on two devices; for more, order an L3VPN"),
    _("an E-Line carries frames: its ends have no address of ours"),
    _("the end %(device)s:%(port)s needs its gateway's address, e.g. 10.20.1.1/24"),
    _("%(address)s at %(name)s and %(address_2)s at %(name_2)s overlap: give each its own"),
    _("'%(what)s' is no port of a device."),
)
"""What does not fit together in an order."""

SEEN: Final = (
    _("The region's order is made; network leads approve it."),
    _("The region has the order."),
    _("No order was made."),
    _("Nothing of it is left."),
    _("%(name)s: its driver cannot ping from a table; no packets were sent"),
    _("%(name)s: nobody could ask for packets: %(said)s"),
    _("%(name)s: %(address)s does not answer in %(table)s"),
    _("%(name)s: %(address)s of another service answers in %(table)s"),
    _("%(name)s: %(count)s of %(all)s members answer in %(table)s"),
    _("%(name)s: %(count)s of %(all)s members answer in %(table)s, %(others)s of other services do not"),
)
"""What packets did."""

ERRORS: Final = (
    _("%(name)s carries the %(what)s: adopting what runs would take its lines from it."),
    _("There is a service '%(name)s' already."),
    _("The region does not ask itself for a service."),
    _("You have no site '%(name)s'."),
    _("The network has no free port at %(name)s."),
    _("The network cannot carry it between these sites as safely as that."),
    _("No engineer of the region has approved it."),
    _("The service is in force by now."),
    _("The service '%(name)s' has taken what '%(other)s' had: its code, a number, a port or an address."),
    _("The region's configuration context names no exit to the internet."),
    _("The region's configuration context has %(name)s: %(said)s."),
    _("%(network)s is not within the region's own addresses, %(names)s."),
    _("The exit %(name)s:%(port)s %(rest)s."),
    _("%(name)s:%(port)s is an exit to the internet, so no customer can be attached there."),
    _("%(network)s is in use on the internet already, or promised."),
    _("%(name)s %(rest)s, so it can carry no service."),
    _("%(name)s has no port '%(port)s'."),
    _("The port %(name)s:%(port)s carries the service '%(other)s'."),
    _("%(name)s:%(port)s %(rest)s, so no customer can be attached there."),
    _("There are no templates of services for '%(platform)s'."),
    _("The port '%(port)s' has %(count)s characters; a service needs two of Linux's 15 itself."),
    _("The pool '%(name)s' (%(low)s to %(high)s) has no free number left."),
    _("%(name)s is an E-Line: the devices pass its frames on and have no address in it."),
    _("No link leads from %(name)s to %(other)s."),
    _("Every two ways from %(name)s to %(other)s share a device, so the service cannot be %(what)s."),
    _("Every two ways from %(name)s to %(other)s share a link, so the service cannot be %(what)s."),
)
"""What is wrong."""

HINTS: Final = (
    _("Bring the device to its intent with 'irisplane config push', or remove its services first."),
    _("Give it another code, or remove that one first."),
    _("Order it anew: it then gets numbers that are free."),
    _("Set 'bgp: {evpn: true}' in the region's configuration context and push it, or take another device."),
    _("'irisplane device list' shows them."),
    _("'irisplane device show %(name)s' lists its ports."),
    _("Name prefixes and exits under 'internet' in the region's configuration context."),
    _("Ask the region for addresses of its own."),
    _("Order it: 'irisplane service order'."),
    _("Name sites of your own administration."),
    _("Ask the region to connect the site, or to give it another port."),
    _("Ask for less protection, or ask the region what another way would take."),
    _("Ask for it anew."),
    _("Ask the region to remove it."),
    _("Take other addresses."),
    _("Take another port, or remove that service first."),
    _("Take a port that nothing else is attached to."),
    _("Name it with %(count)s characters at most."),
    _("Remove a service that nobody uses, or reject an order that waits."),
    _("'irisplane service list' lists them."),
    _("Write the device and its port, ac01:port1."),
    _("Let the hosts at its ends ping each other; in the lab 'irisplane lab customer'."),
    _("Enter the links between them first."),
    _("Order it with less protection, or lay another link."),
    _("Take another port or device, or order less protection."),
)
"""The way out."""
