"""Approvers and requesters are told by mail: a real SMTP server takes it."""

from __future__ import annotations

import email
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import policy as email_policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from core.invitations import invite, withdraw
from core.journal.sequencer import Sequencer
from core.roles import ROLES
from core.scope import Scope
from core.settings import Settings, load
from orchestrator import deputies, engine, mail, notice_texts, notices
from orchestrator.invitation_mail import send_invitation
from tests.orchestrator.conftest import Stage


class Sink:
    """Keeps what it is sent; refuses while told to."""

    def __init__(self) -> None:
        self.taken: list[EmailMessage] = []
        self.refuse = ""

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        if self.refuse:
            return self.refuse
        assert isinstance(envelope.content, bytes)
        message = email.message_from_bytes(envelope.content, policy=email_policy.default)
        assert isinstance(message, EmailMessage)
        self.taken.append(message)
        return "250 taken"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def sink() -> Iterator[Sink]:
    kept = Sink()
    controller = Controller(kept, hostname="127.0.0.1", port=free_port())
    controller.start()
    kept.port = controller.port  # type: ignore[attr-defined]  # handed on to the settings
    yield kept
    controller.stop()


def settings_for(port: int) -> Settings:
    return load(
        {
            "IRISPLANE_INSTANCE": "test",
            "IRISPLANE_SMTP_URL": f"smtp://127.0.0.1:{port}",
            "IRISPLANE_MAIL_FROM": "plane@region.example",
            "IRISPLANE_PUBLIC_URL": "https://plane.example",
        }
    )


@pytest.fixture
def configured(sink: Any) -> Settings:
    return settings_for(sink.port)


def number(stage: Stage) -> None:
    """What the sequencer does all the time."""
    Sequencer(stage.database, None).drain()


def deliver(stage: Stage, configured: Settings) -> None:
    number(stage)
    notices.write_due(stage.database, configured)
    mail.send_due(stage.database, configured)


def to(sink: Sink) -> dict[str, EmailMessage]:
    return {str(message["To"]).partition("@")[0]: message for message in sink.taken}


def test_leads_and_their_deputies_are_asked_and_the_requester_is_not(
    stage: Stage, sink: Sink, configured: Settings
) -> None:
    now = datetime.now(UTC)
    deputies.name(
        stage.database, stage["lea"], absent=stage["lea"].id, deputy=stage["erik"].id, begins=now - timedelta(1),
        ends=now + timedelta(1), reason="away", rules=stage.rules,
    )  # fmt: skip
    stage.sql("update principal set locale = 'fr' where handle = 'leo'")
    change = stage.push(reason="new\nNTP server irp_abcdefghijkl_" + "s" * 49)
    deliver(stage, configured)
    mails = to(sink)
    assert sorted(mails) == ["erik", "lea", "leo"]
    body = mails["lea"].get_content()
    assert f"irisplane change approve {change.id} --hash {change.plan_hash}" in body
    assert f"https://plane.example/changes/{change.id}" in body
    assert "Reason: new NTP server irp_abcdefghijkl_<withheld>" in body
    assert "deputy of Lea" in mails["erik"].get_content()
    assert "Votre approbation est demandée" in str(mails["leo"]["Subject"])
    deliver(stage, configured)
    assert len(sink.taken) == 3


def test_the_requester_learns_how_it_ended_unless_they_ended_it(stage: Stage, sink: Sink, configured: Settings) -> None:
    rejected, cancelled = stage.push(), stage.push()
    number(stage)
    notices.write_due(stage.database, configured)
    stage.sql("delete from notice")
    engine.reject(stage.database, stage["lea"], rejected.id, "no", rules=stage.rules)
    engine.cancel(stage.database, stage["eve"], cancelled.id, "no", rules=stage.rules)
    deliver(stage, configured)
    [message] = sink.taken
    assert str(message["To"]) == "eve@example.brussels"
    assert str(message["Subject"]) == "[Irisplane] rejected: Push to 2"


@pytest.mark.parametrize(
    ("locale", "title", "said"),
    [
        ("en", "Enrol the host keys of 3 devices", "Enrol the host keys of 3 devices"),
        ("fr", "Enrol the host keys of 3 devices", "Enregistrer les clés d'hôte de 3 appareils"),
        ("nl", "Enrol the host keys of 3 devices", "Hostsleutels van 3 toestellen inschrijven"),
        ("fr", "Something that nobody knows of", "parce que"),
    ],
)
def test_a_mail_says_what_it_is_about_in_the_readers_language(locale: str, title: str, said: str) -> None:
    assert notice_texts.titled(title, "parce que", locale) == said


def test_every_role_has_a_word_in_every_mail() -> None:
    for locale in ("en", "fr", "nl"):
        words = notice_texts.of(locale)
        assert set(words.roles) == set(ROLES)
        assert "network-lead" not in words.roles.values()


def test_nobody_is_asked_for_what_was_decided_meanwhile(stage: Stage, sink: Sink, configured: Settings) -> None:
    stage.approve("lea", stage.push())
    deliver(stage, configured)
    assert sink.taken == []


def test_an_emergency_tells_the_other_leads(stage: Stage, sink: Sink, configured: Settings) -> None:
    stage.push("lea", emergency=True)
    deliver(stage, configured)
    assert sorted(to(sink)) == ["leo"]
    assert "Emergency" in str(sink.taken[0]["Subject"])


def test_a_mail_that_was_not_taken_is_sent_again_under_the_same_id(
    stage: Stage, sink: Sink, configured: Settings
) -> None:
    stage.push("lea")
    sink.refuse = "451 try later, user secret-account unknown"
    deliver(stage, configured)
    [waiting] = stage.sql("select id, attempts, error, due_at > now() as later, sent_at from notice")
    assert (waiting.attempts, waiting.error, waiting.later, waiting.sent_at) == (1, "SMTPDataError 451", True, None)
    sink.refuse = ""
    assert mail.send_due(stage.database, configured) == 0
    stage.sql("update notice set due_at = now()")
    assert mail.send_due(stage.database, configured) == 1
    assert str(sink.taken[0]["Message-ID"]) == f"<notice-{waiting.id}@region.example>"


def test_a_server_that_is_down_delays_and_loses_nothing(stage: Stage, sink: Sink, configured: Settings) -> None:
    stage.push()
    number(stage)
    notices.write_due(stage.database, configured)
    assert mail.send_due(stage.database, settings_for(free_port())) == 0
    stage.sql("update notice set due_at = now()")
    assert mail.send_due(stage.database, configured) == 2


def test_an_address_that_no_header_holds_keeps_nobody_else_waiting(
    stage: Stage, sink: Sink, configured: Settings
) -> None:
    stage.push()
    stage.sql("update principal set email = E'lea@example.brussels\\nBcc: x@y' where handle = 'lea'")
    deliver(stage, configured)
    assert sorted(to(sink)) == ["leo"]
    [row] = stage.sql("select error, attempts from notice where sent_at is null")
    assert (row.error, row.attempts) == ("ValueError", 1)


def test_closed_accounts_and_people_without_an_address_get_nothing(
    stage: Stage, sink: Sink, configured: Settings
) -> None:
    stage.sql("update principal set active = false where handle = 'lea'")
    stage.sql("update principal set email = null where handle = 'leo'")
    stage.push()
    deliver(stage, configured)
    assert sink.taken == []


def test_an_invitation_goes_to_who_has_no_account_and_its_token_is_forgotten_then(
    stage: Stage, sink: Sink, configured: Settings
) -> None:
    tenant, ann = stage.tenants["ixelles"], stage["ada"].id
    made = {}
    with stage.database.transaction("api", Scope(tenant, ann, reason="grow")) as tx:
        for name, locale in (("eva", "fr"), ("gil", "nl")):
            address = f"{name}@ixelles.example"
            made[name] = invite(
                tx, tenant_id=tenant, email=address, role="agency-user", locale=locale, invited_by=ann,
                life=timedelta(days=7),
            )  # fmt: skip
            send_invitation(
                tx, made[name], invited_by=ann, tenant_id=tenant, role="agency-user", locale=locale,
                url="https://plane.example",
            )  # fmt: skip
        withdraw(tx, made["gil"].id)
    assert mail.send_due(stage.database, configured) == 1
    [message] = sink.taken
    assert (str(message["To"]), str(message["Content-Language"])) == ("eva@ixelles.example", "fr")
    assert f"https://plane.example/sign-in?invitation={made['eva'].token.reveal()}" in message.get_content()
    [kept] = stage.sql("select body from notice where sent_at is not null")
    assert kept.body == ""
    stage.sql("update notice set due_at = now()")
    assert mail.send_due(stage.database, configured) == 0
