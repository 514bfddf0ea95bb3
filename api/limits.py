"""How often may a token or an address ask? Token buckets in this process, told in ``RateLimit`` headers.

A limit of ``3000/30`` lets 3,000 requests pass at once and one more every hundredth of a second: the bucket holds the
quota and is refilled evenly. Each process counts for itself, so several of them behind a proxy give several times as
much; no request waits for another one's count.
"""

from __future__ import annotations

import math
import re
import threading
import time
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal, Self

from fastapi import FastAPI, Request

from api.errors import TooManyRequests
from core.settings import Settings

__all__ = ["Bucket", "Limit", "Limits", "Taken", "address_of", "by_address", "limits_of"]

_MOST_KEYS: Final = 20_000
_SHAPE: Final = re.compile(r"([1-9][0-9]{0,6})/([1-9][0-9]{0,4})")

Name = Literal["token", "address", "sign-in", "refused"]


@dataclass(frozen=True, slots=True)
class Limit:
    """A quota of requests in a time.

    Attributes:
        quota: requests.
        seconds: in which an empty bucket fills again.
    """

    quota: int
    seconds: int

    @classmethod
    def parse(cls, setting: str) -> Self | None:
        """``3000/30`` as a limit; ``off`` as none."""
        match = _SHAPE.fullmatch(setting)
        return cls(int(match[1]), int(match[2])) if match else None


@dataclass(frozen=True, slots=True)
class Taken:
    """What a bucket said to one request.

    Attributes:
        remaining: requests that would pass now.
        again: seconds until the next one passes; 0 while some remain.
    """

    name: bytes
    limit: Limit
    remaining: int
    again: float

    @property
    def allowed(self) -> bool:
        """Whether this request passes."""
        return self.again == 0

    def headers(self) -> tuple[tuple[bytes, bytes], ...]:
        """``RateLimit-Policy`` and ``RateLimit``, as structured fields (draft-ietf-httpapi-ratelimit-headers)."""
        quota, seconds = self.limit.quota, self.limit.seconds
        full = -((self.remaining - quota) * seconds // quota)  # rounded up
        return (
            (b"ratelimit-policy", b'"%b";q=%d;w=%d' % (self.name, quota, seconds)),
            (b"ratelimit", b'"%b";r=%d;t=%d' % (self.name, self.remaining, full)),
        )


class Bucket:
    """One limit, and how full the bucket of each key is.

    Args:
        clock: seconds that only grow.
    """

    def __init__(self, name: Name, limit: Limit, clock: Callable[[], float] = time.monotonic) -> None:
        self._name = name.encode()
        self._limit = limit
        self._rate = limit.quota / limit.seconds
        self._clock = clock
        self._levels: dict[Hashable, tuple[float, float]] = {}
        self._guard = threading.Lock()

    def take(self, key: Hashable, *, cost: int = 1) -> Taken:
        """Count a request of this key; with ``cost=0`` only look whether one would pass."""
        now = self._clock()
        with self._guard:
            level, since = self._levels.get(key, (float(self._limit.quota), now))
            level = min(float(self._limit.quota), level + (now - since) * self._rate)
            if level < 1:
                return Taken(self._name, self._limit, 0, (1 - level) / self._rate)
            level -= cost
            if key not in self._levels and len(self._levels) >= _MOST_KEYS:
                self._forget(now)
            self._levels[key] = (level, now)
        return Taken(self._name, self._limit, int(level), 0)

    def _forget(self, now: float) -> None:
        """Drop the buckets that are full again, and half of the rest when none was: memory stays bounded."""
        full = [
            key
            for key, (level, since) in self._levels.items()
            if level + (now - since) * self._rate >= self._limit.quota
        ]
        for key in full or list(self._levels)[: _MOST_KEYS // 2]:
            del self._levels[key]


class Limits:
    """The buckets of an application, as its settings say."""

    def __init__(self, settings: Settings) -> None:
        texts: dict[Name, str] = {
            "token": settings.rate_limit,
            "address": settings.rate_limit_address,
            "refused": settings.rate_limit_refused,
            "sign-in": settings.rate_limit_sign_in,
        }
        parsed = {name: Limit.parse(text) for name, text in texts.items()}
        self._buckets = {name: Bucket(name, limit) for name, limit in parsed.items() if limit is not None}

    def count(self, request: Request, name: Name, key: Hashable) -> None:
        """Count this request; its answer will tell what is left.

        Raises:
            TooManyRequests: the bucket is empty.
        """
        bucket = self._buckets.get(name)
        if bucket is None:
            return
        taken = bucket.take(key)
        request.state.rate_limit = taken
        if not taken.allowed:
            raise _refusal(taken)

    def admit(self, name: Name, key: Hashable) -> None:
        """Look whether a request may still try, without counting it.

        Raises:
            TooManyRequests: the bucket is empty.
        """
        bucket = self._buckets.get(name)
        if bucket is not None and not (taken := bucket.take(key, cost=0)).allowed:
            raise _refusal(taken)

    def blame(self, name: Name, key: Hashable) -> None:
        """Count a request that was refused for another reason."""
        if (bucket := self._buckets.get(name)) is not None:
            bucket.take(key)


def _refusal(taken: Taken) -> TooManyRequests:
    whole = max(1, math.ceil(taken.again))
    return TooManyRequests(
        f"More than {taken.limit.quota} requests in {taken.limit.seconds} seconds.",
        limit=taken.name.decode(),
        retry_after=whole,
    )


def limits_of(app: FastAPI) -> Limits:
    """The application's buckets."""
    found: Limits | None = getattr(app.state, "limits", None)
    if found is None:
        found = app.state.limits = Limits(app.state.settings)
    return found


def address_of(request: Request) -> str:
    """Who is at the other end of the connection: an address, or the half of an IPv6 one that a site holds."""
    host = request.client.host if request.client else ""
    return ":".join(host.split(":")[:4]) if ":" in host else host


@cache
def by_address(name: Name) -> Callable[[Request], Awaitable[None]]:
    """A dependency for addresses that need no token: so many requests from one place.

    Raises (when called):
        TooManyRequests: the bucket is empty.
    """

    async def limited(request: Request) -> None:
        limits_of(request.app).count(request, name, address_of(request))

    return limited
