"""Devices with a command line and nothing else: show, type lines, save, through netmiko.

There is no candidate, no difference made by the device and no timer; the driver says so. Only ``merge`` candidates are
taken, their preview is the list of lines, and a commit needs the target's option ``untimed`` to be ``accept``.
Tested against a transcript server only.
"""

from __future__ import annotations

import hashlib
import re
from contextlib import suppress
from typing import Any, Final, Literal

from network.drivers.credentials import CredentialFiles
from network.drivers.marks import Held, Marks
from network.drivers.protocol import Candidate, Facts, Mark, MarkStatus, Prepared, Target
from network.drivers.vendor_errors import in_our_words, tell_why
from network.errors import (
    AlreadyConfirmed,
    BaseMoved,
    DeviceStuck,
    NetworkError,
    NotOffered,
    NotPrepared,
    SyntaxRefused,
)
from network.redact import redact
from network.render.normalise import normalise

__all__ = ["NetmikoConfigDriver"]

_REFUSED: Final = r"%\s*(?:Invalid|Unknown|Incomplete|Ambiguous|Error|Bad)"
_MARKS = Marks()


class NetmikoConfigDriver:
    """A device that netmiko knows by the type in the target's option ``device_type`` (default ``cisco_ios``).

    ``grammar`` names the secret grammar and normal form; option ``running`` is the command that prints the whole
    configuration.
    """

    timed_commit: Literal["none"] = "none"
    takes_whole = False

    def __init__(self, target: Target) -> None:
        self.target = target
        self.grammar = target.options.get("grammar", "ios")
        self._device: Any = None  # netmiko.BaseConnection: its methods return unions of text and parsed tables
        self._files: CredentialFiles | None = None

    @property
    def alive(self) -> bool:
        """Whether the connection stands, as far as this end knows."""
        return self._device is not None

    def open(self) -> None:
        """See :meth:`ConfigDriver.open`."""
        if self._device is not None:
            return
        from netmiko import ConnectHandler

        files = CredentialFiles(self.target)
        try:
            with in_our_words(self.target, self.grammar, "open"):
                self._device = ConnectHandler(
                    device_type=self.target.options.get("device_type", "cisco_ios"),
                    host=self.target.host,
                    port=self.target.port,
                    username=self.target.username,
                    password=self.target.password or "",
                    use_keys=files.private_key is not None,
                    key_file=str(files.private_key) if files.private_key else None,
                    ssh_strict=True,
                    alt_host_keys=True,
                    alt_key_file=str(files.known_hosts),
                    conn_timeout=self.target.timeouts.connect,
                    auth_timeout=self.target.timeouts.log_in,
                    banner_timeout=self.target.timeouts.banner,
                    read_timeout_override=self.target.timeouts.command,
                )
        except NetworkError:
            files.remove()
            tell_why(self.target)
            raise
        self._files = files

    def close(self) -> None:
        """See :meth:`ConfigDriver.close`."""
        device, self._device = self._device, None
        if device is not None:
            with suppress(Exception):  # hanging up on a dead connection
                device.disconnect()
        if self._files is not None:
            self._files.remove()
            self._files = None

    def _doing(self, what: str) -> Any:
        self.open()
        return in_our_words(self.target, self.grammar, what)

    # -------------------------------------------------------------------------------------------------------- reading
    def show(self, command: str) -> str:
        """What the device prints for a command."""
        with self._doing(f"'{command}'"):
            return str(self._device.send_command(command))

    def facts(self) -> Facts:
        """See :meth:`ConfigDriver.facts`: the prompt's name and what ``show version`` says, no more."""
        said = self.show("show version")
        version = re.search(r"[Vv]ersion:?\s+([^\s,]+)", said)
        with self._doing("read the prompt"):
            hostname = str(self._device.find_prompt()).strip().rstrip(">#$% ")
        return Facts(hostname, "unknown", "unknown", version[1] if version else "unknown", "", -1.0, ())

    def running(self) -> str:
        """See :meth:`ConfigDriver.running`."""
        return normalise(self.show(self.target.options.get("running", "show running-config")), self.grammar)

    def fingerprint(self) -> str:
        """See :meth:`ConfigDriver.fingerprint`."""
        return hashlib.sha256(self.running().encode()).hexdigest()

    # ------------------------------------------------------------------------------------------------------- altering
    def prepare(self, candidate: Candidate, mark: Mark, *, base: str | None = None) -> Prepared:
        """See :meth:`ConfigDriver.prepare`. The device checks nothing before the commit.

        Raises:
            NotOffered: a ``replace`` candidate.
        """
        if candidate.mode != "merge":
            raise NotOffered(f"{self.target.name} can only be told lines, not a whole configuration.")
        _MARKS.admit(self.target, mark)
        running = self.running()
        found = hashlib.sha256(running.encode()).hexdigest()
        if base is not None and base != found:
            raise BaseMoved(f"{self.target.name} changed since it was planned.", device=self.target.name)
        lines = [line.rstrip() for line in candidate.text.splitlines() if line.strip(" !")]
        diff = "".join(f"+{line}\n" for line in lines)
        # What the device makes of the lines is known only afterwards: the mark of a difference is the candidate itself.
        wanted = hashlib.sha256((found + diff).encode()).hexdigest() if lines else found
        prepared = Prepared(redact(diff, self.grammar), running, found, wanted, len(lines))
        _MARKS.keep(self.target, mark, Held(candidate, prepared))
        return prepared

    def commit(self, mark: Mark, revert_in: int) -> MarkStatus:  # noqa: ARG002 - there is no timer to set
        """See :meth:`ConfigDriver.commit`.

        Raises:
            NotOffered: the target's option ``untimed`` is not ``accept``.
            SyntaxRefused: the device refused a line; the lines before it stand.
        """
        _MARKS.admit(self.target, mark)
        held = _MARKS.get(self.target, mark)
        if held.state in ("committed-pending", "confirmed"):
            return self.status(mark)
        if held.state == "reverted":
            raise NotPrepared(f"What was prepared on {self.target.name} was taken back.", device=self.target.name)
        if self.target.options.get("untimed") != "accept":
            raise NotOffered(
                f"{self.target.name} has no commit with a timer.",
                hint="Put 'driver: {untimed: accept}' into the device's context to type lines there without one.",
                device=self.target.name,
            )
        if self.fingerprint() != held.prepared.base:
            raise BaseMoved(f"{self.target.name} changed since it was prepared.", device=self.target.name)
        held.state = "committed-pending"
        lines = [line.rstrip() for line in held.candidate.text.splitlines() if line.strip(" !")]
        with self._doing("type the lines"):
            self._type(lines)
        return self.status(mark)

    def _type(self, lines: list[str]) -> None:
        from netmiko.exceptions import ConfigInvalidException

        try:
            self._device.send_config_set(lines, error_pattern=_REFUSED)
        except ConfigInvalidException as error:
            refused = re.search(r"command: (.+)", str(error))
            line = redact(refused[1] if refused else "", self.grammar).strip(" '\"")
            with suppress(Exception):
                self._device.exit_config_mode()
            raise SyntaxRefused(f"{self.target.name} refuses the line '{line}'.", device=self.target.name) from None

    def status(self, mark: Mark) -> MarkStatus:
        """See :meth:`ConfigDriver.status`: as far as this process knows."""
        return _MARKS.status(self.target, mark)

    def confirm(self, mark: Mark) -> MarkStatus:
        """See :meth:`ConfigDriver.confirm`: save to the configuration that the device boots with."""
        _MARKS.admit(self.target, mark)
        held = _MARKS.get(self.target, mark)
        if held.state == "committed-pending":
            with self._doing("save"):
                self._device.save_config()
            held.state = "confirmed"
        return self.status(mark)

    def rollback(self, mark: Mark) -> MarkStatus:
        """See :meth:`ConfigDriver.rollback`: only what is not typed yet can be forgotten.

        Raises:
            DeviceStuck: lines were typed; this device cannot take them back by itself.
        """
        _MARKS.admit(self.target, mark)
        held = _MARKS.find(self.target, mark)
        if held is None:
            return self.status(mark)
        if held.state == "confirmed":
            raise AlreadyConfirmed(f"The lines are saved on {self.target.name}.", device=self.target.name)
        if held.state == "committed-pending" and self.fingerprint() != held.prepared.base:
            raise DeviceStuck(
                f"{self.target.name} cannot take typed lines back.",
                hint="Reload it without saving, or type the reverse by hand: the configuration before is in the plan.",
                device=self.target.name,
            )
        held.state, held.reason = "reverted", "discarded"
        return self.status(mark)
