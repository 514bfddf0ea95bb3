"""The catalogue over the API: three languages, times, the lab's own, and documents that cannot be read."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from datacenter.hosting.catalogue.document import document_of
from tests.api.people import Hire, Person


@pytest.fixture(scope="module")
def lab(manager: Person) -> dict[str, Any]:
    """The lab's catalogue, imported."""
    answer = manager.post("/api/v1/catalogue:import?builtin=lab")
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.fixture(scope="module")
def reader(hire: Hire, lab: dict[str, Any]) -> Person:
    return hire("lea", "agency-user", tenant="ixelles")


def test_the_labs_catalogue_is_imported_once(manager: Person, lab: dict[str, Any]) -> None:
    assert lab["state"] == "succeeded"
    again = manager.post("/api/v1/catalogue:import?builtin=lab").json()
    assert again["outcome"] == {"nothing_to_do": True}


@pytest.mark.parametrize(
    ("asked", "language", "name"),
    [
        ("fr-BE, nl;q=0.8", "fr", "Adresse flottante"),
        ("nl", "nl", "Zwevend adres"),
        ("de, en;q=0.5, nl;q=0.4", "en", "Floating address"),
        ("fr;q=0, en;q=0.1", "en", "Floating address"),
        ("fr;q=banana", "en", "Floating address"),
    ],
)
def test_the_catalogue_speaks_the_language_that_is_asked_for(
    reader: Person, asked: str, language: str, name: str
) -> None:
    answer = reader.get("/api/v1/catalogue/floating-ip", headers={"Accept-Language": asked})
    assert answer.headers["content-language"] == language
    assert answer.json()["name"] == name


def test_plans_have_prices_and_a_month_of_730_hours(reader: Person) -> None:
    body = reader.get("/api/v1/catalogue?kind=server").json()
    assert [item["code"] for item in body["items"]] == ["server"]
    plans = {plan["code"]: plan for plan in body["items"][0]["plans"]}
    assert list(plans) == ["nano", "small", "medium", "large", "xlarge"]
    prices = {price["component"]: price for price in plans["small"]["prices"]}
    assert prices["server"]["quarter_micro_eur"] == "2400"
    assert prices["server"]["month_micro_eur"] == str(2400 * 2920)
    assert prices["server-off"]["quarter_micro_eur"] == "480"


def test_flavors_and_images_are_lists(reader: Person) -> None:
    flavors = reader.get("/api/v1/flavors").json()["items"]
    assert [(one["code"], one["flavor"]) for one in flavors][:2] == [
        ("nano", "irisplane-nano"),
        ("small", "SCS-1V-2-10"),
    ]
    assert flavors[0]["ram_mib"] <= 256
    images = reader.get("/api/v1/images", headers={"Accept-Language": "en"}).json()["items"]
    assert [one["code"] for one in images] == ["debian"]
    assert "busybox" in images[0]["description"]


def test_each_language_says_what_the_labs_debian_is(reader: Person) -> None:
    for language in ("fr", "nl", "en"):
        image = reader.get("/api/v1/images", headers={"Accept-Language": language}).json()["items"][0]
        assert "busybox" in image["name"]
        assert "busybox" in image["description"]


def test_before_its_first_day_nothing_is_offered(reader: Person) -> None:
    assert reader.get("/api/v1/catalogue?at=2025-06-01T00:00:00Z").json()["items"] == []
    assert reader.get("/api/v1/catalogue/server?at=2025-06-01T00:00:00Z").status_code == 404
    assert reader.get("/api/v1/catalogue/nothing").status_code == 404
    assert reader.get("/api/v1/flavors?at=2025-06-01T00:00:00Z").json() == {"items": [], "next": None}


def test_an_agency_may_not_import(reader: Person, hire: Hire) -> None:
    admin = hire("ada", "agency-admin", tenant="ixelles")
    for person in (reader, admin):
        assert person.post("/api/v1/catalogue:import?builtin=lab").status_code == 403


@pytest.mark.parametrize(
    "body",
    [b"[1, 2]", b"offerings: [", b"\xff\xfe", b"a: &x [1]\nb: *x\n", b"", b"offerings: {}", b"{" * 3000],
)
def test_what_is_no_catalogue_is_refused(manager: Person, body: bytes) -> None:
    answer = manager.post("/api/v1/catalogue:import", content=body, headers={"Content-Type": "application/yaml"})
    assert answer.status_code in {400, 415, 422}, answer.text
    assert answer.json()["hint"]


def test_yaml_and_json_say_the_same(manager: Person) -> None:
    document = {"offerings": [{"code": "disk", "kind": "volume", "name": {"fr": "a", "nl": "b", "en": "c"},
                               "prices": [{"component": "gib", "quarter_micro_eur": 3,
                                           "from": "2026-01-01T00:00:00+01:00"}]}]}  # fmt: skip
    assert manager.post("/api/v1/catalogue:import", json=document).json()["state"] == "succeeded"
    written = yaml.safe_dump(document).encode()
    assert document_of(written) == document
    again = manager.post(
        "/api/v1/catalogue:import", content=written, headers={"Content-Type": "application/yaml"}
    ).json()
    assert again["outcome"] == {"nothing_to_do": True}
