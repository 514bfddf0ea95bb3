"""``python -m benchmarks [NAME ...] [--quick] [--keep]``: every claim of speed, beside what people use instead.

Ends with 1 when a figure misses its bound by half, or a benchmark could not be carried out. What was measured is
written, with the machine and the date, to ``benchmarks/results``.
"""

from __future__ import annotations

import argparse
import json
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from benchmarks import (
    bring_up,
    designing,
    durable_steps,
    fibre_impact,
    fleet_push,
    growth,
    hosting_lists,
    hosting_orders,
    inventory_api,
    pages,
    paths,
    polling,
    rating,
    strand_trace,
)
from benchmarks.measuring import Figure, machine, table
from core.settings import get_settings

_RESULTS: Final = Path(__file__).with_name("results")
_STANDING: Final = frozenset({"bring_up", "fleet_push"})
"""Those that bring a region up, and may use the one that runs."""
_ALL: Final[Mapping[str, Callable[..., list[Figure]]]] = {
    "inventory_api": inventory_api.run,
    "designing": designing.run,
    "durable_steps": durable_steps.run,
    "fibre_impact": fibre_impact.run,
    "hosting_lists": hosting_lists.run,
    "hosting_orders": hosting_orders.run,
    "pages": pages.run,
    "paths": paths.run,
    "polling": polling.run,
    "rating": rating.run,
    "strand_trace": strand_trace.run,
    "growth": growth.run,
    "bring_up": bring_up.run,
    "fleet_push": fleet_push.run,
}


def main() -> int:
    """Run, print, write."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(_ALL)}; all when absent")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions; nothing is written")
    parser.add_argument("--keep", action="store_true", help="use the region that runs in this instance, leave it so")
    given = parser.parse_args()
    if unknown := set(given.names) - _ALL.keys():
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there is {', '.join(_ALL)}")
    if get_settings().place.name == "main":
        parser.error("regions are brought up and forgotten here: set IRISPLANE_INSTANCE=bench, as 'make bench' does")
    where = machine()
    print(f"{where['cores']} cores, {where['processor']}, Linux {where['kernel']}, load {where['load_before']}")
    figures: list[Figure] = []
    failed: dict[str, str] = {}
    for name in given.names or _ALL:
        try:
            options = {"keep": given.keep} if name in _STANDING else {}
            figures += _ALL[name](quick=given.quick, **options)
        except Exception as error:  # noqa: BLE001 - the others are still worth measuring; it is told and counts
            traceback.print_exc()
            failed[name] = f"{type(error).__name__}: {error}"[:500]
    missed = [figure for figure in figures if figure.missed]
    print("\nin short")
    print(table(("", "measured", "bound", "reference", "ratio", ""), [_row(figure) for figure in figures]))
    for name, why in failed.items():
        print(f"{name} could not be carried out: {why}")
    if not given.quick:
        print(f"written to {_write(where, figures, failed)}")
    return int(bool(missed or failed))


def _row(figure: Figure) -> list[str]:
    bound = "" if figure.bound is None else f"{figure.bound:g} {figure.unit}"
    reference = "" if figure.reference is None else f"{figure.reference:,.1f} {figure.beside}"
    ratio = f"{figure.reference / figure.value:.1f}x" if figure.reference and figure.value else ""
    kept = "" if figure.bound is None else "MISSED" if figure.missed else "held" if figure.held else "nearly"
    return [
        figure.name,
        f"{figure.value:,.2f} {figure.unit}",
        bound,
        reference + (" *" if figure.recorded else ""),
        ratio,
        kept,
    ]


def _write(where: Mapping[str, Any], figures: Sequence[Figure], failed: Mapping[str, str]) -> Path:
    """One more file with results, and the table of the newest."""
    _RESULTS.mkdir(exist_ok=True)
    day = str(where["at"])[:10]
    number = 1 + sum(1 for _ in _RESULTS.glob(f"{day}-*.json"))
    path = _RESULTS / f"{day}-{number}.json"
    found = {"machine": dict(where), "figures": [asdict(figure) for figure in figures], "failed": dict(failed)}
    path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    rows = "\n".join("| " + " | ".join(_row(figure)) + " |" for figure in figures)
    (_RESULTS / "README.md").write_text(
        f"# The newest results\n\n`{path.name}`: {where['cores']} cores, {where['processor']}, Linux {where['kernel']},"
        f" load {where['load_before']} when it began. `make bench` writes this page.\n\n"
        f"| claim | measured | bound | reference | ratio | |\n| --- | --- | --- | --- | --- | --- |\n{rows}\n\n"
        "`*`: recorded, not measured in this run; scaled by a loop of the processor. docs/speed.md says how each is"
        " measured.\n",
        encoding="utf-8",
    )
    return path


if __name__ == "__main__":
    sys.exit(main())
