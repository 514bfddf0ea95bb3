"""Sentences that the rooms below write in English, recognised and said in the language of who reads.

A plan is frozen and hashed with its words, the journal keeps them for good, and an error says the same to programs as
to people: so they are written in English, as text. :mod:`dashboards.spoken` holds each sentence that people meet, with
names where its values are. A page that shows a sentence looks which one it is, and says it from the catalogue with
these values; one that is not known stays English and is marked so, and so are words of a machine within a known one.
Tests hold every sentence against the code that writes it, and the code against the sentences.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import chain
from typing import Final

from markupsafe import Markup

from dashboards.languages import catalogue
from dashboards.spoken import (
    cloud,
    differences,
    errors,
    fields,
    hints,
    hosting,
    incidents,
    network,
    paths,
    plans,
    plant,
    plays,
    region,
    rules,
    runs,
    services,
    words,
)
from dashboards.terms import TERMS

__all__ = ["DICTIONARY", "SENTENCES", "difference", "pattern", "said", "spoken"]

_ROOMS: Final = (
    plans,
    runs,
    plays,
    services,
    cloud,
    errors,
    region,
    hosting,
    incidents,
    network,
    plant,
    paths,
    rules,
    hints,
    fields,
    differences,
)
SENTENCES: Final = tuple(
    dict.fromkeys(chain.from_iterable(getattr(room, name) for room in _ROOMS for name in room.__all__ if name != "WHY"))
)
"""Every sentence that is known, without the parts that the reason for a place is put together from."""

DICTIONARY: Final[Mapping[str, str]] = {**{one: one for one in words.WORDS}, **TERMS}
"""What the code names, and words that stand in sentences as they are: what the catalogue has for each."""

_FIELD: Final = re.compile(r"%\((\w+)\)s")
_FORMS: Final = (
    ("names", ".+?"), ("name", r"\S+?"), ("count", r"[\d.,]+"), ("word", ".*?"), ("said", ".*?"), ("told", ".+?"),
)  # fmt: skip
"""What may stand in the place of a name that begins so; see :mod:`dashboards.spoken`."""
_JOINT: Final = re.compile(r"; |(?<=\.) ")
_LISTED: Final = re.compile(r"(, | or | and )")
_LINK: Final = re.compile(r", | and ")
_AND: Final = {"fr": " et ", "nl": " en "}
_OR: Final = {"fr": " ou ", "nl": " of "}
_MORE: Final = {"fr": r" et \1 de plus", "nl": r" en nog \1"}
_OF_A_MACHINE: Final = re.compile("\ue000(.*?)\ue001", re.DOTALL)
"""Private characters around what a machine said: text until it is put on a page."""
_DEEP: Final = 4
_SIGNS: Final = "+-~=? "


@lru_cache(maxsize=4096)
def said(english: str, language: str) -> tuple[str, str]:
    """A sentence in a language, and the language that it is in then: English where it is not known."""
    if language == "en" or not english:
        return english, "en"
    found = _say(_plain(english), language)
    return (english, "en") if found is None else (_OF_A_MACHINE.sub(r"\1", found), language)


@lru_cache(maxsize=4096)
def spoken(english: str, language: str) -> Markup:
    """The same as HTML: what stays English is marked so, the whole or the words of a machine in it."""
    if language == "en" or not english:
        return Markup("{}").format(english)
    text = _plain(english)
    found = _say(text, language)
    if found is None:
        parts = _JOINT.split(text)
        known = [_say(part, language) for part in parts]
        if not any(known):
            return _marked(text)
        ends = [one.group() for one in _JOINT.finditer(text)] + [""]
        return Markup("").join(
            _html(one) + end if one is not None else _marked(part) + end
            for one, part, end in zip(known, parts, ends, strict=True)
        )
    return _html(found)


def difference(english: str, language: str) -> str:
    """A difference whose lines are sentences, each behind its sign; what is not known stays as it is."""
    return "\n".join(_behind_its_sign(line, language) for line in english.split("\n"))


def _behind_its_sign(line: str, language: str) -> str:
    text = line.lstrip(_SIGNS)
    return line[: len(line) - len(text)] + said(text, language)[0]


def _plain(english: str) -> str:
    return english.replace("\ue000", "").replace("\ue001", "")


def _marked(english: str) -> Markup:
    return Markup('<span class="machine" lang="en">{}</span>').format(english)


def _html(found: str) -> Markup:
    pieces = _OF_A_MACHINE.split(found)  # what was said, and every second piece what a machine said
    return Markup("").join(
        _marked(piece) if number % 2 else Markup("{}").format(piece) for number, piece in enumerate(pieces)
    )


def _say(english: str, language: str, deep: int = 0) -> str | None:
    """A sentence, several in a row, or the reason for a place; ``None`` where a part of it is not known."""
    if not any(one.isalpha() for one in english):
        return english
    if deep > _DEEP:
        return None
    translate: Callable[[str], str] = catalogue(language).gettext
    if english in _exact():
        return translate(english)
    for one in _patterns():
        if (whole := one.said(english, language, deep)) is not None:
            return whole
    for joint in _JOINT.finditer(english):
        first, rest = english[: joint.start()], english[joint.end() :]
        begun = _say(first, language, deep + 1) or _say(first.removesuffix("."), language, deep + 1)
        ended = begun and _say(rest, language, deep)
        if begun and ended:
            return f"{begun}{joint.group()}{ended}"
    return _placed(english, language, translate)


@dataclass(frozen=True, slots=True)
class _Pattern:
    """A sentence with values: how it is recognised, and the longest text in it, without which it is none."""

    sentence: str
    found: re.Pattern[str]
    core: str

    def said(self, english: str, language: str, deep: int) -> str | None:
        match = self.found.fullmatch(english) if self.core in english else None
        if match is None:
            return None
        values = {}
        for name, value in match.groupdict().items():
            spoken = _value(name, value, language, deep)
            if spoken is None:
                return None
            values[name] = spoken
        return str(catalogue(language).gettext(self.sentence) % values)


def _value(name: str, value: str, language: str, deep: int) -> str | None:
    if name.startswith("names"):
        return re.sub(r" and (\d+) more$", _MORE[language], value).replace(" and ", _AND[language])
    if name.startswith("word"):
        return _words(value, language)
    if name.startswith(("said", "told")):
        known = _say(value, language, deep + 1)
        return f"\ue000{value}\ue001" if known is None and name.startswith("said") else known
    return value


def _words(value: str, language: str) -> str | None:
    """Words that the catalogue has, one or several in a row; a number is one in every language."""
    gettext: Callable[[str], str] = catalogue(language).gettext
    if not value or value in DICTIONARY:
        return value and gettext(DICTIONARY[value])
    said = []
    for one in _LISTED.split(value):
        if one in {", ", " and ", " or "}:
            said.append({", ": ", ", " and ": _AND[language], " or ": _OR[language]}[one])
        elif one in DICTIONARY:
            said.append(gettext(DICTIONARY[one]))
        elif any(letter.isalpha() for letter in one):
            return None
        else:
            said.append(one)
    return "".join(said)


def _placed(english: str, language: str, translate: Callable[[str], str]) -> str | None:
    """``BXL-1 may hold open data, was asked for and is away from db-1.``: the zone, and its parts one by one."""
    zone, _space, rest = english.removesuffix(".").partition(" ")
    joined = _AND[language]
    parts = _taken_apart(rest, translate, joined) if zone and rest else None
    if parts is None:
        return None
    listed = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])}{joined}{parts[-1]}"
    return f"{zone} {listed}{'.' if english.endswith('.') else ''}"


def _taken_apart(rest: str, translate: Callable[[str], str], joined: str) -> list[str] | None:
    """Names may hold an ``and``: a part ends where what follows is parts again."""
    for link in (*_LINK.finditer(rest), None):
        part = _part(rest[: link.start()] if link else rest, translate, joined)
        if part is None:
            continue
        more = _taken_apart(rest[link.end() :], translate, joined) if link else []
        if more is not None:
            return [part, *more]
    return None


def _part(english: str, translate: Callable[[str], str], joined: str) -> str | None:
    for sentence in plans.WHY:
        found = pattern(sentence).fullmatch(english)
        if found is not None:
            return translate(sentence) % {
                key: value.replace(" and ", joined) for key, value in found.groupdict().items()
            }
    return None


@cache
def _exact() -> frozenset[str]:
    return frozenset(one for one in SENTENCES if not _FIELD.search(one))


@cache
def _patterns() -> tuple[_Pattern, ...]:
    """Those that say the most first: what is short fits much."""
    return tuple(_Pattern(one, pattern(one), core) for one, core in sorted(_with_cores(), key=_weight))


def _with_cores() -> Iterator[tuple[str, str]]:
    for one in SENTENCES:
        if _FIELD.search(one):
            yield one, max(_FIELD.split(one)[::2], key=len)


def _weight(one: tuple[str, str]) -> int:
    return -len(_FIELD.sub("", one[0]))


@cache
def pattern(sentence: str) -> re.Pattern[str]:
    """What matches a sentence with whatever may stand in the place of its names."""
    pieces = _FIELD.split(sentence)
    body = "".join(f"(?P<{one}>{_form(one)})" if number % 2 else re.escape(one) for number, one in enumerate(pieces))
    return re.compile(body, re.DOTALL)


def _form(name: str) -> str:
    return next((form for begins, form in _FORMS if name.startswith(begins)), ".+?")
