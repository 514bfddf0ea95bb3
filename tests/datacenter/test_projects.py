"""A tenant's project in the cloud: made once, by whoever comes first, and altered only as granted."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from core.settings import get_settings
from datacenter.hosting import cloud as connections
from datacenter.hosting import projects
from datacenter.hosting.cloud import tag_of
from datacenter.hosting.errors import CloudLacks, CloudRefused, NoCloud
from tests.datacenter.clouding import CloudUnderTest
from tests.datacenter.ordering import Hosting


def _domain() -> str:
    return str(connections.admin().identity.find_domain(connections.entry().domain).id)  # type: ignore[union-attr]


def test_eight_orders_at_once_make_one_project_that_acts_as_itself(hosting: Hosting, cloud: CloudUnderTest) -> None:
    row = hosting.project()
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: projects.ensure(hosting.database, row.id), range(8)))
    assert {one.status for one in made} == {"ready"}
    assert len({one.cloud_id for one in made}) == 1
    found = list(cloud.admin.identity.projects(tags=tag_of(row.id)))
    assert [one.name for one in found] == [made[0].cloud_name]

    own = projects.of(hosting.database, row.id)
    assert own.current_user_id == made[0].cloud_user
    assert own.current_project_id == made[0].cloud_id
    networks = list(own.network.networks(name="private"))
    network = hosting.sql("select * from cloud_network where project_id = :id", id=row.id)[0]
    assert [one.id for one in networks] == [network.cloud_id]
    assert network.status == "active"
    assert hosting.used("networks") == 1
    identity: Any = own.identity
    with pytest.raises(CloudRefused), connections.speaking("Listing every project"):
        list(identity.projects())


def test_the_quotas_in_the_cloud_are_what_is_granted(hosting: Hosting, cloud: CloudUnderTest) -> None:
    made = projects.ensure(hosting.database, hosting.project().id)
    assert made.cloud_id is not None
    compute = cloud.admin.compute.get_quota_set(made.cloud_id)
    assert (compute.instances, compute.cores, compute.ram) == (10, 20, 40960)
    network = cloud.admin.network.get_quota(made.cloud_id)
    assert (network.networks, network.floating_ips, network.security_groups) == (3, 3, 12)

    with hosting.database.transaction("worker", projects._SCOPE) as tx:
        limits = {**projects.granted(tx, made.id), "vcpus": 24}
    projects.write_quotas(connections.admin(), made.cloud_id, limits)
    assert cloud.admin.compute.get_quota_set(made.cloud_id).cores == 24
    projects.write_quotas(connections.admin(), made.cloud_id, {**limits, "vcpus": 20})


def test_what_was_begun_and_broken_off_is_found_again(hosting: Hosting, cloud: CloudUnderTest) -> None:
    row = hosting.project("uccle")
    first = projects.ensure(hosting.database, row.id)
    # as if the process had died before it wrote down what it had made
    hosting.sql("update project set status = 'asked', cloud_id = null, cloud_user = null where id = :id", id=row.id)
    hosting.sql(
        "update cloud_network set status = 'ordered', cloud_id = null, subnet_id = null, router_id = null"
        " where project_id = :id", id=row.id,
    )  # fmt: skip
    again = projects.ensure(hosting.database, row.id)
    assert (again.cloud_id, again.cloud_user) == (first.cloud_id, first.cloud_user)
    assert len(list(cloud.admin.network.networks(project_id=first.cloud_id))) == 1
    assert len(list(cloud.admin.network.routers(project_id=first.cloud_id))) == 1
    assert list(projects.of(hosting.database, row.id).compute.servers()) == []


def test_a_project_of_that_name_which_is_not_ours_is_left_alone(hosting: Hosting, cloud: CloudUnderTest) -> None:
    hosting.sql(
        "insert into project (tenant_id, code, name) values (:tenant, 'taken', 'Taken')",
        tenant=hosting.tenants["ixelles"],
    )
    row = hosting.project(code="taken")
    code = hosting.sql("select code from tenant where id = :id", id=hosting.tenants["ixelles"])[0].code
    theirs = cloud.admin.identity.create_project(name=f"{code}-taken", domain_id=_domain())
    try:
        with pytest.raises(CloudRefused, match="not of this Irisplane"):
            projects.ensure(hosting.database, row.id)
    finally:
        cloud.admin.identity.delete_project(theirs)
    assert "not of this Irisplane" in hosting.project(code="taken").fault


def test_no_password_is_told(hosting: Hosting) -> None:
    row = hosting.project()
    projects.ensure(hosting.database, row.id)
    store = projects._store()
    with hosting.database.transaction("worker", projects._SCOPE) as tx:
        secret = store.get(tx, row.tenant_id, projects.password_name(row.id)).reveal()
    everywhere: Any = hosting.sql(
        "select string_agg(j::text, ' ') as said from journal j union all"
        " select string_agg(p::text, ' ') from project p union all select string_agg(l::text, ' ') from change_log l"
    )
    assert not any(secret in (said or "") for (said,) in everywhere)
    assert secret not in repr(projects.of(hosting.database, row.id).config.__dict__)


def test_the_clouds_own_sentence_is_told_without_what_we_sent() -> None:
    told = connections._plainly(
        "<h1>Bad</h1> Invalid input for field/attribute user_data. Value: c2VjcmV0LXNlY3JldA==. 'x' is too long"
    )
    assert told == "Bad Invalid input for field/attribute user_data."


def test_without_a_cloud_that_is_said(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IRISPLANE_CLOUDS_FILE", "/nonexistent/clouds.yaml")
    get_settings.cache_clear()
    try:
        with pytest.raises(NoCloud):
            connections.entry()
        assert "not started" in connections.away()
    finally:
        monkeypatch.undo()
        get_settings.cache_clear()


def test_what_is_not_there_is_told_apart_from_a_no(hosting: Hosting) -> None:
    with pytest.raises(CloudLacks) as caught, connections.speaking("Looking at the server"):
        connections.admin().compute.get_server("00000000-0000-0000-0000-000000000000")
    assert "could not be found" in caught.value.message
