"""What the OpenAPI document says beside each endpoint's own result."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from fastapi.testclient import TestClient

from api.shapes import Shape, answers
from tests.documented import Watch, taken


class Thing(Shape):
    """Something with an id."""

    id: UUID


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


FREE: dict[str, str] = {
    "/api/v1/ansible-inventory": "groups by name: the form is Ansible's own",
    "/api/v1/devices/{ref}/context": "what people wrote into contexts",
    "/api/v1/terraform/state/{name}": "a state as Terraform wrote it",
    "/api/v1/terraform/state/{name}/versions/{number}": "a state as Terraform wrote it",
}
"""Answers without fields of their own, and why."""


def successes(paths: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Address, operation with status, and schema of every successful JSON answer."""
    for path, operations in paths.items():
        for method, operation in operations.items():
            for status, answer in operation["responses"].items():
                if status.startswith("2") and "application/json" in answer.get("content", {}):
                    yield path, f"{method} {path} {status}", answer["content"]["application/json"]["schema"]


def test_every_success_has_a_schema(paths: dict[str, Any]) -> None:
    told = list(successes(paths))
    assert len(told) > 400
    assert [name for path, name, schema in told if path not in FREE and not schema.keys() & {"$ref", "items"}] == []
    free = {path for path, _, schema in told if not schema.keys() & {"$ref", "items"}}
    assert free == FREE.keys()


def test_objects_of_successes_are_closed_and_name_what_is_always_there(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    waiting: list[Any] = [schema for _, _, schema in successes(document["paths"])]
    seen: dict[str, dict[str, Any]] = {}
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting += part
        elif isinstance(part, dict):
            name = str(part.get("$ref", "")).removeprefix("#/components/schemas/")
            if name and name not in seen:
                seen[name] = document["components"]["schemas"][name]
                waiting.append(seen[name])
            waiting += [value for key, value in part.items() if key != "$ref"]
    assert len(seen) > 100
    objects = {name: schema for name, schema in seen.items() if "properties" in schema}
    assert [name for name, schema in objects.items() if schema.get("additionalProperties") is not False] == []
    assert [name for name, schema in objects.items() if not schema.get("required")] == []


def test_an_answer_that_says_more_is_noted() -> None:
    app = FastAPI()
    app.add_api_route("/thing", lambda: JSONResponse({"id": str(UUID(int=1)), "more": 1}), responses=answers(Thing))
    app.add_api_route("/other", lambda: JSONResponse({"id": "1"}, 201), responses=answers(Thing))
    with TestClient(Watch(app, described=app)) as anybody:
        anybody.get("/thing")
        anybody.get("/other")
    noted = taken()
    assert "more" in noted["GET /thing 200"]
    assert "does not name" in noted["GET /other 201"]


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
