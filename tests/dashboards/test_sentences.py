"""Sentences of the rooms below are recognised and said in the reader's language; and every one is still written."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Annotated, Literal
from uuid import UUID, uuid4

import pytest
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from dashboards.acts import in_words
from dashboards.languages import catalogue
from dashboards.sentences import DICTIONARY, SENTENCES, difference, pattern, said, spoken
from dashboards.spoken.fields import FORMS
from dashboards.spoken.plans import WHY
from inventory.plant.geometry import misplaced
from tests.api.people import Person
from tests.dashboards.conftest import Visiting
from tests.dashboards.sources import FILLED, sources
from tests.dashboards.written import EVERY, Written, acts, class_texts, differences, errors, of_runs, rules

_FIELD = re.compile(r"'?%\(\w+\)s'?")
_JOINT = re.compile(r"(?<=\.) ")
_LETTERS = 8
TO_OTHERS = (
    # who runs the machine, at its console
    "core/backup", "core/bringup", "core/instance", "core/keyring", "core/postgres", "core/rotation", "core/secrets",
    "core/service_user", "core/settings", "core/sign_in/issuers", "core/supervisor", "core/journal/checkpoints",
    # programs that call the API, and what only the command line sends there
    "api/catalogue", "api/edge", "api/events", "api/fibre/", "api/figures", "api/hosting/", "api/idempotency",
    "api/inventory", "api/region", "api/secrets", "api/webhooks", "core/journal/verify",
    "datacenter/hosting/catalogue/document", "datacenter/hosting/catalogue/importing",
    "datacenter/hosting/terraform_state/", "inventory/imports/",
    "orchestrator/webhook", "orchestrator/registry",
    # the worker's log, and what the API says of polling
    "network/drivers/snmp/", "api/telemetry",
    # pydantic's own words, as far as dashboards/spoken/fields.py does not have them
    "orchestrator/planning",
)  # fmt: skip
"""Modules whose errors no page shows: they stay English."""


def _nodes() -> Iterator[ast.AST]:
    for source in sources(*EVERY):
        if "/spoken/" not in source.path:
            yield from ast.walk(source.tree)


def _constants() -> Iterator[str]:
    return (one.value for one in _nodes() if isinstance(one, ast.Constant) and isinstance(one.value, str))


def _written() -> Iterator[str]:
    """Every text of the code as a pattern; what an f-string fills in may be anything."""
    yield from (re.escape(one) for one in _constants() if len(one) > _LETTERS)
    for node in _nodes():
        if isinstance(node, ast.JoinedStr):
            parts = [one.value if isinstance(one, ast.Constant) else None for one in node.values]
            if sum(len(str(one)) for one in parts if one) >= _LETTERS:
                yield "".join(".*?" if one is None else re.escape(str(one)) for one in parts)


@pytest.fixture(scope="module")
def written() -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{one})" for one in sorted(set(_written()))), re.DOTALL)


def _lacking(texts: Iterable[Written], language: str) -> list[str]:
    """Where a text stands that the pages cannot say, and which."""
    return sorted({f"{one.where}: {one.text!r}" for one in texts if said(one.text, language)[1] != language})


@pytest.mark.parametrize("language", ["fr", "nl"])
def test_whatever_plans_and_runs_write_is_said_in_every_language(language: str) -> None:
    assert _lacking(of_runs(), language) == [], "put it into dashboards/spoken/, then run scripts/catalogues"


@pytest.mark.parametrize("language", ["fr", "nl"])
def test_whatever_errors_say_to_people_at_pages_is_said_in_every_language(language: str) -> None:
    texts = [one for one in errors(*EVERY) if not one.where.startswith(TO_OTHERS)]
    assert _lacking(chain(texts, class_texts("hint")), language) == [], (
        "put it into dashboards/spoken/, then run scripts/catalogues"
    )


@pytest.mark.parametrize("language", ["fr", "nl"])
def test_whatever_a_rule_of_the_inventory_says_is_said_in_every_language(language: str) -> None:
    texts = set(rules())
    assert len(texts) > 150
    assert {"strand_ends_free", "plant_ends_in_place", "strand_lit_once"} <= {one.where for one in texts}
    assert _lacking(texts, language) == [], "put it into dashboards/spoken/rules.py, then run scripts/catalogues"


@pytest.mark.parametrize("language", ["fr", "nl"])
@pytest.mark.parametrize(
    "place",
    [(50.84, 4.35), (149_000.0, 170_500.0), (170_500.0, 649_000.0), (649_000.0, 670_500.0), (484_000.0, 6_594_000.0),
     (593_000.0, 5_633_000.0), (5_633_000.0, 593_000.0), (2.35, 48.85), (1e9, 1e9), (float("nan"), 1.0)],
)  # fmt: skip
def test_places_of_another_order_or_datum_are_named_in_every_language(
    place: tuple[float, float], language: str
) -> None:
    wrong = misplaced(*place)
    assert wrong is not None
    for message in (f"plant node, lon: {wrong}.", f"duct, path: point 2: {wrong}."):
        assert said(message, language)[1] == language
    if wrong.startswith("lon 149000"):
        assert "EPSG:31370" in said(wrong, language)[0]


@pytest.mark.parametrize("language", ["fr", "nl"])
def test_whatever_an_order_alters_is_said_line_by_line_in_every_language(language: str) -> None:
    assert len({one.text for one in differences()}) > 30
    assert _lacking(differences(), language) == [], "put it into dashboards/spoken/differences.py"


def test_signs_stay_and_what_is_not_known_stays_as_it_is() -> None:
    said_in_french = difference("- leads to web-1\n+ leads to db-1\n ip route 192.0.2.0/24 blackhole", "fr")
    assert said_in_french == "- mène à web-1\n+ mène à db-1\n ip route 192.0.2.0/24 blackhole"


def test_what_is_left_to_english_is_still_there() -> None:
    paths = [source.path for source in sources(*EVERY)]
    assert [one for one in TO_OTHERS if not any(path.startswith(one) for path in paths)] == []


@pytest.mark.parametrize("language", ["fr", "nl"])
def test_every_act_that_the_journal_holds_has_words(language: str) -> None:
    filled = [one for one in acts() if not one.text.startswith(FILLED) and not one.text.endswith(f".{FILLED}")]
    lacking = {
        f"{one.where}: {one.text}"
        for one in filled
        for action in _kinds_of(one.text)
        if in_words(action, language) is None
    }
    assert lacking == set(), "put its subject and its verb into dashboards/acts.py"
    assert in_words("change.approval_given", language, of_a_change=True) == catalogue(language).gettext(
        "an approval was given"
    )


def _kinds_of(action: str) -> list[str]:
    """Of ``calendar.7_added`` those that there are."""
    return [action.replace(FILLED, one) for one in ("freeze", "window")] if FILLED in action else [action]


def test_every_sentence_is_still_written_somewhere(written: re.Pattern[str]) -> None:
    texts = {one.text for one in chain(of_runs(), differences(), errors(*EVERY), class_texts("hint"), rules())}
    texts |= set(chain.from_iterable(_JOINT.split(one.text) for one in rules()))
    pieces = "\n".join(_constants()).replace("routers", "router")
    gone = [
        one
        for one in (*SENTENCES, *WHY)
        if one not in FORMS
        and " -> " not in one  # of a state and a verb
        and not any(map(pattern(one).fullmatch, texts))
        and not written.fullmatch(_FIELD.sub("X", one))
        and not all(piece.strip().replace("routers", "router") in pieces for piece in _FIELD.split(one))
    ]
    assert gone == [], "the code says them differently now: mend dashboards/spoken/ and the catalogues"


class _Form(BaseModel):
    """One field of each kind that requests have."""

    model_config = ConfigDict(extra="forbid")
    name: Annotated[str, Field(min_length=2, max_length=3, pattern="^[a-z]+$")]
    ref: UUID
    ends: AwareDatetime
    state: Literal["open", "closed"]
    count: Annotated[int, Field(ge=1, le=9)]
    data: dict[str, str]
    tags: list[str]
    routed: bool


@pytest.mark.parametrize(
    "typed",
    [
        {"zz": 1},
        {"name": "a", "ref": "a", "ends": "a", "state": "a", "count": "a", "data": "a", "tags": "a", "routed": "a"},
        {"name": "abcd", "ref": 7, "ends": "2026-11-30T10:00:00", "state": 7, "count": 0, "routed": 7},
        {"name": "AB", "count": 10, "routed": []},
        {"name": 7, "count": []},
    ],
)
def test_a_value_of_the_wrong_form_is_said_in_every_language(typed: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as refused:
        _Form.model_validate(typed)
    messages = {one["msg"] for one in refused.value.errors()}
    assert [one for one in messages for language in ("fr", "nl") if said(one, language)[1] != language] == []


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


def test_words_of_a_machine_stay_as_they_are_and_say_so() -> None:
    shown = spoken("Apply failed on cr01 and cr02: <b>% Unknown command</b>; cr02 is active", "fr")
    assert "Application : échec sur cr01 et cr02" in shown
    assert '<span class="machine" lang="en">&lt;b&gt;% Unknown command&lt;/b&gt;; cr02 is active</span>' in shown
    assert "lang" not in spoken("was so before: route to cr01 (10.0.0.1/32): no", "nl")
    assert spoken("Nobody wrote this; cr02 is active", "nl") == (
        '<span class="machine" lang="en">Nobody wrote this</span>; cr02: actief'
    )
    assert spoken("\ue000a\ue001 is active", "nl") == "a: actief"


def test_a_word_is_only_one_that_the_catalogue_has() -> None:
    assert said("web-1 is active", "nl") == ("web-1: actief", "nl")
    assert said("web-1 is haunted", "nl") == ("web-1 is haunted", "en")
    assert {"active", "Monday"} <= DICTIONARY.keys()


def test_one_that_is_not_known_stays_english_and_says_so() -> None:
    for unknown in ("Nobody wrote this.", "BXL-1 may hold moon rock.", ""):
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
