"""What every driver that changes a device's configuration can do: :class:`ConfigDriver`.

A commit goes ``prepare → commit → confirm``; until it is confirmed a timer **on the device** takes it back, whatever
happens to us. Every verb that alters carries a :class:`Mark`; asked twice with the same mark it does its work once, and
a device refuses marks of an older epoch than it has seen. So a run that died can ask :meth:`ConfigDriver.status` and go
on, and a worker that was frozen and replaced can do no harm.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

__all__ = [
    "Candidate",
    "ConfigDriver",
    "Facts",
    "Mark",
    "MarkState",
    "MarkStatus",
    "Prepared",
    "SyntaxChecking",
    "Target",
    "Timeouts",
]

MarkState = Literal["none", "prepared", "committed-pending", "confirmed", "reverted", "stuck"]
"""How far a mark came on a device. ``stuck``: taking it back left a difference; a person must look."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds until a silent device is called hanging, for each stage of talking to it."""

    connect: float = 5.0
    banner: float = 5.0
    log_in: float = 10.0
    command: float = 30.0


@dataclass(frozen=True, slots=True)
class Target:
    """A device and how to reach it.

    Attributes:
        name: what people call it; stands in errors.
        host_keys: the public host keys enrolled for it, as in a ``known_hosts`` file without the name
            (``ssh-ed25519 AAAA…``). Any other key is refused.
        password: never shown.
        private_key: an OpenSSH private key, used when there is no password; never shown.
    """

    name: str
    host: str
    username: str
    password: str | None = field(default=None, repr=False)
    private_key: str | None = field(default=None, repr=False)
    host_keys: tuple[str, ...] = ()
    port: int = 22
    timeouts: Timeouts = Timeouts()
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Mark:
    """Whose command this is: the change, its step, and the epoch of the lease under which it runs.

    Change and step name the work; the epoch only orders workers: it grows with each take-over.
    """

    change_id: str
    step_id: str
    epoch: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """A configuration to bring the device to: the whole of it (``replace``), or lines to type in (``merge``)."""

    text: str = field(repr=False)
    mode: Literal["replace", "merge"] = "replace"


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a commit would do.

    Attributes:
        diff: the semantic difference for people, secrets redacted; empty when there is nothing to do.
        reverse: a whole configuration that, as a ``replace`` candidate, takes the change back.
        base: fingerprint of the running configuration that the candidate was compared with.
        wanted: fingerprint that the device will have after the commit.
        commands: how many lines the device will be told.
    """

    diff: str
    reverse: str = field(repr=False)
    base: str
    wanted: str
    commands: int

    @property
    def nothing_to_do(self) -> bool:
        """Whether the device is already as the candidate wants it."""
        return self.base == self.wanted


@dataclass(frozen=True, slots=True)
class MarkStatus:
    """How far a mark came on the device.

    Attributes:
        remaining: seconds until the device takes an unconfirmed commit back; ``None`` unless one is pending.
        reason: why it was reverted: ``timer``, ``rollback``, ``restart``, ``discarded`` or ``not exact``.
        epoch: the highest epoch that the device has seen.
    """

    state: MarkState
    remaining: float | None = None
    reason: str = ""
    epoch: int = 0


@dataclass(frozen=True, slots=True)
class Facts:
    """What a device says of itself. ``uptime`` in seconds."""

    hostname: str
    vendor: str
    model: str
    os_version: str
    serial_number: str
    uptime: float
    interfaces: tuple[str, ...]


@runtime_checkable
class ConfigDriver(Protocol):
    """A device whose configuration can be read, compared, changed for a time, and confirmed.

    Errors are those of ``network.errors``; each verb says what it adds. Every verb may also raise
    ``DeviceHangs`` or ``SessionLost``: then only :meth:`status`, after a new :meth:`open`, knows how far it came.
    """

    def open(self) -> None:
        """Connect and log in. Opening an open driver does nothing.

        Raises:
            DeviceUnreachable, DeviceHangs, AuthenticationRefused, HostKeyUnknown, HostKeyChanged
        """

    def close(self) -> None:
        """Hang up. Never raises; what is pending on the device stays pending."""

    def facts(self) -> Facts:
        """What the device says of itself."""

    def running(self) -> str:
        """The running configuration, normalised: equal to the normalised intent when the device follows it.

        Secrets are in it as the device shows them: redact before it leaves for people.
        """

    def fingerprint(self) -> str:
        """A hash of the running configuration that differs when, and only when, :meth:`running` does."""

    def prepare(self, candidate: Candidate, mark: Mark, *, base: str | None = None) -> Prepared:
        """Load a candidate; the device checks its syntax. Nothing is altered.

        Args:
            base: the fingerprint the plan was made for; ``None`` to take what is found.
        Raises:
            SyntaxRefused, FencedOut, DeviceBusy, BaseMoved, AlreadyConfirmed, CandidateTooLarge
        """

    def commit(self, mark: Mark, revert_in: int) -> MarkStatus:
        """Bring the device to the prepared candidate, with a timer on the device that takes it back.

        Asked again while it is pending, it answers how long the timer still runs, and does not wind it up again.

        Args:
            revert_in: seconds, 1 to 3600.
        Raises:
            NotPrepared, FencedOut, DeviceBusy, BaseMoved, CommitRolledBack, DeviceStuck
        """

    def status(self, mark: Mark) -> MarkStatus:
        """How far this mark came."""

    def confirm(self, mark: Mark) -> MarkStatus:
        """Stop the timer and save: from here the device boots with the candidate.

        Raises:
            ConfirmRefused: the timer ran out, or it was rolled back.
            FencedOut
        """

    def rollback(self, mark: Mark) -> MarkStatus:
        """Take an unconfirmed commit back now, or forget a prepared candidate.

        Raises:
            AlreadyConfirmed, FencedOut, DeviceStuck
        """


@runtime_checkable
class SyntaxChecking(Protocol):
    """A device that says what it thinks of lines before any are loaded."""

    def check(self, lines: str) -> None:
        """Ask whether the device's grammar takes these lines. Nothing is loaded, nothing stays pending.

        Raises:
            SyntaxRefused: ``line`` (1 is the first) and ``text``, redacted.
        """
