"""EOS, Junos, IOS-XR, NX-OS and IOS behind the ``ConfigDriver`` protocol, through NAPALM.

None of this has met its equipment: it is tested against a transcript server only (see the README). Where a platform
has no commit with a timer, none is pretended: ``timed_commit`` says so, and a commit is refused unless the target's
option ``untimed`` is ``accept``.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Literal

from network.drivers.credentials import CredentialFiles
from network.drivers.marks import Held, Marks
from network.drivers.protocol import Candidate, Facts, Mark, MarkStatus, Prepared, Target
from network.drivers.vendor_errors import in_our_words, tell_why
from network.errors import AlreadyConfirmed, BaseMoved, ConfirmRefused, NetworkError, NotOffered, NotPrepared
from network.expectations import Observations
from network.redact import redact
from network.render.normalise import normalise

__all__ = ["PLATFORMS", "NapalmConfigDriver", "Platform", "eos", "ios", "iosxr", "junos", "nxos"]

TimedCommit = Literal["native", "emulated", "none"]


@dataclass(frozen=True, slots=True)
class Platform:
    """What NAPALM offers for a platform.

    Attributes:
        name: ours.
        napalm: the name of NAPALM's driver.
        timed_commit: whether the device itself takes an unconfirmed commit back.
        granularity: seconds of which a timer must be a multiple; we round up.
        options: given to NAPALM's driver.
    """

    name: str
    napalm: str
    timed_commit: TimedCommit
    granularity: int = 1
    options: tuple[tuple[str, object], ...] = ()


PLATFORMS: Final[Mapping[str, Platform]] = {
    platform.name: platform
    for platform in (
        Platform("eos", "eos", "native", options=(("transport", "ssh"),)),
        Platform("junos", "junos", "native", granularity=60),
        Platform("ios", "ios", "native", granularity=60),
        Platform("iosxr", "iosxr_netconf", "none"),
        Platform("nxos", "nxos_ssh", "none"),
    )
}
_MARKS = Marks()


def eos(target: Target) -> NapalmConfigDriver:
    """A driver for Arista EOS, over SSH."""
    return NapalmConfigDriver(target, PLATFORMS["eos"])


def junos(target: Target) -> NapalmConfigDriver:
    """A driver for Juniper Junos, over NETCONF."""
    return NapalmConfigDriver(target, PLATFORMS["junos"])


def ios(target: Target) -> NapalmConfigDriver:
    """A driver for Cisco IOS and IOS-XE, over SSH; timers need the ``archive`` feature on the device."""
    return NapalmConfigDriver(target, PLATFORMS["ios"])


def iosxr(target: Target) -> NapalmConfigDriver:
    """A driver for Cisco IOS-XR, over NETCONF."""
    return NapalmConfigDriver(target, PLATFORMS["iosxr"])


def nxos(target: Target) -> NapalmConfigDriver:
    """A driver for Cisco NX-OS, over SSH."""
    return NapalmConfigDriver(target, PLATFORMS["nxos"])


def _strict_and_impatient(device: Any, target: Target) -> None:
    """What NAPALM has no option for: PyEZ checks host keys, and does not wait half a minute for a silent device."""
    device._hostkey_verify = True  # noqa: SLF001 - PyEZ takes it in its constructor, which NAPALM calls
    device._conn_open_timeout = target.timeouts.log_in  # noqa: SLF001 - as above


class NapalmConfigDriver:
    """One device of a platform that NAPALM speaks to."""

    def __init__(self, target: Target, platform: Platform) -> None:
        self.target = target
        self.platform = platform
        self._device: Any = None  # napalm.base.NetworkDriver: publishes no types
        self._files: CredentialFiles | None = None

    @property
    def timed_commit(self) -> TimedCommit:
        """Whether an unconfirmed commit undoes itself on the device."""
        return self.platform.timed_commit

    @property
    def alive(self) -> bool:
        """Whether the connection stands, as far as this end knows."""
        return self._device is not None

    # ----------------------------------------------------------------------------------------------------- connection
    def open(self) -> None:
        """See :meth:`ConfigDriver.open`."""
        if self._device is not None:
            return
        from napalm import get_network_driver

        files = CredentialFiles(self.target)
        kind = get_network_driver(self.platform.napalm)
        device = kind(
            hostname=self.target.host,
            username=self.target.username,
            password=self.target.password or "",
            timeout=int(self.target.timeouts.command),
            optional_args=self._options(files),
        )
        if self.platform.name == "junos":
            _strict_and_impatient(device.device, self.target)
        try:
            with in_our_words(self.target, self.platform.name, "open"):
                device.open()
        except NetworkError:
            files.remove()
            tell_why(self.target)
            raise
        self._device, self._files = device, files

    def _options(self, files: CredentialFiles) -> dict[str, object]:
        options: dict[str, object] = {"port": self.target.port, **dict(self.platform.options)}
        if self.platform.name in ("junos", "iosxr"):
            options["ssh_config_file"] = str(files.ssh_config)
        else:
            options |= {"ssh_strict": True, "alt_host_keys": True, "alt_key_file": str(files.known_hosts)}
            options["conn_timeout"] = self.target.timeouts.connect
        if files.private_key is not None:
            options["key_file"] = str(files.private_key)
            options["use_keys"] = True
        return options

    def close(self) -> None:
        """See :meth:`ConfigDriver.close`."""
        device, self._device = self._device, None
        if device is not None:
            with suppress(Exception):  # hanging up on a dead connection
                device.close()
        if self._files is not None:
            self._files.remove()
            self._files = None

    def _doing(self, what: str) -> Any:
        self.open()
        return in_our_words(self.target, self.platform.name, what)

    # -------------------------------------------------------------------------------------------------------- reading
    def facts(self) -> Facts:
        """See :meth:`ConfigDriver.facts`."""
        with self._doing("facts"):
            said = self._device.get_facts()
        return Facts(
            hostname=str(said["hostname"]),
            vendor=str(said["vendor"]),
            model=str(said["model"]),
            os_version=str(said["os_version"]),
            serial_number=str(said["serial_number"]),
            uptime=float(said["uptime"]),
            interfaces=tuple(str(name) for name in said["interface_list"]),
        )

    def running(self) -> str:
        """See :meth:`ConfigDriver.running`."""
        with self._doing("read the running configuration"):
            return normalise(str(self._device.get_config(retrieve="running")["running"]), self.platform.name)

    def fingerprint(self) -> str:
        """See :meth:`ConfigDriver.fingerprint`."""
        return hashlib.sha256(self.running().encode()).hexdigest()

    def observe(self) -> Observations:
        """What NAPALM's getters see: interfaces and BGP sessions; adjacencies and routes are not looked at."""
        with self._doing("look"):
            interfaces = self._device.get_interfaces()
            neighbors = self._device.get_bgp_neighbors()
        sessions = {
            str(peer): bool(entry["is_up"]) for table in neighbors.values() for peer, entry in table["peers"].items()
        }
        return Observations(bgp=sessions, interfaces={str(n): bool(e["is_up"]) for n, e in interfaces.items()})

    # ------------------------------------------------------------------------------------------------------- altering
    def prepare(self, candidate: Candidate, mark: Mark, *, base: str | None = None) -> Prepared:
        """See :meth:`ConfigDriver.prepare`. The candidate is loaded, compared and discarded: no lock is left."""
        _MARKS.admit(self.target, mark)
        running = self.running()
        found = hashlib.sha256(running.encode()).hexdigest()
        if base is not None and base != found:
            raise BaseMoved(f"{self.target.name} changed since it was planned.", device=self.target.name)
        with self._doing("load the candidate"):
            self._load(candidate)
            try:
                diff = str(self._device.compare_config())
                wanted = self._wanted(diff, candidate, found)
            finally:
                self._device.discard_config()
        prepared = Prepared(
            diff=redact(diff, self.platform.name),
            reverse=running,
            base=found,
            wanted=wanted,
            commands=sum(line[:1] in "+-" for line in diff.splitlines()),
        )
        held = _MARKS.find(self.target, mark)
        if held is None or held.state != "committed-pending":
            _MARKS.keep(self.target, mark, Held(candidate, prepared))
        return prepared

    def _load(self, candidate: Candidate) -> None:
        if candidate.mode == "replace":
            self._device.load_replace_candidate(config=candidate.text)
        else:
            self._device.load_merge_candidate(config=candidate.text)

    def _wanted(self, diff: str, candidate: Candidate, base: str) -> str:
        """The fingerprint to expect: of the device's own candidate where it shows one."""
        if not diff.strip():
            return base
        text = ""
        if self.platform.name in ("junos", "iosxr"):
            text = str(self._device.get_config(retrieve="candidate")["candidate"])
        return hashlib.sha256(normalise(text or candidate.text, self.platform.name).encode()).hexdigest()

    def commit(self, mark: Mark, revert_in: int) -> MarkStatus:
        """See :meth:`ConfigDriver.commit`.

        Raises:
            NotOffered: the platform has no timed commit, and the target's option ``untimed`` is not ``accept``.
        """
        _MARKS.admit(self.target, mark)
        held = _MARKS.get(self.target, mark)
        if held.state in ("committed-pending", "confirmed"):
            return self.status(mark)
        if held.state == "reverted":
            raise NotPrepared(f"What was prepared on {self.target.name} was taken back.", device=self.target.name)
        native = self.platform.timed_commit == "native"
        if not native and self.target.options.get("untimed") != "accept":
            raise NotOffered(
                f"{self.target.name} ({self.platform.name}) has no commit with a timer.",
                hint="Put 'driver: {untimed: accept}' into the device's context to commit there without one.",
                device=self.target.name,
            )
        if self.fingerprint() != held.prepared.base:
            raise BaseMoved(f"{self.target.name} changed since it was prepared.", device=self.target.name)
        step = self.platform.granularity
        seconds = -(-revert_in // step) * step
        with self._doing("commit"):
            self._load(held.candidate)
            self._device.commit_config(**({"revert_in": seconds} if native else {}))
        held.state, held.deadline = "committed-pending", time.monotonic() + seconds if native else None
        return self.status(mark)

    def status(self, mark: Mark) -> MarkStatus:
        """See :meth:`ConfigDriver.status`; the device is asked whether a timed commit is pending."""
        held = _MARKS.find(self.target, mark)
        if held is not None and held.state == "committed-pending" and self.platform.timed_commit == "native":
            with self._doing("ask for pending commits"):
                if not self._device.has_pending_commit():
                    held.state, held.reason, held.deadline = "reverted", "timer", None
        return _MARKS.status(self.target, mark)

    def confirm(self, mark: Mark) -> MarkStatus:
        """See :meth:`ConfigDriver.confirm`."""
        _MARKS.admit(self.target, mark)
        held = _MARKS.get(self.target, mark)
        status = self.status(mark)
        if status.state == "confirmed":
            return status
        if status.state != "committed-pending":
            raise ConfirmRefused(f"{self.target.name} took the commit back ({status.reason}).", device=self.target.name)
        if self.platform.timed_commit == "native":
            with self._doing("confirm"):
                self._device.confirm_commit()
        held.state, held.deadline = "confirmed", None
        return self.status(mark)

    def rollback(self, mark: Mark) -> MarkStatus:
        """See :meth:`ConfigDriver.rollback`."""
        _MARKS.admit(self.target, mark)
        held = _MARKS.find(self.target, mark)
        if held is None:
            return _MARKS.status(self.target, mark)
        if held.state == "confirmed":
            raise AlreadyConfirmed(f"The commit is confirmed on {self.target.name}.", device=self.target.name)
        if self.status(mark).state == "committed-pending":
            with self._doing("roll back"):
                self._device.rollback()
            held.reason = "rollback"
        elif held.state == "prepared":
            held.reason = "discarded"
        held.state, held.deadline = "reverted", None
        return _MARKS.status(self.target, mark)
