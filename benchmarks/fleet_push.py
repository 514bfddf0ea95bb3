"""Five changed lines on every router of a region of sixty: ours over the whole safe road, others without it.

Ours is timed from the second approval to the end of the Change (lock, fingerprint, candidate and diff, timed commit,
verification over a new connection, decision, confirmation, journal); what it took to plan is told beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from benchmarks.measuring import Figure, Spent, measured, middle, processes_of, table
from benchmarks.references import REFERENCES, Router, remove
from benchmarks.region import Desk, Pushed, paused, region, running
from core.settings import get_settings
from lab.network import Layout, plan

__all__ = ["run"]

_ROUTERS: Final = 60
_BOUND: Final = 8.0
_BARE: Final = 1.83
"""Seconds of bare asyncssh on the quiet machine for which the bound was written."""
_RECORDED: Final = {"ansible-runner, cli_config (frr.frr)": 36.2}
_ONE_BATCH: Final = {"canary": 0, "share": 100}
_ADDRESSES: Final = ("192.0.2.0/25", "192.0.2.128/25", "198.51.100.0/24", "203.0.113.0/24")


def run(*, quick: bool = False, keep: bool = False) -> list[Figure]:
    """Measure, print, and say how it compares."""
    times = 1 if quick else 3
    with region(_ROUTERS, keep=keep) as desk:
        routers = _routers()
        groups = _groups(get_settings().place.namespace(""))
        _once(desk, groups, _ONE_BATCH)  # connections warm, programs loaded: as on any day but the first
        warm = [_once(desk, groups, _ONE_BATCH) for _ in range(times)]
        usual = [_once(desk, groups, {}) for _ in range(1 if quick else 2)]
        others = _others(routers, groups, 1 if quick else 3)
    return _tell(warm, usual, others)


def _lines(name: str) -> list[str]:
    return [
        *(f"ip prefix-list {name} seq {10 * n} permit {cidr}" for n, cidr in enumerate(_ADDRESSES, 1)),
        f"ip prefix-list {name} seq 50 deny any",
    ]


def _once(desk: Desk, groups: Mapping[str, Sequence[int]], options: Mapping[str, Any]) -> tuple[Spent, Spent, Pushed]:
    """Push and take back; what planning and the push took. The way back is not counted."""
    name = f"BENCH-{uuid4().hex[:6]}"
    with measured(groups) as planning:
        change = desk.plan("\n".join(_lines(name)) + "\n", options, name=name)
    desk.approve(change)
    with measured(groups) as pushing:
        state = desk.wait(change)
    if state != "succeeded":
        raise RuntimeError(f"the change {change['id']} ended {state}")
    told = desk.told(change, state)
    pushing.wall = told.seconds
    back = desk.undo(str(change["id"]))
    desk.approve(back)
    state = desk.wait(back)
    if state != "succeeded":  # or its lines stay, and spoil what is measured next
        raise RuntimeError(f"the change {back['id']}, which takes {change['id']} back, ended {state}")
    return planning, pushing, told


def _others(routers: Sequence[Router], groups: Mapping[str, Sequence[int]], times: int) -> dict[str, tuple[Spent, str]]:
    """Each reference on the same routers, while our worker stands still: what they do looks like drift to it."""
    found: dict[str, tuple[Spent, str]] = {}
    left: list[str] = []
    with ExitStack() as still:
        for pid in groups["worker"]:
            still.enter_context(paused(pid))
        try:
            for name, push in REFERENCES.items():
                wanted = 1 if name.startswith("ansible") else times
                runs: list[Spent] = []
                failed: list[str] = []
                # A dialogue that waits for a prompt can lose its patience on a busy machine: one failure is forgiven.
                while len(runs) < wanted and len(failed) < 2:
                    left.append(f"BENCH-{uuid4().hex[:6]}")
                    try:
                        with measured({"routers": groups["routers"]}) as spent:
                            push(routers, _lines(left[-1]))
                        runs.append(spent)
                    except (RuntimeError, OSError, ImportError) as error:
                        failed.append(f"{type(error).__name__}: {error}"[:300])
                        print(f"{name}, a run that failed: {failed[-1]}")
                found[name] = (middle(runs), "") if runs else (Spent(), failed[-1])
        finally:
            remove(routers, left)
    return found


def _tell(
    warm: Sequence[tuple[Spent, Spent, Pushed]],
    usual: Sequence[tuple[Spent, Spent, Pushed]],
    others: Mapping[str, tuple[Spent, str]],
) -> list[Figure]:
    ours, staged = middle(run[1] for run in warm), middle(run[1] for run in usual)
    planning = middle(run[0] for run in (*warm, *usual))
    base = others.get("asyncssh, one exec", (Spent(), ""))[0].wall or None
    rows = [_row("irisplane, one warm batch", ours, base), _row("irisplane, default canary and batches", staged, base)]
    rows.append(_row("  (its plan: reads and compares all)", planning, base))
    for name, (spent, why) in others.items():
        rows.append([name, f"did not run: {why}", "", "", "", ""] if why else _row(name, spent, base))
    for name, seconds in _RECORDED.items():
        rows.append([f"{name} *", f"{seconds:.1f}", "44.2", "71.2", "", f"{seconds / ours.wall:.1f}"])
    for row in rows[3:]:
        if row[1][0].isdigit():
            row[5] = f"{float(row[1]) / ours.wall:.2f}"
    print(f"\n5 lines on {_ROUTERS} routers (medians)")
    print(table(("", "wall s", "CPU s, its side", "CPU s, machine", "wall / asyncssh", "wall / ours"), rows))
    print("* recorded 2026-11-23 on 2 cores (CPU of 44 s is its own); not run here")
    print("\nwhere the time goes (one warm batch, seconds after the approval)")
    phases = _phases([run[2] for run in warm])
    print(table(("phase", "begins", "last answer", "lasts"),
                [[name, f"{a:.2f}", f"{b:.2f}", f"{b - a:.2f}"] for name, (a, b) in phases.items()]))  # fmt: skip
    print("CPU of one warm batch: " + ", ".join(f"{name} {value:.1f} s" for name, value in ours.groups.items()))
    napalm = others.get("nornir + NAPALM (our frr driver)", (Spent(), ""))[0].wall or None
    # Shared machines are slow by turns: the bound grows with what bare asyncssh takes in the same minutes.
    bound = _BOUND * max(1.0, (base or _BARE) / _BARE)
    more = {"groups": ours.groups, "machine_cpu_s": ours.machine, "phases": phases, "plan_wall_s": planning.wall}
    return [
        Figure("push, one warm batch", ours.wall, "s", round(bound, 2), napalm, "nornir + NAPALM", more=more),
        Figure("push, default batches", staged.wall, "s", more={"groups": staged.groups}),
        Figure("push, its plan", planning.wall, "s", more={"groups": planning.groups}),
        *(
            Figure(f"push by {name}", spent.wall, "s", more={"groups": spent.groups, "machine_cpu_s": spent.machine})
            for name, (spent, why) in others.items()
            if not why
        ),
    ]


def _row(name: str, spent: Spent, base: float | None) -> list[str]:
    # Its side: whatever is not the routers; of ours that is worker, API and database together.
    side = sum(value for group, value in spent.groups.items() if group != "routers")
    ratio = f"{spent.wall / base:.1f}" if base else ""
    return [name, f"{spent.wall:.2f}", f"{side:.2f}", f"{spent.machine:.1f}", ratio, ""]


def _phases(pushes: Sequence[Pushed]) -> dict[str, tuple[float, float]]:
    """The middle run's phases; before ``prepare`` the run is admitted and the routers' bases are compared."""
    middle_one = sorted(pushes, key=lambda one: one.seconds)[len(pushes) // 2]
    first = min((began for began, _ in middle_one.phases.values()), default=0.0)
    return {
        "admit, lock": (0.0, first),
        **middle_one.phases,
        "end": (max(b for _, b in middle_one.phases.values()), middle_one.seconds),
    }


def _routers() -> list[Router]:
    settings = get_settings()
    known = Layout(settings.place).credentials()
    return [
        Router(
            router.name,
            str(settings.place.mgmt_address(router.number)),
            known["host_keys"][router.name],
            known["irisplane"]["password"],
            known["admin"]["password"],
        )
        for router in plan(_ROUTERS).routers
    ]


def _groups(namespaces: str) -> dict[str, tuple[int, ...]]:
    """Processes whose time is told apart; the database's are those that its server has started by now."""
    pids = {
        name: int(part["detail"].removeprefix("pid ")) for name, part in running().items() if "pid" in part["detail"]
    }
    server = pids["postgres"]
    backends = Path(f"/proc/{server}/task/{server}/children").read_text().split()
    return {
        "worker": (pids["worker"],),
        "api": (pids["api"],),
        "database": (server, *(int(one) for one in backends)),
        "routers": processes_of(namespaces),
    }
