"""Which kinds of Change exist: what the installed domains announce, imported when first asked for."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import import_module
from typing import Any

from core.domain import Domain, domains
from core.errors import Unexpected
from orchestrator.errors import UnknownKind
from orchestrator.kinds import AnyKind, ChangeKind

__all__ = ["Registry", "installed", "resolve"]


class Registry:
    """Kinds by name. Each instance owns its dict: a test registers a kind in one of its own.

    Args:
        from_domains: domains whose kinds are loaded on the first look-up.
    """

    def __init__(self, from_domains: Iterable[Domain] = ()) -> None:
        self._references = tuple(reference for domain in from_domains for reference in domain.kinds)
        self._kinds: dict[str, AnyKind] = {}
        self._loading = threading.Lock()
        self._loaded = not self._references

    def add(self, kind: AnyKind) -> None:
        """Register one kind.

        Raises:
            Unexpected: two kinds with one name.
        """
        if type(self._kinds.get(kind.name, kind)) is not type(kind):
            raise Unexpected(f"Two kinds are named {kind.name!r}.", kind=kind.name)
        self._kinds[kind.name] = kind

    def get(self, name: str) -> AnyKind:
        """The kind of that name.

        Raises:
            UnknownKind: names what exists.
        """
        kind = self._all().get(name)
        if kind is None:
            known = sorted(self._kinds)
            raise UnknownKind(
                f"There is no kind of change {name!r}; there are: {', '.join(known) or 'none'}.",
                pointer="/kind",
                kind=name,
                known=known,
            )
        return kind

    def kinds(self) -> Mapping[str, AnyKind]:
        """Every kind, by name."""
        return dict(sorted(self._all().items()))

    def _all(self) -> dict[str, AnyKind]:
        with self._loading:
            if not self._loaded:
                for reference in self._references:
                    found = resolve(reference)
                    if not (isinstance(found, type) and issubclass(found, ChangeKind)):
                        raise Unexpected(f"{reference} is not a ChangeKind.", reference=reference)
                    self.add(found())
                self._loaded = True
        return self._kinds


@cache
def installed() -> Registry:
    """The registry of this process: every kind that an installed domain announces."""
    return Registry(domains())


def resolve(reference: str) -> Any:
    """The object behind ``"module:name"``."""
    module, _, name = reference.partition(":")
    return getattr(import_module(module), name)
