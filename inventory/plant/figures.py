"""What light loses on its way, as the Recommendations of the ITU-T allow for: the most, so that a plan holds.

Attenuation coefficients are the maxima of each fibre's table of cable attributes: ITU-T G.652 (11/2016) tables 1 and 2,
G.653 (07/2010), G.654 (03/2020), G.655 (11/2009), G.656 (07/2010), G.657 (11/2016). A window that a Recommendation
gives no figure for has none here: the loss is then unknown, not guessed. A mated pair of connectors and splices that
nobody measured count with the maxima of ITU-T G.671 (08/2019) for passive components; a measured splice counts as
measured. ITU-T L.400/L.12 asks less of a fusion splice on average (0.1 dB), which is what a good crew reaches.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

__all__ = ["CONNECTOR_DB", "RECOMMENDATIONS", "SPLICE_DB", "WINDOWS", "attenuation", "window_of"]


@dataclass(frozen=True, slots=True)
class Window:
    """A range of wavelengths that coefficients are given for, in nanometres."""

    name: str
    low: float
    high: float


WINDOWS: Final = (Window("1310", 1260, 1360), Window("1490", 1460, 1530), Window("1550", 1530, 1565),
                  Window("1625", 1565, 1625))  # fmt: skip

_DB_PER_KM: Final[Mapping[str, Mapping[str, float]]] = {
    "G.652.B": {"1310": 0.40, "1550": 0.35, "1625": 0.40},
    "G.652.D": {"1310": 0.40, "1490": 0.40, "1550": 0.30, "1625": 0.40},
    "G.653": {"1550": 0.35},
    "G.654.E": {"1550": 0.23, "1625": 0.23},
    "G.655": {"1550": 0.35, "1625": 0.40},
    "G.656": {"1490": 0.40, "1550": 0.35, "1625": 0.40},
    "G.657.A1": {"1310": 0.40, "1490": 0.40, "1550": 0.30, "1625": 0.40},
    "G.657.A2": {"1310": 0.40, "1490": 0.40, "1550": 0.30, "1625": 0.40},
    "G.657.B3": {"1310": 0.40, "1490": 0.40, "1550": 0.30, "1625": 0.40},
}
"""dB per kilometre by fibre and window."""

SPLICE_DB: Final[Mapping[str, float]] = {"fusion": 0.30, "mechanical": 0.50, "express": 0.0}
"""dB of a splice that nobody measured, by kind (G.671); one that is only led through is not cut."""

CONNECTOR_DB: Final = 0.50
"""dB of a mated pair of connectors (G.671)."""

RECOMMENDATIONS: Final = ("ITU-T G.652 (11/2016)", "ITU-T G.657 (11/2016)", "ITU-T G.671 (08/2019)")
"""What a budget rests on, for its reader."""


def window_of(wavelength_nm: float) -> str | None:
    """The window that a wavelength lies in; ``None`` when no coefficient is given for it."""
    return next((one.name for one in WINDOWS if one.low <= wavelength_nm <= one.high), None)


def attenuation(wavelength_nm: float) -> dict[str, float]:
    """dB per kilometre at a wavelength, by the type of fibre; types that have no figure there are left out."""
    window = window_of(wavelength_nm)
    return {kind: figures[window] for kind, figures in _DB_PER_KM.items() if window is not None and window in figures}
