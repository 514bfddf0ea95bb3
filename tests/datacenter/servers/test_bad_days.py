"""Nova answers badly, late, or not at all; workers die at the worst moment: one server, one Change, and the truth."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.instance import Instance
from datacenter.hosting.cloud import tag_of
from datacenter.hosting.servers import converge
from lab.openstack.faulty_road import FaultyRoad
from tests.api.people import Person
from tests.datacenter.clouding import CloudUnderTest
from tests.datacenter.ordering import Hosting, Worker, until

pytestmark = pytest.mark.slow

MAKING = {"method": "POST", "path": r".*/servers"}


@pytest.fixture(scope="module")
def road(cloud: CloudUnderTest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyRoad]:
    """A way to the cloud on which everything can go wrong; nothing does until it is told to."""
    entry: dict[str, Any] = yaml.safe_load(Path(cloud.path).read_text(encoding="utf-8"))["clouds"][cloud.name]
    with FaultyRoad(entry, Instance.current(), tmp_path_factory.mktemp("road")) as made:
        yield made


@pytest.fixture(scope="module")
def bad_worker(hosting: Hosting, road: FaultyRoad) -> Iterator[Worker]:
    """A worker that reaches the cloud by that way."""
    made = _on(hosting, road)
    yield made
    made.kill()


def _on(hosting: Hosting, road: FaultyRoad) -> Worker:
    return hosting.worker(IRISPLANE_CLOUDS_FILE=str(road.clouds_file), IRISPLANE_CLOUD_NAME=road.name)


def _there(hosting: Hosting, cloud: CloudUnderTest, answer: Any) -> list[Any]:
    """Every server in the cloud with the tag of what was ordered."""
    tag = tag_of(answer.json()["resource"]["id"])
    return [one for one in cloud.servers(hosting.project().cloud_id) if tag in (one.tags or [])]


def test_created_and_the_answer_lost_is_one_server(
    hosting: Hosting, cloud: CloudUnderTest, bad_worker: Worker, road: FaultyRoad, ugo: Person
) -> None:
    hosting.done(hosting.create(ugo, "first1"), 240)  # the project stands
    road.add("lose", **MAKING)
    answer = hosting.create(ugo, "lost1")
    hosting.done(answer)
    (there,) = _there(hosting, cloud, answer)
    assert hosting.server(answer.json()["resource"]["id"]).cloud_id == there.id


def test_an_api_that_fails_and_comes_back_is_asked_again(
    hosting: Hosting, cloud: CloudUnderTest, bad_worker: Worker, road: FaultyRoad, ugo: Person
) -> None:
    road.add("answer", status=500, **MAKING)
    road.add("answer", status=503, method="GET", path=r".*/servers/.*", times=3)
    answer = hosting.create(ugo, "patient1")
    hosting.done(answer)
    assert len(_there(hosting, cloud, answer)) == 1


def test_a_no_is_told_in_the_clouds_own_words_and_nothing_is_held(
    hosting: Hosting, cloud: CloudUnderTest, bad_worker: Worker, road: FaultyRoad, ugo: Person
) -> None:
    before = hosting.used("servers")
    road.add("answer", status=409, **MAKING)
    answer = hosting.create(ugo, "refused1")
    change = hosting.ended(answer)
    assert change.state in {"failed", "rolled_back"}
    assert "faulty road says so" in change.outcome["summary"]
    assert hosting.used("servers") == before
    assert hosting.server(answer.json()["resource"]["id"]).status == "gone"


def test_made_after_we_stopped_waiting_is_found_and_not_made_again(
    hosting: Hosting, cloud: CloudUnderTest, bad_worker: Worker, road: FaultyRoad, ugo: Person
) -> None:
    road.add("delay", seconds=23, **MAKING)
    answer = hosting.create(ugo, "late1")
    hosting.done(answer, 180)
    assert len(_there(hosting, cloud, answer)) == 1


def test_deleted_and_the_answer_lost_is_deleted(
    hosting: Hosting, cloud: CloudUnderTest, bad_worker: Worker, road: FaultyRoad, ugo: Person
) -> None:
    answer = hosting.create(ugo, "leaving1")
    hosting.done(answer)
    road.add("lose", method="DELETE", path=r".*/servers/[^/]*")
    headers = {"If-Match": "*"}
    hosting.done(ugo.send("DELETE", answer.json()["resource"]["href"], headers=headers, params={"now": "true"}))
    assert _there(hosting, cloud, answer) == []


def test_ten_posts_with_one_key_and_the_worker_killed_in_between_are_one_server(
    hosting: Hosting, cloud: CloudUnderTest, road: FaultyRoad, bad_worker: Worker, ugo: Person
) -> None:
    road.add("lose", seconds=60, **MAKING)  # Nova makes it, and says nothing while the worker lives
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: hosting.create(ugo, "once1", once="the-same-key"), range(10)))
    until(lambda: any(one.done == "lose" for one in road.seen("POST", "/servers")[-1:]), 60)
    bad_worker.kill()
    hosting.worker()
    again = hosting.create(ugo, "once1", once="the-same-key")
    good = [one for one in (*answers, again) if one.status_code == 202]
    assert {one.status_code for one in answers} <= {202, 409}
    assert len({one.json()["id"] for one in good}) == 1
    assert again.headers["Idempotency-Replayed"] == "true"
    other = hosting.create(ugo, "once2", once="the-same-key")
    assert other.status_code == 422
    hosting.done(again, 180)
    assert len(_there(hosting, cloud, again)) == 1
    assert len(hosting.sql("select id from change where title like '%once1%'")) == 1


def test_what_a_frozen_worker_makes_too_late_is_cleaned_away(
    hosting: Hosting, cloud: CloudUnderTest, road: FaultyRoad, ugo: Person
) -> None:
    for one in hosting.workers:
        if one.process.poll() is None:
            one.kill()
    road.add("delay", seconds=300, **MAKING)  # on its way while its worker is lost and another takes over
    late = _on(hosting, road)
    answer = hosting.create(ugo, "twice1")
    server = answer.json()["resource"]["id"]
    until(lambda: not road.waiting())
    late.freeze()
    hosting.worker()
    hosting.done(answer, 180)
    kept = hosting.server(server).cloud_id
    road.heal()
    until(lambda: [one for one in road.seen("POST", "/servers") if one.done == "delay" and one.status == 202])
    late.thaw()

    removed = "select body from journal where action = 'server.twin_removed' and subject_id = :id"

    def told_of() -> Any:
        converge.look_at_all(hosting.database)
        return hosting.sql(removed, id=server)

    def story() -> str:
        there = [(one.id, one.status, one.tags) for one in _there(hosting, cloud, answer)]
        return (
            f"{kept} was kept; there are {there}\n{road.seen('POST', '/servers')}\n{hosting.story(answer.json()['id'])}"
        )

    told = until(told_of, 90, story)
    until(lambda: len(_there(hosting, cloud, answer)) == 1, 60, story)
    assert {one.body["kept"] for one in told} == {kept}
    assert kept not in {one.body["cloud_id"] for one in told}
    assert [one.id for one in _there(hosting, cloud, answer)] == [kept]
    standing = hosting.server(server)
    assert (standing.status, standing.cloud_id) == ("active", kept)


def test_orders_wait_while_the_cloud_starts_and_run_by_themselves_then(
    hosting: Hosting, cloud: CloudUnderTest, ugo: Person, tmp_path: Path
) -> None:
    for one in hosting.workers:
        if one.process.poll() is None:
            one.kill()
    named = tmp_path / "clouds.yaml"
    hosting.worker(IRISPLANE_CLOUDS_FILE=str(named), IRISPLANE_CLOUD_NAME=cloud.name)
    answer = hosting.create(ugo, "early1")
    assert answer.status_code == 202
    said = until(lambda: ugo.get(answer.headers["Location"]).json()["waiting_for"])
    assert said == ["cloud"]
    shown = ugo.get(answer.headers["Location"]).json()
    assert shown["state"] == "approved"
    assert "not started yet" in shown["outcome"]["waits"]["why"]
    named.write_bytes(Path(cloud.path).read_bytes())
    hosting.done(answer, 240)
    assert len(_there(hosting, cloud, answer)) == 1
