"""The sentences of mails about hosting, in the languages of the region."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["LANGUAGES", "resource_in", "sentences"]

LANGUAGES: Final = ("fr", "nl", "en")

_IMPACTS: Final = {
    "none": {"fr": "non ressenti", "nl": "niet merkbaar", "en": "not felt"},
    "degraded": {"fr": "service réduit", "nl": "verminderde dienst", "en": "degraded"},
    "interrupted": {"fr": "service interrompu", "nl": "onderbroken dienst", "en": "interrupted"},
}
_RESOURCES: Final = {
    "servers": {"fr": "serveurs", "nl": "servers", "en": "servers"},
    "vcpus": {"fr": "processeurs virtuels", "nl": "virtuele processoren", "en": "virtual processors"},
    "ram_mib": {"fr": "MiB de mémoire", "nl": "MiB geheugen", "en": "MiB of memory"},
    "volumes": {"fr": "volumes", "nl": "volumes", "en": "volumes"},
    "storage_gib": {"fr": "GiB de stockage", "nl": "GiB opslag", "en": "GiB of storage"},
    "snapshots": {"fr": "instantanés", "nl": "snapshots", "en": "snapshots"},
    "networks": {"fr": "réseaux", "nl": "netwerken", "en": "networks"},
    "floating_ips": {"fr": "adresses flottantes", "nl": "floating adressen", "en": "floating addresses"},
    "security_groups": {"fr": "groupes de sécurité", "nl": "beveiligingsgroepen", "en": "security groups"},
}

_MAINTENANCE: Final = {
    "fr": "De {begins} à {ends}. Effet : {impact}.\nCela touche : {resources}\nÀ lire : {link}",
    "nl": "Van {begins} tot {ends}. Gevolg: {impact}.\nDit raakt: {resources}\nLezen: {link}",
    "en": "From {begins} to {ends}. Impact: {impact}.\nIt touches: {resources}\nRead: {link}",
}
_QUOTA: Final = {
    "fr": "Sur {granted} {resource}, {used} sont utilisés.\nDemander plus : irisplane quota request\nÀ lire : {link}",
    "nl": "Van de {granted} {resource} zijn {used} in gebruik.\nMeer vragen: irisplane quota request\nLezen: {link}",
    "en": "Of {granted} {resource}, {used} are used.\nTo ask for more: irisplane quota request\nRead: {link}",
}
_EXTEND: Final = {
    "fr": "Pour le prolonger : POST {link}:extend",
    "nl": "Verlengen: POST {link}:extend",
    "en": "To extend it: POST {link}:extend",
}

_TEXTS: Final[Mapping[str, Mapping[str, tuple[str, str]]]] = {
    "support.opened": {
        "fr": ("Nouvelle demande de {tenant} : {title}", "Une administration demande de l'aide.\nÀ lire : {link}"),
        "nl": ("Nieuwe vraag van {tenant}: {title}", "Een bestuur vraagt hulp.\nLezen: {link}"),
        "en": ("New request of {tenant}: {title}", "An administration asks for help.\nRead: {link}"),
    },
    "support.asked": {
        "fr": ("{tenant} a écrit : {title}", "Un message attend votre réponse.\nÀ lire : {link}"),
        "nl": ("{tenant} schreef: {title}", "Een bericht wacht op uw antwoord.\nLezen: {link}"),
        "en": ("{tenant} wrote: {title}", "A message waits for your answer.\nRead: {link}"),
    },
    "support.answered": {
        "fr": ("Une réponse vous attend : {title}", "La Région a répondu à votre demande.\nÀ lire : {link}"),
        "nl": ("Er is een antwoord voor u: {title}", "Het Gewest heeft op uw vraag geantwoord.\nLezen: {link}"),
        "en": ("An answer waits for you: {title}", "The region has answered your request.\nRead: {link}"),
    },
    "support.solved": {
        "fr": ("Résolu : {title}", "Votre demande est marquée comme résolue ; un message la rouvre.\nÀ lire : {link}"),
        "nl": ("Opgelost: {title}", "Uw vraag is als opgelost aangeduid; een bericht opent ze opnieuw.\nLezen: {link}"),
        "en": ("Solved: {title}", "Your request is marked as solved; a message opens it again.\nRead: {link}"),
    },
    "support.closed": {
        "fr": ("Clos : {title}", "Votre demande est close.\nÀ lire : {link}"),
        "nl": ("Gesloten: {title}", "Uw vraag is gesloten.\nLezen: {link}"),
        "en": ("Closed: {title}", "Your request is closed.\nRead: {link}"),
    },
    "maintenance.scheduled": {
        "fr": ("Maintenance prévue : {title}", _MAINTENANCE["fr"]),
        "nl": ("Onderhoud gepland: {title}", _MAINTENANCE["nl"]),
        "en": ("Maintenance planned: {title}", _MAINTENANCE["en"]),
    },
    "maintenance.in-progress": {
        "fr": ("Maintenance en cours : {title}", _MAINTENANCE["fr"]),
        "nl": ("Onderhoud bezig: {title}", _MAINTENANCE["nl"]),
        "en": ("Maintenance under way: {title}", _MAINTENANCE["en"]),
    },
    "maintenance.done": {
        "fr": ("Maintenance terminée : {title}", _MAINTENANCE["fr"]),
        "nl": ("Onderhoud klaar: {title}", _MAINTENANCE["nl"]),
        "en": ("Maintenance done: {title}", _MAINTENANCE["en"]),
    },
    "maintenance.cancelled": {
        "fr": ("Maintenance annulée : {title}", _MAINTENANCE["fr"]),
        "nl": ("Onderhoud geannuleerd: {title}", _MAINTENANCE["nl"]),
        "en": ("Maintenance cancelled: {title}", _MAINTENANCE["en"]),
    },
    "quota.nearly-full": {
        "fr": ("Quota presque atteint : {resource}", _QUOTA["fr"]),
        "nl": ("Quotum bijna bereikt: {resource}", _QUOTA["nl"]),
        "en": ("Quota nearly used up: {resource}", _QUOTA["en"]),
    },
    "quota.full": {
        "fr": ("Quota atteint : {resource}", _QUOTA["fr"]),
        "nl": ("Quotum bereikt: {resource}", _QUOTA["nl"]),
        "en": ("Quota used up: {resource}", _QUOTA["en"]),
    },
    "lease.ends": {
        "fr": (
            "{title} s'arrête dans {days} jour(s)",
            f"Le bail du serveur {{title}} finit le {{until}} : il est alors arrêté, puis supprimé.\n{_EXTEND['fr']}",
        ),
        "nl": (
            "{title} stopt over {days} dag(en)",
            f"De termijn van {{title}} eindigt op {{until}}: dan wordt hij gestopt, later verwijderd.\n{_EXTEND['nl']}",
        ),
        "en": (
            "{title} stops in {days} day(s)",
            f"The lease of {{title}} ends at {{until}}: it is stopped then, and deleted later.\n{_EXTEND['en']}",
        ),
    },
    "lease.ended-stays": {
        "fr": (
            "Bail terminé : {title}",
            f"Le serveur {{title}} est arrêté ; protégé, il n'est pas supprimé.\n{_EXTEND['fr']}",
        ),
        "nl": (
            "Termijn verstreken: {title}",
            f"{{title}} is gestopt; beschermd, dus niet verwijderd.\n{_EXTEND['nl']}",
        ),
        "en": ("Lease ended: {title}", f"{{title}} is stopped; it is protected and not deleted.\n{_EXTEND['en']}"),
    },
    "lease.ended": {
        "fr": (
            "Bail terminé : {title}",
            f"Le serveur {{title}} est arrêté. Sans prolongation, il est supprimé le {{deleted}}.\n{_EXTEND['fr']}",
        ),
        "nl": (
            "Termijn verstreken: {title}",
            f"De server {{title}} is gestopt. Zonder verlenging wordt hij verwijderd op {{deleted}}.\n{_EXTEND['nl']}",
        ),
        "en": (
            "Lease ended: {title}",
            f"The server {{title}} is stopped. Unless it is extended it is deleted at {{deleted}}.\n{_EXTEND['en']}",
        ),
    },
}


def resource_in(resource: str, language: str) -> str:
    """What a quota counts, in words."""
    return _RESOURCES.get(resource, {}).get(language, resource)


def sentences(action: str, language: str, facts: Mapping[str, str]) -> tuple[str, str]:
    """Subject and body of the mail about an action; English when there are no words of that language."""
    spoken = language if language in LANGUAGES else "en"
    said = {**facts}
    if "impact" in said:
        said["impact"] = _IMPACTS.get(said["impact"], {}).get(spoken, said["impact"])
    if "resource" in said:
        said["resource"] = resource_in(said["resource"], spoken)
    subject, body = _TEXTS[action][spoken]
    return subject.format(**said), body.format(**said)
