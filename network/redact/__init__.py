"""Secrets found by grammar in configuration text, and taken out of it.

Every secret becomes the same word: equal secrets must not be seen to be equal. The number of lines never changes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from network.redact.grammar import REDACTED_WORD, Token, secret_tokens
from network.redact.platforms import GRAMMARS
from network.render.errors import UnsupportedPlatform

__all__ = ["REDACTED", "Span", "find_secrets", "redact"]

REDACTED = REDACTED_WORD
_PEM_BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]+-----")
_PEM_END = re.compile(r"-----END [A-Z0-9 ]+-----")
_CERTIFICATE = re.compile(
    r"\s*(?:certificate (?:self-signed |ca |rsa |general-purpose )*[0-9A-Fa-f]+|(?:ca-)?certificate)\s*$"
)
_KEY_MATERIAL = re.compile(r'\s*"?[0-9A-Fa-f]{8}(?: [0-9A-Fa-f]{2,8})+\s*"?$')


@dataclass(frozen=True, slots=True)
class Span:
    """Where a secret stands: line (from 1), and offsets into the whole text (``end`` exclusive)."""

    line: int
    start: int
    end: int


@dataclass(slots=True)
class _Block:
    """The multi-line secret that we are inside of, if any."""

    pem: bool = False
    certificate: bool = False
    open_quote: bool = False

    def whole_line(self, line: str) -> bool:
        """Whether this line is secret as a whole; keeps track of where blocks begin and end."""
        if self.pem:
            self.pem = not _PEM_END.search(line)
            return True
        if _PEM_BEGIN.search(line) and not _PEM_END.search(line):
            self.pem = True
            return True
        if self.certificate:
            if line.strip() in ("quit", "exit", "EOF", "!"):
                self.certificate = False
                return False
            return True
        self.certificate = bool(_CERTIFICATE.match(line))
        return not self.certificate and bool(_KEY_MATERIAL.match(line))


def find_secrets(text: str, platform: str) -> list[Span]:
    """Every secret of a configuration text, in order, none overlapping another.

    Raises:
        UnsupportedPlatform: there is no grammar for ``platform``; a text that we cannot read must not be shown.
    """
    if platform not in GRAMMARS:
        raise UnsupportedPlatform(f"There is no secret grammar for {platform!r}; there is for {', '.join(GRAMMARS)}.")
    return list(_spans(text, platform))


def _spans(text: str, platform: str) -> Iterator[Span]:
    block = _Block()
    offset = 0
    for number, full in enumerate(text.splitlines(keepends=True), 1):
        line = full.rstrip("\r\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029")
        for start, end in _in_line(line, platform, block):
            yield Span(number, offset + start, offset + end)
        offset += len(full)


def _in_line(line: str, platform: str, block: _Block) -> Iterator[tuple[int, int]]:
    if block.open_quote:
        end = line.find('"')
        block.open_quote = end < 0
        yield from _trimmed(line, 0, len(line) if end < 0 else end)
        return
    if block.whole_line(line):
        start = _PEM_BEGIN.search(line)
        yield from _trimmed(line, start.start() if start else 0, len(line))
        return
    found = list(secret_tokens(line, GRAMMARS[platform]))
    last = found[-1] if found else None
    if last is not None and last.text.startswith('"') and last.text.count('"') == 1:
        block.open_quote = True
    yield from _merged(line, [_inside_quotes(token) for token in found])


def _inside_quotes(token: Token) -> tuple[int, int]:
    start = token.start + token.text.startswith('"')
    return start, token.end - (len(token.text) > 1 and token.text.startswith('"') and token.text.endswith('"'))


def _merged(line: str, spans: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Neighbouring words of one secret as one span: ``password two words`` has one value."""
    current: tuple[int, int] | None = None
    for start, end in spans:
        if current is not None and not line[current[1] : start].strip():
            current = (current[0], end)
            continue
        if current is not None:
            yield current
        current = (start, end)
    if current is not None:
        yield current


def _trimmed(line: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    body = line[start:end]
    inner = body.strip()
    if inner and inner != REDACTED:
        first = start + body.index(inner)
        yield first, first + len(inner)


def redact(text: str, platform: str) -> str:
    """The text with each secret replaced by ``<redacted>``; doing it twice is doing it once.

    Raises:
        UnsupportedPlatform: see :func:`find_secrets`.
    """
    out: list[str] = []
    position = 0
    for span in find_secrets(text, platform):
        out += (text[position : span.start], REDACTED)
        position = span.end
    out.append(text[position:])
    return "".join(out)
