"""The page for the board: one sheet, tagged, in three languages, with the numbers that the API gives."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from core.db import Database
from dashboards.formats import Formats
from tests.api.people import Hire, Person
from tests.dashboards.conftest import Visiting
from tests.dashboards.month import a_month

_TITLES = {"en": "The region in", "fr": "La région en", "nl": "Het gewest in"}


@pytest.fixture(scope="module")
def board(hire: Hire) -> Person:
    return hire("board", "management")


@pytest.fixture(scope="module", autouse=True)
def lived(engineer: Person, manager: Person, database: Database) -> None:
    """A region that has a month behind it."""
    a_month(engineer, manager, database)


def _read(answer: Any) -> tuple[PdfReader, str]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/pdf"
    folder = os.environ.get("IRISPLANE_TEST_SHOTS")
    if folder:
        name = answer.headers["content-disposition"].split('"')[1]
        Path(folder, name).write_bytes(answer.content)
    found = PdfReader(io.BytesIO(answer.content))
    return found, " ".join(" ".join(page.extract_text() for page in found.pages).split())


@pytest.mark.parametrize("language", ["en", "fr", "nl"])
def test_it_is_one_tagged_page_in_its_language_with_the_numbers_of_the_api(
    language: str, board: Person, visiting: Visiting
) -> None:
    document, words = _read(board.get(f"/api/v1/figures:board?language={language}"))
    assert len(document.pages) == 1
    root: Any = document.trailer["/Root"]
    assert root["/Lang"].lower().startswith(language)
    assert root["/MarkInfo"]["/Marked"]
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert document.metadata is not None
    assert (document.metadata.title or "").startswith(_TITLES[language])
    assert _TITLES[language] in words
    items = {one["code"]: one for one in board.get("/api/v1/figures").json()["items"]}
    formats = Formats(language)
    wanted = [formats.share(items["changes-succeeded"]["value"]), formats.euro(round(items["month"]["value"]))]
    for code in ("servers", "vcpus", "ram_mib"):
        one = items[code]
        wanted.append(f"{formats.measure(one['value'], one['unit'])} / {formats.measure(one['capacity'], one['unit'])}")
    told = " ".join(words.replace("\xa0", " ").replace("\u202f", " ").split())
    for value in wanted:
        assert value.replace("\xa0", " ").replace("\u202f", " ") in told, value
    assert {"en": "Work in hall 2", "fr": "Travaux dans la salle 2", "nl": "Werken in zaal 2"}[language] in told
    assert "replace the cable between the two halls" in told
    by_page, words_by_page = _read(visiting(board, language).client.get("/figures/board.pdf"))
    assert len(by_page.pages) == 1
    assert _TITLES[language] in words_by_page


def test_its_structure_has_a_title_and_tables_with_headers(board: Person) -> None:
    document, _words = _read(board.get("/api/v1/figures:board?language=en"))
    root: Any = document.trailer["/Root"]
    seen: list[str] = []

    def walk(node: Any) -> None:
        found = node.get_object()
        if isinstance(found, list):
            for one in found:
                walk(one)
        elif isinstance(found, dict):
            if "/S" in found:
                seen.append(found["/S"])
            if "/K" in found:
                walk(found["/K"])

    walk(root["/StructTreeRoot"])
    assert seen.count("/H1") == 1
    assert {"/H2", "/Table", "/TH", "/TD"} <= set(seen)


def test_who_reads_no_figures_gets_no_sheet(agent: Person, visiting: Visiting) -> None:
    assert agent.get("/api/v1/figures:board").status_code == 403
    assert visiting(agent).open("/figures/board.pdf").status == 403
