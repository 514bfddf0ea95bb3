"""What a device runs and what its driver can do, read once for a plan."""

from __future__ import annotations

from dataclasses import dataclass

from network.drivers.protocol import ConfigDriver
from network.fleet import snapshot

__all__ = ["Running", "look_at"]


@dataclass(frozen=True, slots=True)
class Running:
    """What a device runs now.

    Attributes:
        text: normalised, raw; ``fingerprint``: the driver's, of it.
        software: which software, as far as it was told: what its grammar depends on.
        timed_commit: who takes an unconfirmed commit back: ``native`` (the device), ``emulated`` or ``none``.
        takes_whole: whether it can be given a whole configuration.
    """

    text: str
    fingerprint: str
    software: str = ""
    timed_commit: str = "native"
    takes_whole: bool = True


def look_at(driver: ConfigDriver) -> Running:
    """Read a device."""
    return Running(
        *snapshot(driver),
        software=str(getattr(driver, "software", "")),
        timed_commit=str(getattr(driver, "timed_commit", "native")),
        takes_whole=bool(getattr(driver, "takes_whole", True)),
    )
