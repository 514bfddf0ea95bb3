"""The past, from Prometheus: series with their gaps, or a clear word that nothing is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Any, Final

from core.settings import get_settings
from network.errors import PrometheusAway

__all__ = ["Series", "series"]

_PATIENCE: Final = 10
_MOST_POINTS: Final = 10_000
"""Prometheus refuses more than 11,000."""


@dataclass(frozen=True, slots=True)
class Series:
    """One series on a grid of moments.

    Attributes:
        points: a moment and its figure; ``None`` where Prometheus has none: nobody scraped, or nothing was told.
    """

    labels: Mapping[str, str]
    points: tuple[tuple[datetime, float | None], ...]


def series(query: str, begin: datetime, end: datetime, step: timedelta, *, url: str | None = None) -> list[Series]:
    """What a query gives between two moments, a point each step; what is missing is a gap, never drawn over.

    Raises:
        PrometheusAway: it does not answer, or does not take the query.
    """
    from prometheus_api_client import PrometheusConnect
    from prometheus_api_client.exceptions import PrometheusApiClientException
    from requests.exceptions import RequestException
    from urllib3.util.retry import Retry

    seconds = max(1, round(step.total_seconds()), -(-round((end - begin).total_seconds()) // _MOST_POINTS))
    first = round(begin.timestamp())
    moments = range(first, round(end.timestamp()) + 1, seconds)
    where = url or get_settings().prometheus_url
    asked: Any = PrometheusConnect(where, retry=Retry(total=0), timeout=_PATIENCE)
    try:
        found = asked.custom_query_range(query, begin, end, str(seconds))
    except (RequestException, PrometheusApiClientException, ValueError, KeyError) as error:
        raise PrometheusAway(f"Prometheus at {where} does not answer: {type(error).__name__}.", url=where) from None
    return [Series(one["metric"], tuple(_on_grid(dict(one["values"]), moments))) for one in found]


def _on_grid(values: Mapping[float, str], moments: range) -> list[tuple[datetime, float | None]]:
    told = {round(at): float(value) for at, value in values.items()}
    return [
        (datetime.fromtimestamp(at, UTC), told[at] if at in told and isfinite(told[at]) else None) for at in moments
    ]
