"""The region as files: one list a collection, one object a line, in the order of natural keys.

Ids, versions and times stay behind; references are natural keys. Importing these files into an empty database gives
the same region, and exporting that gives the same bytes. What is held for a time (places in racks, addresses, VLAN ids)
is given as it is held now: its key names one holder, not a story. Log-ins (``device_access``) are no region data and
stay out, and so do numbered parts: the strands of a cable come with it.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable
from typing import Final

from sqlalchemy import Connection, text

from inventory import objects, shapes
from inventory.imports import SourceFile

__all__ = ["export_files", "export_zip"]

_STAYS: Final = frozenset({"device_access"})


def export_files(tx: Connection, name: str) -> list[SourceFile]:
    """Every collection that holds something, as canonical JSON, and ``region.json`` with the attributions."""
    files = []
    attributions: set[str] = set()
    for made in objects.ALL.values():
        if made.name in _STAYS or made.part_of is not None:
            continue
        now = f" where t.{made.period} @> now()" if made.period else ""
        rows = (
            tx.execute(
                text(
                    f"select {shapes.object_sql(made.name, meta=False)}::text from {made.name} t{now}"  # noqa: S608 - our fragments
                    f' order by ({made.key}) collate "C", t.id'
                )
            )
            .scalars()
            .all()
        )
        if rows:
            files.append(SourceFile(f"{made.collection}.json", ("[\n" + ",\n".join(rows) + "\n]\n").encode()))
        if "source" in made.plain:
            attributions.update(
                tx.execute(
                    text(f"select distinct source from {made.name} where source <> ''")  # noqa: S608 - our table
                ).scalars()
            )
    manifest = {"format": "irisplane-region", "version": 1, "name": name, "attributions": sorted(attributions)}
    return [*files, SourceFile("region.json", (json.dumps(manifest, ensure_ascii=False, indent=1) + "\n").encode())]


def export_zip(files: Iterable[SourceFile]) -> bytes:
    """Files as one archive; equal files give equal bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.writestr(zipfile.ZipInfo(file.name, (1980, 1, 1, 0, 0, 0)), file.content, zipfile.ZIP_DEFLATED)
    return out.getvalue()
