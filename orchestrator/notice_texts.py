"""The sentences of mails about a Change, in the languages of the region."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Final

__all__ = ["Sentences", "of", "titled"]

_SAYS: Final = "dashboards.sentences"
"""Who says what a change is about in another language than it was written in; found by its name, where it is."""


@dataclass(frozen=True, slots=True)
class Sentences:
    """The words of one language. Each ``str.format`` field is named."""

    subjects: Mapping[str, str]
    intros: Mapping[str, str]
    facts: str
    how: str
    stand_in: str
    said: str
    states: Mapping[str, str]
    roles: Mapping[str, str]


_EN: Final = Sentences(
    subjects={
        "asked": "Your approval is asked: {title}",
        "emergency": "Emergency, second approval due: {title}",
        "alarm": "ALARM, emergency without a second approval: {title}",
        "ended": "{state}: {title}",
    },
    intros={
        "asked": "{requester} asks for a change that needs the approval of: {roles}.",
        "emergency": "{requester} goes first in an emergency. A second approval is due until {due}.",
        "alarm": "The emergency change of {requester} had no second approval by {due}.",
        "ended": "Your change is now: {state}.",
    },
    facts="Change: {title}\nReason: {reason}\nPlan:   {hash}\nRead:   {link}",
    how='To approve exactly this plan:\n  irisplane change approve {id} --hash {hash} --reason "..."',
    stand_in="You receive this as the deputy of {absent}.",
    said="{by} says why: {why}",
    states={},
    roles={
        "engineer": "network engineer",
        "network-lead": "network lead",
        "agency-user": "member of an administration",
        "agency-admin": "administrator of an administration",
        "platform-manager": "platform manager",
        "management": "management",
        "auditor": "auditor",
    },
)
_FR: Final = Sentences(
    subjects={
        "asked": "Votre approbation est demandée : {title}",
        "emergency": "Urgence, seconde approbation attendue : {title}",
        "alarm": "ALARME, urgence sans seconde approbation : {title}",
        "ended": "{state} : {title}",
    },
    intros={
        "asked": "{requester} demande un changement soumis à l'approbation de : {roles}.",
        "emergency": "{requester} agit en urgence. Une seconde approbation est attendue avant le {due}.",
        "alarm": "Le changement d'urgence de {requester} n'a pas reçu de seconde approbation avant le {due}.",
        "ended": "Votre changement est maintenant : {state}.",
    },
    facts="Changement : {title}\nMotif :      {reason}\nPlan :       {hash}\nÀ lire :     {link}",
    how='Pour approuver exactement ce plan :\n  irisplane change approve {id} --hash {hash} --reason "..."',
    stand_in="Vous recevez ce message en tant que suppléant·e de {absent}.",
    said="{by} en dit la raison : {why}",
    states={
        "rejected": "refusé",
        "expired": "expiré, personne n'a décidé à temps",
        "stale": "périmé, ce qui avait été lu a changé",
        "failed": "échoué",
        "rolled_back": "annulé, tout est comme avant",
        "unknown": "inconnu, un résultat n'a pas pu être vu",
        "succeeded": "réussi",
        "cancelled": "retiré",
    },
    roles={
        "engineer": "ingénieur·e réseau",
        "network-lead": "responsable réseau",
        "agency-user": "membre d'une administration",
        "agency-admin": "administrateur·rice d'une administration",
        "platform-manager": "gestionnaire de la plateforme",
        "management": "direction",
        "auditor": "auditeur·rice",
    },
)
_NL: Final = Sentences(
    subjects={
        "asked": "Uw goedkeuring wordt gevraagd: {title}",
        "emergency": "Noodgeval, tweede goedkeuring verwacht: {title}",
        "alarm": "ALARM, noodgeval zonder tweede goedkeuring: {title}",
        "ended": "{state}: {title}",
    },
    intros={
        "asked": "{requester} vraagt een wijziging aan die de goedkeuring vereist van: {roles}.",
        "emergency": "{requester} gaat in een noodgeval voor. Een tweede goedkeuring wordt verwacht vóór {due}.",
        "alarm": "De noodwijziging van {requester} kreeg geen tweede goedkeuring vóór {due}.",
        "ended": "Uw wijziging is nu: {state}.",
    },
    facts="Wijziging: {title}\nReden:     {reason}\nPlan:      {hash}\nLezen:     {link}",
    how='Om precies dit plan goed te keuren:\n  irisplane change approve {id} --hash {hash} --reason "..."',
    stand_in="U ontvangt dit bericht als plaatsvervanger van {absent}.",
    said="{by} zegt waarom: {why}",
    states={
        "rejected": "geweigerd",
        "expired": "verlopen, niemand besliste op tijd",
        "stale": "achterhaald, wat gelezen was is veranderd",
        "failed": "mislukt",
        "rolled_back": "teruggedraaid, alles is zoals voordien",
        "unknown": "onbekend, een resultaat kon niet gezien worden",
        "succeeded": "geslaagd",
        "cancelled": "ingetrokken",
    },
    roles={
        "engineer": "netwerkingenieur",
        "network-lead": "netwerkverantwoordelijke",
        "agency-user": "lid van een bestuur",
        "agency-admin": "beheerder van een bestuur",
        "platform-manager": "platformbeheerder",
        "management": "directie",
        "auditor": "auditor",
    },
)


def of(locale: str) -> Sentences:
    """The words of a language; English when there are none."""
    return {"en": _EN, "fr": _FR, "nl": _NL}.get(locale, _EN)


def titled(title: str, reason: str, locale: str) -> str:
    """What a change is about, in a language: its title, or its reason where nobody knows the title in that language."""
    if locale not in {"fr", "nl"}:
        return title
    if find_spec(_SAYS) is None:
        return reason
    text, language = import_module(_SAYS).said(title, locale)
    return str(text) if language == locale else reason
