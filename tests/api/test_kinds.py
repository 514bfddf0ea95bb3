"""What may be asked for can be looked up."""

from __future__ import annotations

from fastapi.testclient import TestClient

from tests.api.people import Person


def test_every_kind_shows_the_shape_of_its_intent(engineer: Person) -> None:
    found = {kind["name"]: kind for kind in engineer.get("/api/v1/kinds").json()["items"]}
    assert {"inventory.edit", "network.config", "network.snippet"} <= set(found)
    assert found["network.snippet"]["intent"]["properties"]["select"]["type"] == "string"
    assert found["network.snippet"]["title"]


def test_a_stranger_does_not_see_them(client: TestClient) -> None:
    assert client.get("/api/v1/kinds").status_code == 401
