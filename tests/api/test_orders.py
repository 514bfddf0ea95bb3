"""Orders: what each is about, costs, waits for, who decides and how it ended; one statement."""

from __future__ import annotations

import pytest

from tests.api.people import Hire, Person
from tests.api.walking import counting


@pytest.fixture(scope="module")
def user(hire: Hire) -> Person:
    return hire("orderer", "agency-user", tenant="ixelles")


def _ask(person: Person, granted: int) -> str:
    body = {"resource": "servers", "granted": granted, "project": "main", "reason": f"{granted} of them"}
    answer = person.post("/api/v1/quotas", json=body)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def test_an_order_says_what_it_waits_for_who_decides_and_how_it_ended(user: Person, manager: Person) -> None:
    first, second = _ask(user, 50), _ask(user, 60)
    refused = manager.post(f"/api/v1/changes/{second}:reject", json={"reason": "too many"})
    assert refused.status_code == 200, refused.text
    orders = {one["id"]: one for one in user.get("/api/v1/orders").json()["items"]}
    waits = orders[first]
    assert (waits["state"], waits["waiting_for"], waits["requested_by"]) == ("waiting", ["platform-manager"], "orderer")
    assert [(one["role"], one["rule"]) for one in waits["decides"]] == [
        ("platform-manager", "quota-needs-the-platform")
    ]
    assert waits["resource"]["type"] == "project"
    assert waits["resource"]["href"] == f"/api/v1/projects/{waits['resource']['id']}"
    assert waits["reason"] == "50 of them"
    ended = orders[second]
    assert ended["state"] == "rejected"
    assert [(one["by"], one["decision"], one["reason"]) for one in ended["decisions"]] == [
        ("manager", "reject", "too many")
    ]


def test_orders_are_filtered_and_paged(user: Person, agent: Person, manager: Person) -> None:
    mine, other = _ask(user, 70), _ask(agent, 80)
    ids = [one["id"] for one in user.get("/api/v1/orders?requested_by=orderer&state=waiting").json()["items"]]
    assert mine in ids
    assert other not in ids
    assert user.get("/api/v1/orders?kind=hosting.server.create").json()["items"] == []
    assert user.get("/api/v1/orders?tenant=uccle").json()["items"] == []
    assert mine in {one["id"] for one in manager.get("/api/v1/orders?tenant=ixelles").json()["items"]}
    first = user.get("/api/v1/orders?limit=1")
    assert [one["id"] for one in first.json()["items"]] == [other]
    rest = user.get(first.headers["Link"].split(">")[0][1:]).json()["items"]
    assert rest[0]["id"] == mine
    assert user.get("/api/v1/orders?cursor=bm8").status_code == 400
    with counting() as statements:
        user.get("/api/v1/orders?limit=1000&state=waiting")
    assert sum("from change c" in statement for statement in statements) == 1
    assert len(statements) <= 3  # the scope, and the driver's own look at a connection
