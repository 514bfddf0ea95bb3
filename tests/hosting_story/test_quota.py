"""Over quota: what is left is said, more is asked for, a platform manager agrees or says why not.

Orders that wait for the administration's own administrator hold what they ask for: nothing has to be made in the cloud.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.hosting_story.conftest import Agency

pytestmark = pytest.mark.timeout(600)

LARGE = ("--plan", "xlarge", "--image", "debian", "--yes")


@pytest.fixture
def filled(agency: Agency) -> Iterator[list[str]]:
    """Ids of orders that hold so much that another one of their size has no room; taken back afterwards."""
    held: list[str] = []
    for number in range(5):
        told = agency.run("server", "create", f"big{number}", *LARGE, "--json", code=None)
        if told.returncode != 6:
            break
        held.append(_change(told.stdout)["id"])
    yield held
    for change in held:
        agency.run("order", "cancel", change, "--reason", "it was for a test")


def test_an_order_over_quota_says_what_is_left_and_how_to_get_more(
    agency: Agency, manager: Agency, filled: list[str]
) -> None:
    refused = agency.run("server", "create", "onemore", *LARGE, code=5)
    assert re.search(r"of the \d+ of your administration \d+ are left", refused.stderr)
    commands = re.findall(r"irisplane (quota request \w+ \d+ --project main)", refused.stderr)
    assert commands
    agency.run("server", "show", "onemore", code=4)
    for command in commands:
        asked = _change(agency.run(*command.split(), "--reason", "one more", "--yes", "--json", code=6).stdout)
        assert asked["waiting_for"] == ["platform-manager"]
        decide = ("order", "approve", asked["id"], "--hash", asked["plan_hash"], "--reason")
        agency.run(*decide, "mine", code=3)
        manager.run(*decide, "granted until the summer")
        agency.run("change", "wait", asked["id"])
    filled.append(_change(agency.run("server", "create", "onemore", *LARGE, "--json", code=6).stdout)["id"])


def test_a_refusal_says_why_to_who_asked(agency: Agency, manager: Agency) -> None:
    asked = agency.ask("quota", "request", "vcpus", "5000", "--reason", "to be safe", "--yes", code=6)["change"]
    why = "Demandez ce dont vous avez besoin ce trimestre."
    manager.run("order", "reject", asked["id"], "--reason", why)
    told = agency.run("order", "show", asked["id"]).stdout
    assert "rejected" in told
    assert why in told


def _change(told: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(told)["change"]
    return found
