"""What makes a server reachable and what outlives it: floating address, security group, volume, snapshot."""

from __future__ import annotations

from typing import Any

import pytest

from tests.clouds import CloudForTests
from tests.hosting_story.conftest import Agency

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def shop(agency: Agency, key: str) -> Any:
    """A server that is to be reached."""
    agency.order("security-group", "create", "web")
    return agency.order(
        "server", "create", "shop", "--plan", "small", "--image", "debian", "--network", "private", "--key", key,
        "--security-group", "web",
    )  # fmt: skip


def test_a_security_group_lets_through_what_it_is_told(agency: Agency, shop: Any, story_cloud: CloudForTests) -> None:
    told = agency.run("security-group", "allow", "web", "--port", "80", "--from", "0.0.0.0/0", "--yes").stdout
    assert "80" in told
    network: Any = story_cloud.admin.network
    group = agency.ask("security-group", "show", "web")

    def ports() -> set[tuple[str, int | None]]:
        found = list(network.security_groups(description=f"irisplane-{group['id']}"))
        return {
            (rule["protocol"], rule["port_range_min"])
            for one in found
            for rule in one.security_group_rules
            if rule["direction"] == "ingress"
        }

    assert ("tcp", 80) in ports()
    agency.run("security-group", "deny", "web", "--port", "80", "--from", "0.0.0.0/0", "--yes")
    assert ("tcp", 80) not in ports()


def test_a_floating_address_leads_to_a_server(agency: Agency, shop: Any, story_cloud: CloudForTests) -> None:
    made = agency.order("floating-ip", "create", "--server", "shop")
    network: Any = story_cloud.admin.network
    (there,) = [one for one in network.ips() if one.floating_ip_address == made["address"]]
    assert there.fixed_ip_address == shop["addresses"][0]["address"]
    assert made["address"] in {one["address"] for one in agency.ask("server", "show", "shop")["addresses"]}
    agency.order("floating-ip", "detach", made["address"])
    agency.run("floating-ip", "delete", made["address"], "--yes")
    assert made["address"] not in {one.floating_ip_address for one in network.ips()}


def test_a_volume_outlives_what_it_was_attached_to(agency: Agency, shop: Any, story_cloud: CloudForTests) -> None:
    agency.order("volume", "create", "data", "--size", "1")
    agency.run("volume", "attach", "data", "shop", "--yes")
    (row,) = [one for one in agency.ask("volume", "list") if one["name"] == "data"]
    assert row["status"] == "attached"
    assert "shop" in agency.run("volume", "list").stdout
    agency.run("volume", "detach", "data", "--yes")
    agency.order("snapshot", "create", "data", "monday")
    copy = agency.order("volume", "create", "copy", "--snapshot", "monday")
    assert copy["size_gib"] == 1
    assert agency.order("volume", "extend", "data", "2")["size_gib"] == 2
    for words in (("volume", "delete", "copy"), ("snapshot", "delete", "monday"), ("volume", "delete", "data")):
        agency.run(*words, "--yes")
    assert agency.ask("volume", "list") == []
