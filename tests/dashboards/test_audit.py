"""The journal by page: filters in the address, each entry under its number, the chain verified, as roles allow."""

from __future__ import annotations

import csv
import io
from uuid import uuid4

import pytest

from core.db import Database
from core.journal.sequencer import Sequencer
from tests.api.people import Hire, Person
from tests.dashboards.conftest import Visiting


def _submitted(person: Person, database: Database, reason: str) -> str:
    """A change whose entries have their numbers."""
    names = [f"r-{uuid4().hex[:6]}"]
    body = {"kind": "network.example", "intent": {"names": names}, "reason": reason}
    change = str(person.post("/api/v1/changes", json=body).json()["id"])
    Sequencer(database, None).drain()
    return change


def test_an_auditor_reads_who_did_what_and_why(
    visiting: Visiting, hire: Hire, engineer: Person, database: Database
) -> None:
    change = _submitted(engineer, database, "to be audited")
    auditor = visiting(hire("looks-at-all", "auditor"))
    assert "/audit" in auditor.open("/").links
    page = auditor.open(f"/audit?change={change}")
    assert page.status == 200, page.text
    assert "to be audited" in page.text
    assert "change.submitted" in page.text
    assert page.forms[1].fields["change"] == change, "the filters stand in the address and in the form"
    number = next(link for link in page.links if link.removeprefix("/audit/").isdecimal())
    entry = auditor.open(number)
    assert entry.status == 200
    assert "to be audited" in entry.text
    assert f"/changes/{change}" in entry.links
    assert auditor.open("/audit/999999999").status == 404


def test_filters_narrow_and_say_what_they_cannot_take(
    visiting: Visiting, lead: Person, engineer: Person, database: Database
) -> None:
    change = _submitted(engineer, database, "to be found")
    browser = visiting(lead)
    assert f"/changes/{change}" in browser.open("/audit?actor=engineer&action=change.").links
    assert f"/changes/{change}" not in browser.open("/audit?actor=lead").links
    assert "No entry is like that." in browser.open("/audit?until=2020-01-01").text
    assert f"/changes/{change}" in browser.open("/audit?since=2020-01-01").links
    for address, words in (
        ("change=x", "no change's id"), ("since=yesterday", "no day"), ("kind=gossip", "no kind"),
        ("until=9999-12-31", "no day"),
    ):  # fmt: skip
        page = browser.open(f"/audit?{address}")
        assert page.status == 422, address
        assert words in page.text


def test_the_file_holds_what_the_page_shows(
    visiting: Visiting, lead: Person, engineer: Person, database: Database
) -> None:
    change = _submitted(engineer, database, "=to be kept")
    browser = visiting(lead)
    answer = browser.client.get(f"/audit.csv?change={change}")
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    told = lead.get(f"/api/v1/audit?change={change}").json()["items"]
    assert [int(row["seq"]) for row in rows] == [one["seq"] for one in told]
    assert "'=to be kept" in {row["reason"] for row in rows}, "and no spreadsheet takes it for a formula"


def test_the_chain_is_verified_for_the_regions_staff_alone(
    visiting: Visiting, lead: Person, agent: Person, hire: Hire, engineer: Person, database: Database
) -> None:
    _submitted(engineer, database, "to be verified")
    page = visiting(lead).open("/audit/verify")
    assert page.status == 200
    assert "Entries read" in page.text
    admin = visiting(hire("their-admin", "agency-admin", tenant="ixelles"))
    assert admin.open("/audit").status == 200
    assert "/audit/verify" not in admin.open("/audit").links
    assert admin.open("/audit/verify").status == 403
    assert visiting(hire("their-user", "agency-user", tenant="ixelles")).open("/audit").status == 403


def test_an_administration_reads_its_own_entries_alone(
    visiting: Visiting, hire: Hire, engineer: Person, database: Database
) -> None:
    change = _submitted(engineer, database, "of the region only")
    admin = visiting(hire("another-admin", "agency-admin", tenant="uccle"))
    assert "of the region only" not in admin.open(f"/audit?change={change}").text
    region = visiting(hire("one-more", "auditor")).open(f"/audit?change={change}")
    number = next(link for link in region.links if link.removeprefix("/audit/").isdecimal())
    assert admin.open(number).status == 404


@pytest.mark.parametrize("language", ["fr", "nl"])
def test_the_journal_is_read_in_the_regions_languages(
    visiting: Visiting, hire: Hire, language: str, engineer: Person, database: Database
) -> None:
    _submitted(engineer, database, "traduit / vertaald")
    page = visiting(hire(f"reads-{language}", "auditor"), language).open("/audit")
    assert {"fr": "Le journal", "nl": "Het journaal"}[language] in page.text
