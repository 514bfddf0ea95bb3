"""Secrets are sealed where they rest, masked where they might leak, and outlive a change of keys."""

from __future__ import annotations

import base64
import copy
import io
import json
import logging
import pickle
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote
from uuid import UUID, uuid4

import pytest
import structlog
from sqlalchemy import text

from core import logs
from core.db import Database
from core.errors import InvalidInput, Misconfigured, NotFound
from core.journal.record import record
from core.keyring import KeyFile, KeyMissing, Unreadable, key_of
from core.masking import WITHHELD, mask, mask_json
from core.rotation import rotate
from core.scope import Scope
from core.secrets import SecretStore, SecretValue
from tests.core.conftest import add_tenant

CANARY = "Kanarie+vogel/één 7&8"


# ------------------------------------------------------------------------------------------------------- values
def test_a_secret_does_not_show_itself() -> None:
    value = SecretValue(CANARY)
    shown = [repr(value), str(value), f"{value}", f"{value:>20}", "%s" % value, repr([value]), repr({"a": value})]  # noqa: UP031 - one way among others
    assert not any("Kanarie" in text_ for text_ in shown)
    assert value.reveal() == CANARY
    assert value == SecretValue(CANARY)
    assert value != CANARY


@pytest.mark.parametrize("way", [pickle.dumps, copy.deepcopy, json.dumps, hash, vars])
def test_a_secret_cannot_be_written_away(way: object) -> None:
    assert callable(way)
    with pytest.raises(TypeError):
        way(SecretValue(CANARY))


# ------------------------------------------------------------------------------------------------------- masking
@pytest.mark.parametrize(
    "form",
    [
        CANARY,
        CANARY.encode().hex(),
        base64.b64encode(CANARY.encode()).decode(),
        base64.urlsafe_b64encode(CANARY.encode()).decode(),
        quote(CANARY),
        quote(CANARY, safe=""),
        json.dumps(CANARY),
    ],
)
def test_a_known_secret_is_masked_in_every_form(form: str) -> None:
    SecretValue(CANARY)
    assert mask(f"before {form} after").replace('"', "").split() == ["before", WITHHELD, "after"]


@pytest.mark.parametrize(
    ("text_", "left"),
    [
        ("token irp_0123456789ab_" + "x" * 49 + " used", "token irp_0123456789ab_<withheld> used"),
        ("enable secret 9 $9$nhEmQVczB7dqsO$X.HsgL6x1il0RxkOSSvyQYwucySCt7qFm4v7pqCxkKM", "enable secret 9 <withheld>"),
        ('encrypted-password "$6$abcdefgh$ABCDEFGHIJKLMNOP/qrstuv.";', 'encrypted-password "<withheld>";'),
        ("username a secret 5 $1$mERr$hx5rVt7rPNoS4wqbXKX7m0", "username a secret 5 <withheld>"),
        ("postgresql://irisplane_api:hunter2@db.example/irisplane", "postgresql://irisplane_api:<withheld>@db.example/irisplane"),
        ("Authorization: Bearer abcdefghijkl", "Authorization: Bearer <withheld>"),
        ("x -----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n-----END OPENSSH PRIVATE KEY----- y", "x <withheld> y"),
        ("router bgp 64512, cost $5", "router bgp 64512, cost $5"),
    ],
)  # fmt: skip
def test_what_looks_like_a_secret_is_masked(text_: str, left: str) -> None:
    assert mask(text_) == left


def test_json_is_masked_within_and_made_storable() -> None:
    SecretValue(CANARY)
    identifier = uuid4()
    given = {"a": [CANARY, {"b": f"x{CANARY}"}], CANARY: 1, "id": identifier, "nul": "a\x00b", "half": "\ud83d", "n": 2}
    assert mask_json(given) == {
        "a": [WITHHELD, {"b": f"x{WITHHELD}"}],
        WITHHELD: 1,
        "id": str(identifier),
        "nul": "a\ufffdb",
        "half": "?",
        "n": 2,
    }
    with pytest.raises(TypeError, match="bytes"):
        mask_json({"a": b"x"})


def test_a_short_secret_is_masked_where_it_stands_by_itself() -> None:
    SecretValue("zyxwvu")
    assert mask("community zyxwvu, zyxwvu_id, azyxwvu") == "community <withheld>, zyxwvu_id, azyxwvu"


def test_masking_does_not_slow_down_with_the_number_of_secrets() -> None:
    for n in range(3000):
        SecretValue(f"device password {n:05d} of many")
    line = "x" * 300
    begun = time.thread_time()
    for _ in range(100):
        mask(line)
    assert (time.thread_time() - begun) / 100 < 0.005
    assert mask("it is device password 02999 of many!") == "it is <withheld>!"


def _log_in(password: str) -> None:
    raise RuntimeError(f"login failed with {password}")


def test_a_secret_is_masked_inside_a_longer_texts_base64() -> None:
    SecretValue(CANARY)
    for before in ("", "x", "xy"):
        encoded = base64.b64encode(f"{before}{CANARY} and more".encode()).decode()
        left = mask(encoded).split(WITHHELD)
        assert len(left) == 2
        assert sum(map(len, left)) <= len(encoded) - len(CANARY)


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What is logged, through the pipeline of a real program."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    out = io.StringIO()
    logs.configure("debug", out)
    yield out
    structlog.reset_defaults()
    root.handlers[:] = before
    root.setLevel(level)
    logging.captureWarnings(capture=False)


def test_log_lines_are_json_tied_together_and_without_secrets(lines: io.StringIO) -> None:
    SecretValue(CANARY)
    with logs.bind(request_id="r-1", device="cr01"):
        logs.get_logger("irisplane.test").info("pushed", command=f"password {CANARY}", nested={"deep": [CANARY]})
        logging.getLogger("some.library").warning("sent %s to %s", CANARY, "cr01")
        try:
            _log_in(CANARY)
        except RuntimeError:
            logs.get_logger("irisplane.test").exception("failed", value=SecretValue(CANARY))
    records = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert [each["event"] for each in records] == ["pushed", f"sent {WITHHELD} to cr01", "failed"]
    assert all(each["request_id"] == "r-1" and each["device"] == "cr01" for each in records)
    assert "RuntimeError: login failed with <withheld>" in records[2]["exception"]
    assert "Kanarie" not in lines.getvalue()


def test_the_journal_masks_what_it_is_given(database: Database, scope: Scope) -> None:
    SecretValue(CANARY)
    with database.transaction("api", scope) as tx:
        record(tx, "event", "device.said", "device", "cr01", body={"output": f"motd {CANARY}"})
        body = tx.execute(text("select body ->> 'output' from journal where action = 'device.said'")).scalar()
    assert body == f"motd {WITHHELD}"


def test_an_error_of_the_database_driver_prints_no_values(database: Database, scope: Scope) -> None:
    with pytest.raises(Exception, match="hidden") as caught, database.transaction("api", scope) as tx:
        tx.execute(text("select cast(:value as int)"), {"value": "plain-but-private"})
    assert "plain-but-private" not in str(caught.value).replace(str(caught.value.__cause__), "")


# ------------------------------------------------------------------------------------------------------- key file
def test_the_key_file_is_private_and_made_once(tmp_path: Path) -> None:
    keys = KeyFile(tmp_path / "keys" / "master.json")
    first = keys.ensure()
    assert keys.path.stat().st_mode & 0o777 == 0o600
    assert keys.path.parent.stat().st_mode & 0o777 == 0o700
    assert KeyFile(keys.path).ensure().ids == first.ids
    shown = keys.path.read_text(encoding="utf-8")
    assert json.loads(shown)["keys"][first.current]["key"] not in repr(first)


def test_a_key_file_that_is_open_to_others_or_damaged_is_refused(keys: KeyFile) -> None:
    keys.path.chmod(0o640)
    with pytest.raises(Misconfigured, match="open to others"):
        KeyFile(keys.path).ring()
    keys.path.chmod(0o600)
    keys.path.write_text("{}", encoding="utf-8")
    with pytest.raises(Misconfigured, match="is no key file"):
        KeyFile(keys.path).ensure()
    assert keys.path.read_text(encoding="utf-8") == "{}", "never overwritten"
    keys.path.unlink()
    with pytest.raises(KeyMissing):
        keys.ring()


def test_a_sealed_value_opens_only_where_it_belongs(keys: KeyFile) -> None:
    sealed = keys.seal(b"hello", "config:1")
    assert keys.unseal(sealed, "config:1") == b"hello"
    assert key_of(sealed) == keys.ring().current
    assert keys.seal(b"hello", "config:1") != sealed, "never the same nonce twice"
    cut = sealed[: sealed.index(b"config:1") + 8]  # neither nonce nor content
    for wrong in (
        sealed[:-1] + bytes([sealed[-1] ^ 1]),
        sealed[:20] + b"\x00" + sealed[21:],
        b"",
        b"irs1",
        b"x" * 60,
        cut,
    ):
        with pytest.raises((Unreadable, KeyMissing)):
            keys.unseal(wrong, "config:1")
    with pytest.raises(Unreadable, match="does not belong"):
        keys.unseal(sealed, "config:2")
    moved = sealed.replace(b"config:1", b"config:2")
    with pytest.raises(Unreadable):
        keys.unseal(moved, "config:2")


# ------------------------------------------------------------------------------------------------------- the store
@pytest.fixture
def tenant(database: Database) -> UUID:
    return add_tenant(database, "koekelberg")


def test_a_secret_is_stored_sealed_and_comes_back(
    database: Database, scope: Scope, keys: KeyFile, tenant: UUID
) -> None:
    store = SecretStore(keys)
    with database.transaction("api", scope) as tx:
        assert store.put(tx, tenant, "device/cr01", SecretValue(CANARY)) == 1
        assert store.put(tx, tenant, "device/cr01", SecretValue(CANARY + "2")) == 2
        assert store.get(tx, tenant, "device/cr01").reveal() == CANARY + "2"
        row = tx.execute(text("select nonce, sealed from secret where name = 'device/cr01'")).one()
        assert CANARY.encode() not in bytes(row.sealed)
        assert [info.name for info in store.names(tx, tenant, prefix="device/")] == ["device/cr01"]
        logged = tx.execute(
            text("select string_agg(concat(pre::text, post::text), '') from change_log where table_name = 'secret'")
        ).scalar_one()
        assert bytes(row.sealed).hex() not in logged
        store.delete(tx, tenant, "device/cr01")
        with pytest.raises(NotFound):
            store.get(tx, tenant, "device/cr01")
        with pytest.raises(NotFound):
            store.delete(tx, tenant, "device/cr01")
    for name in ("", "x" * 201, "a b", "a\nb"):
        with pytest.raises(InvalidInput), database.transaction("api", scope) as tx:
            store.put(tx, tenant, name, SecretValue("something"))


def test_a_row_moved_to_another_place_does_not_open(
    database: Database, scope: Scope, keys: KeyFile, tenant: UUID
) -> None:
    store, other = SecretStore(keys), add_tenant(database, "molenbeek")
    with database.transaction("platform", scope) as tx:
        store.put(tx, tenant, "a", SecretValue("value of a"))
        tx.execute(text("update secret set tenant_id = :other where name = 'a'"), {"other": other})
        with pytest.raises(Unreadable):
            store.get(tx, other, "a")
        tx.execute(text("update secret set tenant_id = :mine, name = 'b' where name = 'a'"), {"mine": tenant})
        with pytest.raises(Unreadable):
            store.get(tx, tenant, "b")
        tx.execute(text("update secret set name = 'a', version = 9"))
        with pytest.raises(Unreadable):
            store.get(tx, tenant, "a")
        tx.execute(text("delete from secret"))


def test_another_tenants_secret_is_as_good_as_none(
    database: Database, scope: Scope, keys: KeyFile, tenant: UUID
) -> None:
    store = SecretStore(keys)
    with database.transaction("api", scope) as tx:
        store.put(tx, tenant, "private", SecretValue("value of mine"))
    with database.transaction("api", Scope(add_tenant(database, "uccle"))) as tx:
        with pytest.raises(NotFound):
            store.get(tx, tenant, "private")
        assert store.names(tx, tenant) == []
    with database.transaction("api", scope) as tx:
        store.delete(tx, tenant, "private")


# ------------------------------------------------------------------------------------------------------- rotation
@pytest.fixture
def sealed_things(database: Database, scope: Scope, keys: KeyFile, tenant: UUID) -> Iterator[list[tuple[str, str]]]:
    """A table of another room, 300 rows of it sealed, and 300 secrets."""
    with database.transaction("owner", scope) as tx:
        tx.execute(text("create table kept_text (id uuid primary key default uuidv7(), body bytea)"))
        tx.execute(text("grant select, insert, update, delete on kept_text to irisplane_platform, irisplane_api"))
    with database.transaction("platform", scope) as tx:
        rows = [{"body": keys.seal(f"text {n}".encode(), f"kept:{n}")} for n in range(300)]
        tx.execute(text("insert into kept_text (body) values (:body)"), rows)
        tx.execute(text("insert into kept_text (body) values (null)"))
        store = SecretStore(keys)
        for n in range(300):
            store.put(tx, tenant, f"many/{n}", SecretValue(f"value number {n}"))
    yield [("kept_text", "body")]
    with database.transaction("owner", scope) as tx:
        tx.execute(text("drop table kept_text"))
        tx.execute(text("delete from secret"))


def check_all_open(database: Database, scope: Scope, keys: KeyFile, tenant: UUID) -> None:
    """Everything still opens, with a key file read anew."""
    fresh = KeyFile(keys.path)
    with database.transaction("platform", scope) as tx:
        for n, row in enumerate(tx.execute(text("select body from kept_text where body is not null order by id"))):
            assert fresh.unseal(bytes(row.body), f"kept:{n}") == f"text {n}".encode()
        found = SecretStore(fresh).get_many(tx, tenant, [f"many/{n}" for n in range(300)])
    assert all(found[f"many/{n}"].reveal() == f"value number {n}" for n in range(300))


def test_a_rotation_seals_everything_anew_and_drops_the_old_key(
    database: Database, scope: Scope, keys: KeyFile, tenant: UUID, sealed_things: list[tuple[str, str]]
) -> None:
    old = keys.ring().current
    done = rotate(database, keys, scope, columns=sealed_things)
    assert (done.resealed, done.dropped, done.resumed) == (600, (old,), False)
    assert keys.ring().ids == {done.key_id}
    check_all_open(database, scope, keys, tenant)
    with database.transaction("api", scope) as tx:
        assert (
            tx.execute(text("select body ->> 'key_id' from journal where action = 'key.rotated'")).scalar()
            == done.key_id
        )


def test_an_interrupted_rotation_is_finished_by_the_next_one(
    database: Database, scope: Scope, keys: KeyFile, tenant: UUID, sealed_things: list[tuple[str, str]]
) -> None:
    old = keys.ring().current

    def stop_halfway(done: int) -> None:
        if done > 350:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rotate(database, keys, scope, columns=sealed_things, progress=stop_halfway)
    assert len(keys.ring().ids) == 2
    check_all_open(database, scope, keys, tenant)
    done = rotate(database, keys, scope, columns=sealed_things)
    assert done.resumed
    assert done.dropped == (old,)
    assert 0 < done.resealed < 600
    check_all_open(database, scope, keys, tenant)


def test_who_seals_while_keys_change_loses_nothing(
    database: Database, scope: Scope, keys: KeyFile, tenant: UUID, sealed_things: list[tuple[str, str]]
) -> None:
    stop, failures = threading.Event(), []

    def keep_writing(name: str) -> None:
        store, n = SecretStore(KeyFile(keys.path)), 0
        while not stop.is_set():
            n += 1
            try:
                with database.transaction("api", scope) as tx:
                    store.put(tx, tenant, name, SecretValue(f"{name} version {n}"))
                with database.transaction("api", scope) as tx:
                    assert store.get(tx, tenant, name).reveal() == f"{name} version {n}"
            except Exception as error:  # noqa: BLE001 - whatever happens in the thread is the test's result
                failures.append(error)
                return

    writers = [threading.Thread(target=keep_writing, args=(f"busy/{n}",)) for n in range(3)]
    for writer in writers:
        writer.start()
    try:
        for _ in range(3):
            rotate(database, keys, scope, columns=sealed_things)
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    assert failures == []
    assert len(keys.ring().ids) == 1
    check_all_open(database, scope, keys, tenant)
