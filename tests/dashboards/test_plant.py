"""The fibre plant by page: cables and what is taken of them, a cable's strands, the way of light, a splice plan."""

from __future__ import annotations

import csv
import io

import pytest

from tests.api.people import Person
from tests.dashboards.conftest import Visiting

pytestmark = pytest.mark.usefixtures("furnished")


def test_cables_are_listed_with_what_is_taken_of_them_and_found_by_where_they_end(
    visiting: Visiting, engineer: Person
) -> None:
    browser = visiting(engineer)
    assert "/plant" in browser.open("/map").links
    page = browser.open("/plant")
    assert {"/plant/cables/C-ARTS-1", "/plant/cables/C-HALL-1"} <= set(page.links)
    assert "1 / 24" in page.text
    assert "/plant/cables/C-ARTS-1" not in browser.open("/plant?q=HALL").links
    assert "No cable is like that." in browser.open("/plant?q=nowhere").text
    assert "/plant/cables/C-ARTS-1" in browser.open("/search?q=C-ARTS").links


def test_the_file_holds_every_cable_with_the_figures_of_the_page(engineer: Person, visiting: Visiting) -> None:
    answer = visiting(engineer).client.get("/plant.csv")
    rows = {row["code"]: row for row in csv.DictReader(io.StringIO(answer.text))}
    assert rows["C-ARTS-1"] == {
        "code": "C-ARTS-1", "type": "G.652.D", "status": "active", "a": "ARTS", "a_site": "DC-ARTS", "b": "MH-1",
        "b_site": "", "length_m": "760", "strands": "24", "through": "2", "lit": "1", "held": "1", "ducts": "D-1",
    }  # fmt: skip


def test_a_cable_says_of_each_strand_its_colours_and_what_both_ends_lead_to(
    visiting: Visiting, engineer: Person
) -> None:
    page = visiting(engineer).open("/plant/cables/C-ARTS-1")
    for link in ("/plant/cables/C-HALL-1/strands/16", "/plant/closures/K-RIVOLI", "/plant/cables/C-ARTS-1/strands/24"):
        assert link in page.links
    for words in ("port P-ARTS/1", "cr91:to-ac91", "X-ARTS-HALL", "ends blind", "ixelles", "turquoise", "Tube 2"):
        assert words in page.text
    assert visiting(engineer).open("/plant/cables/none").status == 404


def test_the_way_of_light_is_the_apis_from_interface_to_interface(visiting: Visiting, engineer: Person) -> None:
    told = engineer.get("/api/v1/fibre/trace?strand=C-ARTS-1/1").json()
    page = visiting(engineer, "fr").open("/plant/cables/C-ARTS-1/strands/1")
    for hop in told["hops"]:
        assert hop["name"] in page.text
    assert f"{told['loss_db']:.2f}".replace(".", ",") in page.text
    assert "suffisant" in page.text
    dark = visiting(engineer).open("/plant/cables/C-ARTS-1/strands/24")
    assert (dark.status, "dark" in dark.text) == (200, True)
    assert visiting(engineer).open("/plant/cables/C-ARTS-1/strands/25").status == 404


def test_a_closures_page_has_its_drawing_and_every_splice_in_a_table(visiting: Visiting, engineer: Person) -> None:
    browser = visiting(engineer, "nl")
    page = browser.open("/plant/closures/K-RIVOLI")
    (drawing,) = [address for tag, address in page.addresses if tag == "img" and "splice-plan" in address]
    svg = browser.client.get(drawing)
    assert (svg.status_code, svg.headers["content-type"]) == (200, "image/svg+xml")
    assert "Lasplan van K-RIVOLI" in svg.text
    assert {f"/plant/cables/C-ARTS-1/strands/{number}" for number in range(1, 13)} <= set(page.links)
    assert "13-24" in page.text, "what is not spliced here"
    assert "Cassette 2" in page.text
    assert visiting(engineer).open("/plant/closures/none").status == 404


def test_an_administration_finds_no_plant(visiting: Visiting, agent: Person) -> None:
    browser = visiting(agent)
    assert "C-ARTS-1" not in browser.open("/plant").text
    assert browser.open("/plant/cables/C-ARTS-1").status in {403, 404}
