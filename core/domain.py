"""How a domain announces itself: one object behind the entry point group ``irisplane.domains``.

The API, the worker and the pages are assembled from these; lower rooms find higher ones only by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import entry_points

__all__ = ["Domain", "domains"]


@dataclass(frozen=True, slots=True)
class Domain:
    """What a domain offers, as ``"module:name"`` references that are imported only when needed.

    Attributes:
        name: the room.
        kinds: references to ``ChangeKind`` classes.
        routers: references to the domain's FastAPI routers.
        periodic: reference → seconds: callables ``(Database) -> None`` the worker's leader runs at that interval.
        tables: tables that a row of other rooms' search, export and backup may name.
        writable: tables that commands of a Change may write (see ``orchestrator.commands``).
        metrics: reference to a callable ``(Connection) -> Iterable[prometheus_client.Metric]``.
        figures: reference to a callable ``(Connection, date) -> Iterable[core.figures.Figure]``: what it measures.
        context: key of the configuration context → reference to a callable ``(value) -> [(pointer, sentence), …]`` that
            says what of it could not be used; such a context is refused when it is written.
        sealed: ``"table.column"`` that hold what ``core.keyring`` sealed: a key rotation seals them anew.
    """

    name: str
    kinds: tuple[str, ...] = ()
    routers: tuple[str, ...] = ()
    periodic: Mapping[str, float] = field(default_factory=dict)
    tables: tuple[str, ...] = ()
    writable: tuple[str, ...] = ()
    metrics: str | None = None
    figures: str | None = None
    context: Mapping[str, str] = field(default_factory=dict)
    sealed: tuple[str, ...] = ()


@cache
def domains() -> tuple[Domain, ...]:
    """Every installed domain, by name."""
    found = [entry.load() for entry in entry_points(group="irisplane.domains")]
    return tuple(sorted((domain for domain in found if isinstance(domain, Domain)), key=lambda d: d.name))
