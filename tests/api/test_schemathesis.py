"""Whatever is sent to any address, the answer is never a 5xx, and always one that the OpenAPI document names.

One minute in ``make test``, ten with ``IRISPLANE_LONG=1``; every address is asked at least once. Rounds are seeded, so
a failure comes again; each is told with the curl command that shows it.
"""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, seed
from hypothesis import settings as rounds
from hypothesis import strategies as st
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.limits import Limits
from core.db import Database
from core.journal.reader import Announcements
from core.settings import Settings, get_settings
from tests.api.people import Hire, Person

pytestmark = pytest.mark.slow

SECONDS = 600 if os.environ.get("IRISPLANE_LONG") == "1" else 60
EXAMPLES = 4
AWAY = frozenset({"HST-110"})
"""Codes of a 503 that is right here: this test has no private cloud."""

WANTED = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture(scope="module")
def callers(hire: Hire, manager: Person, engineer: Person, agent: Person) -> list[Person | None]:
    """Who asks: mostly who may do most, so that requests come far; ``None`` has no token."""
    return [manager, manager, manager, engineer, engineer, agent, hire("reader", "auditor"), None]


@pytest.fixture(scope="module", autouse=True)
def keys(settings: Settings) -> Iterator[None]:
    """What is sealed on the way (user data) is sealed with the key of these tests."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("IRISPLANE_KEY_FILE", str(settings.key_file))
        get_settings.cache_clear()
        yield
    get_settings.cache_clear()


@pytest.fixture(scope="module", autouse=True)
def something(engineer: Person, manager: Person, app: FastAPI, database: Database) -> None:
    """A region to ask about: nothing in it is reached, so what asks equipment says that it cannot."""
    made = engineer.post("/api/v1/region:import?builtin=brussels", headers={"X-Reason": "a region to ask about"})
    assert made.status_code == 201, made.text
    device = {"name": "ac01", "role": "access", "device_type": "FRRouting/FRR", "site": "TH-21009"}
    assert engineer.post("/api/v1/devices", json=device).status_code == 201
    assert manager.post("/api/v1/webhooks", json={"url": "https://93.184.215.14/"}).status_code == 201
    freeze = {"kind": "freeze", "name": "f", "begins": "2030-06-01T00:00:00Z", "ends": "2030-06-03T00:00:00Z"}
    assert manager.post("/api/v1/calendar", json=freeze).status_code == 201
    app.state.announcements = Announcements(database)
    app.state.announcements.stop()  # an event stream then ends where it would wait for ever


def known_values(schema: Any, manager: Person) -> dict[str, dict[str, list[str]]]:
    """List address → parameter → values that exist: so that half of the requests find something."""
    found: dict[str, dict[str, list[str]]] = {}
    for path, operations in schema.raw_schema["paths"].items():
        if "get" not in operations or "{" in path or not any(other.startswith(f"{path}/{{") for other in schema):
            continue
        answer = manager.get(path)
        body = answer.json() if answer.status_code == 200 else []
        items = body.get("items", []) if isinstance(body, dict) else []
        values: dict[str, list[str]] = defaultdict(list)
        for item in items[:20]:
            for key in ("id", "code", "handle", "name", "seq", "public_id"):
                if key in item:
                    values[key].append(str(item[key]))
        found[path] = dict(values)
    found.pop("/api/v1/tokens")  # the callers' own among them
    return found


def with_what_exists(case: Case[Any], known: Mapping[str, Mapping[str, list[str]]], pick: int) -> None:
    """Put an existing thing's key into the path, and any version into ``If-Match``."""
    base = case.operation.path.partition("/{")[0]
    values = known.get(base) or known.get(base.replace("/network/", "/"), {})
    for name in case.path_parameters or {}:
        kind = name if name in values else "id"
        chosen = values.get(kind, [])
        if chosen and case.path_parameters is not None:
            case.path_parameters[name] = chosen[pick % len(chosen)]
    if "If-Match" in case.headers:
        case.headers["If-Match"] = "*"


def spared(case: Case[Any], callers: list[Person | None]) -> bool:
    """Whether a request would take away what the callers themselves stand on."""
    own = {person.handle for person in callers if person} | {"region", "ixelles"}
    values = {str(value) for value in (case.path_parameters or {}).values()}
    return case.method == "GET" or not own & values


def test_every_answer_is_documented_and_none_is_5xx(
    app: FastAPI, callers: list[Person | None], manager: Person
) -> None:
    unlimited = {"rate_limit": "off", "rate_limit_address": "off", "rate_limit_refused": "off"}
    app.state.limits = Limits(app.state.settings.model_copy(update=unlimited))
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
    assert len(operations) > 100
    wrong: dict[str, str] = {}
    asked: dict[str, set[int]] = defaultdict(set)
    ends = time.monotonic() + SECONDS
    for turn in count():
        known = known_values(schema, manager)
        for number, operation in enumerate(operations):
            if turn > 0 and time.monotonic() > ends:
                break

            @given(
                case=operation.as_strategy(),
                caller=st.sampled_from(callers),
                exists=st.booleans(),
                pick=st.integers(0, 19),
            )
            @seed(turn * 10_000 + number)
            @rounds(
                max_examples=EXAMPLES,
                deadline=None,
                database=None,
                phases=(Phase.generate,),
                suppress_health_check=list(HealthCheck),
            )
            def send(case: Case[Any], caller: Person | None, exists: bool, pick: int) -> None:
                if exists:
                    with_what_exists(case, known, pick)  # noqa: B023 - run at once
                if not spared(case, callers):
                    return
                headers = {"Authorization": f"Bearer {caller.token}"} if caller else {}
                name = f"{case.method} {case.operation.path}"
                try:
                    answer = case.call(headers=headers)
                    asked[name].add(answer.status_code)
                    away = answer.status_code == 503 and answer.json().get("code") in AWAY
                    case.validate_response(answer, checks=WANTED[1:] if away else WANTED, headers=headers)
                except FailureGroup as failures:
                    for failure in failures.exceptions:
                        shown = case.as_curl_command(headers={"Authorization": "Bearer $TOKEN"} if caller else {})
                        said = f"{failure}\nas {caller.handle if caller else 'nobody'}:\n  {shown}"
                        wrong.setdefault(f"{name}: {type(failure).__name__}", said)

            send()
        else:
            continue
        break
    assert not wrong, "\n\n".join(f"{name}\n{text}" for name, text in sorted(wrong.items()))
    assert asked.keys() == {f"{one.method.upper()} {one.path}" for one in operations}
    statuses = set().union(*asked.values())
    assert {200, 201, 204, 400, 401, 403, 404, 409, 412, 422} <= statuses, f"too few kinds of answer: {statuses}"
