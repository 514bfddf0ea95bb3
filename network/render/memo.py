"""Rendered text remembered by what went into it, up to a bound; the least recently used leaves first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

__all__ = ["Memo"]


class Memo:
    """A bounded map from key to text, safe between threads. It never holds a secret: placeholders only.

    Attributes:
        hits, misses: counted since the start, for the metrics.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._kept: OrderedDict[tuple[str, ...], str] = OrderedDict()
        self._lock = Lock()
        self.hits = 0
        self.misses = 0

    def get(self, key: tuple[str, ...], make: Callable[[], str]) -> str:
        """The text for ``key``, made when it is not there. Two threads may both make it: it is the same text."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                self.hits += 1
                return self._kept[key]
            self.misses += 1
        text = make()
        with self._lock:
            self._kept[key] = text
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)
        return text

    def clear(self) -> None:
        """Forget everything, the counts too."""
        with self._lock:
            self._kept.clear()
            self.hits = self.misses = 0
