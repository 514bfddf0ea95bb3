"""The provider's orders against the real API: once however often a run is repeated, followed until they have ended."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest
from fastapi import FastAPI
from sqlalchemy import text

from api.app import create_app
from core.db import Database
from core.settings import Settings
from datacenter.terraform.api import Api, NotReached, Problem
from datacenter.terraform.orders import NotCarriedOut, Orders, folder_of_configuration
from tests.api.example_kind import only_example
from tests.api.people import SYSTEM, Person
from tests.api.serving import serve
from tests.documented import watched

REQUESTS = "/api/v1/support-requests"


def a_request(subject: str) -> dict[str, str]:
    return {"subject": subject, "body": "What does it cost?"}


@pytest.fixture(scope="module")
def address(app: FastAPI) -> Iterator[str]:
    with serve(app) as url:
        yield url


@pytest.fixture
def api(address: str, agent: Person) -> Iterator[Api]:
    with closing(Api(address, agent.token)) as connected:
        yield connected


@pytest.fixture
def configuration() -> str:
    return uuid4().hex


def test_a_run_that_was_killed_finds_its_own_order_again(api: Api, configuration: str) -> None:
    made = Orders(api, configuration).create(REQUESTS, a_request("killed"))
    again = Orders(api, configuration).create(REQUESTS, a_request("killed"))
    assert (again.id, made.taken_over, again.taken_over) == (made.id, False, True)
    assert sum(one["subject"] == "killed" for one in api.items(REQUESTS)) == 1


def test_two_that_look_alike_in_one_run_are_two(api: Api, configuration: str) -> None:
    orders = Orders(api, configuration)
    made = {orders.create(REQUESTS, a_request("alike")).id for _ in range(3)}
    assert len(made) == 3
    orders = Orders(api, configuration)
    assert {orders.create(REQUESTS, a_request("alike")).id for _ in range(3)} == made, "and the same two after a kill"


def test_another_configuration_takes_nothing_over(api: Api) -> None:
    made = {Orders(api, uuid4().hex).create(REQUESTS, a_request("shared")).id for _ in range(2)}
    assert len(made) == 2


def test_what_was_given_back_is_ordered_anew(api: Api, configuration: str, database: Database) -> None:
    first = Orders(api, configuration).create(REQUESTS, a_request("again"))
    with database.transaction("owner", SYSTEM) as tx:
        tx.execute(text("delete from support_message where request_id = cast(:id as uuid)"), {"id": first.id})
        tx.execute(text("delete from support_request where id = cast(:id as uuid)"), {"id": first.id})
    second = Orders(api, configuration).create(REQUESTS, a_request("again"))
    assert (second.id != first.id, second.taken_over) == (True, False)
    third = Orders(api, configuration).create(REQUESTS, a_request("again"))
    assert (third.id, third.taken_over) == (second.id, True)


def test_ten_threads_order_at_once_and_none_twice(api: Api, configuration: str) -> None:
    orders = Orders(api, configuration)
    with ThreadPoolExecutor(10) as threads:
        made = list(threads.map(lambda n: orders.create(REQUESTS, a_request(f"thread {n % 10}")).id, range(30)))
    assert len(set(made)) == 30
    assert sum(one["subject"].startswith("thread ") for one in api.items(REQUESTS, limit="7")) == 30


def test_a_refusal_names_the_field_and_the_way_out(api: Api, configuration: str) -> None:
    with pytest.raises(Problem) as refused:
        Orders(api, configuration).create(REQUESTS, {"subject": "", "body": "x"})
    assert "/subject" in refused.value.places
    assert refused.value.hint
    assert refused.value.request_id


def test_an_order_is_followed_until_it_is_decided_on(address: str, engineer: Person, lead: Person) -> None:
    with only_example(), closing(Api(address, engineer.token)) as api:
        asked = {"kind": "network.example", "intent": {"names": ["ac01"]}, "reason": "look"}
        answer = api.request("POST", "/api/v1/changes", body=asked, key=uuid4().hex)
        with pytest.raises(NotCarriedOut, match="waits for: network-lead") as waiting:
            Orders(api, "c", patience=0.2).follow(answer)
        assert "goes on with this very order" in waiting.value.hint
        reason = {"reason": "not on a Friday"}
        timer = threading.Timer(0.5, lambda: lead.post(f"/api/v1/changes/{answer.body['id']}:reject", json=reason))
        timer.start()
        with pytest.raises(NotCarriedOut, match="ended as rejected: not on a Friday"):
            Orders(api, "c").follow(answer, sleep=lambda _: timer.join())


def test_who_asks_too_often_waits_as_long_as_is_said(database: Database, settings: Settings, agent: Person) -> None:
    slow = watched(create_app(database, settings.model_copy(update={"rate_limit": "2/2"})))
    with serve(slow) as url, closing(Api(url, agent.token)) as api:
        assert [api.get("/api/v1/me")["handle"] for _ in range(4)] == ["agent"] * 4


def test_a_token_is_not_sent_in_clear_and_never_shown(agent: Person) -> None:
    with pytest.raises(NotReached, match="plain HTTP"):
        Api("http://irisplane.example.org", agent.token)
    with pytest.raises(NotReached, match="no address"):
        Api("irisplane.example.org", agent.token)
    assert agent.token not in repr(Api("http://127.0.0.1:9", agent.token))


def test_a_token_that_is_not_valid_is_said_at_once(address: str) -> None:
    with closing(Api(address, "irp_nonsense")) as api, pytest.raises(Problem) as refused:
        api.get("/api/v1/me")
    assert refused.value.code == "CORE-101"


def test_a_configuration_without_a_name_is_its_folder_and_workspace(tmp_path: Path) -> None:
    here = folder_of_configuration(tmp_path, None, None)
    assert here == f"{tmp_path}#default"
    (tmp_path / ".terraform").mkdir()
    (tmp_path / ".terraform" / "environment").write_text("production")
    assert folder_of_configuration(tmp_path, None, None) == f"{tmp_path}#production"
    assert folder_of_configuration(tmp_path, None, "staging") == f"{tmp_path}#staging"
