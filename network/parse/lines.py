"""The lines of one context, taken away one by one as they are understood; what remains is foreign."""

from __future__ import annotations

import re
from collections.abc import Iterable

from network.drivers.frr.tree import Node

__all__ = ["Lines"]


class Lines:
    """The lines directly in a context; a nested context is never among them."""

    def __init__(self, nodes: Iterable[Node]) -> None:
        self._left = [node.line for node in nodes if not node.context]

    def take(self, pattern: str) -> re.Match[str] | None:
        """The first line that matches as a whole, taken away."""
        for line in self._left:
            if match := re.fullmatch(pattern, line):
                self._left.remove(line)
                return match
        return None

    def take_all(self, pattern: str) -> list[re.Match[str]]:
        """Every line that matches as a whole, taken away."""
        found: list[re.Match[str]] = []
        while match := self.take(pattern):
            found.append(match)
        return found

    def flag(self, line: str) -> bool:
        """Whether exactly this line is there; taken away."""
        return self.take(re.escape(line)) is not None

    def text(self, pattern: str) -> str | None:
        """The first group of the first matching line."""
        match = self.take(pattern)
        return match[1] if match else None

    def number(self, pattern: str) -> int | None:
        """The first group of the first matching line, as a number."""
        text = self.text(pattern)
        return int(text) if text is not None else None
