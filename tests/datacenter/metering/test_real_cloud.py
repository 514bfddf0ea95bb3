"""Metered from a real OpenStack: what Nova, Cinder and Neutron say, whose it is, and the same seconds as Nova's own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from datacenter.hosting.metering import collecting, comparing, rating
from datacenter.hosting.metering.asking import instant
from datacenter.hosting.metering.cinder import Cinder
from datacenter.hosting.metering.held import Held, Source, Window
from datacenter.hosting.metering.neutron import Neutron
from datacenter.hosting.metering.nova import Nova, usages
from datacenter.hosting.pricing import QUARTER, REGION_TIME, quarter_of
from tests.api.people import Person
from tests.datacenter.clouding import IMAGE, CloudUnderTest
from tests.datacenter.ordering import SYSTEM, Hosting, Worker, until

pytestmark = pytest.mark.slow


class Fleet:
    """Two projects in the cloud, of which one is an administration's, and what stands in them."""

    def __init__(self, cloud: CloudUnderTest) -> None:
        self.cloud, self.admin = cloud, cloud.admin
        name = f"metering-{uuid4().hex[:8]}"
        identity = self.admin.identity
        own = self.admin.current_project
        domain = own.domain_id or identity.find_domain(own.domain_name).id
        role = identity.find_role("admin") or identity.find_role("member")
        self.projects = [identity.create_project(name=f"{name}-{n}", domain_id=domain) for n in range(2)]
        for project in self.projects:
            identity.assign_project_role_to_user(project.id, self.admin.current_user_id, role.id)
        self.flavor = self.admin.compute.create_flavor(name=name, vcpus=1, ram=128, disk=1)
        self.image = next(self.admin.image.images(name=IMAGE))

    def inside(self, number: int) -> Any:
        """A connection in one of the projects."""
        return self.admin.connect_as_project(self.projects[number])

    def server(self, there: Any, name: str) -> Any:
        made = there.compute.create_server(name=name, flavor_id=self.flavor.id, image_id=self.image.id, networks="none")
        return there.compute.wait_for_server(made, wait=180)

    def clear(self) -> None:
        for project in self.projects:
            for volume in self.admin.block_storage.volumes(all_projects=True, project_id=project.id):
                self.admin.block_storage.delete_volume(volume, force=True)
            self.cloud.clear(project.id, None)
        self.admin.compute.delete_flavor(self.flavor)


@pytest.fixture(scope="module")
def fleet(cloud: CloudUnderTest) -> Iterator[Fleet]:
    made = Fleet(cloud)
    yield made
    made.clear()


@pytest.fixture(scope="module")
def window() -> Window:
    """The quarter-hour that runs: what is there now is metered as if it stayed until its end."""
    left = (quarter_of(datetime.now(UTC)) + QUARTER - datetime.now(UTC)).total_seconds()
    if left < 300:
        time.sleep(left)  # what happens in this module happens within one quarter-hour, on a busy machine too
    begins = quarter_of(datetime.now(UTC))
    return Window(begins, begins + 2 * QUARTER)


@pytest.fixture(scope="module")
def metered(hosting: Hosting, fleet: Fleet, window: Window) -> dict[str, Any]:
    """Servers, a volume and a network of both projects, metered twice; their ids in the cloud."""
    tenant = hosting.tenants["ixelles"]
    hosting.sql("update project set cloud_id = :id where tenant_id = :tenant", id=fleet.projects[0].id, tenant=tenant)
    hosting.sql("update offering_plan set flavor = :name where code = 'small'", name=fleet.flavor.name)
    ours, nobodys = fleet.inside(0), fleet.inside(1)
    kept, brief, off = (fleet.server(ours, name) for name in ("kept", "brief", "off"))
    alien = fleet.server(nobodys, "alien")
    ours.compute.stop_server(off)
    ours.compute.wait_for_server(off, status="SHUTOFF", wait=180)
    ours.compute.delete_server(brief)
    ours.compute.wait_for_delete(brief, wait=180)
    volume = ours.block_storage.create_volume(size=3, name="data")
    ours.block_storage.wait_for_status(volume, "available", wait=180)
    network = ours.network.create_network(name="own")
    found: dict[str, Any] = {
        "kept": kept.id, "brief": brief.id, "off": off.id, "alien": alien.id, "volume": volume.id,
        "network": network.id,
    }  # fmt: skip
    for source in (Nova(), Cinder(), Neutron()):
        for _ in range(2):
            with hosting.database.transaction("platform", SYSTEM) as tx:
                collecting.store(tx, source.name, window, source.held(window))
    return found


def _usage(hosting: Hosting, cloud_id: str) -> Any:
    return hosting.sql(
        "select m.component, m.tenant_id, m.name, m.plan_id is not null as priced, sum(u.quantity) as quantity,"
        " sum(u.seconds) as seconds from usage u join meter m on m.id = u.meter_id where m.cloud_id = :id"
        " group by m.id order by m.component",
        id=cloud_id,
    )


def test_a_server_is_its_administrations_and_has_its_plan(hosting: Hosting, metered: dict[str, Any]) -> None:
    (row,) = _usage(hosting, metered["kept"])
    assert (row.component, row.tenant_id, row.name, row.priced) == ("server", hosting.tenants["ixelles"], "kept", True)
    assert row.quantity in {1, 2}
    assert 900 <= row.seconds <= 1800


def test_a_server_of_a_project_that_is_none_of_ours_is_unassigned(hosting: Hosting, metered: dict[str, Any]) -> None:
    (row,) = _usage(hosting, metered["alien"])
    assert row.tenant_id is None


def test_a_server_that_was_deleted_counts_while_it_was_there(hosting: Hosting, metered: dict[str, Any]) -> None:
    (row,) = _usage(hosting, metered["brief"])
    assert row.quantity in {1, 2}
    assert 1 <= row.seconds < 300


def test_a_server_that_is_off_from_one_quarter_hour_on_is_metered_so(hosting: Hosting, metered: dict[str, Any]) -> None:
    found = {row.component: row.quantity for row in _usage(hosting, metered["off"])}
    assert found == {"server": 1, "server-off": 1}


def test_volumes_and_networks_are_metered(hosting: Hosting, metered: dict[str, Any]) -> None:
    (volume,) = _usage(hosting, metered["volume"])
    assert (volume.component, volume.tenant_id) == ("gib", hosting.tenants["ixelles"])
    assert volume.quantity in {3, 6}
    (network,) = _usage(hosting, metered["network"])
    assert network.component == "network"


def test_the_sum_of_all_servers_is_what_nova_says(
    hosting: Hosting, metered: dict[str, Any], fleet: Fleet, window: Window
) -> None:
    """Others use the same cloud meanwhile, so only these projects count; a second a server is Nova's rounding."""
    projects = {project.id for project in fleet.projects}
    novas = [one for one in usages(window) if one["tenant_id"] in projects]
    assert {one["instance_id"] for one in novas} == {metered[name] for name in ("kept", "brief", "off", "alien")}
    (brief,) = [one for one in novas if one["instance_id"] == metered["brief"]]
    assert abs(_usage(hosting, metered["brief"])[0].seconds - brief["hours"] * 3600) <= 1
    hosting.sql(
        "insert into metering_mark values ('nova', :until) on conflict (source) do update set metered_until = :until",
        until=window.ends,
    )
    with hosting.database.transaction("platform", SYSTEM) as tx:
        found = comparing.metered(tx, window)
        ours = tx.execute(
            text("select count(distinct cloud_id) from meter where source = 'nova' and cloud_project = any(:projects)"),
            {"projects": list(projects)},
        ).scalar_one()
    compared = comparing.compare(found)
    mine = {metered[name] for name in ("kept", "brief", "off", "alien")}
    assert ours == len(mine)
    assert [one for one in compared.differences if one.cloud_id in mine] == []


def test_a_server_that_was_rebuilt_has_not_begun_anew(
    hosting: Hosting, metered: dict[str, Any], fleet: Fleet, window: Window
) -> None:
    """Nova forgets when it first ran; its own record of what happened to it does not."""
    there = fleet.inside(1)
    server = fleet.server(there, "anew")
    first = next(one for one in usages(window) if one["instance_id"] == server.id)["started_at"]
    time.sleep(2)  # Nova's times are full seconds
    there.compute.rebuild_server(server, image=fleet.image.id)
    there.compute.wait_for_server(server, status="ACTIVE", wait=180)
    until(lambda: next(one for one in usages(window) if one["instance_id"] == server.id)["started_at"] != first)
    (held,) = [one for one in Nova().held(window) if one.cloud_id == server.id]
    began = instant(first)
    assert began is not None
    assert abs((held.begins - began).total_seconds()) <= 2
    assert held.off == ()


@pytest.mark.parametrize("source", [Nova(), Cinder(), Neutron()], ids=lambda source: source.name)
def test_a_first_look_begins_and_a_later_one_goes_on(hosting: Hosting, metered: dict[str, Any], source: Source) -> None:
    def marked() -> Any:
        return hosting.sql("select metered_until from metering_mark where source = :name", name=source.name)[0][0]

    hosting.sql("delete from metering_mark where source = :name", name=source.name)
    now = quarter_of(datetime.now(UTC))
    assert collecting.meter(hosting.database, source, now - QUARTER) is False
    assert marked() == now - QUARTER
    assert collecting.meter(hosting.database, source, now) is False
    assert marked() == now
    gaps = "select count(*) from metering_gap where source = :name and closed_at is null"
    assert hosting.sql(gaps, name=source.name)[0][0] == 0


class Forgetful:
    """Cinder as it was before something was deleted while nobody looked: the rest is asked of the real one."""

    name = Cinder.name
    remembers = False

    def __init__(self, more: Held) -> None:
        self.more = more

    def held(self, window: Window) -> list[Held]:
        return [*Cinder().held(window), self.more]


def test_what_vanished_while_nobody_looked_leaves_a_gap(hosting: Hosting, metered: dict[str, Any]) -> None:
    now = quarter_of(datetime.now(UTC))
    hosting.sql("delete from metering_mark where source = 'cinder'")
    gone = Held("volume", "gone-for-good", "nobody", "gone", now - timedelta(hours=5), quantity=1)
    collecting.meter(hosting.database, Forgetful(gone), now - 9 * QUARTER)
    collecting.meter(hosting.database, Forgetful(gone), now - 8 * QUARTER)
    collecting.meter(hosting.database, Cinder(), now - 4 * QUARTER)
    (gap,) = hosting.sql(
        "select lower(held) as begins, upper(held) as ends, reason from metering_gap where closed_at is null"
    )
    assert (gap.begins, gap.ends) == (now - 8 * QUARTER, now - 4 * QUARTER)
    assert "1 thing(s) were deleted" in gap.reason


def test_what_an_agency_ordered_is_a_line_of_its_showback(
    hosting: Hosting, worker: Worker, ada: Person, uma: Person, pim: Person, window: Window
) -> None:
    """Ordered over the API, carried out by a worker, metered from Nova: one line, quantity x price, with its source."""
    hosting.sql("update project set cloud_id = null, status = 'asked' where cloud_user is null")
    hosting.sql("update offering_plan set flavor = 'irisplane-metering-' || id where code = 'small'")
    ordered = hosting.create(ada, "billed")
    hosting.done(ordered)
    server = ordered.json()["resource"]["id"]
    with hosting.database.transaction("platform", SYSTEM) as tx:
        collecting.store(tx, "nova", window, Nova().held(window))
        rating.rate(tx, window)
    month = f"{window.begins.astimezone(REGION_TIME):%Y-%m}"
    mine = ada.get(f"/api/v1/showback/{month}?limit=1000").json()
    # The price began with this test, within a quarter-hour; so the one that it began in may have none.
    lines = [one for one in mine["items"] if one["resource"]["id"] == server]
    (line,) = [one for one in lines if one["priced"]]
    assert sum(int(one["quantity"]) for one in lines) in {1, 2}
    assert (line["resource"]["name"], line["plan"], line["project"]) == ("billed", "small", "main")
    assert line["source"] == "nova"
    assert int(line["amount_micro_eur"]) == int(line["quantity"]) * int(line["unit_micro_eur"])
    assert sum(int(one["amount_micro_eur"]) for one in mine["items"]) == int(mine["amount_micro_eur"])
    assert server not in uma.get(f"/api/v1/showback/{month}?limit=1000").text
    whole = pim.get(f"/api/v1/showback/{month}").json()
    assert sum(int(one["amount_micro_eur"]) for one in whole["by_tenant"]) == int(whole["amount_micro_eur"])
    metered = hosting.sql(
        "select sum(u.seconds) from usage u join meter m on m.id = u.meter_id where m.resource = 'server'"
    )
    assert sum(int(one["server_seconds"]) for one in whole["by_tenant"]) == int(metered[0][0])
