"""What questions about the plant cost when the region is Brussels, ten of it, a hundred of it: one table.

Each is measured where the others of its kind are (:mod:`benchmarks.strand_trace`, :mod:`~benchmarks.fibre_impact`,
:mod:`~benchmarks.paths`, :mod:`~benchmarks.designing`), on a plant of as many strands, circuits, nodes and sites as a
design of Brussels has, times one, ten and a hundred. Told, not judged: what is promised has a bound in its own
benchmark. A hundred times is a country; designing one at once is not measured (ten times is ten designs of Brussels).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from benchmarks import designing, fibre_impact, paths, strand_trace
from benchmarks.measuring import Figure, table

__all__ = ["run"]

_TIMES: Final = (1, 10, 100)
_STRANDS: Final = 9_948
_NODES: Final = 2_380
"""Of the design of Brussels (docs/design.md)."""


def run(*, quick: bool = False) -> list[Figure]:
    """Measure each at every size, print them side by side."""
    sizes = _TIMES[:1] if quick else _TIMES
    asked: dict[str, tuple[str, dict[int, float]]] = {}

    def tell(name: str, unit: str, times: int, value: float) -> None:
        asked.setdefault(name, (unit, {}))[1][times] = value

    for times in sizes:
        print(f"{times}x Brussels …", flush=True)
        for part in _PARTS:
            part(times, tell)
    print("\ncost at 1x, 10x and 100x Brussels; processor time, web and database together")
    head = ("", "", *(f"{times}x" for times in sizes))
    print(table(head, [
        [name, unit, *(f"{found[times]:,.1f}" if times in found else "" for times in sizes)]
        for name, (unit, found) in asked.items()
    ]))  # fmt: skip
    return [
        Figure(f"{name}, {times}x Brussels", value, unit)
        for name, (unit, found) in asked.items() for times, value in found.items()
    ]  # fmt: skip


_Tell = Callable[[str, str, int, float], None]


def _trace(times: int, tell: _Tell) -> None:
    cables = -(-_STRANDS * times // (288 * strand_trace.HOPS)) * strand_trace.HOPS
    tell("a trace of 21 hops", "CPU ms", times, strand_trace.measured(cables, 288).cpu_ms)


def _impact(times: int, tell: _Tell) -> None:
    found = fibre_impact.measured(round(_STRANDS * times / 288))
    tell("impact of a cable of 288 lit strands", "CPU ms", times, found.value)
    tell("the first such question after a start", "CPU ms", times, float(found.more["first_ms"]))


def _ways(times: int, tell: _Tell) -> None:
    pair, weak = paths.alone(round((_NODES * times) ** 0.5))
    tell("two ways that share nothing", "CPU ms", times, pair)
    tell("every single point of failure", "CPU ms", times, weak)


def _design(times: int, tell: _Tell) -> None:
    if times <= _LARGEST_DESIGN:
        tell("the network designed at once", "CPU s", times, designing.measured(times)[0])


_LARGEST_DESIGN: Final = 10
_PARTS: Final = (_trace, _impact, _ways, _design)
