"""The errors of NAPALM, netmiko, paramiko and ncclient in our words; never with what the device echoed of a secret."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from network.drivers.frr.transport import Session
from network.drivers.protocol import Target
from network.errors import (
    AuthenticationRefused,
    DeviceHangs,
    DeviceMisbehaves,
    DeviceUnreachable,
    HostKeyChanged,
    NetworkError,
    NotOffered,
    SessionLost,
    SyntaxRefused,
)
from network.redact import redact

__all__ = ["in_our_words", "tell_why"]

_LONGEST = 500
_SILENCE = frozenset(("ReadTimeout", "TimeoutExpiredError", "RpcTimeoutError", "TimeoutError"))


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__


def _kind(error: BaseException) -> type[NetworkError]:
    """What happened, told from the names of the classes in the chain: the libraries wrap each other's errors."""
    names = {kind.__name__ for one in _chain(error) for kind in type(one).__mro__}
    texts = " ".join(str(one).lower() for one in _chain(error))
    table: tuple[tuple[type[NetworkError], bool], ...] = (
        (HostKeyChanged, bool(names & {"BadHostKeyException", "SSHUnknownHostError"}) or "known_hosts" in texts),
        (AuthenticationRefused, bool(names & {"AuthenticationException", "AuthenticationError", "ConnectAuthError"})),
        (SyntaxRefused, bool(names & {"ReplaceConfigException", "MergeConfigException", "ConfigInvalidException"})),
        (NotOffered, bool(names & {"NotImplementedError", "CommitConfirmException"})),
        (
            DeviceHangs,
            bool(names & {"ReadTimeout", "TimeoutExpiredError", "RpcTimeoutError", "TimeoutError"})
            or "exchange timed out" in texts,
        ),
        (
            SessionLost,
            bool(names & {"SessionCloseError", "ConnectClosedError", "ConnectionClosedException", "EOFError"}),
        ),
        (
            DeviceUnreachable,
            isinstance(error, socket.error)
            or bool(
                names & {"ConnectionException", "NetMikoTimeoutException", "NetmikoTimeoutException", "ConnectError"}
            ),
        ),
        (SessionLost, "SSHException" in names or "socket is closed" in texts),
    )
    return next((kind for kind, fits in table if fits), DeviceMisbehaves)


@contextmanager
def in_our_words(target: Target, platform: str, doing: str) -> Iterator[None]:
    """Turn whatever a library raises inside into a :class:`NetworkError` that names the device and what was done.

    Raises:
        NetworkError: the kind that fits; ``DeviceMisbehaves`` when none does.
    """
    try:
        yield
    except NetworkError:
        raise
    except Exception as error:  # noqa: BLE001 - four libraries, none with an error tree one could list
        kind = _kind(error)
        said = redact(str(error), platform)[:_LONGEST].strip() or type(error).__name__
        for secret in (target.password, target.private_key):
            said = said.replace(secret, "<redacted>") if secret else said
        raise kind(f"{target.name}: {doing}: {said}", device=target.name) from None


def tell_why(target: Target) -> None:
    """Try the log-in once more with our own SSH, which knows what went wrong to the last fingerprint.

    Raises:
        NetworkError: what our own attempt met; nothing when it met nothing.
    """
    session = Session(target)
    try:
        session.open()
    finally:
        session.close()
