"""`irisplane fibre splice-plan`: what a closure holds, in a table or drawn for the crew that opens it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from cli import output
from cli.client import connect

__all__ = ["splice_plan"]

_ADDRESS = "/api/v1/fibre/splice-plan"


def splice_plan(
    closure: str,
    *,
    svg: Annotated[Path | None, Parameter(name="--svg")] = None,
    pdf: Annotated[Path | None, Parameter(name="--pdf")] = None,
    language: Literal["fr", "nl", "en"] | None = None,
) -> None:
    """What a closure holds, drawn for the crew that opens it; without a file: in a table.

    Args:
        closure: its code.
        svg: write it as SVG into this file.
        pdf: write it as PDF into this file, on sheets of A4.
        language: of the drawing; yours when absent.
    """
    with connect() as client:
        if svg is None and pdf is None:
            found = client.get(_ADDRESS, closure=closure)
            output.give(found, lambda: _show(found))
            return
        written = []
        for ending, file in (("svg", svg), ("pdf", pdf)):
            if file is not None:
                made = client.content(f"{_ADDRESS}:{ending}", closure=closure, language=language)
                file.write_bytes(made)
                written.append({"file": str(file), "bytes": len(made)})
    output.give(written, lambda: output.say("\n".join(f"{one['file']}: {one['bytes']} bytes" for one in written)))


def _show(found: Mapping[str, Any]) -> None:
    output.say(f"{found['closure']} at {found['node']}, {found['lat']:.6f}, {found['lon']:.6f}")
    columns = {"cable": "cable", "leads_to": "leads to", "strands": "strands", "not_spliced": "not spliced here"}
    output.table(found["cables"], columns, empty="Nothing is spliced in it.")
    rows = [
        {
            "tray": "" if one["tray"] is None else one["tray"],
            "left": _strand(one["left"]),
            "right": _strand(one["right"]),
            "kind": one["kind"],
            "dB": "" if one["loss_db"] is None else f"{one['loss_db']:.2f}",
            "circuit": one["left"]["circuit"] or one["right"]["circuit"] or "",
        }
        for one in found["splices"]
    ]
    columns = {"tray": "tray", "left": "strand", "kind": "", "right": "strand ", "dB": "dB", "circuit": "lit by"}
    output.table(rows, columns, empty="No splices.")


def _strand(one: Mapping[str, Any]) -> str:
    return f"{one['cable']}/{one['number']} tube {one['tube']} {one['tube_colour']}, {one['colour']}"
