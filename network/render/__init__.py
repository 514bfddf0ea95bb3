"""From one typed model to each platform's own text: whole configurations, snippets, and one spelling to compare in."""

from __future__ import annotations

from network.render.engine import MEMO, PLATFORMS, render, render_unfilled
from network.render.errors import TemplateError, UnknownSecret, UnprintableSecret, UnsupportedPlatform
from network.render.normalise import normalise
from network.render.placeholders import REDACTED, Resolver, fill, placeholder, redacting
from network.render.snippet import render_snippet
from network.render.support import unsupported

__all__ = [
    "MEMO",
    "PLATFORMS",
    "REDACTED",
    "Resolver",
    "TemplateError",
    "UnknownSecret",
    "UnprintableSecret",
    "UnsupportedPlatform",
    "fill",
    "normalise",
    "placeholder",
    "redacting",
    "render",
    "render_snippet",
    "render_unfilled",
    "unsupported",
]
