"""Whatever is sent to any address, the answer is never a 500, and an error is always a problem with a hint."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case
from schemathesis.core.result import Ok

from tests.api.people import Person

pytestmark = pytest.mark.slow

NOT_HERE = ("/events", "/network/diff", "/devices:look", ":deactivate", "/memberships", "/audit/export")
"""Streams without end, what speaks to equipment, and what would take the caller's own rights away."""


def test_no_address_answers_500(app: FastAPI, client: TestClient, manager: Person) -> None:
    loaded = schemathesis.openapi.from_asgi("/openapi.json", app)
    wrong: dict[str, str] = {}
    asked = 0
    for found in loaded.get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()
        if any(part in operation.path for part in NOT_HERE):
            continue

        @given(case=operation.as_strategy())
        @settings(
            max_examples=10,
            deadline=None,
            derandomize=True,
            database=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        )
        def send(case: Case[Any]) -> None:
            nonlocal asked
            asked += 1
            headers = {
                "Authorization": f"Bearer {manager.token}",
                "Idempotency-Key": f"fuzz-{asked}",
                "If-Match": '"1"',
            }
            answer = case.call(headers=headers)
            name = f"{case.method} {case.operation.path}"
            if answer.status_code == 500 or (answer.status_code >= 400 and not answer.json().get("hint")):
                wrong[name] = answer.text

        send()
    assert asked > 300
    assert wrong == {}
