"""Lines that a router would refuse are told when the change is planned: nobody approves what cannot be pushed."""

from __future__ import annotations

import json

import pytest

from network.drivers.frr.driver import FRRConfigDriver
from network.errors import SyntaxRefused
from orchestrator.states import State
from tests.network.changes.small_region import SmallRegion

pytestmark = pytest.mark.lab
_SNIPPET = """\
! for {{ name }}
{% for interface in interfaces if interface.peer %}
interface {{ interface.name }}
 description to {{ interface.peer }}
 ip ospf colour {{ "blue" }}
{% endfor %}
"""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which routers were asked, as the plans are made in this process."""
    names: list[str] = []
    check = FRRConfigDriver.check

    def counted(self: FRRConfigDriver, lines: str) -> None:
        names.append(self.target.name)
        check(self, lines)

    monkeypatch.setattr(FRRConfigDriver, "check", counted)
    return names


def test_the_snippets_own_line_is_named_and_nothing_is_pending(small: SmallRegion, asked: list[str]) -> None:
    with pytest.raises(SyntaxRefused) as refused:
        small.submit("network.snippet", {"select": "role=access", "template": _SNIPPET, "name": "colours.j2"})
    error = refused.value
    assert error.fields["line"] == 5
    assert error.fields["file"] == "colours.j2"
    assert "line 5 of colours.j2: ip ospf colour blue" in error.message
    assert asked == ["ac01"]
    assert json.loads(small.lab.console("ac01", "cat", "/etc/frr/irisplane/memory.json"))["holder"] == ""


def test_equal_lines_are_asked_of_one_router_for_each_software_version(small: SmallRegion, asked: list[str]) -> None:
    small.submit("network.snippet", {"select": "platform=frr", "template": "log syslog notifications\n"})
    assert len(asked) == 1


def test_a_secret_in_a_refused_line_is_not_told(small: SmallRegion) -> None:
    template = "router ospf\n ospf pass-word {{ secret('lab/routers/irisplane') }} colour\n"
    with pytest.raises(SyntaxRefused) as refused:
        small.submit("network.snippet", {"select": "name=ac01", "template": template, "name": "keys"})
    assert small.lab.credentials["irisplane"]["password"] not in json.dumps(refused.value.as_dict())
    assert refused.value.fields["line"] == 2


def test_an_engineers_short_removal_is_taken(small: SmallRegion) -> None:
    made = small.submit("network.snippet", {"select": "name=ac01", "template": "no agentx\nno log file\n"})
    assert made.state is State.WAITING
    assert "-log file" in small.plan(made.id)["targets"][0]["diff"]


def test_a_line_of_the_intent_that_a_context_gave_is_refused_by_the_plan(small: SmallRegion) -> None:
    context = {"name": "wrong-lines", "scope": "device", "device": "ac01",
               "data": {"verbatim": {"frr": "log file /var/log/frr/frr.log warnings\nlog colour blue"}}}  # fmt: skip
    small.edit({"action": "create", "type": "config_context", "values": [context]})
    try:
        with pytest.raises(SyntaxRefused, match="ac01 refuses a line of its intent: log colour blue"):
            small.submit("network.config", {"select": "name=ac01"})
    finally:
        small.edit({"action": "delete", "type": "config_context", "items": [{"ref": "wrong-lines"}]})
