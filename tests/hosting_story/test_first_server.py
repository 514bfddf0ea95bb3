"""An agency's first server: preview, question, live progress, addresses, and OpenStack agrees. Then its whole life."""

from __future__ import annotations

from typing import Any

import pytest

from tests.clouds import CloudForTests
from tests.hosting_story.conftest import Agency, in_the_cloud
from tests.hosting_story.terminal import typed

pytestmark = pytest.mark.timeout(600)

WEB1 = ("server", "create", "web1", "--plan", "small", "--image", "debian", "--network", "private")


@pytest.fixture(scope="module")
def web1(agency: Agency, key: str) -> Any:
    """The server that was ordered in the first test, as Irisplane shows it."""
    code, seen = typed(
        ["--profile", agency.profile, *WEB1, "--key", key], agency.region.environment, {"Order this? [y/N]": "y"}
    )
    assert code == 0, seen
    return agency.ask("server", "show", "web1") | {"seen": seen}


def test_nothing_is_ordered_while_nobody_says_yes(agency: Agency, key: str) -> None:
    before = len(agency.ask("order", "list"))
    done = agency.run(*WEB1, "--key", key, code=2)
    assert "EUR a month" in done.stdout
    assert "Nothing was ordered" in done.stderr
    assert "--yes" in done.stderr
    assert len(agency.ask("order", "list")) == before
    agency.run("server", "show", "web1", code=4)


def test_a_preview_says_what_it_costs_and_leaves(web1: Any) -> None:
    seen = web1["seen"]
    for words in (
        "EUR a month",
        "kWh a month",
        "gCO2e a month",
        "left after",
        "9 servers",
        "place",
        "approvals",
        "none",
    ):
        assert words in seen, words
    assert seen.index("EUR a month") < seen.index("Order this?") < seen.index("succeeded")


def test_it_is_followed_live_to_its_addresses(web1: Any) -> None:
    after = web1["seen"].partition("Order this?")[2]
    assert "running" in after
    assert "web1 is active" in after
    assert next(one["address"] for one in web1["addresses"]) in after


def test_openstack_agrees(web1: Any, story_cloud: CloudForTests) -> None:
    (there,) = in_the_cloud(story_cloud, web1["id"])
    assert (there.name, there.status) == ("web1", "ACTIVE")
    addresses = {one["addr"] for found in there.addresses.values() for one in found}
    assert {one["address"] for one in web1["addresses"]} == addresses
