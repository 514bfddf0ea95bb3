"""The languages of the pages: their catalogues, and which one a person reads.

English stands in the code; ``translations/fr.po`` and ``nl.po`` hold the others. They are read when the first page
needs them: nothing is compiled, so nothing can be forgotten to be.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from fastapi import Request
from fastapi.responses import Response

from api.browser import cookie_name, secure
from api.languages import preferred
from core.settings import Settings

__all__ = ["LANGUAGES", "LOCALES", "catalogue", "chosen", "keep_chosen", "language_of"]

LANGUAGES: Final[Mapping[str, str]] = {"fr": "Français", "nl": "Nederlands", "en": "English"}
LOCALES: Final[Mapping[str, Locale]] = {
    "fr": Locale("fr", "BE"), "nl": Locale("nl", "BE"), "en": Locale("en", "GB"),
}  # fmt: skip
"""How numbers and dates are written; Brussels has no English of its own."""

_YEAR: Final = 365 * 24 * 3600


@cache
def catalogue(language: str) -> NullTranslations:
    """The translations into a language; of English, the texts of the code as they are."""
    if language == "en":
        return NullTranslations()
    with (files("dashboards") / "translations" / f"{language}.po").open("rb") as source:
        found = read_po(source, locale=language)
    packed = io.BytesIO()
    write_mo(packed, found)
    packed.seek(0)
    return Translations(packed)


def chosen(request: Request, settings: Settings) -> str | None:
    """What was chosen in this browser, at the foot of a page."""
    kept = request.cookies.get(cookie_name(settings, "language"))
    return kept if kept in LANGUAGES else None


def keep_chosen(answer: Response, settings: Settings, language: str) -> None:
    """Let the browser remember what was chosen."""
    answer.set_cookie(
        cookie_name(settings, "language"), language, max_age=_YEAR, path="/", secure=secure(settings), httponly=True,
        samesite="lax",
    )  # fmt: skip


def language_of(request: Request, settings: Settings, profile: str | None = None) -> str:
    """What was chosen in this browser, else the language of the person's profile, else the browser's."""
    return (
        chosen(request, settings)
        or (profile if profile in LANGUAGES else None)
        or preferred(request.headers.get("accept-language", ""))
    )
