"""Rendered configuration against golden files; ``IRISPLANE_GOLDEN=write`` writes them anew."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from network.render import PLATFORMS, redacting, render, render_unfilled
from tests.network.render.models import CASES, reveal

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("case", CASES)
def test_rendered_text_is_the_golden_one(case: str, platform: str) -> None:
    text = render_unfilled(CASES[case](), platform)
    path = GOLDEN / platform / f"{case}.txt"
    if os.environ.get("IRISPLANE_GOLDEN") == "write":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert text == path.read_text()


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("case", CASES)
def test_no_secret_is_in_a_text_that_people_read(case: str, platform: str) -> None:
    assert "<secret-ref:" not in render(CASES[case](), platform, redacting)
    assert "v+" not in render(CASES[case](), platform, redacting)
    if case == "core":
        assert "v+bgp-ibgp" in render(CASES[case](), platform, reveal)


@pytest.mark.parametrize("case", CASES)
def test_junos_braces_balance(case: str) -> None:
    text = render(CASES[case](), "junos", redacting)
    depth = 0
    for line in text.splitlines():
        bare = line.split("##")[0].rstrip()
        depth += bare.endswith("{") - (bare.strip() == "}")
        assert depth >= 0, line
        assert not bare or bare.endswith(("{", "}", ";")), line
    assert depth == 0
