"""What a device cannot do is told while a change is planned: nobody approves what its driver would refuse later."""

from __future__ import annotations

from network.changes.running import Running
from network.errors import NotOffered
from network.fleet import Access

__all__ = ["ACCEPT", "must_be_offered"]

ACCEPT = "accept"


def must_be_offered(reach: Access, running: Running) -> tuple[str, ...]:
    """What a person should know of a device's commits before saying yes; nothing where the device has a timer itself.

    Raises:
        NotOffered: the driver takes no whole configuration, or the device has no timed commit and nobody accepted that.
    """
    if not running.takes_whole:
        raise NotOffered(
            f"{reach.name} ({reach.platform}) can only be told lines, not a whole configuration.",
            hint="Leave it out of the selection.",
            device=reach.name,
        )
    if running.timed_commit != "none":
        return ()
    if dict(reach.options).get("untimed") != ACCEPT:
        raise NotOffered(
            f"{reach.name} ({reach.platform}) has no commit with a timer: what cuts it off stays cut off.",
            hint="To change it nevertheless, put 'driver: {untimed: accept}' into its configuration context;"
            " or leave it out of the selection.",
            device=reach.name,
        )
    return ("timed commit: none; if this cuts it off, somebody has to go there",)
