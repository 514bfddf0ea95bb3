"""The host key that a device shows, without logging in (RFC 4253 §8): for enrolment."""

from __future__ import annotations

import socket

import paramiko

from network.drivers.frr.transport import key_fingerprint
from network.errors import DeviceHangs, DeviceUnreachable

__all__ = ["key_fingerprint", "shown_key"]

_SECONDS = 8.0


def shown_key(name: str, host: str, port: int) -> str:
    """The public key line, ``ssh-ed25519 AAAA…``.

    Raises:
        DeviceUnreachable, DeviceHangs: nobody answers, or not in SSH's words within eight seconds.
    """
    try:
        connection = socket.create_connection((host, port), timeout=_SECONDS)
    except TimeoutError:
        raise DeviceHangs(f"{name} does not answer at {host}:{port} within {_SECONDS:.0f} s.", device=name) from None
    except OSError as error:
        raise DeviceUnreachable(f"Nothing answers for {name} at {host}:{port}.", device=name) from error
    transport = paramiko.Transport(connection)
    try:
        transport.banner_timeout = _SECONDS
        transport.start_client(timeout=_SECONDS)
        key = transport.get_remote_server_key()
    except (paramiko.SSHException, OSError, EOFError):
        raise DeviceHangs(f"{name} accepts the connection and then shows no host key.", device=name) from None
    finally:
        transport.close()
    return f"{key.get_name()} {key.get_base64()}"
