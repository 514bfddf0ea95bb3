"""The lab's mail server: keeps every message that Irisplane sends in a Maildir, and delivers to nobody.

``python -m lab.mail`` serves until it is told to stop. Messages lie in ``<state>/lab-mail``, where people and tests
read them as files.
"""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

from aiosmtpd.handlers import Mailbox
from aiosmtpd.smtp import SMTP

from core.instance import Instance

__all__ = ["FOLDER", "LARGEST", "main", "serve"]

FOLDER = "lab-mail"
LARGEST = 1_000_000
"""Bytes of one message; a larger one is refused."""


async def serve(folder: Path, port: int, *, ready: asyncio.Event | None = None) -> None:
    """Take mail on a loopback port until the task is cancelled or the process told to stop.

    Args:
        folder: the Maildir, made if absent.
        port: TCP port on 127.0.0.1.
        ready: set once the port is open.
    Raises:
        OSError: the port is taken.
    """
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    keep = Mailbox(folder)
    server = await loop.create_server(
        lambda: SMTP(keep, hostname="localhost", ident="Irisplane lab", loop=loop, data_size_limit=LARGEST),
        host="127.0.0.1",
        port=port,
    )
    if ready is not None:
        ready.set()
    async with server:
        await stop.wait()


def main() -> None:
    """Serve the current instance's mail."""
    instance = Instance.current()
    os.umask(0o077)
    asyncio.run(serve(instance.state_dir / FOLDER, instance.smtp_port))


if __name__ == "__main__":
    main()
