"""Every address of the application, from its routes: a new one is met by each test that walks them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

__all__ = ["NOBODYS", "addresses", "filled_in"]

NOBODYS = "0198a000-0000-7000-8000-000000000000"
"""An id that nothing has."""
_PART = re.compile(r"\{(\w+)\}")


def addresses(app: FastAPI, *methods: str, pages: bool) -> Iterator[tuple[str, str]]:
    """Method and path of every address of pages, or of the API, that takes one of these methods."""
    for context in iter_route_contexts(app.routes):
        route, path = context.original_route, context.path_format or ""
        if isinstance(route, APIRoute) and path.startswith("/api/") is not pages:
            for method in sorted(set(methods) & set(route.methods or ())):
                yield method, path


def filled_in(path: str, ids: Mapping[str, str] | None = None) -> str:
    """A path with something in the place of each of its parts: the id of the place it stands under, or nobody's."""
    known = ids or {}
    return _PART.sub(lambda part: known.get(part[1], known.get(path.split("/")[1], NOBODYS)), path)
