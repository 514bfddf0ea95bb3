"""An SSH server on loopback that replays dialogues: a command line, and NETCONF.

It stands in for equipment that we do not have. It is no simulator: it answers what the transcript says, and remembers
only whether it was put into configuration mode and which candidate it was given.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import asyncssh

from network.drivers.protocol import Target, Timeouts

USER, PASSWORD = "engineer", "transcript-Passw0rd"
_END = "]]>]]>"
_HELLO = """<?xml version="1.0" encoding="UTF-8"?>
<hello xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"><capabilities>
<capability>urn:ietf:params:netconf:base:1.0</capability>
<capability>urn:ietf:params:netconf:capability:candidate:1.0</capability>
<capability>urn:ietf:params:netconf:capability:confirmed-commit:1.0</capability>
<capability>http://xml.juniper.net/netconf/junos/1.0</capability>
</capabilities><session-id>4711</session-id></hello>"""


@dataclass
class CommandLine:
    """A dialogue of commands; ``answer`` may change what it remembers."""

    hostname: str
    answer: Callable[[str], str]
    typed: list[str] = field(default_factory=list)
    configuring: bool = False

    @property
    def prompt(self) -> str:
        return f"{self.hostname}{'(config)' if self.configuring else ''}#"

    def say(self, line: str) -> str:
        """What the device prints for one line."""
        self.typed.append(line)
        if line in ("configure terminal", "config term"):
            self.configuring = True
            return ""
        if line in ("end", "exit") and self.configuring:
            self.configuring = False
            return ""
        return self.answer(line)


@dataclass
class Netconf:
    """A dialogue of remote procedure calls: by the name of the operation, given the request, the body of the reply."""

    operations: Mapping[str, Callable[[str], str]]
    asked: list[str] = field(default_factory=list)

    def reply(self, request: str) -> str:
        """The whole reply to a request."""
        number = re.search(r'message-id="([^"]+)"', request)
        body = re.search(r"<(?:\w+:)?rpc\b[^>]*>\s*<(?:\w+:)?([\w-]+)", request)
        operation = body[1] if body else ""
        self.asked.append(operation)
        inside = self.operations[operation](request) if operation in self.operations else "<ok/>"
        return (
            f'<rpc-reply xmlns="urn:ietf:params:xml:ns:netconf:base:1.0" xmlns:junos="http://xml.juniper.net/junos/22.4/junos"'
            f' message-id="{number[1] if number else 0}">{inside}</rpc-reply>'
        )


class _Login(asyncssh.SSHServer):
    def __init__(self, connections: list[asyncssh.SSHServerConnection]) -> None:
        self._connections = connections

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connections.append(conn)

    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == (USER, PASSWORD)


class TranscriptServer:
    """The server, from entering to leaving the context, in a thread of its own."""

    def __init__(self, dialogue: CommandLine | Netconf) -> None:
        self.dialogue = dialogue
        self._key = asyncssh.generate_private_key("ssh-ed25519")
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self.hanging = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.port = 0

    def target(self, **changes: object) -> Target:
        """How to reach it, with the right key and password unless told otherwise."""
        known = {
            "name": "spare-router",
            "host": "127.0.0.1",
            "username": USER,
            "password": PASSWORD,
            "port": self.port,
            "host_keys": (self._key.export_public_key().decode().strip(),),
            "timeouts": Timeouts(connect=30, banner=30, log_in=30, command=30),
        }
        return Target(**(known | changes))  # type: ignore[arg-type]  # a test's own keyword arguments

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(60)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        connections: list[asyncssh.SSHServerConnection] = []
        server = await asyncssh.listen(
            "127.0.0.1",
            0,
            server_factory=lambda: _Login(connections),
            server_host_keys=[self._key],
            process_factory=self._session,
            line_editor=False,
            encoding="utf-8",
        )
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        for connection in connections:
            connection.abort()
            await connection.wait_closed()
        await server.wait_closed()

    async def _session(self, process: asyncssh.SSHServerProcess[str]) -> None:
        try:
            if isinstance(self.dialogue, Netconf):
                await self._netconf(process, self.dialogue)
            else:
                await self._cli(process, self.dialogue)
        except (asyncssh.BreakReceived, asyncssh.DisconnectError, BrokenPipeError):
            pass
        finally:
            process.exit(0)

    async def _cli(self, process: asyncssh.SSHServerProcess[str], dialogue: CommandLine) -> None:
        process.stdout.write(f"\r\n{dialogue.prompt}")
        pending = ""
        while data := await process.stdin.read(4096):
            pending += data
            while (end := re.search(r"\r\n?|\n", pending)) is not None:
                line, pending = pending[: end.start()], pending[end.end() :]
                process.stdout.write(line + "\r\n")
                if line == "exit" and not dialogue.configuring:
                    return
                answer = dialogue.say(line.strip()) if line.strip() else ""
                text = "".join(f"{part}\r\n" for part in answer.splitlines())
                process.stdout.write(text + dialogue.prompt)

    async def _patience(self) -> None:
        while self.hanging:  # noqa: ASYNC110 - set from another thread, where an asyncio.Event may not be touched
            await asyncio.sleep(0.1)

    async def _netconf(self, process: asyncssh.SSHServerProcess[str], dialogue: Netconf) -> None:
        await self._patience()
        process.stdout.write(_HELLO + _END)
        pending, greeted = "", False
        while data := await process.stdin.read(65536):
            pending += data
            while _END in pending:
                request, pending = pending.split(_END, 1)
                if not greeted:
                    greeted = True
                    continue
                await self._patience()
                process.stdout.write(dialogue.reply(request) + _END)
                if "close-session" in request:
                    return
