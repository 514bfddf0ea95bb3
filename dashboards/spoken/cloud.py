"""What the cloud says of what stands in it, and what differs there."""

from __future__ import annotations

from typing import Final

from dashboards.terms import mark as _

__all__ = ["CHAIN", "DOING", "FAULTS", "FOUND"]

FAULTS: Final = (
    _("No host of the cloud has room for a server of this size. Choose a smaller plan, or ask the region for room."),
    _("The cloud tried several hosts and none could start the server. Order again, or ask the region."),
    _("The image is no longer there. Choose another one."),
    _("The cloud's own quota of the project is used up, though ours had room: ask the region for help."),
    _("The cloud could not connect the server to its network. Order again, or ask the region."),
    _("The network has no free address left."),
    _("The project has no SSH key of this name."),
    _("The project has no security group of this name."),
)
"""What the cloud says of a server that does not stand."""

FOUND: Final = (
    _("Irisplane's account in the project was deleted."),
    _("Irisplane's account in the project is disabled."),
    _("Irisplane's account lost its role %(name)s."),
    _("The cloud's quota %(name)s is %(count)s; %(granted)s is granted."),
    _("The network of %(name)s was deleted."),
    _("The router of %(name)s was deleted."),
    _("The project was deleted in the cloud."),
    _("It is called %(name)s there."),
    _("The project is disabled in the cloud."),
)
"""What differs in the cloud from what was ordered."""

CHAIN: Final = (
    _("entry %(count)s taken out of the chain"),
    _("entries %(count)s to %(count_last)s taken out of the chain"),
    _("the chain was rewritten at or before this entry: it is not what was signed at %(when)s"),
    _("the tail was cut off: entry %(count)s was signed at %(when)s, the last is %(last)s"),
    _("the entry was deleted"),
    _("the entry or its link was altered"),
    _("%(count)s row images were recorded, %(there)s are there"),
    _("a row image was altered"),
    _("row images were added to an entry that has none"),
    _("A backup was restored at %(when)s: the chain went on after entry %(count)s."),
    _(
        "A backup was restored at %(when)s: the chain went on after entry %(count)s, entries %(from)s to %(last)s "
        "had been signed before and were not in it."
    ),
    _("the entry is outside the chain: its link was removed, or it was slipped in"),
    _("checkpoint line %(count)s (entry %(entry)s) was not signed by a key of ours"),
    _("a line before checkpoint line %(count)s (entry %(entry)s) was altered or taken out"),
    _("%(count)s entries wait for their number."),
)
"""What verifying the journal finds."""

DOING: Final = (
    _("Attaching the volume"),
    _("Detaching the volume"),
    _("Deleting the volume"),
    _("Deleting the snapshot"),
    _("Deleting the image"),
    _("Deleting the server"),
    _("Detaching the network"),
    _("Bringing the volume back to its snapshot"),
    _("Keeping the disk"),
    _("Looking at the network"),
    _("Looking at the project"),
    _("Looking at the server"),
    _("Looking at all servers"),
    _("Looking for the server"),
    _("Looking for the image"),
    _("Looking for the network"),
    _("Looking for the floating address"),
    _("Making the server"),
    _("Reading the console"),
    _("Rebuilding the server"),
    _("Renaming the server"),
    _("Resizing the server"),
    _("Ordering the floating address"),
)
"""What was asked of the cloud when it did not answer as hoped."""
