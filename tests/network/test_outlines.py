"""Outlines of communes: read from the operator's file, told clearly where it is wrong, nothing where none is named."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from core.errors import Misconfigured
from network.outlines import outlines

RING = [[4.123456, 50.9], [4.2, 50.9], [4.2, 50.95], [4.123456, 50.9]]


def collection(**more: Any) -> dict[str, Any]:
    """One commune as open data has it, and a point that is none."""
    commune = {"nis": "21009", "name_fr": "Ixelles", "name_nl": "Elsene", "population": 87632}
    return {
        "type": "FeatureCollection",
        "attribution": "Somebody (CC BY 4.0)",
        "features": [
            {"type": "Feature", "properties": commune, "geometry": {"type": "Polygon", "coordinates": [RING]}},
            {
                "type": "Feature",
                "properties": {"name": "Somewhere"},
                "geometry": {"type": "LineString", "coordinates": RING},
            },
        ],
        **more,
    }


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "communes.geojson"
    made.write_text(json.dumps(collection()))
    return made


def test_no_file_no_outlines() -> None:
    assert json.loads(outlines(None)) == {"type": "FeatureCollection", "attributions": [], "features": []}


def test_communes_are_taken_with_their_attribution_and_nothing_else(file: Path) -> None:
    found = json.loads(outlines(file))
    assert found["attributions"] == ["Somebody (CC BY 4.0)"]
    (one,) = found["features"]
    assert one["properties"] == {"nis_code": "21009", "name_fr": "Ixelles", "name_nl": "Elsene"}
    assert one["geometry"]["coordinates"][0][0] == [4.1235, 50.9]


def test_a_file_that_is_put_in_its_place_is_read_anew(file: Path) -> None:
    outlines(file)
    file.write_text(json.dumps(collection(attribution="Somebody else")))
    os.utime(file, ns=(1, 1))
    assert json.loads(outlines(file))["attributions"] == ["Somebody else"]


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"features": 3}', '{"features": [{"properties": null, "geometry": null}]}', "\x00",
                json.dumps(collection()).replace("50.9,", "NaN,").replace("50.9]", "NaN]")],
)  # fmt: skip
def test_what_is_no_file_of_outlines_is_named(file: Path, content: str) -> None:
    file.write_text(content)
    with pytest.raises(Misconfigured, match="IRISPLANE_OUTLINES_FILE"):
        outlines(file)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="No such file"):
        outlines(tmp_path / "none.geojson")
