"""What light may lose over every fibre link at once, and what its transceivers send and hear: what a level is held to.

The figures are those of one link's budget (``inventory.plant.loss``), by one statement for the whole region.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

import msgspec
from sqlalchemy import Connection, text

from inventory.plant.figures import CONNECTOR_DB, SPLICE_DB, attenuation
from inventory.plant.loss import TOLERANCE_DB
from inventory.plant.trace import DEFAULT_WAVELENGTH_NM

__all__ = ["OFF_DB", "Receiver", "receivers"]

OFF_DB: Final = 2 * TOLERANCE_DB
"""By how much less than planned may be read: what is sent and what is received are both readings."""

_LOSSES: Final = text((files("inventory.plant") / "sql" / "link_losses.sql").read_text())
_WAVELENGTHS: Final = text("select distinct wavelength_nm from transceiver")


@dataclass(frozen=True, slots=True)
class Receiver:
    """One end of a fibre link, as the one that light comes to.

    Attributes:
        device: with ``interface``, where it is received; ``far_device`` and ``far_interface``, who sends it.
        loss_db: the most that the way may lose; ``None``: the plant does not know the way, or has no figure for it.
        sent_dbm: by the far transceiver's data; ``least_dbm``: that this one hears; ``None``: nobody said.
        cables: that the way runs through, in order from the link's end a.
    """

    link: str
    device: str
    interface: str
    far_device: str
    far_interface: str
    loss_db: float | None
    sent_dbm: float | None
    least_dbm: float | None
    cables: tuple[str, ...]


def receivers(tx: Connection) -> Mapping[tuple[str, str], Receiver]:
    """Both ends of every active fibre link, by device and interface."""
    wavelengths = {DEFAULT_WAVELENGTH_NM, *tx.execute(_WAVELENGTHS).scalars()}
    fibres = [{"nm": nm, "fibre": attenuation(nm)} for nm in sorted(wavelengths)]
    found = [
        one
        for row in tx.execute(
            _LOSSES,
            {
                "fibres": msgspec.json.encode(fibres).decode(),
                "splices": msgspec.json.encode(SPLICE_DB).decode(),
                "connector": CONNECTOR_DB,
                "default_nm": DEFAULT_WAVELENGTH_NM,
            },
        )
        for one in (
            Receiver(row.name, row.b_device, row.b_interface, row.a_device, row.a_interface, _rounded(row.from_a),
                     row.a_sends, row.b_hears, tuple(row.cables)),
            Receiver(row.name, row.a_device, row.a_interface, row.b_device, row.b_interface, _rounded(row.from_b),
                     row.b_sends, row.a_hears, tuple(row.cables)),
        )
    ]  # fmt: skip
    return {(one.device, one.interface): one for one in found}


def _rounded(loss: float | None) -> float | None:
    return None if loss is None else round(loss, 3)
