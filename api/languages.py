"""Which of the region's languages a request asks for."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from fastapi import Depends, Request

__all__ = ["Language", "language_of", "preferred"]

Name = Literal["fr", "nl", "en"]
_KNOWN: Final[tuple[Name, ...]] = ("fr", "nl", "en")


def preferred(accept_language: str) -> Name:
    """The language of an ``Accept-Language`` header (RFC 9110): best quality first, then as listed; else English."""
    best: tuple[float, Name] = (0.0, "en")
    for part in accept_language[:1000].split(","):
        tag, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                try:
                    quality = min(float(parameter[2:]), 1.0)
                except ValueError:
                    quality = 0.0
        for name in _KNOWN:
            if tag.partition("-")[0] == name and quality > best[0]:
                best = (quality, name)
    return best[1]


async def language_of(request: Request) -> Name:
    """``preferred`` as a dependency that costs no thread."""
    return preferred(request.headers.get("accept-language", ""))


Language = Annotated[Name, Depends(language_of)]
