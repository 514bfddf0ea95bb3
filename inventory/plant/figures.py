"""What light loses on its way, as the Recommendations of the ITU-T allow for: the most, so that a plan holds.

Each figure names its source; a window that a Recommendation gives no figure for has none here: the loss is then
unknown, not guessed. Where editions differ the greater figure stands; docs/plant.md says which ones were not confirmed.
A measured splice counts as measured.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

__all__ = ["CONNECTOR_DB", "SPLICE_DB", "WINDOWS", "attenuation", "recommendations", "window_of"]


@dataclass(frozen=True, slots=True)
class Window:
    """A range of wavelengths that coefficients are given for, in nanometres: from ``low`` to below ``high``."""

    name: str
    low: float
    high: float


WINDOWS: Final = (
    Window("1270", 1260, 1310), Window("1310", 1310, 1360), Window("1383", 1360, 1460), Window("1490", 1460, 1530),
    Window("1550", 1530, 1565), Window("1625", 1565, 1625),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Fibre:
    """One type: where its figures stand, and dB per kilometre by window."""

    source: str
    db_per_km: Mapping[str, float]


_FULL_SPECTRUM: Final = {"1270": 0.47, "1310": 0.40, "1383": 0.40, "1490": 0.40, "1550": 0.30, "1625": 0.40}
"""One row "from 1310 nm to 1625 nm" and one for 1530 to 1565 nm; below 1310 nm the note that allows 0.07 dB/km more."""
_FIBRES: Final[Mapping[str, _Fibre]] = {
    "G.652.B": _Fibre("ITU-T G.652 (11/2016), table 1", {"1310": 0.40, "1550": 0.35, "1625": 0.40}),
    "G.652.D": _Fibre("ITU-T G.652 (11/2016), table 2", _FULL_SPECTRUM),
    "G.653": _Fibre("ITU-T G.653 (07/2010)", {"1550": 0.35}),
    "G.654.E": _Fibre("ITU-T G.654 (03/2020)", {"1550": 0.23}),
    "G.655": _Fibre("ITU-T G.655 (11/2009)", {"1550": 0.35, "1625": 0.40}),
    "G.656": _Fibre("ITU-T G.656 (07/2010)", {"1490": 0.40, "1550": 0.35, "1625": 0.40}),
    "G.657.A1": _Fibre("ITU-T G.657 (11/2016), table 1", _FULL_SPECTRUM),
    "G.657.A2": _Fibre("ITU-T G.657 (11/2016), table 1", _FULL_SPECTRUM),
    # Category B of the edition of 2012: later ones ask for no more, and a plan that holds for it holds for them.
    "G.657.B3": _Fibre("ITU-T G.657 (10/2012), table 2", {"1310": 0.50, "1550": 0.30, "1625": 0.40}),
}

SPLICE_DB: Final[Mapping[str, float]] = {"fusion": 0.30, "mechanical": 0.50, "express": 0.0}
"""dB of a splice that nobody measured, by kind: the most that G.671 allows. One that is only led through is not cut."""

CONNECTOR_DB: Final = 0.50
"""dB of a mated pair of single-mode connectors: the most that G.671 allows, before it ages."""

_JOINTS: Final = "ITU-T G.671 (08/2019)"


def window_of(wavelength_nm: float) -> str | None:
    """The window that a wavelength lies in; ``None`` when no coefficient is given for it."""
    inside = (one.name for one in WINDOWS if one.low <= wavelength_nm < one.high)
    return next(inside, WINDOWS[-1].name if wavelength_nm == WINDOWS[-1].high else None)


def attenuation(wavelength_nm: float) -> dict[str, float]:
    """dB per kilometre at a wavelength, by the type of fibre; types that have no figure there are left out."""
    window = window_of(wavelength_nm)
    return {
        kind: fibre.db_per_km[window]
        for kind, fibre in _FIBRES.items()
        if window is not None and window in fibre.db_per_km
    }


def recommendations(kinds: Iterable[str]) -> list[str]:
    """What a budget over these types of fibre rests on, for its reader."""
    return [*sorted({_FIBRES[kind].source for kind in kinds if kind in _FIBRES}), _JOINTS]
