"""The words of the sign-in pages, in the languages of the region, and which of them a browser wants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from fastapi import Request

__all__ = ["LANGUAGES", "Words", "language_of", "words_of"]

LANGUAGES: Final[Mapping[str, str]] = {"fr": "Français", "nl": "Nederlands", "en": "English"}


@dataclass(frozen=True, slots=True)
class Words:
    """One language. Fields of ``str.format`` are named."""

    languages: str
    sign_in: str
    choose: str
    with_: str
    no_provider: str
    programs: str
    invited: str
    signed_out: str
    out_there: str
    signed_in: str
    who: str
    tenant: str
    roles: str
    sign_out: str
    sessions: str
    agent: str
    address: str
    seen: str
    until: str
    act: str
    current: str
    end: str
    refused: str
    again: str
    paste: str
    paste_label: str
    paste_hint: str
    go: str
    link: str
    link_goes_on: str
    home: str


_EN: Final = Words(
    languages="Language",
    sign_in="Sign in",
    choose="Sign in with the account of your organisation:",
    with_="Sign in with {label}",
    no_provider="No identity provider is set up here; docs/identity.md in the source says how.",
    programs="Programs use a token:",
    invited="You were invited. Sign in, and you are a member.",
    signed_out="You are signed out.",
    out_there="Sign out at {label}, too",
    signed_in="Signed in",
    who="You are signed in as {name} ({handle}).",
    tenant="Administration",
    roles="Roles",
    sign_out="Sign out",
    sessions="Your sessions",
    agent="Browser",
    address="From",
    seen="Last used",
    until="Ends at the latest",
    act="End",
    current="this one",
    end="End",
    refused="Not signed in",
    again="Begin again",
    paste="Sign in with a token",
    paste_label="Your token",
    paste_hint="It begins with irp_ and is yours alone. Where the command line is, 'irisplane web' does it for you.",
    go="Sign in",
    link="Sign in by link",
    link_goes_on="You will be signed in as {name} ({handle}).",
    home="Go to your pages",
)
_FR: Final = Words(
    languages="Langue",
    sign_in="Se connecter",
    choose="Connectez-vous avec le compte de votre organisation :",
    with_="Se connecter avec {label}",
    no_provider="Aucun fournisseur d'identité n'est configuré ici ; docs/identity.md, dans les sources, dit comment.",
    programs="Les programmes utilisent un jeton :",
    invited="Vous avez été invité·e. Connectez-vous, et vous serez membre.",
    signed_out="Vous êtes déconnecté·e.",
    out_there="Se déconnecter aussi chez {label}",
    signed_in="Connecté·e",
    who="Vous êtes connecté·e en tant que {name} ({handle}).",
    tenant="Administration",
    roles="Rôles",
    sign_out="Se déconnecter",
    sessions="Vos sessions",
    agent="Navigateur",
    address="Depuis",
    seen="Dernière utilisation",
    until="Se termine au plus tard",
    act="Terminer",
    current="celle-ci",
    end="Terminer",
    refused="Connexion impossible",
    again="Recommencer",
    paste="Se connecter avec un jeton",
    paste_label="Votre jeton",
    paste_hint="Il commence par irp_ et n'est qu'à vous ; en ligne de commande, « irisplane web » le fait pour vous.",
    go="Se connecter",
    link="Se connecter par lien",
    link_goes_on="Vous serez connecté·e en tant que {name} ({handle}).",
    home="Aller à vos pages",
)
_NL: Final = Words(
    languages="Taal",
    sign_in="Aanmelden",
    choose="Meld u aan met het account van uw organisatie:",
    with_="Aanmelden met {label}",
    no_provider="Hier is geen identiteitsprovider ingesteld; docs/identity.md in de broncode zegt hoe.",
    programs="Programma's gebruiken een token:",
    invited="U bent uitgenodigd. Meld u aan en u bent lid.",
    signed_out="U bent afgemeld.",
    out_there="Ook afmelden bij {label}",
    signed_in="Aangemeld",
    who="U bent aangemeld als {name} ({handle}).",
    tenant="Bestuur",
    roles="Rollen",
    sign_out="Afmelden",
    sessions="Uw sessies",
    agent="Browser",
    address="Vanaf",
    seen="Laatst gebruikt",
    until="Eindigt uiterlijk",
    act="Beëindigen",
    current="deze",
    end="Beëindigen",
    refused="Niet aangemeld",
    again="Opnieuw beginnen",
    paste="Aanmelden met een token",
    paste_label="Uw token",
    paste_hint="Het begint met irp_ en is van u alleen. Waar de opdrachtregel staat, doet 'irisplane web' het voor u.",
    go="Aanmelden",
    link="Aanmelden met een link",
    link_goes_on="U wordt aangemeld als {name} ({handle}).",
    home="Naar uw pagina's",
)
_ALL: Final[Mapping[str, Words]] = {"fr": _FR, "nl": _NL, "en": _EN}


def words_of(language: str) -> Words:
    """The words of a language; English when there are none."""
    return _ALL.get(language, _EN)


def language_of(request: Request) -> str:
    """``?lang=`` when given, else the first of the browser's that we speak, else English."""
    chosen = request.query_params.get("lang", "")
    if chosen in LANGUAGES:
        return chosen
    for part in request.headers.get("accept-language", "").split(",")[:20]:
        code = part.partition(";")[0].strip().lower().partition("-")[0]
        if code in LANGUAGES:
            return code
    return "en"
