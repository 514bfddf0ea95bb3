"""A terminal on a server's serial port: what is typed goes there as it is, what comes is shown, Ctrl-] leaves."""

from __future__ import annotations

import asyncio
import os
import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from cli import output, session
from cli.errors import WrongUse
from core.errors import Unavailable

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

__all__ = ["must_be_a_terminal", "sit_down"]

_LEAVE: Final = b"\x1d"  # Ctrl-], as telnet has it
_PATIENCE: Final = 20.0


def must_be_a_terminal() -> None:
    """Return when somebody sits here.

    Raises:
        WrongUse: what is typed comes from a file or a program, or --json is asked of a conversation.
    """
    if session.current.as_json:
        raise WrongUse("A terminal has no --json.", hint="'irisplane server console-url' gives programs the address.")
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise WrongUse(
            "Nobody sits here: --attach needs a terminal.",
            hint="A program speaks WebSocket to the address that 'irisplane server console-url' gives.",
        )


def sit_down(url: str, server: str, authority: str) -> None:
    """Carry keys to a serial port and its output back until Ctrl-] is typed or the other end hangs up.

    Args:
        url: of the WebSocket, with the key that opens it; not repeated anywhere.
        authority: file with a certificate to trust beside those of this system; may be empty.
    Raises:
        Unavailable: the console cannot be reached, or broke off.
    """
    asyncio.run(_carried(url, server, _trusted(url, authority)))
    output.notice(f"Left the console of {server}; what runs there goes on.")


async def _carried(url: str, server: str, trusted: ssl.SSLContext | None) -> None:
    from websockets.asyncio.client import connect
    from websockets.exceptions import InvalidHandshake
    from websockets.typing import Subprotocol

    try:
        there = await connect(
            url, ssl=trusted, subprotocols=[Subprotocol("binary")], open_timeout=_PATIENCE, close_timeout=1,
            max_size=None, compression=None,
        )  # fmt: skip
    except (OSError, TimeoutError, InvalidHandshake, EOFError) as error:
        raise Unavailable(
            f"The serial console cannot be reached from here: {type(error).__name__}.",
            hint="The cloud's serial proxy must be reachable from this desk; the address opens for some minutes only.",
        ) from None  # the error repeats the address
    async with there:
        output.notice(f"The serial console of {server}. Ctrl-] leaves; Enter shows where it is.")
        await _conversation(there)


async def _conversation(there: ClientConnection) -> None:
    from websockets.exceptions import ConnectionClosed

    leaving = asyncio.Event()
    typed: asyncio.Queue[bytes] = asyncio.Queue()
    keyboard, screen = sys.stdin.fileno(), sys.stdout.fileno()

    def key() -> None:
        pressed, left, _ = os.read(keyboard, 1024).partition(_LEAVE)
        typed.put_nowait(pressed)
        if left or not pressed:
            leaving.set()

    async def send() -> None:
        while True:
            await there.send(await typed.get())

    async def show() -> None:
        async for piece in there:
            _write(screen, piece.encode() if isinstance(piece, str) else piece)

    loop = asyncio.get_running_loop()
    with _raw(keyboard):
        loop.add_reader(keyboard, key)
        tasks = [asyncio.create_task(work) for work in (send(), show(), leaving.wait())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            loop.remove_reader(keyboard)
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
    output.say()
    if tasks[2] in done:
        return
    wrong = next((one for one in ended if isinstance(one, ConnectionClosed)), None)
    raise Unavailable(
        "The console hung up: the server stopped, or the address no longer opens it.",
        hint="'irisplane server show' says how it is; 'irisplane server console --attach' sits down again.",
    ) from wrong


def _write(screen: int, piece: bytes) -> None:
    while piece:
        piece = piece[os.write(screen, piece) :]


@contextmanager
def _raw(keyboard: int) -> Iterator[None]:
    """Every key as it is typed, Ctrl-C included; as before afterwards."""
    import termios
    import tty

    before = termios.tcgetattr(keyboard)
    tty.setraw(keyboard, termios.TCSADRAIN)  # what was typed already is meant
    try:
        yield
    finally:
        termios.tcsetattr(keyboard, termios.TCSAFLUSH, before)


def _trusted(url: str, authority: str) -> ssl.SSLContext | None:
    if not url.startswith("wss:"):
        return None
    context = ssl.create_default_context()
    if authority and os.access(authority, os.R_OK):
        context.load_verify_locations(authority)
    return context
