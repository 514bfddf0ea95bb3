"""A faulty road to a cloud: a reverse proxy for each of its APIs that breaks what it is told to and passes on the rest.

``python -m lab.openstack.faults CONTROL_PORT PORT=URL…`` listens on loopback: on each PORT for requests to the API at
URL, on CONTROL_PORT for what should go wrong. It is a process of its own: nothing of who is tested runs with it.

* ``GET /faults`` gives what is still to go wrong, ``POST /faults`` adds one (the fields of :class:`Fault`),
  ``DELETE`` ends all, also the delays that requests are in;
* ``GET /seen`` gives the requests that came by since the last ``DELETE /seen``, with what became of each.

``lose`` is the nastiest: the API does what it was asked, and nobody ever hears of it.
"""

from __future__ import annotations

import http.client
import json
import re
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Literal
from urllib.parse import urlsplit

__all__ = ["Fault", "Seen", "main"]

_HOP: Final = frozenset(
    {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "content-length"}
)
_UPSTREAM_SECONDS: Final = 300.0
_MOST_SEEN: Final = 10_000


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong on the road.

    Attributes:
        do: ``answer`` in the API's place, which is not asked; ``delay``, then pass on; ``hang`` without passing on;
            pass on and ``lose`` the answer.
        method: of the requests it concerns; ``*`` for all.
        path: a regular expression that the whole path must match, without the query.
        status: what ``answer`` says.
        seconds: how long ``delay`` and ``hang`` take; how long ``lose`` keeps silent before it hangs up.
        times: how many requests it concerns, after which it is over; 0 for all that come.
    """

    do: Literal["answer", "delay", "hang", "lose"]
    method: str = "*"
    path: str = ".*"
    status: int = 500
    seconds: float = 0.0
    times: int = 1


@dataclass(frozen=True, slots=True)
class Seen:
    """A request that came by: what it asked, what the API answered (0: it was not asked), and what was done to it."""

    method: str
    path: str
    status: int
    done: str


@dataclass(slots=True)
class _Road:
    """What all proxies of this process share."""

    faults: list[Fault] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    healed: threading.Event = field(default_factory=threading.Event)

    def heal(self) -> None:
        """Nothing goes wrong any more, and whoever is delayed goes on."""
        with self.lock:
            self.faults.clear()
            self.healed.set()
            self.healed = threading.Event()

    def take(self, method: str, path: str) -> Fault | None:
        """The fault that concerns a request, used up by one."""
        with self.lock:
            for place, fault in enumerate(self.faults):
                if fault.method in {"*", method} and re.fullmatch(fault.path, path):
                    if fault.times == 1:
                        del self.faults[place]
                    elif fault.times > 1:
                        self.faults[place] = replace(fault, times=fault.times - 1)
                    return fault
        return None

    def note(self, seen: Seen) -> None:
        with self.lock:
            self.seen.append(seen)
            del self.seen[:-_MOST_SEEN]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    road: _Road

    def log_message(self, *_: object) -> None:
        """Silent: bodies and headers of a cloud carry secrets."""

    def body(self) -> bytes:
        """What the client sends, whole; chunked or not."""
        if "chunked" not in self.headers.get("Transfer-Encoding", "").lower():
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        return b"".join(self._chunks())

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline().split(b";", 1)[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass

    def answer(self, status: int, body: bytes, headers: list[tuple[str, str]]) -> None:
        """One whole answer; a client that has hung up does not get it."""
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        try:
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)
        except ConnectionError:
            self.close_connection = True

    def say(self, status: int, content: object) -> None:
        """One answer of our own."""
        self.answer(status, json.dumps(content).encode(), [("Content-Type", "application/json")])

    def hang_up(self) -> None:
        """End the connection at once, with a reset, so that the client cannot take it for an answer."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()


class _Proxy(_Handler):
    target: str

    def handle_any(self) -> None:
        """Pass a request on, unless something is to go wrong with it."""
        path = urlsplit(self.path).path
        body = self.body()  # whole before its fault is taken: whoever sees it taken may freeze the client
        fault, healed = self.road.take(self.command, path), self.road.healed
        done = fault.do if fault else "passed"
        if fault and fault.do == "answer":
            self.road.note(Seen(self.command, path, 0, f"answered {fault.status}"))
            self.say(fault.status, {"error": {"code": fault.status, "message": "The lab's faulty road says so."}})
            return
        if fault and fault.do == "hang":
            self.road.note(Seen(self.command, path, 0, done))
            time.sleep(fault.seconds or _UPSTREAM_SECONDS)
            self.hang_up()
            return
        if fault and fault.do == "delay":
            healed.wait(fault.seconds)
        try:
            status, headers, answer = self._ask(body)
        except (OSError, http.client.HTTPException) as error:
            self.road.note(Seen(self.command, path, 0, f"unreachable: {type(error).__name__}"))
            self.say(502, {"error": {"code": 502, "message": "The API behind the faulty road does not answer."}})
            return
        self.road.note(Seen(self.command, path, status, done))
        if fault and fault.do == "lose":
            time.sleep(fault.seconds)
            self.hang_up()
            return
        self.answer(status, answer, headers)

    def _ask(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        there = urlsplit(self.target)
        connection = http.client.HTTPConnection(there.netloc, timeout=_UPSTREAM_SECONDS)
        try:
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            # the client's Host goes with it: an API that names its own address names the faulty road
            for name, value in self.headers.items():
                if name.lower() not in _HOP:
                    connection.putheader(name, value)
            connection.putheader("Content-Length", str(len(body)))
            connection.putheader("Connection", "close")
            connection.endheaders(body)
            answer = connection.getresponse()
            headers = [(name, value) for name, value in answer.getheaders() if name.lower() not in _HOP]
            return answer.status, headers, answer.read()
        finally:
            connection.close()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = handle_any  # noqa: N815 - http.server's names


class _Control(_Handler):
    def do_GET(self) -> None:
        """What is set, or what was seen."""
        with self.road.lock:
            found = self.road.faults if self.path == "/faults" else self.road.seen
            self.say(200, [asdict(one) for one in found])

    def do_POST(self) -> None:
        """One more fault."""
        try:
            fault = Fault(**json.loads(self.body()))
            re.compile(fault.path)
        except (TypeError, ValueError, re.error) as error:
            self.say(400, {"error": str(error)})
            return
        with self.road.lock:
            self.road.faults.append(fault)
        self.say(201, asdict(fault))

    def do_DELETE(self) -> None:
        """No more faults; or forget what was seen."""
        if self.path == "/faults":
            self.road.heal()
        else:
            with self.road.lock:
                self.road.seen.clear()
        self.say(200, [])


def _serve(port: int, kind: type[_Handler], **about: Any) -> ThreadingHTTPServer:
    server = ThreadingHTTPServer(("127.0.0.1", port), type(kind.__name__, (kind,), about))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def main() -> None:
    """Serve until the process is ended."""
    road = _Road()
    for word in sys.argv[2:]:
        port, _, target = word.partition("=")
        _serve(int(port), _Proxy, road=road, target=target)
    _serve(int(sys.argv[1]), _Control, road=road)
    threading.Event().wait()


if __name__ == "__main__":
    main()
