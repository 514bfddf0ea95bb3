"""Send the mails that wait: by SMTP, at least once, again after a growing pause when the server does not take one.

A mail's Message-ID comes from its row, so a mail program shows one that was sent twice once.
"""

from __future__ import annotations

import contextlib
import logging
import smtplib
import ssl
from collections.abc import Iterator
from email.message import EmailMessage
from email.utils import formatdate
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from sqlalchemy import Connection, Row, text

from core.db import Database
from core.scope import EVERY_TENANT, Scope
from core.settings import Settings, get_settings

__all__ = ["send_due"]

_LOG = logging.getLogger(__name__)

_TIMEOUT: Final = 10.0
_AT_ONCE: Final = 50
_ATTEMPTS: Final = 12
"""Then a mail is given up: with the pauses below, after a day and a half."""

_THIS_MAIL_ONLY: Final = (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused, ValueError)
"""ValueError: an address that no header can hold."""

_SCOPE: Final = Scope(EVERY_TENANT, reason="send mail")


def send_due(database: Database, settings: Settings | None = None) -> int:
    """Send what is due; gives how many the server took. Called by the worker every few seconds.

    Each mail is claimed for two minutes, sent, and marked, so two workers send different mails, and one that dies in
    between leaves its mail to be sent again. No transaction is open while the mail server takes its time: the journal
    is numbered up to the oldest that is.
    """
    settings = settings or get_settings()
    sent = 0
    with contextlib.ExitStack() as stack:
        server: smtplib.SMTP | None = None
        for _ in range(_AT_ONCE):
            with database.transaction("platform", _SCOPE) as tx:
                notice = tx.execute(_CLAIM).one_or_none()
            if notice is None:
                return sent
            failed: Exception | None = None
            try:
                server = server or stack.enter_context(_connected(settings))
                server.send_message(_message(notice, settings))
            except (OSError, smtplib.SMTPException, ValueError) as error:
                failed = error
            with database.transaction("platform", _SCOPE) as tx:
                if failed is not None:
                    _put_off(tx, notice, failed)
                else:
                    tx.execute(_SENT, {"id": notice.id})
                    sent += 1
            if failed is not None and not isinstance(failed, _THIS_MAIL_ONLY):
                return sent  # the server is not there: the others wait as well
    return sent


_CLAIM: Final = text(
    "with due as ("
    " select n.id, coalesce(p.email, i.email) as email, coalesce(p.locale, i.locale) as locale"
    "   from notice n left join principal p on p.id = n.principal_id and p.active"
    "   left join invitation i on i.id = n.invitation_id and i.accepted_at is null and i.withdrawn_at is null"
    "  where n.sent_at is null and n.due_at <= now() and coalesce(p.email, i.email) is not null"
    "  order by n.due_at, n.id limit 1 for update of n skip locked)"
    " update notice n set due_at = now() + interval '2 minutes' from due where n.id = due.id"
    " returning n.id, n.subject, n.body, n.attempts, due.email, due.locale"
)
_SENT: Final = text(
    "update notice set sent_at = now(), attempts = attempts + 1, error = null,"
    " body = case when invitation_id is null then body else '' end where id = :id"  # it held a token
)
_PUT_OFF: Final = text(
    "update notice set attempts = attempts + 1, error = :error,"
    " due_at = case when attempts + 1 >= :most then 'infinity'"
    "               else now() + least(interval '15 seconds' * power(2, attempts), interval '6 hours') end where id"
    " = :id"
)


def _put_off(tx: Connection, notice: Row[Any], error: Exception) -> None:
    """Try again later. What the server said may quote an address or a log-in: only the kind of error is kept."""
    code = getattr(error, "smtp_code", None)
    said = f"{type(error).__name__}{f' {code}' if code else ''}"
    _LOG.warning("mail %s not taken: %s", notice.id, said)
    tx.execute(_PUT_OFF, {"id": notice.id, "error": said, "most": _ATTEMPTS})


def _message(notice: Row[Any], settings: Settings) -> EmailMessage:
    domain = settings.mail_from.rpartition("@")[2]
    message = EmailMessage()
    message["From"] = f"Irisplane <{settings.mail_from}>"
    message["To"] = notice.email
    message["Subject"] = notice.subject
    message["Date"] = formatdate()
    message["Message-ID"] = f"<notice-{notice.id}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(notice.body)
    message["Content-Language"] = notice.locale  # after the content, which brings headers of its own
    return message


@contextlib.contextmanager
def _connected(settings: Settings) -> Iterator[smtplib.SMTP]:
    """A session with the mail server.

    Encrypted wherever it leaves this machine and the server can; with a log-in, encrypted or not at all.
    """
    url = urlsplit(settings.smtp_url.get_secret_value())
    host, secure = url.hostname or "localhost", url.scheme == "smtps"
    server: smtplib.SMTP
    if secure:
        server = smtplib.SMTP_SSL(host, url.port or 465, timeout=_TIMEOUT, context=ssl.create_default_context())
    else:
        server = smtplib.SMTP(host, url.port or 25, timeout=_TIMEOUT)
    with server:
        server.ehlo()
        if not secure and not _is_loopback(host) and (server.has_extn("starttls") or url.username):
            server.starttls(context=ssl.create_default_context())
            server.ehlo()
        if url.username:
            server.login(unquote(url.username), unquote(url.password or ""))
        yield server


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
