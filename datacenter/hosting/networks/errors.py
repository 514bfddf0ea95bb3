"""What networks, security groups, floating addresses and SSH keys refuse. Volumes share what both need.

::

    InvalidInput
    ├── KeyRefused           HST-140  this public key is not taken
    ├── RuleRefused          HST-142  this rule cannot be, or the set is too large
    └── RangeRefused         HST-144  this range cannot be a private network
    NotFound
    └── NoSuchThing          HST-141  no such volume, network, group, address or key, or not yours
    Conflict
    ├── StillUsed            HST-143  something uses it
    ├── NotReady             HST-146  its state does not allow it now
    ├── RangeTaken           HST-145  another network of the project has these addresses
    └── GoneForGood          HST-148  what was deleted cannot be had back
"""

from __future__ import annotations

from core.errors import Conflict, InvalidInput, NotFound

__all__ = [
    "GoneForGood",
    "KeyRefused",
    "NoSuchThing",
    "NotReady",
    "RangeRefused",
    "RangeTaken",
    "RuleRefused",
    "StillUsed",
]


class KeyRefused(InvalidInput):
    """This public key is not taken."""

    code = "HST-140"
    title = "SSH key refused"
    hint = "Send the one line of the .pub file that 'ssh-keygen -t ed25519' makes."


class NoSuchThing(NotFound):
    """No such volume, snapshot, network, security group, floating address or key, or not yours."""

    code = "HST-141"
    title = "Not found in this project"
    hint = "The lists show what is yours; names are looked for in the project of the order."


class RuleRefused(InvalidInput):
    """This rule of a security group cannot be, or there are too many."""

    code = "HST-142"
    title = "Rule refused"
    hint = "A rule has direction, protocol, ports for tcp, udp and sctp, and a remote range or 'group:NAME'."


class StillUsed(Conflict):
    """Something uses it."""

    code = "HST-143"
    title = "Still used"
    hint = "Give back what the sentence names first."


class RangeRefused(InvalidInput):
    """This range of addresses cannot be a private network."""

    code = "HST-144"
    title = "Range refused"
    hint = "Take a range inside 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16, from /16 to /28: 10.20.0.0/24."


class RangeTaken(Conflict):
    """Another network of the project has some of these addresses."""

    code = "HST-145"
    title = "Range taken"
    hint = "Take a range that no network of the project overlaps; 'irisplane network list' shows them."


class NotReady(Conflict):
    """Its state does not allow it now."""

    code = "HST-146"
    title = "Not in this state"
    hint = "Wait until what is under way has ended, or mend what its 'fault' names."


class GoneForGood(Conflict):
    """What was deleted in the cloud cannot be had back."""

    code = "HST-148"
    title = "Deleted for good"
    hint = "Order it again; what it held is lost unless there is a snapshot."
