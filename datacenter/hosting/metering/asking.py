"""Ask a service of the cloud for a long list, page by page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from datacenter.hosting.cloud import admin, speaking
from datacenter.hosting.errors import CloudRefused

__all__ = ["instant", "pages"]

_PAGE: Final = 1000
_MOST_PAGES: Final = 10_000


def pages(
    service: str, path: str, key: str, parameters: Mapping[str, Any], *, microversion: str | None = None, doing: str
) -> Iterator[dict[str, Any]]:
    """Every entry of a list, across its pages.

    Args:
        service: name of openstacksdk's proxy, ``compute``.
        key: under which the entries stand; the next page's address stands under ``<key>_links``.
        doing: for the sentence of an error: ``"Reading usage"``.
    Raises:
        CloudSilent, CloudRefused: as ``cloud.speaking`` says.
    """
    with speaking(doing):
        proxy = getattr(admin(), service)
        query: dict[str, Any] | None = {"limit": _PAGE, **parameters}
        address = path
        for _ in range(_MOST_PAGES):
            answer = proxy.get(address, params=query, microversion=microversion)
            if answer.status_code >= 400:
                from openstack.exceptions import raise_from_response

                raise_from_response(answer)
            body = answer.json()
            yield from body.get(key, ())
            following = next((one["href"] for one in body.get(f"{key}_links", ()) if one.get("rel") == "next"), None)
            if following is None:
                return
            address, query = following, None
    raise CloudRefused(f"{doing}: the list does not end.")


def instant(text: str | None) -> datetime | None:
    """A time as the services write it: UTC, with or without saying so, sometimes with microseconds."""
    if not text:
        return None
    found = datetime.fromisoformat(text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
