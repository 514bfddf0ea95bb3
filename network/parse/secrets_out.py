"""Secrets taken out of a running configuration before anything else looks at it."""

from __future__ import annotations

import re

from network.device_model import SecretRef
from network.drivers.frr.tree import dump, parse
from network.redact import REDACTED, find_secrets
from network.render.placeholders import placeholder

__all__ = ["without_secrets"]


def without_secrets(text: str, platform: str, prefix: str) -> tuple[str, dict[str, str]]:
    """The text with a placeholder for every secret, and the secrets by name.

    Names tell where the secret stands (``cr01/neighbor-10.0.0.1-password``); two different values at places of one
    name are told apart by a number. A text for FRR comes back in its parser's spelling, any other as it was.
    """
    if platform == "frr":
        text = dump(parse(text))
    secrets: dict[str, str] = {}
    out: list[str] = []
    position = 0
    for span in find_secrets(text, platform):
        value = text[span.start : span.end]
        if value == REDACTED:
            continue
        line_start = text.rfind("\n", 0, span.start) + 1
        name = _free(f"{prefix}/{_slug(text[line_start : span.start])}", value, secrets)
        secrets[name] = value
        out += (text[position : span.start], placeholder(SecretRef(name)))
        position = span.end
    out.append(text[position:])
    return "".join(out), secrets


def _slug(words: str) -> str:
    return re.sub(r"[^A-Za-z0-9.:_-]+", "-", words.strip()).strip("-") or "secret"


def _free(name: str, value: str, taken: dict[str, str]) -> str:
    candidate, number = name, 2
    while taken.get(candidate, value) != value:
        candidate, number = f"{name}-{number}", number + 1
    return candidate
