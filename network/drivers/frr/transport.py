"""SSH to a device: strict host keys, a limit in time on every stage, one connection for everything.

paramiko rather than asyncssh: pushing to 60 routers costs 3.2 ms of CPU per router against 2.7 (measured here, password
log-in, curve25519), and the callers are threads, as NAPALM and the durable runs are.
"""

from __future__ import annotations

import base64
import hashlib
import io
import logging
import socket
import time
from contextlib import suppress
from typing import NoReturn

import paramiko

from network.drivers.protocol import Target
from network.errors import (
    AuthenticationRefused,
    DeviceHangs,
    DeviceMisbehaves,
    DeviceUnreachable,
    HostKeyChanged,
    HostKeyUnknown,
    SessionLost,
)

__all__ = ["Lines", "Session", "key_fingerprint"]

# What goes wrong arrives as an exception; paramiko would also log each with a traceback.
logging.getLogger("paramiko.transport").setLevel(logging.CRITICAL)
_LARGEST_ANSWER = 64 * 1024 * 1024


def key_fingerprint(key: str) -> str:
    """``SHA256:…`` of a public key as it stands in ``known_hosts`` (``ssh-ed25519 AAAA…``); or that it is none."""
    try:
        blob = base64.b64decode(key.split()[1])
    except (IndexError, ValueError):
        # Enrolled by hand and wrong: it fits no device, which is told as any other key that does not fit.
        return "no readable key"
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


class Session:
    """An SSH connection to one device, open from :meth:`open` to :meth:`close`."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self._transport: paramiko.Transport | None = None

    @property
    def alive(self) -> bool:
        """Whether the connection stands, as far as this end knows."""
        return self._transport is not None and self._transport.is_active()

    def open(self) -> None:
        """Connect, check the host key, log in.

        Raises:
            DeviceUnreachable, DeviceHangs, AuthenticationRefused, HostKeyUnknown, HostKeyChanged
        """
        if self.alive:
            return
        target = self.target
        if not target.host_keys:
            raise HostKeyUnknown(f"No host key is enrolled for {target.name}.", device=target.name)
        began = time.monotonic()
        transport = self._connect()
        try:
            self._greet(transport, began)
            self._log_in(transport)
        except BaseException:
            transport.close()
            raise
        self._transport = transport

    def _connect(self) -> paramiko.Transport:
        target = self.target
        try:
            wire = socket.create_connection((target.host, target.port), timeout=target.timeouts.connect)
        except OSError as error:
            reason = "no answer in time" if isinstance(error, TimeoutError) else error.strerror or str(error)
            raise DeviceUnreachable(
                f"{target.name} ({target.host}:{target.port}) cannot be reached: {reason}.",
                device=target.name,
                host=target.host,
            ) from error
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        transport = paramiko.Transport(wire)
        transport.banner_timeout = target.timeouts.banner
        transport.handshake_timeout = target.timeouts.banner
        transport.auth_timeout = target.timeouts.log_in
        # Ask for a key of a kind we know: a device with several keys is not mistaken for a changed one.
        kinds = {key.split()[0] for key in target.host_keys}
        options = transport.get_security_options()
        wanted = [kind for kind in options.key_types if kind in kinds or ("ssh-rsa" in kinds and "rsa" in kind)]
        if wanted:
            options.key_types = wanted
        return transport

    def _greet(self, transport: paramiko.Transport, began: float) -> None:
        target = self.target
        try:
            transport.start_client(timeout=target.timeouts.banner)
            if not transport.initial_kex_done:  # paramiko says nothing when the time is up
                raise TimeoutError("timeout")
        except (paramiko.SSHException, EOFError, OSError) as error:
            waited = time.monotonic() - began
            if waited >= target.timeouts.banner - 0.5 or "timeout" in str(error).lower():
                raise DeviceHangs(
                    f"{target.name} accepted the connection and then said nothing for {waited:.1f} s.",
                    device=target.name,
                    stage="greeting",
                ) from error
            if "no acceptable host key" in str(error).lower() or "incompatible ssh peer" in str(error).lower():
                raise HostKeyChanged(
                    f"{target.name} offers no host key of the kind that is enrolled.",
                    device=target.name,
                    enrolled=[key_fingerprint(key) for key in target.host_keys],
                    shown="",
                ) from error
            raise DeviceUnreachable(
                f"{target.name} does not speak SSH: {error}.", device=target.name, host=target.host
            ) from error
        key = transport.get_remote_server_key()
        shown = f"{key.get_name()} {key.get_base64()}"
        if shown not in {" ".join(known.split()[:2]) for known in target.host_keys}:
            enrolled = [key_fingerprint(known) for known in target.host_keys]
            raise HostKeyChanged(
                f"{target.name} shows the host key {key_fingerprint(shown)}; enrolled is {', '.join(enrolled)}.",
                device=target.name,
                enrolled=enrolled,
                shown=key_fingerprint(shown),
            )

    def _log_in(self, transport: paramiko.Transport) -> None:
        target = self.target
        try:
            if target.private_key:
                transport.auth_publickey(target.username, _private_key(target.private_key))
            else:
                transport.auth_password(target.username, target.password or "", fallback=False)
        except paramiko.AuthenticationException as error:
            if "timeout" in str(error).lower():
                raise DeviceHangs(f"{target.name} hangs at log-in.", device=target.name, stage="log-in") from None
            raise AuthenticationRefused(
                f"{target.name} refuses the log-in of {target.username!r}.", device=target.name, user=target.username
            ) from None
        except (paramiko.SSHException, EOFError, OSError) as error:
            raise SessionLost(f"{target.name} hung up at log-in.", device=target.name, stage="log-in") from error

    # ------------------------------------------------------------------------------------------------------- commands
    def channel(self, command: str, stage: str) -> paramiko.Channel:
        """Start a command on the device.

        Raises:
            DeviceHangs, SessionLost
        """
        transport = self._transport
        if transport is None or not transport.is_active():
            raise SessionLost(f"There is no connection to {self.target.name}.", device=self.target.name, stage=stage)
        limit = self.target.timeouts.command
        try:
            channel = transport.open_session(timeout=limit)
            channel.settimeout(limit)
            channel.exec_command(command)
        except (paramiko.SSHException, EOFError, OSError) as error:
            raise self._broken(error, stage) from error
        return channel

    def run(self, command: str, stdin: bytes = b"", stage: str = "command") -> tuple[int, bytes, bytes]:
        """Run a command to its end: exit status, what it said, what it complained of.

        Raises:
            DeviceHangs: no word for the time a command may take.
            SessionLost
        """
        channel = self.channel(command, stage)
        try:
            if stdin:
                channel.sendall(stdin)
            channel.shutdown_write()
            out = channel.makefile("rb").read(_LARGEST_ANSWER)
            complaint = channel.makefile_stderr("rb").read(_LARGEST_ANSWER)
            return channel.recv_exit_status(), out, complaint
        except (paramiko.SSHException, EOFError, OSError) as error:
            raise self._broken(error, stage) from error
        finally:
            channel.close()

    def lines(self, command: str, stage: str) -> Lines:
        """Start a command that answers lines with lines."""
        return Lines(self, self.channel(command, stage))

    def _broken(self, error: BaseException, stage: str) -> DeviceHangs | SessionLost:
        name, limit = self.target.name, self.target.timeouts.command
        if isinstance(error, TimeoutError) or "timeout" in str(error).lower():
            return DeviceHangs(f"{name} said nothing for {limit:g} s ({stage}).", device=name, stage=stage)
        return SessionLost(f"The connection to {name} broke ({stage}).", device=name, stage=stage)

    def close(self) -> None:
        """Hang up. Never raises."""
        transport, self._transport = self._transport, None
        if transport is not None:
            with suppress(Exception):  # hanging up on a dead line must not hide what killed it
                transport.close()


class Lines:
    """A program on the device that answers each line with one line."""

    def __init__(self, session: Session, channel: paramiko.Channel) -> None:
        self._session = session
        self._channel = channel
        self._rest = b""
        self.greeting = ""

    def ask(self, line: bytes, stage: str, patience: float) -> bytes:
        """Send a line, wait for the answer.

        Raises:
            DeviceHangs: no whole answer within ``patience`` seconds.
            SessionLost, DeviceMisbehaves
        """
        deadline = time.monotonic() + patience
        try:
            self._channel.settimeout(patience)
            self._channel.sendall(line + b"\n")
            said = bytearray(self._rest)
            while b"\n" not in said:
                self._channel.settimeout(max(deadline - time.monotonic(), 0.001))
                chunk = self._channel.recv(262_144)
                if not chunk:
                    self._complain(stage)
                said += chunk
                if len(said) > _LARGEST_ANSWER:
                    raise DeviceMisbehaves(f"{self._session.target.name} does not stop talking.", stage=stage)
        except (paramiko.SSHException, EOFError, OSError) as error:
            raise self._session._broken(error, stage) from error  # noqa: SLF001 - the two classes are one device
        answer, _, rest = bytes(said).partition(b"\n")
        self._rest = rest
        return answer

    def started(self, absent: int, stage: str) -> bool:
        """Wait for the program's first line; false when it ended with the status ``absent`` instead.

        Raises:
            DeviceHangs, SessionLost, DeviceMisbehaves
        """
        patience = self._session.target.timeouts.command
        try:
            self._channel.settimeout(patience)
            while b"\n" not in self._rest:
                chunk = self._channel.recv(4096)
                if not chunk:
                    if self._channel.recv_exit_status() == absent:
                        return False
                    self._complain(stage)
                self._rest += chunk
        except (paramiko.SSHException, EOFError, OSError) as error:
            raise self._session._broken(error, stage) from error  # noqa: SLF001 - the two classes are one device
        first, _, self._rest = self._rest.partition(b"\n")
        self.greeting = first.decode("utf-8", "replace")
        return True

    def _complain(self, stage: str) -> NoReturn:
        name = self._session.target.name
        complaint = b""
        with suppress(OSError):
            complaint = self._channel.recv_stderr(4096)
        if complaint.strip():
            last = complaint.decode("utf-8", "replace").strip().splitlines()[-1]
            raise DeviceMisbehaves(f"The guard on {name} stopped: {last}", device=name, stage=stage)
        raise SessionLost(f"The connection to {name} broke ({stage}).", device=name, stage=stage)

    def close(self) -> None:
        """Let the program end."""
        with suppress(Exception):  # as in Session.close
            self._channel.close()


def _private_key(text: str) -> paramiko.PKey:
    kinds: tuple[type[paramiko.PKey], ...] = (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey)
    for kind in kinds:
        with suppress(paramiko.SSHException, ValueError):
            return kind.from_private_key(io.StringIO(text))
    raise AuthenticationRefused("The stored private key cannot be read.")
