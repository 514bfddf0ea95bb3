"""How often a token or an address may ask, and how the answers tell it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from api.limits import Bucket, Limit, Limits
from core.errors import Misconfigured
from core.settings import Settings, load
from tests.api.people import Person


class Clock:
    """Time that moves when it is told to."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@given(
    quota=st.integers(1, 50),
    seconds=st.integers(1, 50),
    steps=st.lists(st.floats(0, 5), min_size=1, max_size=200),
)
def test_no_key_ever_gets_more_than_a_full_bucket_and_what_flowed_in(
    quota: int, seconds: int, steps: list[float]
) -> None:
    clock = Clock()
    bucket = Bucket("token", Limit(quota, seconds), clock)
    passed = 0
    for step in steps:
        clock.now += step
        taken = bucket.take("one")
        passed += taken.allowed
        assert 0 <= taken.remaining < quota
        assert passed <= quota + (clock.now - Clock.now) * quota / seconds + 1e-6


@given(quota=st.integers(1, 20), seconds=st.integers(1, 60))
def test_who_waits_as_long_as_told_passes(quota: int, seconds: int) -> None:
    clock = Clock()
    bucket = Bucket("token", Limit(quota, seconds), clock)
    while (taken := bucket.take("one")).allowed:
        pass
    clock.now += taken.again + 1e-9
    assert bucket.take("one").allowed
    assert bucket.take("another").remaining == quota - 1


def test_memory_stays_bounded_whatever_addresses_come() -> None:
    clock = Clock()
    bucket = Bucket("address", Limit(2, 1000), clock)
    for number in range(60_000):
        bucket.take(number)
    assert len(bucket._levels) <= 20_000


@contextmanager
def limited(app: FastAPI, settings: Settings, **texts: str) -> Iterator[None]:
    """The application with other limits for a while."""
    before = getattr(app.state, "limits", None)
    app.state.limits = Limits(settings.model_copy(update=texts))
    try:
        yield
    finally:
        app.state.limits = before


def test_every_answer_tells_what_is_left(app: FastAPI, settings: Settings, engineer: Person) -> None:
    with limited(app, settings, rate_limit="5/600"):
        first, second = engineer.get("/api/v1/me"), engineer.get("/api/v1/changes/not-there")
    assert first.headers["ratelimit-policy"] == '"token";q=5;w=600'
    assert first.headers["ratelimit"] == '"token";r=4;t=120'
    assert (second.status_code, second.headers["ratelimit"]) == (404, '"token";r=3;t=240')


def test_a_token_that_asks_too_often_is_told_when_to_come_again_and_no_other_is(
    app: FastAPI, settings: Settings, engineer: Person, lead: Person
) -> None:
    with limited(app, settings, rate_limit="3/30"):
        answers = [engineer.get("/api/v1/me") for _ in range(4)]
        other = lead.get("/api/v1/me")
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    refused = answers[-1]
    assert refused.headers["content-type"] == "application/problem+json"
    assert (refused.json()["code"], refused.json()["fields"]["limit"]) == ("API-120", "token")
    assert 1 <= int(refused.headers["retry-after"]) <= 10
    assert refused.headers["ratelimit"].startswith('"token";r=0;')
    assert other.status_code == 200


def test_guessing_tokens_is_slow_and_says_nothing(app: FastAPI, settings: Settings, client: TestClient) -> None:
    with limited(app, settings, rate_limit_refused="3/60"):
        guesses = [client.get("/api/v1/me", headers={"Authorization": f"Bearer irp_{n}"}) for n in range(5)]
    assert [guess.status_code for guess in guesses] == [401, 401, 401, 429, 429]


def test_guesses_from_an_address_do_not_lock_out_who_is_known(
    app: FastAPI, settings: Settings, client: TestClient, engineer: Person
) -> None:
    with limited(app, settings, rate_limit_refused="1/60"):
        assert engineer.get("/api/v1/me").status_code == 200
        for _ in range(3):
            client.get("/api/v1/me", headers={"Authorization": "Bearer irp_x"})
        app.state.remembered.clear()  # as after two seconds
        assert engineer.get("/api/v1/me").status_code == 200


@pytest.mark.parametrize("path", ["/api/v1/health", "/metrics"])
def test_what_needs_no_token_is_limited_by_address(
    app: FastAPI, settings: Settings, client: TestClient, path: str
) -> None:
    with limited(app, settings, rate_limit_address="2/60"):
        answers = [client.get(path).status_code for _ in range(3)]
    assert answers == [200, 200, 429]


def test_off_is_no_limit(app: FastAPI, settings: Settings, engineer: Person) -> None:
    with limited(app, settings, rate_limit="off"):
        answer = engineer.get("/api/v1/me")
    assert "ratelimit" not in answer.headers


@pytest.mark.parametrize("wrong", ["0/30", "3000", "10/0", "a/b", "-1/5", "1/1/1"])
def test_a_wrong_limit_stops_the_start_with_its_name(wrong: str) -> None:
    with pytest.raises(Misconfigured, match="IRISPLANE_RATE_LIMIT="):
        load({"IRISPLANE_INSTANCE": "test", "IRISPLANE_RATE_LIMIT": wrong})


def test_a_wrong_proxy_stops_the_start_with_its_name() -> None:
    with pytest.raises(Misconfigured, match="IRISPLANE_TRUSTED_PROXIES=everyone"):
        load({"IRISPLANE_INSTANCE": "test", "IRISPLANE_TRUSTED_PROXIES": "everyone"})
