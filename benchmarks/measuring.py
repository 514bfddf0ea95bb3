"""Clocks: wall, and processor seconds: of a process and those it started, of some processes, of the machine."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any, Final

__all__ = [
    "RECORDED",
    "RECORDED_LOOP",
    "Figure",
    "Spent",
    "calibration",
    "machine",
    "measured",
    "middle",
    "processes_of",
    "table",
]

_TICKS: Final = os.sysconf("SC_CLK_TCK")
RECORDED: Final = "with the claim in 2026-11, on 2 cores of this kind"
"""When and where figures were taken that are not measured in the same run."""
RECORDED_LOOP: Final = 0.047
"""Seconds of :func:`calibration` on that machine when it was quiet."""


@dataclass(slots=True)
class Spent:
    """What something took, in seconds: on the clock, of processor in some named groups, of the whole machine."""

    wall: float = 0.0
    machine: float = 0.0
    groups: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Figure:
    """One claim: what was measured, what was promised, what others take.

    Attributes:
        bound: what was promised, in the same unit; ``None``: told, not judged.
        reference: the same done by ``beside``; ``recorded``: not in this run.
    """

    name: str
    value: float
    unit: str
    bound: float | None = None
    reference: float | None = None
    beside: str = ""
    recorded: bool = False
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def held(self) -> bool:
        """Whether it keeps its bound."""
        return self.bound is None or self.value <= self.bound

    @property
    def missed(self) -> bool:
        """Whether it misses its bound by half."""
        return self.bound is not None and self.value > 1.5 * self.bound


def machine() -> dict[str, Any]:
    """Where and when this is measured."""
    model = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), ""
    )
    memory = next((int(line.split()[1]) // 1024 for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), 0)
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "processor": model,
        "memory_mib": memory,
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 1),
        "calibration_s": round(calibration(), 4),
    }


def calibration() -> float:
    """Processor seconds of a loop that is always the same: how fast this core is, whatever else runs on it."""

    def once() -> float:
        begun = time.thread_time()
        total = 0
        for number in range(2_000_000):
            total += number & 7
        return time.thread_time() - begun

    return min(once() for _ in range(3))


@contextmanager
def measured(groups: Mapping[str, Iterable[int]] | None = None) -> Iterator[Spent]:
    """What the block takes. Groups are process ids; children that ended and were waited for count with their parents.

    This process is always a group of its own, ``client``, with the programs it started.
    """
    spent = Spent()
    wanted = {name: tuple(ids) for name, ids in (groups or {}).items()}
    own, before = _own(), {name: _cpu(ids) for name, ids in wanted.items()}
    whole, begun = _busy(), time.perf_counter()
    try:
        yield spent
    finally:
        spent.wall = time.perf_counter() - begun
        spent.machine = _busy() - whole
        spent.groups = {name: max(0.0, _cpu(ids) - before[name]) for name, ids in wanted.items()}
        spent.groups["client"] = _own() - own


def middle(runs: Iterable[Spent]) -> Spent:
    """The medians of several runs."""
    every = list(runs)
    names = {name for run in every for name in run.groups}
    return Spent(
        median(run.wall for run in every),
        median(run.machine for run in every),
        {name: median(run.groups.get(name, 0.0) for run in every) for name in sorted(names)},
    )


def processes_of(namespace_prefix: str) -> tuple[int, ...]:
    """Processes in network namespaces whose names begin so."""
    places = {path.stat().st_ino for path in Path("/run/netns").glob(f"{namespace_prefix}*") if not path.is_symlink()}
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if (entry / "ns/net").stat().st_ino in places:
                found.append(int(entry.name))
        except OSError:
            continue  # it ended meanwhile
    return tuple(found)


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Columns side by side: the first to the left, figures to the right."""
    lines = [list(head), *(list(row) for row in rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(lines[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) if place == 0 else cell.rjust(width)
                  for place, (cell, width) in enumerate(zip(line, widths, strict=True))).rstrip()
        for line in lines
    )  # fmt: skip


def _own() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _cpu(ids: Iterable[int]) -> float:
    total = 0
    for process in ids:
        try:
            fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += sum(int(field) for field in fields[11:15])  # own user and system, then waited-for children's
    return total / _TICKS


def _busy() -> float:
    """Processor seconds that anybody used on this machine."""
    user, nice, system, _, _, irq, soft, *_ = map(int, _lines("/proc/stat")[0].split()[1:])
    return (user + nice + system + irq + soft) / _TICKS


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines()
