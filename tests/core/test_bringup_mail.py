"""The lab's mail server keeps what it is given, and delivers to nobody."""

from __future__ import annotations

import asyncio
import mailbox
import smtplib
import socket
from contextlib import suppress
from email.message import EmailMessage
from pathlib import Path

import pytest

from lab.mail import LARGEST, serve


def _free_port() -> int:
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        return int(tried.getsockname()[1])


def _send(port: int, body: str) -> None:
    message = EmailMessage()
    message["Subject"] = "An approval is asked of you"
    message["From"], message["To"] = "irisplane@irisplane.test", "lead@irisplane.test"
    message.set_content(body)
    with smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
        client.send_message(message)


async def _with_server(folder: Path, body: str) -> None:
    port, ready = _free_port(), asyncio.Event()
    server = asyncio.create_task(serve(folder, port, ready=ready))
    try:
        await asyncio.wait_for(ready.wait(), 60)
        await asyncio.to_thread(_send, port, body)
    finally:
        server.cancel()
        with suppress(asyncio.CancelledError):
            await server


def test_a_message_is_kept(tmp_path: Path) -> None:
    asyncio.run(_with_server(tmp_path / "mail", "Plan 4711 waits."))
    (kept,) = mailbox.Maildir(tmp_path / "mail")
    assert kept["Subject"] == "An approval is asked of you"
    assert "Plan 4711 waits." in str(kept.get_payload())


def test_a_message_that_is_too_large_is_refused(tmp_path: Path) -> None:
    with pytest.raises(smtplib.SMTPSenderRefused):
        asyncio.run(_with_server(tmp_path / "mail", "x" * (LARGEST + 1)))
    assert not list(mailbox.Maildir(tmp_path / "mail"))
