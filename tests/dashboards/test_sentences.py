"""Sentences of the rooms below are recognised and said in the reader's language; and every one is still written."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from dashboards.sentences import HINTS, SAID, UNDO, WHY, said
from tests.api.people import Person
from tests.dashboards.conftest import Visiting

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("api", "core", "dashboards", "datacenter", "inventory", "network", "orchestrator")
_FIELD = re.compile(r"'?%\(\w+\)s'?")
_LETTERS = 8


def _written() -> Iterator[str]:
    """Every text of the code as a pattern; what an f-string fills in may be anything."""
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            if path.name == "sentences.py":
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) > _LETTERS:
                    yield re.escape(node.value)
                elif isinstance(node, ast.JoinedStr):
                    parts = [one.value if isinstance(one, ast.Constant) else None for one in node.values]
                    if sum(len(str(one)) for one in parts if one) >= _LETTERS:
                        yield "".join(".*?" if one is None else re.escape(str(one)) for one in parts)


@pytest.fixture(scope="module")
def written() -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{one})" for one in sorted(set(_written()))), re.DOTALL)


def test_every_sentence_is_still_written_somewhere(written: re.Pattern[str]) -> None:
    gone = [one for one in (*UNDO, *WHY, *HINTS, *SAID) if not written.fullmatch(_FIELD.sub("X", one))]
    assert gone == [], "the code says them differently now: mend dashboards/sentences.py and the catalogues"


@pytest.mark.parametrize(
    ("english", "french", "dutch"),
    [
        ("Nothing is taken back.", "Rien n'est repris.", "Niets wordt teruggenomen."),
        ("For 24 hours, ':restore' brings it back.", "Pendant 24 heures, il peut être repris.",
         "Gedurende 24 uur is hij terug te krijgen."),
        ("None of your roles gives the scope 'network:read'.",
         "Aucun de vos rôles ne donne le droit « network:read ».",
         "Geen van uw rollen geeft het recht 'network:read'."),
        ("BXL-1 may hold open data and is the only zone that does.",
         "BXL-1 peut contenir des données ouvertes et est la seule zone qui convient.",
         "BXL-1 mag open gegevens bevatten en is de enige zone die voldoet."),
        ("BXL-1 may hold personal data, is away from a and b and has none of the project's servers yet.",
         "BXL-1 peut contenir des données personnelles, est à l'écart de a et b et n'a encore aucun serveur du projet.",
         "BXL-1 mag persoonsgegevens bevatten, is weg van a en b en heeft nog geen servers van het project."),
        ("There is nothing at /100%(x)s.", "Il n'y a rien à /100%(x)s.", "Er is niets op /100%(x)s."),
    ],
)  # fmt: skip
def test_a_sentence_is_said_with_its_values(english: str, french: str, dutch: str) -> None:
    assert said(english, "fr") == (french, "fr")
    assert said(english, "nl") == (dutch, "nl")
    assert said(english, "en") == (english, "en")


def test_one_that_is_not_known_stays_english_and_says_so() -> None:
    for unknown in ("Nobody wrote this.", "BXL-1 may hold moon rock.", "", "."):
        assert said(unknown, "fr") == (unknown, "en")


@pytest.mark.parametrize(
    ("language", "refused", "nowhere", "undo"),
    [
        ("fr", "Aucun de vos rôles", "Il n'y a rien à", "Appliquer à nouveau le changement d'origine."),
        ("nl", "Geen van uw rollen", "Er is niets op", "De oorspronkelijke wijziging opnieuw toepassen."),
    ],
)
def test_errors_and_plans_speak_the_readers_language(
    visiting: Visiting, agent: Person, engineer: Person, lead: Person, language: str, refused: str, nowhere: str,
    undo: str,
) -> None:  # fmt: skip
    page = visiting(agent, language).open("/devices")
    assert refused in page.text
    assert "None of your roles" not in page.text
    assert nowhere in visiting(lead, language).open("/nothing-here").text
    body = {"kind": "network.example", "intent": {"names": [f"r-{uuid4().hex[:6]}"]}, "reason": "x"}
    change = engineer.post("/api/v1/changes", json=body).json()
    shown = visiting(lead, language).open(f"/changes/{change['id']}")
    note = lead.get(f"/api/v1/changes/{change['id']}/plan").json()["undo_note"]
    assert (undo in shown.text) == (note == "Apply the original change again.")
    assert not note or note not in shown.text
