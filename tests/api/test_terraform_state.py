"""Terraform's state backend: locks are respected, versions kept and sealed, tenants apart, nothing of a state leaks."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import threading
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import text

from api.app import BODY_LIMIT, create_app
from core.db import Database
from core.journal.sequencer import Sequencer
from core.keyring import KeyFile, Unreadable
from core.rotation import rotate
from core.settings import Settings
from datacenter.hosting.terraform_state.store import StateStore, sweep
from tests.api.people import SYSTEM, Hire, Person
from tests.documented import watched

CANARY = "kanarie-in-a-state-4711"
AT = "/api/v1/terraform/state/"


def a_state(serial: int = 1, *, lineage: str = "l-1", value: str = CANARY, **more: object) -> bytes:
    resources = [{"type": "terraform_data", "instances": [{"attributes": {"input": value, "n": 1.50}}]}]
    return json.dumps(
        {
            "version": 4,
            "terraform_version": "1.11.4",
            "serial": serial,
            "lineage": lineage,
            "resources": resources,
            **more,
        }
    ).encode()


def a_lock(lock_id: str, who: str = "ann@desk") -> dict[str, str]:
    return {
        "ID": lock_id, "Operation": "OperationTypeApply", "Info": "", "Who": who, "Version": "1.11.4",
        "Created": "2026-11-29T10:00:00Z", "Path": "",
    }  # fmt: skip


@pytest.fixture(scope="module")
def other(hire: Hire) -> Person:
    return hire("neighbour", "agency-admin", tenant="uccle")


@pytest.fixture
def name() -> str:
    return f"s-{uuid4().hex[:12]}"


def test_what_was_written_is_given_back_to_the_byte(agent: Person, name: str) -> None:
    assert agent.get(AT + name).status_code == 404
    sent = b"  " + a_state()
    written = agent.send("POST", AT + name, content=sent)
    assert (written.status_code, written.json()) == (200, {"name": name, "version": 1, "serial": 1})
    got = agent.get(AT + name)
    assert (got.status_code, got.content, got.headers["etag"]) == (200, sent, '"1"')
    assert got.headers["content-md5"] == base64.b64encode(hashlib.md5(sent, usedforsecurity=False).digest()).decode()
    assert got.headers["cache-control"] == "no-store"
    assert agent.get(AT + name, headers={"If-None-Match": '"1"'}).status_code == 304


def test_a_repeated_write_adds_no_version(agent: Person, name: str) -> None:
    for _ in range(3):
        assert agent.send("POST", AT + name, content=a_state(5)).json()["version"] == 1
    assert agent.send("POST", AT + name, content=a_state(6)).json()["version"] == 2
    assert agent.send("POST", AT + name, content=a_state(5)).json()["version"] == 3


@pytest.mark.parametrize("way", ["LOCK", "PUT"])
def test_a_lock_is_told_to_who_comes_second_and_only_its_holder_writes(
    agent: Person, hire: Hire, name: str, way: str
) -> None:
    lock, unlock = (AT + name, AT + name) if way == "LOCK" else (f"{AT}{name}/lock", f"{AT}{name}/lock")
    free = "UNLOCK" if way == "LOCK" else "DELETE"
    assert agent.send(way, lock, json=a_lock("one")).status_code == 200
    assert agent.send(way, lock, json=a_lock("one")).status_code == 200, "the answer may have been lost"
    second = agent.send(way, lock, json=a_lock("two", "bob@desk"))
    assert second.status_code == 423
    assert second.headers["content-type"] == "application/problem+json"
    assert {key: second.json()[key] for key in a_lock("one")} == a_lock("one")
    assert (second.json()["code"], second.json()["status"]) == ("HST-203", 423)
    for wrong in ("", "?ID=two"):
        refused = agent.send("POST", AT + name + wrong, content=a_state())
        assert (refused.status_code, refused.json()["ID"]) == (423, "one")
        assert agent.send("DELETE", AT + name + wrong).status_code == 423
    assert agent.send("POST", AT + name + "?ID=one", content=a_state()).status_code == 200
    assert agent.get(f"{AT}{name}/lock").json()["held_by"] == "agent"
    assert agent.send(free, unlock, json={"ID": "two"}).status_code == 423
    assert agent.send(free, unlock, json=a_lock("one")).status_code == 200
    assert agent.send(free, unlock, json=a_lock("one")).status_code == 200, "the answer may have been lost"
    assert agent.get(f"{AT}{name}/lock").status_code == 404


def test_who_lost_the_lock_does_not_write_over_the_next_run(agent: Person, name: str) -> None:
    agent.send("LOCK", AT + name, json=a_lock("one"))
    agent.send("POST", AT + name + "?ID=one", content=a_state(1))
    assert agent.send("UNLOCK", AT + name).status_code == 200  # force-unlock names none
    late = agent.send("POST", AT + name + "?ID=one", content=a_state(2))
    assert (late.status_code, late.json()["code"]) == (409, "HST-204")
    agent.send("LOCK", AT + name, json=a_lock("two"))
    assert agent.send("POST", AT + name + "?ID=one", content=a_state(2)).status_code == 423


def test_of_many_runs_at_once_one_gets_the_lock(agent: Person, name: str) -> None:
    answers: list[int] = []

    def run(n: int) -> None:
        answers.append(agent.send("LOCK", AT + name, json=a_lock(f"run-{n}")).status_code)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200] + [423] * 11


def test_a_lock_without_a_state_leaves_nothing_behind(agent: Person, name: str) -> None:
    agent.send("LOCK", AT + name, json=a_lock("one"))
    assert agent.get(AT + name).status_code == 404
    assert agent.get(f"/api/v1/terraform/state?name={name}").json()["items"][0]["version"] == 0
    agent.send("UNLOCK", AT + name, json=a_lock("one"))
    assert agent.get(f"/api/v1/terraform/state?name={name}").json()["items"] == []


@pytest.mark.parametrize(
    "body",
    [
        b"", b"null", b"[]", b"{", b"\xff\xfe{}", b'{"serial": 1}', b'{"serial": "1", "lineage": "x"}',
        b'{"serial": -1, "lineage": "x"}', b'{"serial": 1, "lineage": ""}', b'{"serial": 1, "lineage": "\\u0000"}',
        b"[" * 100_000, a_state()[:-20], b'{"serial": 99999999999999999999, "lineage": "x"}',
        b'{"serial": 1, "lineage": "x", "resources": {"password": "' + CANARY.encode(),
    ],
    ids=range(14),
)  # fmt: skip
def test_what_is_no_state_is_refused_and_not_repeated(agent: Person, name: str, body: bytes) -> None:
    answer = agent.send("POST", AT + name, content=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "HST-200"), answer.text
    assert CANARY not in answer.text
    assert agent.get(AT + name).status_code == 404


def test_a_body_that_was_altered_on_its_way_is_refused(agent: Person, name: str) -> None:
    right = base64.b64encode(hashlib.md5(a_state(), usedforsecurity=False).digest()).decode()
    for digest in (base64.b64encode(bytes(16)).decode(), "?", ""):
        answer = agent.send("POST", AT + name, content=a_state(), headers={"Content-MD5": digest})
        assert (answer.status_code, answer.json()["code"]) == (422, "HST-201")
    assert agent.send("POST", AT + name, content=a_state(), headers={"Content-MD5": right}).status_code == 200


@pytest.mark.parametrize("bad", ["a%20b", "-a", ".a", "é", "a" * 101, "%E2%80%AEx", "a%0Ab", "%F0%9D%95%92"])
def test_a_name_is_plain_text(agent: Person, bad: str) -> None:
    for method, body in (("GET", None), ("POST", a_state()), ("LOCK", json.dumps(a_lock("x")).encode())):
        answer = agent.send(method, AT + bad, content=body, headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/name"), answer.text


def test_a_lock_must_say_who_it_is(agent: Person, name: str) -> None:
    bodies: list[object] = [{}, {"ID": ""}, {"ID": "a b"}, {"ID": "x" * 101}, {"ID": "x", "Info": "i" * 1001}, []]
    for body in bodies:
        assert agent.send("LOCK", AT + name, json=body).status_code == 422
    json_type = {"Content-Type": "application/json"}
    assert agent.send("LOCK", AT + name, content=b"{", headers=json_type).status_code == 400


def test_eight_mebibytes_pass_and_more_is_refused_with_the_limit(agent: Person, name: str) -> None:
    empty = a_state(value="")
    whole = a_state(value="x" * (BODY_LIMIT - len(empty)))
    assert len(whole) == BODY_LIMIT
    assert agent.send("POST", AT + name, content=whole).status_code == 200
    assert agent.get(AT + name).content == whole
    answer = agent.send("POST", AT + name, content=whole + b" ")
    assert (answer.status_code, answer.json()["fields"]) == (413, {"limit": BODY_LIMIT})


def test_a_limit_below_the_bodys_is_a_setting(database: Database, settings: Settings, agent: Person, name: str) -> None:
    small = watched(create_app(database, settings.model_copy(update={"terraform_state_mib": 1})))
    client = TestClient(small, headers={"Authorization": f"Bearer {agent.token}"})
    answer = client.post(AT + name, content=a_state(value="x" * (1 << 20)))
    assert (answer.status_code, answer.json()["fields"]) == (413, {"limit": 1 << 20})


def test_a_nul_character_in_a_value_is_kept(agent: Person, name: str) -> None:
    sent = a_state(value="a\x00b")
    assert agent.send("POST", AT + name, content=sent).status_code == 200
    assert agent.get(AT + name).content == sent


# ---------------------------------------------------------------------------------------------------------- versions


def test_every_version_is_kept_up_to_the_bound(
    database: Database, settings: Settings, agent: Person, name: str
) -> None:
    app = watched(create_app(database, settings.model_copy(update={"terraform_state_versions": 3})))
    client = TestClient(app, headers={"Authorization": f"Bearer {agent.token}"})
    for serial in range(1, 6):
        assert client.post(AT + name, content=a_state(serial)).status_code == 200
    items = client.get(f"{AT}{name}/versions").json()["items"]
    assert [(one["version"], one["serial"]) for one in items] == [(5, 5), (4, 4), (3, 3)]
    assert items[0]["written_by"] == "agent"
    assert client.get(f"{AT}{name}/versions/3").content == a_state(3)
    assert client.get(f"{AT}{name}/versions/2").status_code == 404
    first = client.get(f"{AT}{name}/versions?limit=2")
    rest = client.get(first.links["next"]["url"]).json()
    assert ([one["version"] for one in rest["items"]], rest["next"]) == ([3], None)


def test_an_earlier_version_is_restored_under_a_serial_of_its_own(agent: Person, name: str) -> None:
    exact = b'{"version":4,"serial":7,"lineage":"l","big":123456789012345678901234567890.10,"e":1e500,"s":"\\u00e9"}'
    agent.send("POST", AT + name, content=exact)
    agent.send("POST", AT + name, content=a_state(8, lineage="l"))
    path = f"{AT}{name}/versions/1:restore"
    assert agent.send("POST", path).status_code == 428
    assert agent.send("POST", path, headers={"If-Match": '"1"'}).status_code == 412
    made = agent.send("POST", path, headers={"If-Match": '"2"'})
    assert made.json() == {"name": name, "version": 3, "serial": 9}
    assert agent.get(AT + name).content == exact.replace(b'"serial":7', b'"serial":9')
    newest = agent.get(f"{AT}{name}/versions").json()["items"][0]
    assert (newest["restored_from"], newest["serial"]) == (1, 9)
    agent.send("LOCK", AT + name, json=a_lock("one"))
    assert agent.send("POST", path, headers={"If-Match": '"3"'}).status_code == 423
    assert agent.send("POST", path + "?ID=one", headers={"If-Match": '"3"'}).status_code == 200
    assert agent.send("POST", f"{AT}{name}/versions/99:restore?ID=one", headers={"If-Match": "*"}).status_code == 404


def test_a_deleted_state_can_be_brought_back_until_it_is_purged(database: Database, agent: Person, name: str) -> None:
    agent.send("POST", AT + name, content=a_state(3))
    assert agent.send("DELETE", AT + name).status_code == 200
    assert agent.get(AT + name).status_code == 404
    assert agent.send("DELETE", AT + name).status_code == 404
    assert agent.get(f"/api/v1/terraform/state?name={name}").json()["items"] == []
    assert agent.get(f"/api/v1/terraform/state?name={name}&deleted=true").json()["items"][0]["deleted_at"]
    sweep(database)
    assert agent.get(f"{AT}{name}/versions/1").content == a_state(3)
    back = agent.send("POST", f"{AT}{name}/versions/1:restore", headers={"If-Match": '"1"'})
    assert back.json()["serial"] == 4
    assert agent.get(AT + name).status_code == 200
    agent.send("DELETE", AT + name)
    with database.transaction("platform", SYSTEM) as tx:
        tx.execute(
            text("update terraform_state set deleted_at = now() - interval '31 days' where name = :n"), {"n": name}
        )
    sweep(database)
    assert agent.get(f"{AT}{name}/versions").status_code == 404
    agent.send("POST", AT + name, content=a_state(3))
    assert agent.send("DELETE", AT + name + "?purge=true").status_code == 200
    assert agent.get(f"{AT}{name}/versions/1").status_code == 404


def test_a_tenants_states_have_a_bound_together(database: Database, settings: Settings, hire: Hire) -> None:
    full = hire("full", "agency-user", tenant="uccle")
    app = watched(create_app(database, settings.model_copy(update={"terraform_states_mib": 8})))
    client = TestClient(app, headers={"Authorization": f"Bearer {full.token}"})
    noise = [base64.b64encode(hashlib.shake_256(bytes([n])).digest(5 << 20)).decode() for n in range(2)]
    assert client.post(AT + "noise-0", content=a_state(value=noise[0])).status_code == 200
    answer = client.post(AT + "noise-1", content=a_state(value=noise[1]))
    assert (answer.status_code, answer.json()["code"]) == (409, "HST-205")
    assert "--purge" in answer.json()["hint"]
    assert client.delete(AT + "noise-0?purge=true").status_code == 200
    assert client.post(AT + "noise-1", content=a_state(value=noise[1])).status_code == 200


# ------------------------------------------------------------------------------------------------------ whose it is


def test_a_name_is_a_tenants_own_and_nothing_tells_of_anothers(agent: Person, other: Person, name: str) -> None:
    agent.send("POST", AT + name, content=a_state())
    agent.send("LOCK", AT + name, json=a_lock("one"))
    absent = f"s-{uuid4().hex[:12]}"
    for method, path in (
        ("GET", ""), ("GET", "/lock"), ("GET", "/versions"), ("GET", "/versions/1"), ("DELETE", ""), ("UNLOCK", ""),
        ("POST", "/versions/1:restore"),
    ):  # fmt: skip
        said = []
        for which in (name, absent):
            answer = other.send(method, f"{AT}{which}{path}", headers={"If-Match": "*"})
            body = {key: value for key, value in answer.json().items() if key != "request_id"}
            said.append((answer.status_code, json.dumps(body).replace(which, "<it>")))
        assert said[0] == said[1], (method, path)
    assert name not in other.get("/api/v1/terraform/state?deleted=true").text
    assert other.send("LOCK", AT + name, json=a_lock("two")).status_code == 200
    assert other.send("POST", AT + name + "?ID=two", content=a_state(value="theirs")).json()["version"] == 1
    assert agent.get(AT + name).content == a_state()
    other.send("UNLOCK", AT + name, json=a_lock("two"))


def test_the_regions_staff_has_its_own_states_only(agent: Person, manager: Person, name: str) -> None:
    agent.send("POST", AT + name, content=a_state())
    assert manager.get(AT + name).status_code == 404
    assert name not in manager.get("/api/v1/terraform/state").text


def test_who_only_looks_does_not_read_a_states_passwords(hire: Hire, agent: Person, name: str) -> None:
    auditor = hire("looker", "auditor", tenant="ixelles")
    agent.send("POST", AT + name, content=a_state())
    assert name in auditor.get("/api/v1/terraform/state").text
    assert auditor.get(AT + name).status_code == 403
    assert auditor.get(f"{AT}{name}/versions/1").status_code == 403


def test_a_narrower_token_reads_and_does_not_write(hire: Hire, name: str) -> None:
    reader = hire("reader", "agency-user", tenant="ixelles", scopes=("hosting:read",))
    nothing = hire("nothing", "agency-user", tenant="ixelles", scopes=("change:read",))
    assert reader.get(AT + name).status_code == 404
    for method in ("POST", "LOCK", "UNLOCK", "DELETE"):
        assert reader.send(method, AT + name, json=a_lock("x")).status_code == 403
    assert nothing.get(AT + name).status_code == 403


def test_basic_opens_this_door_and_no_other(app: FastAPI, agent: Person, name: str) -> None:
    client = TestClient(app)
    assert client.post(AT + name, content=a_state(), auth=("irisplane", agent.token)).status_code == 200
    assert client.get(AT + name, auth=("", agent.token)).content == a_state()
    assert client.get("/api/v1/me", auth=("irisplane", agent.token)).status_code == 401
    refused = client.get(AT + name, auth=("irisplane", "irp_wrong"))
    assert refused.status_code == 401
    assert "Basic" in refused.headers["www-authenticate"]
    assert "Basic" not in client.get("/api/v1/me").headers["www-authenticate"]
    for bad in ("Basic", "Basic ?", "Basic " + base64.b64encode(b"no-colon").decode(), "Basic /////w=="):
        assert client.get(AT + name, headers={"Authorization": bad}).status_code == 401


# ------------------------------------------------------------------------------------------------ sealed, never told


def test_a_state_rests_sealed_and_bound_to_its_place(
    database: Database, settings: Settings, agent: Person, tenants: dict[str, UUID], name: str
) -> None:
    agent.send("POST", AT + name, content=a_state(1))
    agent.send("POST", AT + name, content=a_state(2))
    with database.transaction("platform", SYSTEM) as tx:
        sealed = tx.execute(
            text("select v.sealed from terraform_state_version v join terraform_state s on s.id = v.state_id"
                 " where s.name = :name order by v.number"), {"name": name},
        ).scalars().all()  # fmt: skip
        assert all(CANARY.encode() not in bytes(one) for one in sealed)
        tx.execute(
            text("update terraform_state_version v set sealed = :first from terraform_state s"
                 " where s.id = v.state_id and s.name = :name and v.number = 2"), {"name": name, "first": sealed[0]},
        )  # fmt: skip
    store = StateStore(KeyFile(settings.key_file), tenants["ixelles"], agent.id, keep=1, room=1)
    with database.transaction("platform", SYSTEM) as tx, pytest.raises(Unreadable):
        store.read(tx, name)
    answer = agent.get(AT + name)
    assert (answer.status_code, answer.json()["code"]) == (400, "CORE-121")


def test_a_change_of_keys_seals_states_anew(database: Database, settings: Settings, agent: Person, name: str) -> None:
    for serial in (1, 2, 3):
        agent.send("POST", AT + name, content=a_state(serial))
    with database.transaction("platform", SYSTEM) as tx:  # what another test spoilt on purpose does not open
        tx.execute(text("delete from terraform_state where name <> :name"), {"name": name})
    before = KeyFile(settings.key_file).ring()
    done = rotate(database, KeyFile(settings.key_file), SYSTEM)
    assert done.resealed >= 3
    assert before.current in done.dropped
    assert agent.get(AT + name).content == a_state(3)
    assert agent.get(f"{AT}{name}/versions/1").content == a_state(1)
    assert agent.send("POST", AT + name, content=a_state(4)).json()["version"] == 4


def test_the_journal_says_who_did_what_and_nothing_says_what_stands_in_a_state(
    database: Database, agent: Person, name: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    agent.send("LOCK", AT + name, json=a_lock("one"))
    agent.send("POST", AT + name + "?ID=one", content=a_state(1))
    agent.send("POST", AT + name + "?ID=wrong", content=a_state(2))
    agent.send("POST", AT + name + "?ID=one", content=a_state(2)[:-9])
    agent.send("UNLOCK", AT + name)
    agent.send("POST", AT + name, content=a_state(2))
    agent.send("POST", f"{AT}{name}/versions/1:restore", headers={"If-Match": '"2"'})
    agent.send("DELETE", AT + name)
    agent.send("DELETE", AT + name + "?purge=true")
    Sequencer(database, None).drain()
    with database.transaction("platform", SYSTEM) as tx:
        told = tx.execute(
            text("select action, actor, body from journal where subject_type = 'terraform_state' and subject_id = :name"
                 " order by id"), {"name": name},
        ).all()  # fmt: skip
        everything = [
            str(tx.execute(text(f"select coalesce(string_agg(t::text, ' '), '') from {table} t")).scalar())
            for table in ("journal", "change_log", "idempotency", "terraform_state", "terraform_state_version")
        ]
    assert [row.action.partition(".")[2] for row in told] == [
        "locked", "written", "unlocked", "written", "restored", "deleted", "purged",
    ]  # fmt: skip
    assert {row.actor for row in told} == {agent.id}
    assert told[1].body == {"version": 1, "serial": 1, "bytes": len(a_state(1))}
    assert told[2].body == {"lock": "one", "forced": True}
    assert not any(CANARY in said for said in everything)
    shown = capfd.readouterr()
    assert CANARY not in caplog.text + shown.out + shown.err


def test_the_description_shows_what_can_be_described(app: FastAPI) -> None:
    paths = app.openapi()["paths"]
    assert set(paths["/api/v1/terraform/state/{name}"]) == {"get", "post", "delete"}
    assert set(paths["/api/v1/terraform/state/{name}/lock"]) == {"get", "put", "delete"}
    assert "423" in paths["/api/v1/terraform/state/{name}"]["post"]["responses"]
