"""What a recorded step costs when its checkpoint waits for the disk and when it does not; and that nothing is lost.

The run is carried by a process of its own, which is killed with signal 9 again and again at moments of chance, each
time while steps are being recorded; the next process takes the run over. Afterwards every step's effect stands exactly
once, and in order.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import Engine, create_engine, event, text

from benchmarks.measuring import Figure, table
from core.postgres_temporary import TemporaryPostgres

__all__ = ["run"]

_WORKFLOW: Final = "steps"
_PATIENCE: Final = 120.0
_EFFECT: Final = text("insert into effect (run, step) values (:run, :step) on conflict do nothing")


def run(*, quick: bool = False) -> list[Figure]:
    """Measure, print, and say what was lost."""
    steps, kills = (100, 3) if quick else (400, 10)
    with TemporaryPostgres(durable=True) as server:
        from core.migrations import upgrade
        from orchestrator.durable import prepare_database

        owner = server.dsn("owner")
        upgrade(owner)
        prepare_database(owner)
        engine = create_engine(owner)
        with engine.begin() as tx:
            tx.execute(text("create table effect (place bigserial, run text, step int, primary key (run, step))"))
            tx.execute(text("grant all on effect, effect_place_seq to irisplane_worker"))
        worker = owner.replace("irisplane_owner", "irisplane_worker")
        flush = _flush(engine)
        pairs = [[_timed(worker, steps, synchronous=wait) for wait in (True, False)] for _ in range(3)]
        waits, free = (median(column) for column in zip(*pairs, strict=True))
        killed, missing = _killed(engine, worker, steps, kills)
        engine.dispose()
    if not killed:
        raise RuntimeError("the run ended before it was killed once, so nothing is known of what a kill loses")
    print("\na step recorded by the durable engine (its own work: nothing)")
    print(table(("", "ms a step"), [["checkpoint waits for the disk", f"{waits:.2f}"],
                                    ["checkpoint does not wait (ours)", f"{free:.2f}"],
                                    ["(one flush of this disk)", f"{flush:.2f}"]]))  # fmt: skip
    print(
        f"kill -9 while {steps} steps were recorded: {killed} times; effects missing, twice or out of order: {missing}"
    )
    return [
        Figure("recorded step, asynchronous", free, "ms", reference=waits, beside="synchronous checkpoint"),
        Figure("steps lost by kill -9", float(missing), "steps", bound=0.0, more={"kills": killed}),
    ]


def _flush(engine: Engine) -> float:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("create table flushed (n int)"))
        begun = time.perf_counter()
        for number in range(50):
            connection.execute(text("insert into flushed values (:n)"), {"n": number})
        return (time.perf_counter() - begun) / 50 * 1000


def _timed(dsn: str, steps: int, *, synchronous: bool) -> float:
    """Milliseconds a step."""
    child = _child(dsn, uuid4().hex, steps, f"bench-{uuid4()}", synchronous=synchronous)
    said, _ = child.communicate(timeout=_PATIENCE)
    if child.returncode:
        raise RuntimeError(f"the carrier ended {child.returncode}")
    return float(said.split()[-1]) / steps * 1000


def _killed(engine: Engine, dsn: str, steps: int, kills: int) -> tuple[int, int]:
    """Carry one long run through some kills; how many there were, and how many steps are not exactly once, in order."""
    name, done, before = uuid4().hex, 0, ""
    chance = random.Random(8)
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        executor = f"bench-{uuid4()}"
        child = _child(dsn, name, steps * 3, executor, dead=before, pause=0.004)
        start = _count(engine, name)
        while done < kills and child.poll() is None and _count(engine, name) == start:
            time.sleep(0.02)
        if done >= kills:
            child.wait(_PATIENCE)
        else:
            time.sleep(chance.uniform(0.02, 0.3))
            if child.poll() is None:
                child.kill()
                done += 1
            child.wait(_PATIENCE)
        if child.stdout is not None:
            child.stdout.close()
        before = executor
        if child.returncode == 0:
            break
    with engine.connect() as tx:
        seen = list(
            tx.execute(text("select step from effect where run = :run order by place"), {"run": name}).scalars()
        )
    wanted = list(range(steps * 3))
    return done, sum(a != b for a, b in zip(seen, wanted, strict=False)) + abs(len(seen) - len(wanted))


def _count(engine: Engine, name: str) -> int:
    with engine.connect() as tx:
        return int(tx.execute(text("select count(*) from effect where run = :run"), {"run": name}).scalar_one())


def _child(
    dsn: str, name: str, steps: int, executor: str, *, synchronous: bool = False, dead: str = "", pause: float = 0.0
) -> subprocess.Popen[str]:
    words = ["--carry", dsn, name, str(steps), executor, dead or "-", str(pause)]
    if synchronous:
        words.append("--synchronous")
    return subprocess.Popen(
        [sys.executable, "-m", "benchmarks.durable_steps", *words], stdout=subprocess.PIPE, text=True
    )


def _carry(given: Any) -> int:
    """The process that carries the run: takes it over where it stands, and says how long it carried it."""
    from orchestrator.durable import DbosEngine, DurableEngine

    dsn, name, steps, executor, dead, pause = given.carry
    if given.synchronous:

        @event.listens_for(Engine, "connect")
        def _wait_for_disk(connection: Any, _record: Any) -> None:
            connection.execute("set synchronous_commit = on")
            connection.commit()

    effects = create_engine(dsn, isolation_level="AUTOCOMMIT")

    def effect(number: int) -> Callable[[], int]:
        def work() -> int:
            if float(pause):
                with effects.connect() as tx:
                    tx.execute(_EFFECT, {"run": name, "step": number})
                time.sleep(float(pause))
            return number

        return work

    took = []

    def steps_of(engine: DurableEngine, _change: str, _batch: int) -> None:
        begun = time.perf_counter()
        for number in range(int(steps)):
            engine.step(f"step {number}", effect(number))
        took.append(time.perf_counter() - begun)

    engine = DbosEngine(dsn, executor, {_WORKFLOW: steps_of})
    engine.launch()
    if dead != "-":
        engine.recover([dead])
    if engine.status(name)[0] == "absent":
        engine.start(_WORKFLOW, name, name, 0)
    while engine.status(name)[0] != "ended":
        time.sleep(0.05)
    print(took[-1] if took else 0.0, flush=True)
    os._exit(0)


def main() -> int:
    """By itself: all of it; with ``--carry``: the process that is killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--carry", nargs=6, help=argparse.SUPPRESS)
    parser.add_argument("--synchronous", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--quick", action="store_true")
    given = parser.parse_args()
    if given.carry:
        return _carry(given)
    return int(any(figure.missed for figure in run(quick=given.quick)))


if __name__ == "__main__":
    sys.exit(main())
