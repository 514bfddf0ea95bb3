"""The lab's cloud without machines: what is OpenStack's own in it works as anywhere."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lab.openstack import control
from lab.openstack.stock import ZONES
from tests.clouds import FLAVOUR, IMAGE, CloudForTests, a_tenant

pytestmark = pytest.mark.timeout(1200)  # the first to ask for the cloud waits until it runs


@pytest.fixture(scope="module")
def tenant(cloud: CloudForTests) -> Iterator[Any]:
    """A tenant's project, as Irisplane's own account sees it: made by it, and entered by inheritance."""
    if cloud.mode == "given":
        pytest.skip("a cloud that was given is not the lab's")
    with a_tenant(cloud) as inside:
        yield inside


@pytest.fixture(scope="module")
def server(tenant: Any) -> Any:
    """A server on a network of the tenant's own."""
    network = tenant.network.create_network(name="private")
    tenant.network.create_subnet(network_id=network.id, ip_version=4, cidr="10.20.0.0/24", name="private")
    made = tenant.compute.create_server(
        name="web1",
        flavor_id=tenant.compute.find_flavor(FLAVOUR).id,
        image_id=tenant.image.find_image(IMAGE).id,
        networks=[{"uuid": network.id}],
        tags=["irisplane:test"],
    )
    return tenant.compute.wait_for_server(made, status="ACTIVE", interval=0.2, wait=180)


def test_the_account_of_irisplane_is_not_the_administrator_of_people(cloud: CloudForTests, tenant: Any) -> None:
    ours: Any = cloud.connect()
    assert ours.current_user_id != cloud.admin.current_user_id
    assert ours.current_project.domain_name == "irisplane"
    assert tenant.session.auth.get_access(tenant.session).role_names.count("admin") == 0


def test_only_root_and_the_service_can_read_the_account(cloud: CloudForTests, tenant: Any) -> None:
    about = cloud.clouds_file.stat()
    assert stat.S_IMODE(about.st_mode) == 0o640
    assert about.st_uid == os.geteuid()
    assert about.st_gid != os.getegid() or os.geteuid() != 0


def test_a_server_becomes_active_and_so_does_its_port(tenant: Any, server: Any) -> None:
    ports = list(tenant.network.ports(device_id=server.id))
    assert [port.status for port in ports] == ["ACTIVE"]
    assert server.addresses["private"][0]["addr"].startswith("10.20.0.")
    assert [each.id for each in tenant.compute.servers(tags="irisplane:test")] == [server.id]


def test_its_console_says_that_no_machine_runs(tenant: Any, server: Any) -> None:
    assert "nothing boots" in tenant.compute.get_server_console_output(server)["output"]


def test_a_volume_grows_is_kept_copied_and_restored(tenant: Any) -> None:
    storage: Any = tenant.block_storage

    def ready(made: Any) -> Any:
        return storage.wait_for_status(made, status="available", interval=0.2, wait=180)

    volume = ready(storage.create_volume(size=1, name="data"))
    snapshot = ready(storage.create_snapshot(volume_id=volume.id, name="kept"))
    copies = [
        ready(storage.create_volume(size=2, snapshot_id=snapshot.id)),
        ready(storage.create_volume(size=1, source_volume_id=volume.id)),
        ready(storage.create_volume(size=1, image_id=tenant.image.find_image(IMAGE).id)),
    ]
    backup = ready(storage.create_backup(volume_id=volume.id, name="backup"))
    copies.append(ready(storage.create_volume(size=1, backup_id=backup.id)))
    storage.extend_volume(volume, 3)
    _eventually(lambda: storage.get_volume(volume).size == 3)
    assert [storage.get_volume(copy).size for copy in copies] == [2, 1, 1, 1]
    for copy in copies:
        storage.delete_volume(copy)
    storage.delete_backup(backup)
    storage.delete_snapshot(snapshot)
    storage.wait_for_delete(snapshot, interval=0.2, wait=180)
    storage.delete_volume(volume)
    _eventually(lambda: not list(storage.volumes()))


def test_each_host_is_a_zone_of_its_own_and_servers_stand_where_they_were_asked(
    cloud: CloudForTests, tenant: Any, server: Any
) -> None:
    if cloud.mode != "fake":
        pytest.skip("a cloud that was given has zones of its own")
    compute: Any = cloud.admin.compute
    assert {zone.name for zone in compute.availability_zones()} - {"internal"} == set(ZONES)
    made = tenant.compute.create_server(
        name="elsewhere",
        flavor_id=tenant.compute.find_flavor(FLAVOUR).id,
        image_id=tenant.image.find_image(IMAGE).id,
        networks=[{"uuid": next(iter(tenant.network.networks(name="private"))).id}],
        availability_zone=ZONES[1],
    )
    stands = tenant.compute.wait_for_server(made, status="ACTIVE", interval=0.2, wait=180)
    assert compute.get_server(stands.id).compute_host == "compute2"
    tenant.compute.delete_server(stands)


def test_a_part_that_was_stopped_is_named_and_comes_back(cloud: CloudForTests, tenant: Any) -> None:
    control.stop_part("nova-compute2", cloud.instance)
    assert "nova-compute2" not in control.parts(cloud.instance)
    control.start_part("nova-compute2", cloud.instance)
    assert "nova-compute2" in control.parts(cloud.instance)
    assert control.status(cloud.instance).state == "running"


def _eventually(question: Callable[[], bool], seconds: float = 180) -> None:
    import time

    deadline = time.monotonic() + seconds
    while not question():
        assert time.monotonic() < deadline
        time.sleep(0.2)
