"""`irisplane fibre trace | loss | locate`: the way of light, what it loses, and where a measured distance is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from cyclopts import Parameter

from cli import output
from cli.client import connect
from cli.errors import WrongUse

__all__ = ["locate", "loss", "trace"]

Port = Annotated[str | None, Parameter(name="--port")]
Role = Literal["working", "protecting"]

_VERDICTS: Final = {
    "fits": "fits",
    "thin": "fits, but thin",
    "too-weak": "too weak",
    "too-strong": "too strong",
    "unknown": "not known: powers of the transceivers are missing",
}
_SAID_BY: Final = {
    "device": "as the device tells",
    "asked": "as you say",
    "entered": "as it was entered",
    None: "",
}
_MEASURED: Final = {
    "as-expected": "as planned",
    "better": "better than planned",
    "worse": "worse than planned: look for dirt, a bend, a splice",
    "none": "nobody measured",
}


def trace(
    *,
    strand: str | None = None,
    port: Port = None,
    interface: str | None = None,
    circuit: str | None = None,
    role: Role = "working",
    wavelength: float | None = None,
) -> None:
    """What light meets on its way: strands, splices, ports, patch cords and interfaces, in order; and how much arrives.

    Args:
        strand: CABLE/NUMBER.
        port: PANEL/NUMBER.
        interface: DEVICE:INTERFACE.
        circuit: its code.
        role: which way of a circuit.
        wavelength: nanometres; the transceiver's when absent.
    """
    with connect() as client:
        found = client.get(
            "/api/v1/fibre/trace", **_asked(strand, port, interface, circuit), role=role, wavelength_nm=wavelength
        )
    output.give(found, lambda: _show_way(found))


def loss(
    *,
    strand: str | None = None,
    port: Port = None,
    interface: str | None = None,
    circuit: str | None = None,
    role: Role = "working",
    wavelength: float | None = None,
    rx: Annotated[float | None, Parameter(name="--rx", allow_leading_hyphen=True)] = None,
) -> None:
    """What light loses on its way, by the figures of the ITU-T, and what the receivers are left.

    Args:
        strand: CABLE/NUMBER.
        port: PANEL/NUMBER.
        interface: DEVICE:INTERFACE.
        circuit: its code.
        role: which way of a circuit.
        wavelength: nanometres; the transceiver's when absent.
        rx: power measured at the far end, in dBm, to compare with.
    """
    with connect() as client:
        asked = _asked(strand, port, interface, circuit)
        found = client.get("/api/v1/fibre/loss", **asked, role=role, wavelength_nm=wavelength, rx_dbm=rx)
    output.give(found, lambda: _show_loss(found))


def locate(
    *,
    strand: str,
    from_: Annotated[str, Parameter(name="--from")],
    metres: float,
    towards: str | None = None,
) -> None:
    """Where on the map a distance is that an OTDR shows.

    Args:
        strand: CABLE/NUMBER of any strand of the way.
        from_: node where the OTDR stands.
        metres: what it shows, in metres of fibre.
        towards: another node of the way, if the OTDR stands between its ends.
    """
    with connect() as client:
        found = client.get("/api/v1/fibre/locate", strand=strand, node=from_, metres=metres, towards=towards)
    output.give(found, lambda: _show_place(found))


# ----------------------------------------------------------------------------------------------------------- inside
def _asked(strand: str | None, port: str | None, interface: str | None, circuit: str | None) -> dict[str, str]:
    given = {"strand": strand, "panel_port": port, "interface": interface, "circuit": circuit}
    found = {name: value for name, value in given.items() if value is not None}
    if len(found) != 1:
        raise WrongUse("Say one thing to trace.", hint="One of --strand CABLE/NUMBER, --port PANEL/NUMBER, "
                       "--interface DEVICE:INTERFACE, --circuit CODE.")  # fmt: skip
    return found


def _show_way(found: Mapping[str, Any]) -> None:
    rows = [
        {**hop, "what": _what(hop), "loss": "?" if hop["loss_db"] is None else f"{hop['loss_db']:.2f}",
         "metres": f"{hop['length_m']:g}" if hop["length_m"] else "", "total_m": f"{hop['total_m']:g}",
         "total_db": f"{hop['total_db']:.2f}"}
        for hop in found["hops"]
    ]  # fmt: skip
    columns = {"n": "", "kind": "", "name": "name", "what": "what", "metres": "m", "loss": "dB", "total_m": "m so far",
               "total_db": "dB so far"}  # fmt: skip
    output.table(rows, columns)
    output.notice(_sum(found), "dim")
    for one in found["directions"]:
        output.say(f"{one['to']}: {_received(one)}", "yellow" if one["measured"] == "worse" else "")


def _received(one: Mapping[str, Any]) -> str:
    """How much should arrive, and how much does."""
    expected = "not known how much it should receive" if one["expected_dbm"] is None else (
        f"should receive {_dbm(one['expected_dbm'])}")  # fmt: skip
    if one["measured_dbm"] is None:
        return f"{expected}; {_MEASURED[one['measured']]}"
    said = f"receives {_dbm(one['measured_dbm'])}, {_SAID_BY[one['measured_by']]}"
    return f"{expected}; {said}" + ("" if one["expected_dbm"] is None else f": {_MEASURED[one['measured']]}")


def _what(hop: Mapping[str, Any]) -> str:
    match hop["kind"]:
        case "strand":
            lit = f", lit by {hop['circuit']}" if hop["circuit"] else ""
            return f"{hop['from']} to {hop['to']}, tube {hop['tube_colour']}, {hop['colour']}{lit}"
        case "splice":
            told = "measured" if hop["measured"] else "planned"
            return f"at {hop['node']}, {hop['splice']}" + ("" if hop["splice"] == "express" else f", {told}")
        case "port":
            return f"at {hop['site']}" + (f", rack {hop['rack']}" if hop["rack"] else "") + f", {hop['connector']}"
        case "interface":
            return f"at {hop['site']}" + (f", {hop['transceiver']}" if hop["transceiver"] else "")
        case _:
            return ""


def _sum(found: Mapping[str, Any]) -> str:
    gaps = f"; no figure at this wavelength for {found['unknown']} of them" if found["unknown"] else ""
    return (f"{found['a']} to {found['b']}: {found['length_m']:g} m, {found['loss_db']:.2f} dB at "
            f"{found['wavelength_nm']:g} nm{gaps}")  # fmt: skip


def _show_loss(found: Mapping[str, Any]) -> None:
    rows = [{**one, "loss_db": f"{one['loss_db']:.2f}"} for one in found["parts"]]
    output.table(rows, {"part": "", "count": "how many", "measured": "measured", "loss_db": "dB"})
    output.say(_sum(found))
    for one in found["directions"]:
        output.heading(f"{one['from']} to {one['to']}")
        output.facts(
            [
                ("sent", _said(one["sent_dbm"], one["sent_by"])),
                ("expected", _dbm(one["expected_dbm"])),
                ("least the receiver hears", _dbm(one["sensitivity_dbm"])),
                ("margin", "" if one["margin_db"] is None else f"{one['margin_db']:g} dB"),
                ("so it", _VERDICTS[one["verdict"]]),
                ("measured", _said(one["measured_dbm"], one["measured_by"])),
                ("which is", _MEASURED[one["measured"]]),
            ]
        )
    output.notice("Figures: " + ", ".join(found["figures"]), "dim")


def _said(value: float | None, by: str | None) -> str:
    return "" if value is None else f"{_dbm(value)}, {_SAID_BY[by]}"


def _dbm(value: float | None) -> str:
    return "" if value is None else f"{value:g} dBm"


def _show_place(found: Mapping[str, Any]) -> None:
    there = f"{found['lat']:.6f}, {found['lon']:.6f}"
    output.facts(
        [
            ("cable", f"{found['cable']}, {found['cable_m']:g} m from {found['from']}"),
            ("strand", f"{found['strand']}: tube {found['tube_colour']}, {found['colour']}"),
            (
                "duct",
                f"{found['duct']}, {found['duct_m']:g} m from its a" if found["exact"] else "not known: straight line",
            ),
            ("latitude, longitude", there),
            ("nearest way in", f"{found['nearest']['node']}, {found['nearest']['metres']:g} m away"),
        ]
    )
