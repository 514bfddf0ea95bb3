"""The mail of an invitation, in the languages of the region; written in the invitation's own transaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy import Connection, text

from core.invitations import Invited

__all__ = ["link", "send_invitation"]

_SUBJECT: Final[Mapping[str, str]] = {
    "en": "[Irisplane] {inviter} invites you to {tenant}",
    "fr": "[Irisplane] {inviter} vous invite à rejoindre {tenant}",
    "nl": "[Irisplane] {inviter} nodigt u uit bij {tenant}",
}
_BODY: Final[Mapping[str, str]] = {
    "en": "{inviter} invites you to use Irisplane for {tenant}, as {role}.\n\nSign in here; the link works once, until"
    " {until}:\n  {link}\n\nIf you do not expect this, do nothing.\n",
    "fr": "{inviter} vous invite à utiliser Irisplane pour {tenant}, en tant que {role}.\n\nConnectez-vous ici ; le"
    " lien fonctionne une seule fois, jusqu'au {until} :\n  {link}\n\nSans rapport avec vous ?"
    " Ne faites rien.\n",
    "nl": "{inviter} nodigt u uit om Irisplane te gebruiken voor {tenant}, als {role}.\n\nMeld u hier aan; de link"
    " werkt één keer, tot {until}:\n  {link}\n\nVerwacht u dit bericht niet, doe dan niets.\n",
}
_ROLE: Final[Mapping[str, Mapping[str, str]]] = {
    "agency-user": {"en": "user", "fr": "utilisateur", "nl": "gebruiker"},
    "agency-admin": {"en": "administrator", "fr": "administrateur", "nl": "beheerder"},
}


def link(url: str, made: Invited) -> str:
    """The address that the mail carries."""
    return f"{url}/sign-in?{urlencode({'invitation': made.token.reveal()})}"


def send_invitation(
    tx: Connection, made: Invited, *, invited_by: UUID, tenant_id: UUID, role: str, locale: str, url: str
) -> None:
    """Put the mail on its way; the worker sends it, and its text is forgotten then.

    Args:
        url: where people reach the pages.
    """
    names = tx.execute(
        text(
            "select p.display_name as inviter, t.name_en, t.name_fr, t.name_nl from principal p, tenant t"
            " where p.id = :by and t.id = :tenant"
        ),
        {"by": invited_by, "tenant": tenant_id},
    ).one()
    fields = {
        "inviter": " ".join(names.inviter.split()),
        "tenant": getattr(names, f"name_{locale}"),
        "role": _ROLE[role][locale],
        "until": _day(made.expires_at),
        "link": link(url, made),
    }
    tx.execute(
        text("select enqueue_invitation(:id, :subject, :body)"),
        {
            "id": made.id,
            "subject": _SUBJECT[locale].format(**fields)[:240],
            "body": _BODY[locale].format(**fields),
        },
    )


def _day(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")
