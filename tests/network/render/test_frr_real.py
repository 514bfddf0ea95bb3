"""What we render is, to the letter, what a real FRR 8.4 prints after loading it."""

from __future__ import annotations

import pytest

from network.render import normalise, render
from tests.network.render import real_frr
from tests.network.render.models import CASES, reveal

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(not real_frr.available, reason="FRR is not installed here, or we are not root"),
]
_NOT_OURS = ("frr version", "frr defaults", "service integrated-vtysh-config", "Building", "Current")


def _lines(text: str) -> list[str]:
    return [
        line.rstrip()
        for line in text.splitlines()
        if line.strip(" !") and line != "end" and not line.startswith(_NOT_OURS)
    ]


@pytest.mark.parametrize("case", CASES)
def test_running_is_the_rendered_text_to_the_letter(case: str) -> None:
    model = CASES[case]()
    text = render(model, "frr", reveal)
    interfaces = tuple(interface.name for interface in model.interfaces if interface.name != "lo")
    boot, running = real_frr.load(text, model.hostname, interfaces)
    assert "Unknown command" not in boot
    assert "failure" not in boot
    assert _lines(running) == _lines(text)
    assert normalise(running, "frr") == text


@pytest.mark.parametrize("case", CASES)
def test_vtysh_has_nothing_against_the_syntax(case: str) -> None:
    assert real_frr.syntax(render(CASES[case](), "frr", reveal)) == ""
