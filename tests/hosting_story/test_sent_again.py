"""The same order sent ten times at once while the worker is killed: one Change, one server."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.clouds import CloudForTests
from tests.hosting_story.conftest import Agency, eventually, in_the_cloud
from tests.region.conftest import Region

pytestmark = pytest.mark.timeout(600)

TIMES = 10


def test_ten_times_the_same_with_the_worker_killed_makes_one(
    agency: Agency, hosting: Region, story_cloud: CloudForTests
) -> None:
    body = {"name": "once", "plan": "small", "image": "debian", "project": "main", "networks": ["private"]}

    def send(number: int) -> tuple[int, str]:
        time.sleep(number * 0.15)  # some before the kill, some at it, some after
        answer = agency.api("POST", "/api/v1/servers", json=body, headers={"Idempotency-Key": "the-very-same"})
        return answer.status_code, str(answer.json().get("id"))

    with ThreadPoolExecutor(TIMES) as pool:
        sent = [pool.submit(send, number) for number in range(TIMES)]
        eventually(lambda: agency.api("GET", "/api/v1/orders?state=running").json()["items"], every=0.05)
        hosting.kill("worker")
        told = [one.result() for one in sent]
    first = [change for status, change in told if status in (201, 202)]
    assert set(first) == {first[0]}, told
    assert {status for status, _ in told} <= {202, 409}, told  # 409: the first was still being taken
    ended = hosting.ended(first[0])
    assert ended["state"] == "succeeded", ended["outcome"]
    found = [one for one in agency.ask("server", "list") if one["name"] == "once"]
    assert len(found) == 1
    assert len(in_the_cloud(story_cloud, found[0]["id"])) == 1
    everything = [one.name for one in story_cloud.admin.compute.servers(all_projects=True)]
    assert everything.count("once") == 1
