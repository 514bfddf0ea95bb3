"""What the cloud's machines can hold is what the cloud says of them, and only the region reads it."""

from __future__ import annotations

from typing import Any

from datacenter.hosting import capacity
from tests.api.people import Person
from tests.datacenter.clouding import CloudUnderTest
from tests.datacenter.ordering import Hosting


def _of_the_cloud(cloud: CloudUnderTest) -> dict[str, dict[str, int]]:
    """Asked another way: openstacksdk's own resources, host by host."""
    admin = cloud.admin
    found: dict[str, dict[str, int]] = {}
    for provider in admin.placement.resource_providers():
        stock = {
            one.resource_class: int((one.total - one.reserved) * one.allocation_ratio)
            for one in admin.placement.resource_provider_inventories(provider)
        }
        if "VCPU" in stock:
            found[provider.name] = stock
    return found


def test_hosts_pools_and_ranges_are_what_the_cloud_says(
    hosting: Hosting, cloud: CloudUnderTest, pim: Person, ada: Person
) -> None:
    assert capacity.look(hosting.database) > 0
    shown: list[dict[str, Any]] = pim.get("/api/v1/capacity").json()["items"]
    hosts = {
        one["name"]: {row["resource"]: row["usable"] for row in one["resources"]}
        for one in shown
        if one["kind"] == "host"
    }
    wanted = {
        name: {"vcpus": stock["VCPU"], "ram_mib": stock["MEMORY_MB"], "disk_gib": stock["DISK_GB"]}
        for name, stock in _of_the_cloud(cloud).items()
    }
    assert hosts == wanted != {}
    [public] = [one for one in shown if one["kind"] == "network"]
    [range_] = [one for one in cloud.admin.network.network_ip_availabilities() if one.network_id == public["id"]]
    assert public["resources"][0]["used"] == range_.used_ips
    assert public["resources"][0]["usable"] == range_.total_ips
    pools = {one.name: one.capabilities for one in cloud.admin.block_storage.backend_pools()}
    assert {one["id"] for one in shown if one["kind"] == "pool"} == pools.keys()
    for one in (one for one in shown if one["kind"] == "pool"):
        assert one["resources"][0]["physical"] == int(pools[one["id"]]["total_capacity_gb"])
    assert ada.get("/api/v1/capacity").status_code == 403


def test_a_host_that_takes_nothing_counts_no_longer_and_one_that_is_gone_is_forgotten(
    hosting: Hosting, cloud: CloudUnderTest, pim: Person
) -> None:
    capacity.look(hosting.database)
    before = _whole(pim, "cloud-vcpus")
    [service, *_] = [one for one in cloud.admin.compute.services() if one.binary == "nova-compute"]
    cloud.admin.compute.disable_service(service, disabled_reason="a test")
    try:
        capacity.look(hosting.database)
        [host] = [one for one in pim.get("/api/v1/capacity").json()["items"] if one["name"] == service.host]
        assert host["taking"] is False
        [vcpus] = [row["usable"] for row in host["resources"] if row["resource"] == "vcpus"]
        assert _whole(pim, "cloud-vcpus") == before - vcpus
    finally:
        cloud.admin.compute.enable_service(service)
    hosting.sql(
        "insert into cloud_capacity (provider, resource, name, used, taking, looked_at)"
        " values ('gone', 'vcpus', 'gone', 0, true, now() - interval '1 hour')"
    )
    capacity.look(hosting.database)
    assert _whole(pim, "cloud-vcpus") == before
    assert "gone" not in {one["name"] for one in pim.get("/api/v1/capacity").json()["items"]}


def _whole(person: Person, name: str) -> float:
    return sum(float(one["capacity"]) for one in person.get("/api/v1/figures").json()["items"] if one["name"] == name)
