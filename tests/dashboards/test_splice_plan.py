"""The splice plan of a closure: each splice drawn once, colours drawn and named in the reader's language."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from pypdf import PdfReader

from core.db import Database
from dashboards.splice_plan import INK, drawn, sheet
from inventory.errors import ObjectNotFound
from inventory.plant.splice_plan import splice_plan
from tests.inventory.conftest import SYSTEM, create, engineer_of, submitter
from tests.inventory.plant.conftest import cable, planted, splice

_SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def plan(database: Database) -> dict[str, Any]:
    """The small plant with a cable of 48 strands, 24 to a tube, spliced mechanically and led through."""
    do = planted(database)
    do(
        "inventory.edit",
        operations=[
            create("cable", cable("B1", "A", "M", strands=48, strands_per_tube=24),
                   cable("B2", "M", "B", strands=48, strands_per_tube=24)),
            create("splice", *(splice(f"B1/{n}:b", f"B2/{n}:a", tray=2, kind="mechanical" if n % 2 else "express")
                               for n in range(11, 41)), splice("C1/20:b", "C2/20:a")),
        ],
    )  # fmt: skip
    with database.transaction("api", SYSTEM) as tx:
        return splice_plan(tx, "K1")


def test_a_plan_has_every_splice_once_by_tray(plan: dict[str, Any]) -> None:
    assert [one["tray"] for one in plan["splices"]] == [1] * 12 + [2] * 30 + [None]
    assert {one["cable"]: one["not_spliced"] for one in plan["cables"]} == {
        "B1": "1-10, 41-48", "B2": "1-10, 41-48", "C1": "13-19, 21-24", "C2": "13-19, 21-24",
    }  # fmt: skip
    first = plan["splices"][0]
    assert (first["left"]["cable"], first["left"]["number"], first["left"]["circuit"]) == ("C1", 1, "X1")
    assert (first["right"]["cable"], first["right"]["colour"], first["loss_db"]) == ("C2", "blue", 0.05)
    assert {one["cable"]: one["leads_to"] for one in plan["cables"]}["C2"] == "B"


@pytest.mark.parametrize(
    ("language", "title", "colour", "ringed"),
    [
        ("fr", "Plan d’épissurage de K1", "turquoise", "bleu à 1 anneau"),
        ("nl", "Lasplan van K1", "turkoois", "blauw met 1 ring"),
        ("en", "Splice plan of K1", "turquoise", "blue with 1 ring"),
    ],
)
def test_colours_are_drawn_and_named_in_the_readers_language(
    plan: dict[str, Any], language: str, title: str, colour: str, ringed: str, shots: Path
) -> None:
    svg = drawn(plan, language)
    (shots / f"splice-plan-{language}.svg").write_text(svg)
    root = ElementTree.fromstring(svg)  # noqa: S314 - our own drawing
    assert root.findtext(f"{_SVG}title") == title
    told = [" ".join("".join(one.itertext()).split()) for one in root.iter(f"{_SVG}text")]
    assert f"12 {colour}" in told
    assert f"13 {ringed}" in told
    strokes = {one.get("stroke") for one in root.iter(f"{_SVG}line")}
    assert set(INK.values()) <= strokes


def test_each_splice_is_drawn_as_what_it_is(plan: dict[str, Any]) -> None:
    root = ElementTree.fromstring(drawn(plan, "en"))  # noqa: S314 - our own drawing
    assert len(list(root.iter(f"{_SVG}circle"))) == 13
    assert len([one for one in root.iter(f"{_SVG}rect") if one.get("width") == "11"]) == 15
    # nothing reaches beyond the drawing
    height = float(root.get("height") or 0)
    for group in root.iter(f"{_SVG}g"):
        begins = float(re.search(r"translate\(0 ([\d.]+)\)", group.get("transform") or "")[1])  # type: ignore[index]  # it is there
        assert all(begins + float(one.get("y2") or 0) < height for one in group.iter(f"{_SVG}line"))


def test_the_sheets_for_the_street_hold_the_same(plan: dict[str, Any], shots: Path) -> None:
    for language, title in (("fr", "Plan d’épissurage"), ("nl", "Lasplan"), ("en", "Splice plan")):
        made = sheet(plan, language)
        file = shots / f"splice-plan-{language}.pdf"
        file.write_bytes(made)
        found = PdfReader(file)
        text = "\n".join(one.extract_text() for one in found.pages)
        assert title in text
        assert "1-10, 41-48" in text
        assert "50.843000, 4.356000" in text
        assert len(found.pages) >= 2
        root: Any = found.trailer["/Root"]
        assert root["/Lang"] == language


def test_a_closure_of_nothing_says_so_and_what_is_none_is_not_found(database: Database, plan: dict[str, Any]) -> None:
    do = submitter(database, engineer_of(database))
    do("inventory.edit", operations=[create("closure", {"code": "EMPTY", "node": "A"})])
    with database.transaction("api", SYSTEM) as tx:
        empty = splice_plan(tx, "EMPTY")
        with pytest.raises(ObjectNotFound):
            splice_plan(tx, "NOWHERE")
    assert "Nothing is spliced in it." in drawn(empty, "en")
    assert sheet(empty, "en").startswith(b"%PDF")
