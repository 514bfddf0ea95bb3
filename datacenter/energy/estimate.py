"""What something ordered will probably use, in energy and carbon: integers, with a range, and marked ESTIMATED.

Nothing here is measured. The first estimator multiplies published figures; whoever has meters brings another one that
keeps the protocol, and callers do not notice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol

__all__ = ["EnergyEstimator", "Estimate", "Load", "Range", "StatedAssumptions", "estimator"]


@dataclass(frozen=True, slots=True)
class Range:
    """Low, middle and high of one quantity, integers."""

    low: int
    mid: int
    high: int

    def __add__(self, other: Range) -> Range:
        return Range(self.low + other.low, self.mid + other.mid, self.high + other.high)

    def __sub__(self, other: Range) -> Range:
        return Range(self.low - other.low, self.mid - other.mid, self.high - other.high)

    def as_text(self, scale: int) -> dict[str, str]:
        """As decimals of a unit ``10^scale`` times larger, exact: ``as_text(9)`` of µWh is kWh."""
        return {name: _decimal(getattr(self, name), scale) for name in ("low", "mid", "high")}

    def as_integers(self) -> dict[str, str]:
        """As they are, in strings: JSON's numbers end at 2^53."""
        return {name: str(getattr(self, name)) for name in ("low", "mid", "high")}


@dataclass(frozen=True, slots=True)
class Load:
    """What runs, and how long.

    Attributes:
        vcpus: virtual processors.
        quarters: quarter-hours.
    """

    vcpus: int
    quarters: int


@dataclass(frozen=True, slots=True)
class Estimate:
    """Energy in micro-watt-hours and carbon in micro-grams of CO2 equivalent.

    Attributes:
        status: how it came about; never taken for a measurement.
        basis: one sentence with the assumptions, shown wherever a figure is.
    """

    micro_wh: Range
    micro_gco2e: Range
    basis: str
    status: Literal["ESTIMATED", "MEASURED"] = "ESTIMATED"

    def as_json(self) -> dict[str, Any]:
        """As a preview shows it for a month: decimals for people, integers for programs."""
        return {
            "status": self.status,
            "kwh_month": self.micro_wh.as_text(9),
            "gco2e_month": self.micro_gco2e.as_text(6),
            "micro_wh_month": self.micro_wh.as_integers(),
            "micro_gco2e_month": self.micro_gco2e.as_integers(),
            "basis": self.basis,
        }


class EnergyEstimator(Protocol):
    """Says what a load will probably use."""

    def estimate(self, load: Load) -> Estimate:
        """Energy with the data centre's overhead, and the carbon of that energy."""


@dataclass(frozen=True, slots=True)
class _Case:
    """One set of assumptions. Power in milliwatts of a hardware thread, the rest in whole parts."""

    idle_mw: int
    max_mw: int
    busy_percent: int
    pue_permille: int
    g_per_kwh: int


class StatedAssumptions:
    """Published figures, multiplied: one virtual processor is taken for one hardware thread of a current server.

    *Power of a thread*: idle and full load of the 105 two-socket servers published in 2023 and 2024, divided by their
    threads: 10th percentile 206 and 1,163 mW, median 653 and 2,885 mW, 90th percentile 963 and 4,405 mW. Source:
    spec.org, SPECpower_ssj2008, as retrieved in 2026-03. Memory is in it, storage and network are not.

    *How busy*: 5, 12 and 50 percent. 12 is the mean of the virtual machines of the PlanetLab and Bitbrains traces, 50
    what Cloud Carbon Footprint assumes when nothing is known.

    *PUE*: 1.20 is what Germany's EnEfG (2023, §11) asks of a new centre; 1.58 the mean of Uptime Institute's survey of
    2023. The region's own will replace both once it is metered.

    *Carbon*: Belgium's consumption mix over its life cycle by Electricity Maps: 153 g/kWh in 2024 (the lowest since
    2021), 180 in 2025, 197 in 2022 (the highest).
    """

    CASES: Final = (
        _Case(206, 1163, 5, 1200, 153),
        _Case(653, 2885, 12, 1580, 180),
        _Case(963, 4405, 50, 1580, 197),
    )
    BASIS: Final = (
        "ESTIMATED, not measured: a vCPU as one thread of a server of 2023-24 (SPECpower_ssj2008), 5/12/50 % busy,"
        " PUE 1.20/1.58/1.58, Belgian grid 153/180/197 gCO2e/kWh (Electricity Maps 2024/2025/2022); processors and"
        " memory only, storage and network are left out."
    )

    def estimate(self, load: Load) -> Estimate:
        """Low, mid and high by the three cases; rounded once, half up."""
        energy = [self._micro_wh(case, load) for case in self.CASES]
        carbon = [_rounded(micro_wh * case.g_per_kwh, 1000) for micro_wh, case in zip(energy, self.CASES, strict=True)]
        return Estimate(Range(*energy), Range(*carbon), self.BASIS)

    @staticmethod
    def _micro_wh(case: _Case, load: Load) -> int:
        """Milliwatts x quarter-hours x 250 are micro-watt-hours; times PUE."""
        hundredths_mw = 100 * case.idle_mw + case.busy_percent * (case.max_mw - case.idle_mw)
        return _rounded(load.vcpus * load.quarters * hundredths_mw * 250 * case.pue_permille, 100 * 1000)


def estimator() -> EnergyEstimator:
    """The one in use."""
    return StatedAssumptions()


def _rounded(value: int, by: int) -> int:
    return (2 * value + by) // (2 * by)


def _decimal(value: int, scale: int) -> str:
    sign, digits = ("-", -value) if value < 0 else ("", value)
    whole, rest = divmod(digits, 10**scale)
    shown = f"{sign}{whole}.{rest:0{scale}d}".rstrip("0").rstrip(".")
    return "0" if shown in {"", "-0"} else shown
