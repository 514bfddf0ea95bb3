"""Keep secrets out of whatever is written: logs, journal, plans, errors.

Two nets. *Known values*: every secret this process has opened is remembered here (in memory only) and masked wherever
it turns up, plain, base64, hex, URL-encoded or JSON-escaped. *Shapes*: our own tokens, crypt hashes, private keys,
passwords in URLs and bearer headers are masked whether known or not. A net is the last resort: what holds secrets is a
``SecretValue``, which does not print.
"""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import Enum
from pathlib import PurePath
from typing import Any, Final
from urllib.parse import quote, quote_plus
from uuid import UUID

__all__ = ["WITHHELD", "mask", "mask_json", "remember"]

WITHHELD: Final = "<withheld>"

_SHORTEST: Final = 6
"""A shorter value is not remembered: masking it would eat ordinary words."""
_SHORT: Final = 8
"""A shorter one is masked only where it stands by itself."""
_START: Final = 5

_SHAPES: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (re.compile(r"irp_([0-9A-Za-z]{12})_[0-9A-Za-z]{16,}"), rf"irp_\1_{WITHHELD}"),
    (re.compile(r"-----BEGIN ([A-Z ]*PRIVATE KEY)-----.*?(?:-----END \1-----|\Z)", re.DOTALL), WITHHELD),
    (re.compile(r"\$(?:1|5|6|8|9|y|2[abxy]|7|gy|argon2(?:id|i|d)|sha512)\$[^\s\"',;<>]{6,}"), WITHHELD),
    (re.compile(r"(?<=://)([^\s/:@\"']*):[^\s/@\"']+@"), rf"\1:{WITHHELD}@"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9+/=._~-]{8,}"), rf"\1 {WITHHELD}"),
)


class _KnownValues:
    """The values that must not be written, found by their first characters: many cost no more than few."""

    def __init__(self) -> None:
        self._by_start: dict[str, list[str]] = {}
        self._known: set[str] = set()
        self._adding = threading.Lock()

    def add(self, value: str) -> None:
        if len(value) < _SHORTEST or value in self._known:
            return
        with self._adding:
            if value not in self._known:
                for form in _forms(value):
                    self._by_start.setdefault(form[:_START], []).append(form)
                self._known.add(value)

    def mask(self, text: str) -> str:
        by_start = self._by_start
        if not by_start:
            return text
        hits = [at for at in range(len(text) - _START + 1) if text[at : at + _START] in by_start]
        if not hits:
            return text
        out, done = [], 0
        for at in hits:
            if at < done:
                continue
            end = max(
                (at + len(form) for form in by_start[text[at : at + _START]] if _stands(form, text, at)), default=0
            )
            if end:
                out += [text[done:at], WITHHELD]
                done = end
        return "".join([*out, text[done:]])


def _stands(form: str, text: str, at: int) -> bool:
    return text.startswith(form, at) and (len(form) >= _SHORT or _alone(text, at, at + len(form)))


def _alone(text: str, start: int, end: int) -> bool:
    """Whether a short value stands by itself: ``public`` must not eat ``public_id``."""
    before, after = text[start - 1 : start], text[end : end + 1]
    return not (before.isalnum() or before == "_" or after.isalnum() or after == "_")


_known = _KnownValues()


def remember(value: str) -> None:
    """From now on this process masks the value, in every form it is likely to take."""
    _known.add(value)


def mask(text: str) -> str:
    """The text without secrets."""
    text = _known.mask(text)
    for pattern, instead in _SHAPES:
        text = pattern.sub(instead, text)
    return text


def mask_json(value: Any) -> Any:
    """A copy that holds JSON values only, masked, and without what ``jsonb`` cannot hold.

    Ids, times, paths and enumerations become strings.

    Raises:
        TypeError: something that has no JSON form, bytes among them.
    """
    if isinstance(value, Enum):
        value = value.value
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return mask(value.replace("\x00", "\ufffd").encode("utf-8", "replace").decode())
    if isinstance(value, Mapping):
        return {mask_json(key if isinstance(key, str) else str(key)): mask_json(held) for key, held in value.items()}
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, UUID | PurePath):
        return mask(str(value))
    if isinstance(value, Sequence | set | frozenset) and not isinstance(value, bytes | bytearray | memoryview):
        return [mask_json(held) for held in (sorted(value) if isinstance(value, set | frozenset) else value)]
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _forms(value: str) -> set[str]:
    raw = value.encode()
    forms = {
        value,
        raw.hex(),
        raw.hex().upper(),
        base64.b64encode(raw).decode(),
        base64.urlsafe_b64encode(raw).decode(),
        *_within_base64(raw),
        quote(value, safe=""),
        quote(value),
        quote_plus(value),
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        repr(value)[1:-1],
    }
    return {form for form in forms if len(form) >= _SHORTEST}


def _within_base64(raw: bytes) -> set[str]:
    """The characters that stand for the value inside a longer text's base64, at each of its three alignments."""
    forms = set()
    for offset in range(3):
        encoded = base64.b64encode(bytes(offset) + raw).decode()
        steady = encoded[-(-offset * 8 // 6) : (offset + len(raw)) * 8 // 6]
        forms |= {steady, steady.replace("+", "-").replace("/", "_")}
    return forms
