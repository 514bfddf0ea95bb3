"""The outlines of communes for the map: read from the GeoJSON file that the operator names, known by NIS code.

Geometry of a country's communes is somebody's data, with a licence of its own: it stays where it is, is never part of
Irisplane, and what its file says under ``attribution`` is shown with it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from core.errors import Misconfigured

__all__ = ["outlines"]

_MOST_BYTES: Final = 20 * 1024 * 1024
_DIGITS: Final = 4
"""Of a degree: eleven metres, which no screen shows of a region."""


def outlines(file: Path | None) -> str:
    """GeoJSON (RFC 7946) text with one feature a commune; empty where no file is named.

    Raises:
        Misconfigured: the file cannot be read, or is not what it should be.
    """
    if file is None:
        return _collection([], [])
    try:
        known = file.stat()
        if known.st_size > _MOST_BYTES:
            raise _wrong(file, f"it has {known.st_size >> 20} MiB; at most {_MOST_BYTES >> 20} are read")
        return _read(file, known.st_mtime_ns)
    except OSError as error:
        raise _wrong(file, error.strerror or type(error).__name__) from error


@lru_cache(maxsize=1)
def _read(file: Path, _altered: int) -> str:
    try:
        held = json.loads(file.read_text("utf-8"))
        return _collection(list(_features(held)), [str(held["attribution"])] if held.get("attribution") else [])
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise _wrong(file, "it holds no communes with NIS codes and outlines, as GeoJSON") from error


def _features(held: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for one in held["features"]:
        about, shape = one["properties"], one["geometry"]
        code = about.get("nis_code", about.get("nis"))
        if code is None or shape["type"] not in {"Polygon", "MultiPolygon"}:
            continue
        yield {
            "type": "Feature",
            "properties": {"nis_code": str(code), "name_fr": str(about["name_fr"]), "name_nl": str(about["name_nl"])},
            "geometry": {"type": shape["type"], "coordinates": _rounded(shape["coordinates"])},
        }


def _rounded(part: Any) -> Any:
    return [_rounded(one) for one in part] if isinstance(part, list) else round(float(part), _DIGITS)


def _collection(features: list[dict[str, Any]], told: list[str]) -> str:
    found = {"type": "FeatureCollection", "attributions": told, "features": features}
    return json.dumps(found, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _wrong(file: Path, why: str) -> Misconfigured:
    return Misconfigured(f"IRISPLANE_OUTLINES_FILE, {file}: {why}.", hint="Name a GeoJSON file, or unset the variable.")
