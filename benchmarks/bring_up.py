"""How long ``up`` takes, from nothing and again, and how much memory the control plane holds.

``up`` itself, without fetching packages: ``make up`` on a machine without a virtual environment adds what the network
takes, which no clock of ours should judge. Memory is the proportional share (PSS) of every process of ours that is no
lab router: API, worker, database, mail sink, supervisor.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from benchmarks.measuring import Figure, measured, table
from benchmarks.region import command, running

__all__ = ["run"]

_FIRST: Final = 360.0
_AGAIN: Final = 60.0
_MEMORY: Final = 500.0
_ROUTERS: Final = 12


def run(*, quick: bool = False, keep: bool = False) -> list[Figure]:  # noqa: ARG001 - every benchmark's signature
    """Measure, print; ``keep`` looks at the region that runs here, and brings nothing up from nothing."""
    figures = []
    if not keep:
        command("clean", "--yes", check=False)
        with measured() as first:
            command("up", routers=_ROUTERS)
        figures.append(Figure("up, from nothing", first.wall, "s", _FIRST, more={"machine_cpu_s": first.machine}))
    routers = _ROUTERS if not keep else None
    with measured() as again:
        command("up", routers=routers)
    figures.append(Figure("up, again", again.wall, "s", _AGAIN, more={"machine_cpu_s": again.machine}))
    time.sleep(5)
    parts = _memory()
    figures.append(Figure("control plane, PSS", sum(parts.values()), "MiB", _MEMORY, more=parts))
    if not keep:
        command("down")
    print("\nbringing a region up")
    print(table(("", "measured", "bound"),
                [[f.name, f"{f.value:.1f} {f.unit}", f"{f.bound:.0f} {f.unit}"] for f in figures]))  # fmt: skip
    print("memory: " + ", ".join(f"{name} {value:.0f} MiB" for name, value in sorted(parts.items())))
    return figures


def _memory() -> dict[str, float]:
    """Proportional set sizes (MiB) of the supervisor's tree, by program."""
    parts = {name: part["detail"] for name, part in running().items() if "pid" in part["detail"]}
    roots = {name: int(detail.removeprefix("pid ")) for name, detail in parts.items()}
    supervisor = int(_stat(roots["api"])[1])
    if "supervisor" in _words(supervisor):
        roots["supervisor"] = supervisor
    own = set(roots.values())
    found = {}
    for name, pid in roots.items():
        tree = [pid] if name == "supervisor" else [pid, *_below(pid, own)]
        found[name] = sum(_pss(one) for one in tree)
    return found


def _below(pid: int, stop: set[int]) -> list[int]:
    children = [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return [one for child in children if child not in stop for one in (child, *_below(child, stop))]


def _pss(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")), 0.0)


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _words(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
