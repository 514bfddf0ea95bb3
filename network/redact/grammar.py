"""How a platform writes secrets: words that announce one, words that may stand between, words that may follow.

The rule is to deny: after a word that announces a secret everything on the line is secret, except what the grammar
knows to be something else; and what has the shape of a key is secret on any line of a kind we do not know.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

__all__ = ["Grammar", "Token", "secret_tokens", "tokens"]

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"?|[;{}\[\]](?=\s|$)|(?:[^\s;"]|;(?!\s*(?:##.*)?$))+|;')
_CRYPT = re.compile(r'"?\$[0-9A-Za-z]{1,6}\$\S+')
_HEX = re.compile(r'"?(?:0x)?(?=[0-9A-Fa-f]*\d)[0-9A-Fa-f]{16,}"?$')
_BASE64 = re.compile(r'"?(?=[^"]*[a-z])(?=[^"]*[A-Z])(?=[^"]*\d)[A-Za-z0-9+/_-]{20,}={0,2}"?$')
_PUBLIC = re.compile(r"(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-\S+)\s+AAAA")
# Announcing words that may follow one another; any other word after one is its secret, whatever it looks like.
_PAIRS = frozenset(
    (
        ("auth", "md5"), ("auth", "sha"), ("authentication-key", "md5"), ("key", "md5"), ("key", "secret"),
        ("key-string", "password"),
        ("md5", "key"), ("md5", "key-string"), ("message-digest-key", "md5"), ("secret", "key"), ("password", "secret"),
    )
)  # fmt: skip
_ENCODINGS = frozenset(("0", "3", "4", "5", "6", "7", "8", "8a", "9", "10", "14", "15"))
# What follows the number of a key: ``message-digest-key 1 md5 …``, ``key 1 secret …``.
_AFTER_NUMBER = frozenset(("md5", "key", "secret", "sha1", "sha256", "cmac-aes", "hmac-sha-256"))
REDACTED_WORD = "<redacted>"


@dataclass(frozen=True, slots=True)
class Token:
    """A word of a line, or a quoted string with its quotes; ``start`` and ``end`` within the line."""

    text: str
    start: int
    end: int

    @property
    def word(self) -> str:
        return self.text.lower()


@dataclass(frozen=True, slots=True)
class Grammar:
    """One platform's words.

    Attributes:
        announce: words after which a secret stands.
        between: words that may stand between an announcing word and the secret (encoding, algorithm).
        follow: words that may follow a secret, with the number of harmless words each brings along.
        harmless: lines (from their first word) on which announcing words mean something else.
        known: line kinds that never hold key material, so shape is not looked at.
        rest: announcing words whose secret is the rest of the line, spaces included.
        patterns: lines that hold a secret without such a word; group 1 is the secret.
    """

    announce: frozenset[str]
    between: frozenset[str]
    follow: dict[str, int]
    harmless: re.Pattern[str]
    known: re.Pattern[str]
    rest: frozenset[str] = field(default_factory=frozenset)
    patterns: tuple[re.Pattern[str], ...] = ()


def tokens(line: str) -> list[Token]:
    """The words of a line; a quoted string is one word, a final ``;`` is one of its own."""
    return [Token(match[0], match.start(), match.end()) for match in _TOKEN.finditer(line)]


def secret_tokens(line: str, grammar: Grammar) -> Iterator[Token]:
    """The words of one line that are secret."""
    words = tokens(line)
    comment = next((i for i, token in enumerate(words) if token.text.startswith("##")), len(words))
    marked = any("SECRET-DATA" in token.text for token in words[comment:])
    words = words[:comment]
    found: dict[int, Token] = {}
    stripped = line.strip()
    if not grammar.harmless.match(stripped):
        for index, token in enumerate(words):
            if token.word in grammar.announce:
                found.update(_announced(words, index, grammar))
    for pattern in grammar.patterns:
        if match := pattern.search(line):
            inside = (i for i, token in enumerate(words) if match.start(1) <= token.start < match.end(1))
            found.update((i, words[i]) for i in inside)
    known = grammar.known.match(stripped) or _PUBLIC.search(line)
    found.update((i, token) for i, token in enumerate(words) if _shaped(token.text, known=bool(known)))
    if marked and not found:
        found.update((i, token) for i, token in enumerate(words) if i and token.text not in (";", "{", "}"))
    yield from (token for _, token in sorted(found.items()) if token.text.strip('"') not in (REDACTED_WORD, ""))


def _shaped(text: str, *, known: bool) -> bool:
    """Whether a word looks like a hash or a key; on lines of a known kind only the unmistakable form counts."""
    return bool(_CRYPT.match(text) or (not known and (_HEX.match(text) or _BASE64.match(text))))


def _announced(words: list[Token], index: int, grammar: Grammar) -> dict[int, Token]:
    """What an announcing word at ``index`` makes secret."""
    position = index + 1
    found: dict[int, Token] = {}
    while _stands_between(words, position, grammar):
        position += 1
        if words[position - 1].word in _ENCODINGS:
            break  # after the number of an encoding comes the secret, whatever word it is
    if position < len(words) and (words[index].word, words[position].word) in _PAIRS and not _last(words, position):
        return found  # that word announces by itself
    if words[index].word in grammar.rest:
        return {i: words[i] for i in range(position, len(words)) if words[i].text not in (";", "{", "}")}
    first = True
    while position < len(words):
        token = words[position]
        if token.text in (";", "{", "}", "[", "]"):
            position += 1
        elif not first and token.word in grammar.follow:
            position += 1 + grammar.follow[token.word]
        elif not first and token.word in grammar.announce:
            break
        else:
            found[position] = token
            position += 1
        first = False
    return found


def _stands_between(words: list[Token], position: int, grammar: Grammar) -> bool:
    """An encoding or algorithm, or the number of a key (``message-digest-key 1 md5 …``), before the secret itself."""
    if position >= len(words) or _last(words, position):
        return False
    word = words[position].word
    return word in grammar.between or (word.isdigit() and words[position + 1].word in _AFTER_NUMBER)


def _last(words: list[Token], position: int) -> bool:
    """A word that could stand between but ends the line is itself the secret."""
    return all(token.text in (";", "{") for token in words[position + 1 :])
