"""What somebody altered about a project in the cloud by hand is found, shown, told once, and mended by an order."""

from __future__ import annotations

from typing import Any

import pytest

from datacenter.hosting import projects, reconcile
from tests.api.people import Person
from tests.datacenter.clouding import CloudUnderTest
from tests.datacenter.ordering import Hosting


def _look(hosting: Hosting) -> dict[str, Any]:
    reconcile.look(hosting.database)
    return {one["kind"]: one for one in hosting.project().findings}


def _events(hosting: Hosting, action: str) -> list[Any]:
    return list(hosting.sql("select body from journal where action = :action order by id", action=action))


@pytest.fixture(scope="module")
def project(hosting: Hosting) -> Any:
    """A project that stands in the cloud and agrees with it."""
    made = projects.ensure(hosting.database, hosting.project().id)
    assert _look(hosting) == {}
    return made


def test_everything_altered_by_hand_is_found_told_once_and_mended(
    hosting: Hosting, cloud: CloudUnderTest, project: Any, worker: object, ada: Person, uma: Person
) -> None:
    identity = cloud.admin.identity
    role = identity.find_role(projects.ROLE, ignore_missing=False)
    identity.update_project(project.cloud_id, name=f"{project.cloud_name}-mine")
    identity.unassign_project_role_from_user(project.cloud_id, project.cloud_user, role)
    identity.update_user(project.cloud_user, is_enabled=False)
    cloud.admin.compute.update_quota_set(project.cloud_id, cores=999)
    found = _look(hosting)
    assert found.keys() == {"project-renamed", "role-gone", "account-disabled", "quota-cores"}
    assert (found["quota-cores"]["wanted"], found["quota-cores"]["there"]) == (20, 999)
    told = len(_events(hosting, "project.differs"))
    assert told == 4
    assert _look(hosting).keys() == found.keys()
    assert len(_events(hosting, "project.differs")) == told

    shown = ada.get(f"/api/v1/projects/{project.id}").json()
    assert {one["kind"] for one in shown["findings"]} == found.keys()
    assert [one["id"] for one in ada.get("/api/v1/projects", params={"differs": "true"}).json()["items"]] == [
        str(project.id)
    ]
    assert uma.get(f"/api/v1/projects/{project.id}").status_code == 404

    answer = ada.post(f"/api/v1/projects/{project.id}:reconcile", json={"reason": "put it right"})
    assert answer.status_code == 202, answer.text
    hosting.done(answer)
    assert _look(hosting) == {}
    assert identity.get_project(project.cloud_id).name == project.cloud_name
    assert cloud.admin.compute.get_quota_set(project.cloud_id).cores == 20
    assert list(projects.of(hosting.database, project.id).compute.servers()) == []
    assert {row.body["kind"] for row in _events(hosting, "project.agrees")} == found.keys()


def test_an_account_that_was_deleted_is_made_again(
    hosting: Hosting, cloud: CloudUnderTest, project: Any, worker: object, ada: Person
) -> None:
    cloud.admin.identity.delete_user(project.cloud_user)
    assert "account-gone" in _look(hosting)
    hosting.done(ada.post(f"/api/v1/projects/{project.id}:reconcile", json={}))
    assert hosting.project().cloud_user != project.cloud_user
    assert list(projects.of(hosting.database, project.id).compute.servers()) == []


def test_another_project_of_an_administration_is_made_by_its_administrator(
    hosting: Hosting, cloud: CloudUnderTest, worker: object, ada: Person, ugo: Person
) -> None:
    asked = ugo.post("/api/v1/projects", json={"code": "maps", "name": "Maps", "reason": "a new team"})
    assert asked.json()["waiting_for"] == ["agency-admin"], asked.text
    said = {"plan_hash": asked.json()["plan_hash"], "reason": "yes"}
    assert ada.post(f"/api/v1/changes/{asked.json()['id']}:approve", json=said).status_code == 200
    hosting.done(asked)
    row = hosting.project(code="maps")
    assert row.status == "ready"
    assert asked.json()["resource"]["href"] == f"/api/v1/projects/{row.id}"
    assert cloud.admin.compute.get_quota_set(row.cloud_id).instances == 0
    again = ada.post("/api/v1/projects", json={"code": "maps", "name": "Maps"})
    assert (again.status_code, again.json()["code"]) == (409, "HST-104")
    refused = hosting.create(ugo, "web1", project="maps")
    assert (refused.status_code, refused.json()["code"]) == (409, "HST-103")
    assert "project" in refused.json()["detail"]


def test_a_project_that_was_not_granted_leaves_its_code(hosting: Hosting, ada: Person, ugo: Person) -> None:
    for _ in range(2):
        asked = ugo.post("/api/v1/projects", json={"code": "games", "name": "Games", "reason": "fun"})
        assert asked.status_code == 202, asked.text
        said = {"plan_hash": asked.json()["plan_hash"], "reason": "no"}
        assert ada.post(f"/api/v1/changes/{asked.json()['id']}:reject", json=said).status_code == 200
    assert hosting.sql("select * from project where code = 'games'") == []


def test_a_project_deleted_in_the_cloud_is_not_made_again_by_itself(
    hosting: Hosting, cloud: CloudUnderTest, project: Any, worker: object, ada: Person
) -> None:
    cloud.clear(project.cloud_id, None)
    assert list(_look(hosting)) == ["project-gone"]
    answer = ada.post(f"/api/v1/projects/{project.id}:reconcile", json={})
    change = hosting.ended(answer)
    assert change.state in {"failed", "rolled_back"}
    assert "was deleted in the cloud" in change.outcome["summary"]
