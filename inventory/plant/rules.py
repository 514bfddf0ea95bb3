"""The rules of the fibre plant that its tables keep, in words: the entries of ``inventory.errors`` for it."""

from __future__ import annotations

from typing import Final, Literal

__all__ = ["MEASURED", "RULES", "TABLES"]

_ANOTHER_CODE: Final = "Choose another code, or edit the one that exists."

RULES: Final[dict[str, tuple[Literal["taken", "broken"], str, str, str]]] = {
    "power_feed_code_once": ("taken", "A power feed of this code exists.", "/code", _ANOTHER_CODE),
    "plant_node_code_once": ("taken", "A node of this code exists.", "/code", _ANOTHER_CODE),
    "site_feed_once": ("taken", "The site hangs on this feed already.", "/feed", "There is nothing to do."),
    "duct_code_once": ("taken", "A duct of this code exists.", "/code", _ANOTHER_CODE),
    "duct_two_nodes": ("broken", "A duct joins two different nodes.", "/b_node", "Name the node at its other end."),
    "duct_reaches_its_nodes": (
        "broken",
        "A duct's path begins at its a and ends at its b, within 50 m.",
        "/path",
        "Turn the path around if it runs from b to a; correct the path or the node's place otherwise.",
    ),
    "duct_long_enough": (
        "broken",
        "A duct is no shorter than the straight line between its nodes.",
        "/length_m",
        "Give the length in metres along the duct, or correct the nodes' places.",
    ),
    "cable_code_once": ("taken", "A cable of this code exists.", "/code", _ANOTHER_CODE),
    "cable_long_enough": (
        "broken",
        "A cable is no shorter than the straight line between its ends.",
        "/length_m",
        "Give the length of the cable in metres, as its sheath is marked, or correct the nodes' places.",
    ),
    "cable_duct_position_once": (
        "taken",
        "Another duct stands at this position of the cable.",
        "/position",
        "Count from the cable's a; move the others first.",
    ),
    "cable_ducts_follow": (
        "broken",
        "A cable's ducts follow on each other from its a to its b, in positions that count from 1.",
        "/position",
        "Name every duct on the way; one that is walked from its b to its a is reversed.",
    ),
    "strand_number_once": ("taken", "The cable has this strand.", "/number", "Strands come with their cable."),
    "closure_code_once": ("taken", "A closure of this code exists.", "/code", _ANOTHER_CODE),
    "splice_tray_exists": ("broken", "The closure has no such tray.", "/tray", "Trays count from 1."),
    "splice_two_strands": (
        "broken",
        "A splice joins two different strands.",
        "/b_strand",
        "Name the strand that it is spliced to.",
    ),
    "splice_at_its_closure": (
        "broken",
        "A strand is spliced where its cable's end is.",
        "/a_strand",
        "Name the other side of the strand, or a closure at the node where this end of the cable is.",
    ),
    "splice_chain_ends": (
        "broken",
        "A chain of splices and patch cords leads somewhere: it may not come back to itself.",
        "/b_strand",
        "Trace the strand to see where it goes: irisplane fibre trace.",
    ),
    "strand_end_once": (
        "taken",
        "One of the strand ends is spliced or terminated already.",
        "/a_strand",
        "Trace the strand to see what is at its end (irisplane fibre trace), and undo that first.",
    ),
    "panel_code_once": ("taken", "A panel of this code exists.", "/code", _ANOTHER_CODE),
    "panel_port_once": ("taken", "The port is in use.", "/number", "Edit the port that exists."),
    "panel_port_exists": ("broken", "The panel has no such port.", "/number", "Ports count from 1."),
    "panel_port_side_of_strand": (
        "broken",
        "A port's back takes a strand and the side of it: both or neither.",
        "/side",
        "Say which end of the strand it is: side a or b.",
    ),
    "panel_port_at_its_strand": (
        "broken",
        "A strand is terminated at the site where its cable's end is.",
        "/strand",
        "Name the other side of the strand, or say of which site the cable's node is.",
    ),
    "panel_port_interface_once": (
        "taken",
        "The interface is plugged into another port.",
        "/interface",
        "Unplug it there first.",
    ),
    "port_front_once": (
        "taken",
        "The front of one of the ports is in use.",
        "/a_port",
        "A port's front takes one interface or one patch cord; unplug that first.",
    ),
    "patch_cord_code_once": ("taken", "A patch cord of this code exists.", "/code", _ANOTHER_CODE),
    "patch_cord_two_ports": ("broken", "A patch cord joins two different ports.", "/b_port", "Name the other port."),
    "transceiver_once": ("taken", "The interface has its transceiver.", "/interface", "Edit the one that exists."),
    "transceiver_range": (
        "broken",
        "A receiver is overloaded at a higher power than the weakest it can hear.",
        "/rx_overload_dbm",
        "Give both in dBm.",
    ),
    "strand_hold_once": (
        "taken",
        "The strand is held by somebody at that time.",
        "/strand",
        "Take a free strand, or end the other hold first.",
    ),
    "strand_held_by_another": (
        "taken",
        "The strand is held for another tenant at that time.",
        "/strand",
        "Take a free strand, or end the hold first.",
    ),
    "circuit_code_once": ("taken", "A circuit of this code exists.", "/code", _ANOTHER_CODE),
    "circuit_link_once": ("taken", "Another circuit carries this link.", "/link", "A link rides on one circuit."),
    "circuit_ends": (
        "broken",
        "An end of a circuit is an interface or a panel's port, not both.",
        "/a_port",
        "Name one of them.",
    ),
    "circuit_strand_position_once": (
        "taken",
        "The circuit has another strand at this position at that time.",
        "/position",
        "Count on from the last.",
    ),
    "strand_lit_once": ("taken", "Another circuit lights the strand at that time.", "/strand", "Take a free strand."),
}
"""By constraint: taken or broken, what is so, the field, the way out."""

MEASURED: Final = frozenset(
    (
        "cable_ducts_follow",
        "cable_long_enough",
        "duct_long_enough",
        "duct_reaches_its_nodes",
        "panel_port_at_its_strand",
        "splice_at_its_closure",
        "splice_chain_ends",
        "strand_end_once",
        "strand_held_by_another",
        "strand_hold_once",
        "strand_lit_once",
    )
)
"""Rules whose triggers say which row, who has it or by how much, in our words: who writes the plant sees all of it."""

TABLES: Final = (
    "cable",
    "cable_duct",
    "circuit",
    "circuit_strand",
    "closure",
    "duct",
    "panel",
    "panel_port",
    "patch_cord",
    "plant_node",
    "power_feed",
    "site_feed",
    "splice",
    "strand",
    "strand_hold",
    "transceiver",
)
