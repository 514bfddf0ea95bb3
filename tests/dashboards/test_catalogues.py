"""The catalogues hold every text of the pages, and nothing else; terms cover what the code names."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from core.roles import ROLES
from dashboards import terms
from datacenter.hosting.quotas import RESOURCES
from orchestrator.registry import installed
from orchestrator.states import State

ROOM = Path(__file__).resolve().parents[2] / "dashboards"
_ASKS = re.compile(r'@id\("([^"]+)"\)\s*@approval\("[^"]+"\)\s*@text\("([^"]+)"\)')
_FIELD = re.compile(r"%\((\w+)\)s")


@pytest.fixture(scope="module")
def texts() -> Catalog:
    """Every text that the pages say."""
    found = Catalog()
    methods = [("**.py", "python"), ("templates/**.j2", "jinja2")]
    options = {"templates/**.j2": {"trimmed": "true"}}
    for name, line, message, _comments, context in extract_from_dir(
        ROOM, method_map=methods, options_map=options, keywords={"_": None, "gettext": None, "ngettext": (1, 2)}
    ):
        found.add(message, locations=[(name, line)], context=context)
    return found


@pytest.mark.parametrize("language", ["fr", "nl"])
def test_a_catalogue_is_complete_and_has_nothing_left_over(language: str, texts: Catalog) -> None:
    with (files("dashboards") / "translations" / f"{language}.po").open("rb") as source:
        known = read_po(source, locale=language)
    wanted = {message.id for message in texts if message.id}
    assert wanted, "nothing was extracted"
    absent = [one for one in wanted if (found := known.get(one)) is None or not _whole(found.string)]
    assert absent == [], f"{language}.po lacks these: scripts/catalogues adds them"
    assert {message.id for message in known if message.id} - wanted == set()
    for message in known:
        if message.id:
            assert not message.fuzzy, message.id
            assert _fields(message.string) == _fields(message.id), message.id


def test_everything_that_the_code_names_has_a_word() -> None:
    assert set(terms.STATES) == {state.value for state in State}
    assert set(terms.RESOURCES) == set(RESOURCES)
    assert set(terms.ROLES) == set(ROLES)
    kinds = {name for name in installed().kinds() if name != "network.example"}
    assert kinds <= set(terms.KINDS), kinds - set(terms.KINDS)
    assert set(terms.TONES) <= set(terms.TERMS)


def test_the_rules_that_ask_for_approvals_say_what_the_pages_translate() -> None:
    written = {
        rule: said
        for path in (ROOM.parent / "orchestrator" / "policies").glob("*.cedar")
        for rule, said in _ASKS.findall(path.read_text(encoding="utf-8"))
    }
    assert written == terms.RULES


def _whole(string: str | list[str] | tuple[str, ...] | None) -> bool:
    return bool(string) and all(string or ())


def _fields(string: str | list[str] | tuple[str, ...] | None) -> set[str]:
    parts = [string] if isinstance(string, str) else string or ()
    return {name for part in parts for name in _FIELD.findall(part)}
