"""The loss budget of a way through the plant: what it may lose, what is left for the receiver, what was measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import Connection, text

from inventory.plant.trace import Start, trace

__all__ = ["MARGIN_DB", "TOLERANCE_DB", "Level", "budget", "budget_of", "directions"]

MARGIN_DB: Final = 3.0
"""What a budget keeps for ageing and repairs: a margin below it is thin."""
TOLERANCE_DB: Final = 1.0
"""By how much a receiver's own reading may be off (SFF-8472 asks for ± 3 dB at most; modules of today keep to one)."""

Verdict = Literal["fits", "thin", "too-weak", "too-strong", "unknown"]
Measured = Literal["as-expected", "better", "worse", "none"]
Source = Literal["device", "asked", "entered"]
"""Who says a power: the device itself, who asks, or what was entered into the inventory."""


@dataclass(frozen=True, slots=True)
class Level:
    """What an interface tells of its light, in dBm; ``None``: it does not tell.

    Attributes:
        at: when it told so.
    """

    received_dbm: float | None
    sent_dbm: float | None
    at: datetime


def budget(
    tx: Connection, start: Start, ref: str, *, wavelength_nm: float | None = None, role: str = "working"
) -> dict[str, Any]:
    """The budget of what is traced here, as :func:`budget_of` gives it.

    Raises:
        ObjectNotFound, NothingToTrace.
    """
    return budget_of(tx, trace(tx, start, ref, wavelength_nm=wavelength_nm, role=role))


def budget_of(
    tx: Connection, way: dict[str, Any], *, rx_dbm: float | None = None, levels: Mapping[str, Level] | None = None
) -> dict[str, Any]:
    """What light loses from one end of a traced way to the other, part by part, and what that means for the receivers.

    Args:
        way: of :func:`inventory.plant.trace.trace`.
        rx_dbm: power measured at ``b``; absent: as its device tells, else as it was measured when the transceiver was
            put into service.
        levels: what interfaces tell of their light now, by ``DEVICE:INTERFACE``.
    Returns:
        ``loss_db`` with its ``parts`` (fibre, splices, connectors: how much of it, how many decibels, how many of them
        measured), and both ``directions``: sent, expected and measured power in dBm, the ``margin_db`` above the
        receiver's sensitivity, a ``verdict``, and how ``measured`` compares: a way whose loss was planned with maxima
        should lose less than planned, so ``worse`` means dirt, a bend or a bad splice.
    """
    return {
        **{name: way[name] for name in ("a", "b", "lit", "wavelength_nm", "length_m", "loss_db", "unknown")},
        "parts": _parts(way["hops"]),
        "directions": directions(tx, way, rx_dbm=rx_dbm, levels=levels),
        "figures": way["figures"],
    }


def directions(
    tx: Connection, way: dict[str, Any], *, rx_dbm: float | None = None, levels: Mapping[str, Level] | None = None
) -> list[dict[str, Any]]:
    """Both directions of a traced way, as :func:`budget_of` gives them; none where no interface stands at both ends."""
    if not way["lit"]:
        return []
    ends = _transceivers(tx, [way["a"], way["b"]])
    told = levels or {}
    return [
        _direction(way, ends, told, way["a"], way["b"], rx_dbm=rx_dbm),
        _direction(way, ends, told, way["b"], way["a"], rx_dbm=None),
    ]


def _parts(hops: list[dict[str, Any]]) -> list[dict[str, Any]]:
    strands = [hop for hop in hops if hop["kind"] == "strand"]
    splices = [hop for hop in hops if hop["kind"] == "splice"]
    mated = [hop for hop in hops if hop["kind"] == "port" and hop["loss_db"]]

    def part(name: str, found: list[dict[str, Any]], measured: int) -> dict[str, Any]:
        loss = sum(hop["loss_db"] or 0 for hop in found)
        return {"part": name, "count": len(found), "measured": measured, "loss_db": round(loss, 3)}

    return [
        part("fibre", strands, 0),
        part("splices", splices, sum(hop["measured"] for hop in splices)),
        part("connectors", mated, 0),
    ]


def _direction(
    way: dict[str, Any], ends: Mapping[str, Any], levels: Mapping[str, Level], a: str, b: str, *, rx_dbm: float | None
) -> dict[str, Any]:
    sender, receiver = ends.get(a), ends.get(b)
    sends, hears = levels.get(a), levels.get(b)
    sent, sent_by = _said(None, sends.sent_dbm if sends else None, sender and sender.tx_power_dbm)
    measured, measured_by = _said(rx_dbm, hears.received_dbm if hears else None, receiver and receiver.rx_power_dbm)
    expected = round(sent - way["loss_db"], 2) if sent is not None and not way["unknown"] else None
    sensitivity = receiver.rx_sensitivity_dbm if receiver else None
    overload = receiver.rx_overload_dbm if receiver else None
    margin = round(expected - sensitivity, 2) if expected is not None and sensitivity is not None else None
    return {
        "from": a,
        "to": b,
        "sent_dbm": sent,
        "sent_by": sent_by,
        "expected_dbm": expected,
        "sensitivity_dbm": sensitivity,
        "overload_dbm": overload,
        "margin_db": margin,
        "verdict": _verdict(expected, margin, overload),
        "measured_dbm": measured,
        "measured_by": measured_by,
        "measured_at": hears.at if hears is not None and measured_by == "device" else None,
        "excess_db": round(expected - measured, 2) if expected is not None and measured is not None else None,
        "measured": _compared(expected, measured),
    }


def _said(asked: float | None, told: float | None, entered: float | None) -> tuple[float | None, Source | None]:
    """The first of what somebody says, and who it is."""
    by: tuple[tuple[float | None, Source], ...] = ((asked, "asked"), (told, "device"), (entered, "entered"))
    return next(((value, source) for value, source in by if value is not None), (None, None))


def _verdict(expected: float | None, margin: float | None, overload: float | None) -> Verdict:
    """Whether the receiver hears it, and is not blinded, by what is planned."""
    if expected is not None and overload is not None and expected > overload:
        return "too-strong"
    if margin is None:
        return "unknown"
    return "too-weak" if margin < 0 else "thin" if margin < MARGIN_DB else "fits"


def _compared(expected: float | None, measured: float | None) -> Measured:
    if expected is None or measured is None:
        return "none"
    if measured < expected - TOLERANCE_DB:
        return "worse"
    return "better" if measured > expected + TOLERANCE_DB else "as-expected"


def _transceivers(tx: Connection, names: list[str]) -> dict[str, Any]:
    rows = tx.execute(
        text(
            "select k as name, t.tx_power_dbm, t.rx_sensitivity_dbm, t.rx_overload_dbm, t.rx_power_dbm"
            " from unnest(cast(:names as text[])) k join device d on d.name = split_part(k, ':', 1)"
            " join interface i on i.device_id = d.id and i.name = substr(k, strpos(k, ':') + 1)"
            " join transceiver t on t.interface_id = i.id"
        ),
        {"names": names},
    )
    return {row.name: row for row in rows}
