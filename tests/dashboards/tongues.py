"""What on a page is in another language than the page says: a reader that knows what English looks like.

English is found in three ways. Text that says ``lang="en"`` is allowed only where a machine wrote it. Text that is
whole a text of the catalogue whose translation differs was not translated. And a text with two words that only English
has was never given to the catalogue. What people typed is theirs: a test furnishes pages with words of no language.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cache
from html.parser import HTMLParser
from importlib.resources import files
from typing import Final

from babel.messages.pofile import read_po

from dashboards.languages import LANGUAGES

__all__ = ["Found", "english_on"]

_VOID: Final = frozenset(
    {"area", "base", "br", "circle", "col", "hr", "img", "input", "link", "meta", "path", "polyline", "rect", "wbr"}
)
_UNREAD: Final = frozenset({"script", "style", "code", "pre", "textarea"})
"""Code and what was typed are nobody's language."""
_MACHINE: Final = frozenset({"machine", "config", "sides", "over", "languages", "plus", "minus"})
"""Classes of what devices, the cloud and sources of data said as they said it; and the names of the languages."""
_ATTRIBUTES: Final = ("title", "aria-label", "placeholder", "alt", "data-label")
_WORD: Final = re.compile(r"[A-Za-z']+")
_ENGLISH: Final = frozenset(
    {
        "again", "already", "and", "another", "any", "are", "been", "by", "cannot", "could", "did", "does",
        "each", "every", "for", "from", "had", "has", "have", "it's", "its", "may", "must", "nobody", "none",
        "not", "nothing", "only", "other", "shall", "should", "still", "than", "that", "the", "their", "them",
        "then", "there", "these", "they", "this", "those", "were", "what", "when", "where", "which", "while",
        "who", "whom", "whose", "will", "with", "would", "yet", "you", "your"
    }
)  # fmt: skip
"""Words that neither French nor Dutch has."""
_MANY: Final = 2


@dataclass(frozen=True, slots=True, order=True)
class Found:
    """Something English: how it was found, and what."""

    how: str
    text: str


@dataclass
class _Open:
    tag: str
    english: bool
    machine: bool
    unread: bool


class _Reader(HTMLParser):
    def __init__(self, html: str, language: str, own: AbstractSet[str]) -> None:
        super().__init__()
        self.language = language
        self.own = own
        self.found: set[Found] = set()
        self._open: list[_Open] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        before = self._open[-1] if self._open else _Open("", english=False, machine=False, unread=False)
        one = _Open(
            tag,
            english=given["lang"] == "en" if "lang" in given else before.english,
            machine=before.machine or bool(_MACHINE & set(given.get("class", "").split())),
            unread=before.unread or tag in _UNREAD,
        )
        for name in _ATTRIBUTES:
            if name in given:
                self._judge(given[name], one, name)
        if tag == "input" and given.get("type") in {"submit", "button"}:
            self._judge(given.get("value", ""), one, "value")
        if tag not in _VOID:
            self._open.append(one)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._open:
            if self._open.pop().tag == tag:
                return

    def handle_data(self, data: str) -> None:
        if self._open:
            self._judge(data, self._open[-1], "text")

    def _judge(self, data: str, where: _Open, what: str) -> None:
        text = " ".join(data.split())
        if where.machine or text in self.own or not any(one.isalpha() for one in text):
            return
        if where.english and text not in LANGUAGES.values():  # each is called in its own
            self.found.add(Found(f"{what} that says it is English", text))
        elif not where.unread and text in _untranslated(self.language):
            self.found.add(Found(f"{what} of the catalogue, not translated", text))
        elif not where.unread and len(_ENGLISH & {one.lower() for one in _WORD.findall(text)}) >= _MANY:
            self.found.add(Found(f"{what} that reads English", text))


def english_on(html: str, language: str, own: AbstractSet[str] = frozenset()) -> set[Found]:
    """What a page of another language says in English.

    Args:
        own: names that people gave.
    """
    return _Reader(html, language, own).found


@cache
def _untranslated(language: str) -> frozenset[str]:
    """Texts of the catalogue that are said otherwise in this language, and that nothing else is said by."""
    said = _said(language)
    return frozenset(one for one, other in said.items() if one != other) - frozenset(said.values())


@cache
def _said(language: str) -> Mapping[str, str]:
    with (files("dashboards") / "translations" / f"{language}.po").open("rb") as source:
        return {
            one.id: str(one.string) for one in read_po(source, locale=language) if one.id and isinstance(one.id, str)
        }
