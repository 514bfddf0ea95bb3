"""One webhook request on the wire: an address that may be called, a signature, ten seconds, no redirects.

The name is resolved once, every address it has is looked at, and the connection goes to one of those: a name that
points elsewhere a moment later (DNS rebinding) is of no use to anybody.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import queue
import socket
import ssl
import threading
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.parse import SplitResult, urlsplit

from orchestrator.errors import AddressRefused

__all__ = ["Answer", "check_url", "post", "signature"]

TIMEOUT: Final = 10.0

_UNICAST: Final = IPv6Network("2000::/3")
"""The only IPv6 addresses that lead to somebody in the open: all others are local, translated, or not given out yet."""
_NOT_OPEN: Final = tuple(map(ip_network, ("2002::/16", "2001::/32", "3fff::/20", "192.0.0.0/24", "192.88.99.0/24")))
"""Within the open ones: tunnels that carry an IPv4 address inside (6to4, Teredo), and what is kept for protocols."""


@dataclass(frozen=True, slots=True)
class Answer:
    """How the other side answered: ``status`` 0 when it did not."""

    status: int
    text: str

    @property
    def taken(self) -> bool:
        """It took the delivery."""
        return 200 <= self.status < 300


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """``v1,<base64>``: HMAC-SHA256 over ``id.timestamp.body``, as the Standard Webhooks specification has it."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def check_url(url: str, *, allow_private: bool) -> SplitResult:
    """The address, if a webhook may have it; names are looked up when it is called.

    Raises:
        AddressRefused: not https (http only where private addresses are allowed), it holds a log-in, or letters and
            labels that no request line and no name server take.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise AddressRefused("The address cannot be read.", pointer="/url") from None
    schemes = {"https", "http"} if allow_private else {"https"}
    if parts.scheme not in schemes or not parts.hostname or port == 0 or not url.isprintable() or " " in url:
        raise AddressRefused(f"The address must begin with {' or '.join(sorted(schemes))}://.", pointer="/url")
    if not url.isascii() or not all(0 < len(label) < 64 for label in parts.hostname.removesuffix(".").split(".")):
        raise AddressRefused(
            "The address is no URL as it goes over the wire.", pointer="/url",
            hint="Write the name in punycode (xn--…) and other letters of the path with percent signs (%C3%A9).",
        )  # fmt: skip
    if parts.username or parts.password:
        raise AddressRefused("The address may not hold a log-in: it would stand in lists.", pointer="/url")
    return parts


def post(url: str, body: bytes, headers: dict[str, str], *, allow_private: bool, timeout: float = TIMEOUT) -> Answer:
    """Send one request and give the answer's status; never raises for what the other side does.

    Raises:
        AddressRefused: the name leads to an address that webhooks may not reach.
    """
    parts = check_url(url, allow_private=allow_private)
    host, port = str(parts.hostname), parts.port or (443 if parts.scheme == "https" else 80)
    try:
        address = _resolved(host, port, allow_private=allow_private, timeout=timeout)
    except (OSError, UnicodeError) as error:
        return Answer(0, f"name not found: {type(error).__name__}")
    connection = _Pinned(host, port, address, secure=parts.scheme == "https", timeout=timeout)
    watch = threading.Timer(timeout, connection.cut)
    watch.daemon = True
    watch.start()
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path, body=body, headers=headers)
        response = connection.getresponse()
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Answer(0, "no answer in time" if connection.was_cut else f"no answer: {type(error).__name__}")
    else:
        return Answer(response.status, f"HTTP {response.status}")
    finally:
        watch.cancel()
        connection.close()


class _Pinned(http.client.HTTPConnection):
    """A connection to an address already chosen; TLS still proves the name."""

    def __init__(self, host: str, port: int, address: str, *, secure: bool, timeout: float) -> None:
        super().__init__(host, port, timeout=timeout)
        self._address = address
        self._secure = secure
        self.was_cut = False

    def connect(self) -> None:
        plain = socket.create_connection((self._address, self.port), timeout=self.timeout)
        self.sock = plain
        if self._secure:
            self.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=self.host)

    def cut(self) -> None:
        """Time is over, however slowly bytes still come."""
        self.was_cut = True
        if self.sock is not None:
            try:
                self.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                return


def _resolved(host: str, port: int, *, allow_private: bool, timeout: float) -> str:
    """One address of a name, after a look at all of them; a name server that hangs is waited for no longer either."""
    answers: queue.SimpleQueue[list[str] | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answers.put([str(info[4][0]) for info in found])
        except (OSError, UnicodeError) as error:
            answers.put(error)

    threading.Thread(target=ask, name=f"name of {host[:40]}", daemon=True).start()
    try:
        answer = answers.get(timeout=timeout)
    except queue.Empty:
        raise TimeoutError from None
    if isinstance(answer, Exception):
        raise answer
    addresses = list(dict.fromkeys(answer))
    if not allow_private:
        for address in addresses:
            if not _is_public(ip_address(address.partition("%")[0])):
                raise AddressRefused(f"{host} leads to an address that is not public.", pointer="/url", host=host)
    return addresses[0]


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return _is_public(address.ipv4_mapped)
        if address not in _UNICAST:
            return False
    if any(address in network for network in _NOT_OPEN):
        return False
    return address.is_global and not address.is_multicast and not address.is_unspecified
