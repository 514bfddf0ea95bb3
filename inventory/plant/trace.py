"""What light meets between two ends of the plant: strands, splices, ports, cords, in order, with lengths and losses.

Every strand end and every port's front has at most one other thing at it (``strand_end``, ``port_front``), so there is
one way through and never a choice. One recursive statement walks both ways from the strand that was asked for.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import Connection, TextClause, text

from inventory import queries
from inventory.errors import NothingToTrace
from inventory.plant.figures import CONNECTOR_DB, SPLICE_DB, attenuation, recommendations

__all__ = ["STARTS", "Start", "trace"]

Start = Literal["strand", "panel_port", "interface", "circuit"]
STARTS: Final[tuple[Start, ...]] = ("strand", "panel_port", "interface", "circuit")

DEFAULT_WAVELENGTH_NM: Final = 1310.0


def trace(
    tx: Connection, start: Start, ref: str, *, wavelength_nm: float | None = None, role: str = "working"
) -> dict[str, Any]:
    """The way of light through a strand, a port, an interface or a circuit.

    Args:
        ref: natural key or id.
        wavelength_nm: what losses are computed at; absent: the transceiver's where it begins, else 1310.
        role: which way of a circuit: ``working`` or ``protecting``.
    Returns:
        ``hops`` in order, each with ``n``, ``kind`` (interface, port, cord, strand, splice), ``name``, what it is,
        ``length_m``, ``loss_db`` and the sums up to it, ``total_m`` and ``total_db``; ``a`` and ``b``, the first and
        the last; ``lit``: an interface at both; the sums; ``unknown``: how many hops have no figure at this wavelength.
    Raises:
        ObjectNotFound: there is no such thing, or it is not yours.
        NothingToTrace: no strand hangs on it.
    """
    found = queries.id_of(tx, start, ref)
    began = tx.execute(_start(start), {"id": found, "role": role}).one_or_none()
    if began is None or began.strand_id is None:
        raise NothingToTrace(f"No strand hangs on the {start.replace('_', ' ')} {ref!r}.", type=start)
    asked = wavelength_nm or began.wavelength_nm or DEFAULT_WAVELENGTH_NM
    figures = {"fibre": attenuation(asked), "splice": SPLICE_DB, "connector": CONNECTOR_DB}
    hops = msgspec.json.decode(
        _walked(
            tx, {"strand": began.strand_id, "enters": began.enters, "figures": msgspec.json.encode(figures).decode()}
        )
    )
    return {
        "a": hops[0]["name"],
        "b": hops[-1]["name"],
        "lit": len(hops) > 1 and hops[0]["kind"] == hops[-1]["kind"] == "interface",
        "wavelength_nm": asked,
        "length_m": round(hops[-1]["total_m"], 2),
        "loss_db": round(hops[-1]["total_db"], 3),
        "strands": sum(hop["kind"] == "strand" for hop in hops),
        "unknown": sum(hop["loss_db"] is None for hop in hops),
        "figures": recommendations(hop["type"] for hop in hops if hop["kind"] == "strand"),
        "hops": hops,
    }


def _walked(tx: Connection, values: dict[str, Any]) -> str:
    """The hops as JSON text. Planning this statement takes six times what carrying it out takes: it is planned once.

    A connection prepares a statement when it met it five times, and plans it for all values after five more; a pool
    has many connections, so both are asked for at once: the latter by :func:`_start`, which comes before.
    """
    driver = tx.connection.driver_connection
    assert driver is not None
    row = driver.execute(str(_sql("trace").compile(dialect=tx.dialect)), values, prepare=True).fetchone()
    return str(row[0])


@cache
def _start(start: Start) -> TextClause:
    """Where light begins; and that what follows in this transaction is planned once for all values."""
    began = _sql(f"start_{start}").text
    return text(f"select b.*, set_config('plan_cache_mode', 'force_generic_plan', true) as plans from (\n{began}\n) b")  # noqa: S608 - ours


@cache
def _sql(name: str) -> TextClause:
    return text((files("inventory.plant") / "sql" / f"{name}.sql").read_text())
