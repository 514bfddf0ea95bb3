"""`irisplane fibre export`: the plant as a map or as tables; `irisplane region import` takes them in again."""

from __future__ import annotations

from pathlib import Path

from cli import output
from cli.client import connect
from cli.errors import WrongUse

__all__ = ["export"]


def export(*, geojson: Path | None = None, csv: Path | None = None) -> None:
    """Write the plant as a map or as tables; 'irisplane region import FILE' takes them in again.

    Args:
        geojson: nodes, ducts and cables, as GeoJSON into this file.
        csv: every type, as CSV files in this zip archive.
    """
    wanted = [(name, file) for name, file in (("geojson", geojson), ("csv", csv)) if file is not None]
    if not wanted:
        raise WrongUse("Say what to write.", hint="--geojson FILE, --csv FILE.zip, or both.")
    written = []
    with connect() as client:
        for name, file in wanted:
            made = client.content(f"/api/v1/fibre:{name}")
            file.write_bytes(made)
            written.append({"file": str(file), "bytes": len(made)})
    output.give(written, lambda: output.say("\n".join(f"{one['file']}: {one['bytes']} bytes" for one in written)))
