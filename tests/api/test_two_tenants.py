"""Two administrations and every address of the OpenAPI document: what is another's is answered like what is not there.

The walk covers new addresses by itself. It stops where it does not know what to name: a path parameter needs a line in
``Foreign.paths``, a query parameter or a field of a body that names something one in ``Foreign.fields``, everything
else a word in ``PLAIN``.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from fastapi import FastAPI

from core.keyring import KeyFile
from core.settings import Settings, load
from tests.api.example_kind import only_example
from tests.api.foreign import MARK, NO_ANSWER, Foreign, before, foreign, lists, strangers
from tests.api.people import Person
from tests.api.serving import serve
from tests.api.walking import Operation, Said, fields, operations, put, say, smallest

__all__ = ["before", "foreign", "strangers"]

pytestmark = pytest.mark.slow

PLAIN: frozenset[str] = frozenset(
    name
    for line in (
        "availability_zone data_class data_classes granted open shares",
        "format from grain figure",
        "action actions active address after at atomic base64 before begins body builtin canary cidr code",
        "client client_id commune concurrency Created cursor data dead deleted description device_type display_name",
        "drift_policy email emergency enabled ends expires_at explain face facts files handle held hold hours ID",
        "Info impact intent interfaces issuer kind lat length length_m limit locale lon mac management_address",
        "management_port manufacturer model mtu name name_en name_fr name_nl nis_code not_before number",
        "numbers language on_failure Operation options Path plan_hash platform population port provenance purge",
        "purpose q rd reason request_id resources role scope scopes secret_name selector serial share shared",
        "since size software_version source state status subject text text_en text_fr text_nl timer title_en",
        "title_fr title_nl touches type units until url username value Version version vid vids watts weight",
        "what Who zone tag tags lines now plan user_data metadata lease_until floating_address how differs",
        "allow deny direction port_max port_min protocol public_key routed rules size_gib",
        "every hour keep method weekday of polygon",
        "k by disjoint avoid",
        "a_side b_side connector during loss_db owner path ports position protection reversed side strands",
        "strands_per_tube tray trays wavelength_nm tx_power_dbm rx_sensitivity_dbm rx_overload_dbm rx_power_dbm",
        "metres rx_dbm said alerts labels annotations fingerprint which days",
    )
    for name in line.split()
)
"""Query parameters and fields that name nothing which somebody could own, or something that everybody reads."""

SHARED = frozenset({"communes", "device-types"})
"""Everybody reads these: names of communes and of products."""

CHOSEN = frozenset({"state/name"})
"""Names that the caller gives to what is his own: writing there makes something. Tried as names, not as ids."""

OPEN = frozenset({"calendar/entry_id", "catalogue/code", "plays/name", "showback/month", "zones/code"})
"""Everybody reads these and the region writes them: when and by what it is altered, what it offers, a month."""

GOOD: Mapping[str, Any] = {
    "reason": "walk",
    "plan_hash": "0" * 64,
    "url": "https://93.184.215.14/",
    "handle": "walker",
    "role": "agency-user",
    "code": "walk",
    "scopes": ["hosting:read"],
    "ends": "2031-01-02T00:00:00Z",
    "kind": "network.example",
    "expires_at": "2026-12-30T00:00:00Z",
    "cidr": "10.9.0.0/24",
    "public_key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl4",
    "plan": "small",
    "image": "debian",
    "touches": [{"type": "server", "tenant": "ixelles"}],
}
"""Fields whose schema alone does not say what is taken."""


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Without rate limits: a walk asks faster than people do."""
    folder = tmp_path_factory.mktemp("state")
    made = load({"IRISPLANE_INSTANCE": "test", "IRISPLANE_STATE_DIR": str(folder), "IRISPLANE_RATE_LIMIT": "off"})
    KeyFile(made.key_file).ensure()
    return made


@pytest.fixture(scope="module", autouse=True)
def only_the_examples_kind() -> Iterator[None]:
    """A kind with targets and nothing behind them, beside those installed."""
    with only_example(beside=True):
        yield


# ------------------------------------------------------------------------------------------------------------ the walk


def test_every_path_answers_alike_for_anothers_thing_and_for_nothing(
    app: FastAPI, foreign: Foreign, strangers: list[Person]
) -> None:
    tried = 0
    for one in operations(app.openapi()):
        if one.method == "get" and OPEN & set(one.named.values()):
            continue
        unknown = [place for place in one.named.values() if place not in foreign.paths]
        assert not unknown, f"{one}: say in Foreign.paths what of another stands at {unknown}"
        if not one.named or _is_own(one):
            continue
        sent = _sent(one)
        for who in strangers:
            for values, nobodys in _pairs(one, foreign):
                theirs, nothing = _both(who, one, values, nobodys, sent)
                assert theirs == nothing, f"{one} as {who.handle}"
                assert theirs.status in {403, 404}, f"{one} as {who.handle}: {theirs}"
                tried += 1
    assert tried > 250


def test_every_filter_answers_alike(app: FastAPI, foreign: Foreign, strangers: list[Person]) -> None:
    tried = 0
    for one in operations(app.openapi()):
        if one.method != "get" or one.path in NO_ANSWER:
            continue
        for name in one.query:
            if name not in foreign.fields:
                assert name in PLAIN, f"{one}: say in Foreign.fields or PLAIN what {name!r} names"
                continue
            for who in strangers:
                for value in foreign.fields[name][0]:
                    tried += _alike(who, one, name, value, foreign)
    assert tried > 60


def _alike(who: Person, one: Operation, name: str, value: str, foreign: Foreign) -> int:
    address = one.address({part: foreign.paths[place][1]() for part, place in one.named.items()})
    own = who.get(address, params={name: "uccle"}) if name == "tenant" else None
    for attempt in range(2):
        nobodys = foreign.fields[name][1]()
        theirs = say(who, "get", address, (value,), params={name: value})
        nothing = say(who, "get", address, (nobodys,), params={name: nobodys})
        if theirs == nothing:
            break
        assert attempt == 0, f"{one}?{name}={value} as {who.handle}: {theirs} and {nothing}"
    assert own is None or own.status_code < 500
    return 1


def test_every_body_that_names_anothers_thing_answers_alike(
    app: FastAPI, foreign: Foreign, strangers: list[Person]
) -> None:
    tried = 0
    for one in operations(app.openapi()):
        if one.body is None:
            continue
        for way, by_id in fields(one.body, one.document):
            if way[-1] not in foreign.fields:
                assert way[-1] in PLAIN, f"{one}: say in Foreign.fields or PLAIN what {'/'.join(way)!r} names"
                continue
            if _is_own(one) or one.path.startswith("/api/v1/region:"):
                continue
            for who in strangers:
                values, nobodys = foreign.in_field(way[-1], by_id=by_id)
                assert values, f"{one}: no id of another's {way[-1]} in Foreign.fields"
                for value in values[:2]:
                    tried += _body_alike(who, one, way, value, nobodys, foreign)
    assert tried > 300


def _body_alike(
    who: Person, one: Operation, way: tuple[str, ...], value: str, maker: Callable[[], str], foreign: Foreign
) -> int:
    assert one.body is not None
    address = one.address({part: foreign.paths[place][1]() for part, place in one.named.items()})
    body = smallest(one.body, one.document, GOOD, way=way)
    for attempt in range(2):
        nobodys = maker()
        theirs = say(who, one.method, address, (value,), json=put(body, way, value))
        nothing = say(who, one.method, address, (nobodys,), json=put(body, way, nobodys))
        for said in (theirs, nothing):  # what is done once is answered otherwise ever after
            assert 400 <= said.status < 500, f"{one} with {'/'.join(way)} = {value} as {who.handle}: {said}"
        if theirs == nothing:
            break
        assert attempt == 0, f"{one} with {'/'.join(way)} = {value} as {who.handle}: {theirs} and {nothing}"
    return 1


def _is_own(one: Operation) -> bool:
    """It makes something under a name that the caller chooses."""
    return one.method in {"post", "put", "delete"} and bool(CHOSEN & set(one.named.values()))


def _sent(one: Operation) -> dict[str, Any]:
    return {} if one.body is None else {"json": smallest(one.body, one.document, GOOD)}


def _pairs(one: Operation, foreign: Foreign) -> Iterator[tuple[dict[str, str], Callable[[], dict[str, str]]]]:
    """Theirs in every parameter, beside nobody's: as many pairs as there are things of theirs."""
    for number in range(max(len(foreign.paths[place][0]) for place in one.named.values())):
        if set(one.named.values()) & {f"{shared}/ref" for shared in SHARED} and one.method == "get":
            return
        values = {
            part: foreign.paths[place][0][number % len(foreign.paths[place][0])] for part, place in one.named.items()
        }
        yield values, lambda: {part: foreign.paths[place][1]() for part, place in one.named.items()}


def _both(
    who: Person, one: Operation, values: dict[str, str], nobodys: Callable[[], dict[str, str]], sent: dict[str, Any]
) -> tuple[Said, Said]:
    """The two answers; asked twice where the first differ, for what is only read once (columns of a table)."""
    for _ in range(2):
        absent = nobodys()
        theirs = say(who, one.method, one.address(values), tuple(values.values()), **sent)
        nothing = say(who, one.method, one.address(absent), tuple(absent.values()), **sent)
        if theirs == nothing:
            break
    return theirs, nothing


# ---------------------------------------------------------------------------------------- lists, names, keys, events


def test_lists_are_as_if_the_others_were_not_there(
    app: FastAPI, foreign: Foreign, strangers: list[Person], before: dict[tuple[str, str], str]
) -> None:
    alone = {"/api/v1/calendar", "/api/v1/zones", "/api/v1/communes", "/api/v1/device-types"}  # everybody's
    # of now: figures, and when somebody was last seen
    told = {f"/api/v1/{name}" for name in ("status", "health", "tokens", "members", "me")} | {"/metrics"}
    for who in strangers:
        for path in lists(app):
            now = who.get(path).text
            for canary in foreign.canaries - {MARK}:
                assert canary not in now, (path, canary)
            assert MARK not in now, path
            if path not in alone | told:
                assert _steady(now) == _steady(before[who.handle, path]), path


def _steady(told: str) -> str:
    """Without what differs from request to request."""
    try:
        body = json.loads(told)
    except ValueError:
        return ""  # an archive, figures: looked through for canaries only
    if isinstance(body, dict):
        for now in ("request_id", "at"):
            body.pop(now, None)
    return json.dumps(body, sort_keys=True)


def test_the_same_name_and_the_same_key_are_free_for_everybody(foreign: Foreign, strangers: list[Person]) -> None:
    admin = strangers[1]
    assert len(foreign.made) >= 3
    for path, body, key, found in foreign.made:
        answer = admin.post(path, key=key, json=body)
        assert answer.status_code in {201, 202}, (path, answer.text)
        assert "Idempotency-Replayed" not in answer.headers
        assert found not in answer.text
    mine = admin.send("POST", f"/api/v1/terraform/state/tf-{MARK}", content=b'{"version":4,"serial":1,"lineage":"m"}')
    assert mine.json()["version"] == 1


def test_an_export_holds_nothing_of_others(foreign: Foreign, strangers: list[Person]) -> None:
    for who in strangers:
        answer = who.get("/api/v1/region:export")
        assert answer.status_code in {200, 403}
        if answer.status_code == 200:
            with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
                for name in archive.namelist():
                    kept = archive.read(name).decode()
                    assert not any(canary in kept for canary in foreign.canaries), name


def test_nobody_hears_what_happens_to_others(app: FastAPI, foreign: Foreign, strangers: list[Person]) -> None:
    with serve(app) as address:
        for who in strangers:
            heard = _listen(f"{address}/api/v1/events?after=0", who.token)
            for canary in foreign.canaries:
                assert canary not in heard, (who.handle, canary)
            said = []
            for change in (foreign.paths["changes/change_id"][0][0], str(uuid4())):
                sent = {"Authorization": f"Bearer {who.token}"}
                answer = httpx2.get(f"{address}/api/v1/changes/{change}/events", headers=sent, timeout=60)
                said.append((answer.status_code, answer.json()["detail"].replace(change, "<it>")))
            assert said[0] == said[1]
            assert said[0][0] == 404


def _listen(address: str, token: str) -> str:
    """What a stream says until it says nothing for a second."""
    heard = ""
    sent = {"Authorization": f"Bearer {token}"}
    with (
        httpx2.Client(timeout=httpx2.Timeout(10, read=1.0)) as client,
        client.stream("GET", address, headers=sent) as answer,
    ):
        assert answer.status_code == 200
        try:
            for line in answer.iter_lines():
                heard += line + "\n"
        except httpx2.ReadTimeout:
            return heard
    return heard
