"""What the OpenAPI document says beside each endpoint's own result."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient


@pytest.fixture(scope="module")
def paths(client: TestClient) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/openapi.json").json()["paths"]
    return found


def test_problems_are_named_by_what_an_endpoint_asks_for(paths: dict[str, Any]) -> None:
    creating = paths["/api/v1/tokens"]["post"]["responses"]
    assert {"201", "400", "401", "403", "404", "408", "409", "413", "415", "422", "428", "429", "503"} <= set(creating)
    reading = paths["/api/v1/tokens"]["get"]["responses"]
    assert "401" in reading
    assert not {"408", "409", "413", "428"} & set(reading)
    public = paths["/api/v1/health"]["get"]["responses"]
    assert not {"401", "403"} & set(public)


def test_the_headers_that_writing_needs_are_parameters(paths: dict[str, Any]) -> None:
    assert paths["/api/v1/tokens"]["post"]["parameters"] == [{"$ref": "#/components/parameters/IdempotencyKey"}]
    altering = paths["/api/v1/devices/{ref}"]["patch"]["parameters"]
    assert {"$ref": "#/components/parameters/IfMatch"} in altering


def test_the_scopes_that_an_endpoint_asks_for_are_named(paths: dict[str, Any]) -> None:
    assert paths["/api/v1/secrets"]["get"]["security"][0] == {"token": ["secret:read"]}
    assert "security" not in paths["/api/v1/health"]["get"]


def test_a_change_that_goes_on_tells_when_to_look_again(paths: dict[str, Any]) -> None:
    for path, method, status in (
        ("/api/v1/changes", "post", "202"),
        ("/api/v1/devices", "post", "202"),
        ("/api/v1/changes/{change_id}", "get", "200"),
    ):
        assert "Retry-After" in paths[path][method]["responses"][status]["headers"], path


def test_every_reference_leads_somewhere(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    waiting: list[Any] = [document]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            if isinstance(part.get("$ref"), str):
                found = document
                for step in part["$ref"].removeprefix("#/").split("/"):
                    found = found[step]
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part
