"""Bad input at the edge: always a problem with a code and a hint, never a 500."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from api.app import BODY_LIMIT
from tests.api.people import Person


def test_health_needs_no_token_and_names_its_parts(client: TestClient) -> None:
    answer = client.get("/api/v1/health")
    assert answer.status_code == 200
    assert answer.json()["parts"]["database"]["status"] == "ok"


def test_a_request_id_is_accepted_when_sane_and_replaced_when_not(client: TestClient) -> None:
    assert client.get("/api/v1/health", headers={"X-Request-Id": "desk-7.a"}).headers["x-request-id"] == "desk-7.a"
    for bad in ("a b", "x" * 65, "<script>", "-"):
        given = client.get("/api/v1/health", headers={"X-Request-Id": bad}).headers["x-request-id"]
        assert given != bad
        assert len(given) == 32


def test_an_unknown_address_is_a_problem(client: TestClient) -> None:
    answer = client.get("/api/v1/nothing")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["type"] == "/problems/CORE-104"
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert client.get(problem["type"]).status_code == 200


def test_another_method_is_405(client: TestClient) -> None:
    answer = client.put("/api/v1/health")
    assert (answer.status_code, answer.json()["code"]) == (405, "API-105")


def test_ten_megabytes_are_refused_with_a_hint(engineer: Person) -> None:
    answer = engineer.post("/api/v1/tokens", content=b" " * 10_485_760)
    assert answer.status_code == 413
    assert answer.json()["fields"]["limit"] == BODY_LIMIT

    def chunks() -> object:
        for _ in range(11):
            yield b" " * 1_048_576

    assert engineer.post("/api/v1/tokens", content=chunks()).status_code == 413


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (b'{"name": ', "application/json", 400, "API-100"),
        (b"\xff\xfe", "application/json", 400, "API-100"),
        (b'{"name": "a\\u0000b"}', "application/json", 400, "API-100"),
        (b'{"name": "a\x00b"}', "application/json", 400, "API-100"),
        (b"[" * 100_000, "application/json", 400, "API-100"),
        (b'{"name": "\\ud800"}', "application/json", 422, "CORE-100"),
        (b"name=a", "application/x-www-form-urlencoded", 415, "API-101"),
        (b"[]", "application/json", 422, "CORE-100"),
        (b"null", "application/json", 422, "CORE-100"),
        (b'{"name": 5}', "application/json", 422, "CORE-100"),
        (b'{"name": "a", "else": 1}', "application/json", 422, "CORE-100"),
        (b'{"name": "a", "scopes": ["nothing:here"]}', "application/json", 422, "CORE-100"),
        (b"", "application/json", 422, "CORE-100"),
    ],
)
def test_a_bad_body_gives_a_clear_4xx(engineer: Person, body: bytes, content_type: str, status: int, code: str) -> None:
    answer = engineer.post("/api/v1/tokens", content=body, headers={"Content-Type": content_type})
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.json()["hint"]


def test_an_escaped_backslash_before_u0000_is_no_nul(engineer: Person) -> None:
    answer = engineer.post("/api/v1/tokens", json={"name": "a\\u0000b", "scopes": ["network:read"]})
    assert answer.status_code == 201, answer.text


def test_pointers_name_every_wrong_field(engineer: Person) -> None:
    answer = engineer.post("/api/v1/tokens", json={"name": 5, "scopes": [1]})
    assert {error["pointer"] for error in answer.json()["errors"]} == {"/name", "/scopes/0"}


def test_a_nul_in_the_address_is_refused(engineer: Person) -> None:
    assert engineer.get("/api/v1/tenants/a%00b").status_code == 400


def test_an_impossible_id_is_simply_not_found(engineer: Person) -> None:
    answer = engineer.send("DELETE", "/api/v1/tokens/not-a-uuid")
    assert (answer.status_code, answer.json()["code"]) == (404, "CORE-104")


def test_the_docs_ask_nothing_of_any_other_server(client: TestClient) -> None:
    page = client.get("/docs")
    assert "http://" not in page.text
    assert "https://" not in page.text
    assert "'unsafe-inline'" not in page.headers["content-security-policy"]
    for path in ("/static/api/swagger-ui/swagger-ui.css", "/static/api/swagger-ui/swagger-ui-bundle.js"):
        assert client.get(path).status_code == 200
    assert client.get("/openapi.json").json()["openapi"].startswith("3.1")


def test_every_error_code_has_a_page_and_stands_once(client: TestClient) -> None:
    items = client.get("/api/v1/errors").json()["items"]
    codes = [item["code"] for item in items]
    assert len(codes) == len(set(codes)) > 20
    for item in items:
        assert client.get(item["type"]).status_code == 200
        assert item["hint"]
        assert item["meaning"]


def test_metrics_are_prometheus_text(client: TestClient) -> None:
    assert "irisplane_requests_total" in client.get("/metrics").text
