"""Signed events to a real HTTP server, and everything that a webhook may not reach."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.server
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from core.errors import Denied
from core.journal.sequencer import Sequencer
from core.keyring import KeyFile
from core.settings import Settings, load
from orchestrator import webhook_wire, webhooks
from orchestrator.errors import AddressRefused
from orchestrator.webhook_wire import check_url, post, signature
from tests.orchestrator.conftest import SYSTEM, Stage


class Receiver(http.server.ThreadingHTTPServer):
    """Keeps what it gets; answers what it is told to."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Hook)
        self.got: list[tuple[str, dict[str, str], bytes]] = []
        self.status = 204
        self.slow: Callable[[Any], None] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Hook(http.server.BaseHTTPRequestHandler):
    """One request."""

    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.got.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
        if self.server.slow is not None:
            self.server.slow(self)
            return
        self.send_response(self.server.status)
        self.send_header("location", f"{self.server.url}/elsewhere")
        self.send_header("content-length", "0")
        self.end_headers()

    do_GET = do_POST  # noqa: N815 - a redirect that is followed would come as GET

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Quiet."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def configured(tmp_path: Path) -> Settings:
    settings = load(
        {
            "IRISPLANE_INSTANCE": "test",
            "IRISPLANE_KEY_FILE": str(tmp_path / "keys" / "master.json"),
            "IRISPLANE_WEBHOOK_ALLOW_PRIVATE": "true",
            "IRISPLANE_PUBLIC_URL": "https://plane.example",
        }
    )
    KeyFile(settings.key_file).ensure()
    return settings


def add(stage: Stage, configured: Settings, url: str, *actions: str, who: str = "lea") -> webhooks.Made:
    return webhooks.add(
        stage.database, stage[who], url, actions, reason="integration", settings=configured, rules=stage.rules
    )


def deliver(stage: Stage, configured: Settings) -> int:
    Sequencer(stage.database, None).drain()
    return webhooks.deliver_due(stage.database, configured)


def test_a_receiver_gets_a_cloud_event_that_it_can_check(
    stage: Stage, receiver: Receiver, configured: Settings
) -> None:
    made = add(stage, configured, f"{receiver.url}/hook?x=1", "change.submitted")
    change = stage.push()
    stage.approve("lea", change)
    assert deliver(stage, configured) == 1
    [(path, headers, body)] = receiver.got
    assert path == "/hook?x=1"
    assert headers["content-type"].startswith("application/cloudevents+json")
    event = json.loads(body)
    assert (event["specversion"], event["type"]) == ("1.0", "irisplane.change.submitted")
    assert (event["source"], event["subject"]) == ("https://plane.example/", f"change/{change.id}")
    assert event["data"]["plan_hash"] == change.plan_hash
    assert headers["webhook-id"] == event["id"]
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60
    key = base64.b64decode(made.secret.reveal().removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert deliver(stage, configured) == 0


def test_the_signature_is_that_of_the_published_example() -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'
    found = signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_an_agency_hears_only_what_is_its_own(stage: Stage, receiver: Receiver, configured: Settings) -> None:
    add(stage, configured, f"{receiver.url}/ixelles", who="ada")
    add(stage, configured, f"{receiver.url}/region")
    stage.push()
    stage.ask("ugo", "hosting.order", {"commands": []})
    deliver(stage, configured)
    heard = {path: [] for path in ("/ixelles", "/region")}  # type: dict[str, list[str]]
    for path, _, body in receiver.got:
        heard[path].append(json.loads(body)["data"]["kind"])
    assert heard["/ixelles"] == ["hosting.order"]
    assert sorted(heard["/region"]) == ["hosting.order", "network.push"]
    with pytest.raises(Denied):
        add(stage, configured, f"{receiver.url}/x", who="ugo")
    with pytest.raises(Denied):
        webhooks.add(
            stage.database,
            stage["ada"],
            receiver.url,
            tenant=stage.tenants["uccle"],
            settings=configured,
            rules=stage.rules,
        )


def test_what_is_not_taken_is_sent_again_later_and_given_up_in_the_end(
    stage: Stage, receiver: Receiver, configured: Settings
) -> None:
    add(stage, configured, receiver.url, "change.submitted")
    stage.push()
    receiver.status = 500
    pauses = []
    for attempt in range(1, 11):
        assert deliver(stage, configured) == 0
        [row] = stage.sql("select attempts, answer, dead_at, due_at - now() as pause from webhook_delivery")
        assert (row.attempts, row.answer) == (attempt, "HTTP 500")
        pauses.append(row.pause.total_seconds())
        stage.sql("update webhook_delivery set due_at = now()")
    assert row.dead_at is not None
    assert pauses[:4] == pytest.approx([10, 40, 160, 640], abs=5)
    assert deliver(stage, configured) == 0
    assert len(receiver.got) == 10
    assert len({headers["webhook-id"] for _, headers, _ in receiver.got}) == 1
    [audit] = stage.sql("select body from journal where action = 'webhook.gave_up'")
    assert audit.body["attempts"] == 10
    receiver.status = 200
    with stage.database.transaction("platform", SYSTEM) as tx:
        [hook] = json.loads(webhooks.listed(tx))
        assert (hook["dead"], hook["delivered"], hook["last_answer"]) == (1, 0, "HTTP 500")
        assert webhooks.redeliver(tx, hook["id"]) == 1
    assert deliver(stage, configured) == 1


def test_one_that_cannot_be_sent_does_not_make_the_others_be_sent_twice(
    stage: Stage, receiver: Receiver, configured: Settings
) -> None:
    add(stage, configured, receiver.url, "change.submitted")
    add(stage, configured, f"{receiver.url}/other", "change.submitted")
    stage.sql("update webhook set url = url || 'é' where url like '%/other'")  # as an older release took it
    stage.push()
    assert deliver(stage, configured) == 1
    stage.sql("update webhook_delivery set due_at = now()")
    assert deliver(stage, configured) == 0
    assert len(receiver.got) == 1
    answers = {row.answer for row in stage.sql("select answer from webhook_delivery")}
    assert answers == {"HTTP 204", "The address is no URL as it goes over the wire."}


def test_an_error_that_nobody_foresaw_is_an_answer_too(
    stage: Stage, receiver: Receiver, configured: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def burst(*_: object, **__: object) -> webhook_wire.Answer:
        raise RuntimeError

    add(stage, configured, receiver.url, "change.submitted")
    stage.push()
    monkeypatch.setattr(webhooks, "post", burst)
    assert deliver(stage, configured) == 0
    [row] = stage.sql("select answer, due_at > now() as later from webhook_delivery")
    assert (row.answer, row.later) == ("not sent: RuntimeError", True)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_are_not_followed(stage: Stage, receiver: Receiver, configured: Settings, status: int) -> None:
    add(stage, configured, receiver.url, "change.submitted")
    stage.push()
    receiver.status = status
    assert deliver(stage, configured) == 0
    assert [path for path, _, _ in receiver.got] == ["/"]


def test_one_that_drips_is_cut_off(receiver: Receiver) -> None:
    def drip(hook: Hook) -> None:
        with suppress(OSError):
            while True:  # until the other side hangs up
                hook.wfile.write(b"H")
                time.sleep(0.05)

    receiver.slow = drip
    answer = post(receiver.url, b"{}", {}, allow_private=True, timeout=0.5)
    assert (answer.taken, answer.text) == (False, "no answer in time")


def test_a_redirect_to_loopback_reaches_nobody_there(stage: Stage, receiver: Receiver, configured: Settings) -> None:
    """Something listens on this machine; who takes events sends us there, and we do not go."""
    inside = Receiver()
    threading.Thread(target=inside.serve_forever, args=(0.05,), daemon=True).start()

    def elsewhere(hook: Hook) -> None:
        hook.send_response(307)
        hook.send_header("location", f"{inside.url}/admin")
        hook.send_header("content-length", "0")
        hook.end_headers()

    receiver.slow = elsewhere
    add(stage, configured, receiver.url, "change.submitted")
    stage.push()
    try:
        assert deliver(stage, configured) == 0
        [row] = stage.sql("select answer, done_at from webhook_delivery")
        assert (row.answer, row.done_at, inside.got) == ("HTTP 307", None, [])
    finally:
        inside.shutdown()
        inside.server_close()


def test_one_that_hangs_keeps_nobody_else_waiting(stage: Stage, receiver: Receiver, configured: Settings) -> None:
    """Its own events wait; those of another webhook go out in the same round, beside it."""
    hanging = Receiver()
    taken = threading.Event()
    beside: list[bool] = []

    def take(hook: Hook) -> None:
        taken.set()
        hook.send_response(204)
        hook.end_headers()

    hanging.slow = lambda _hook: beside.append(taken.wait(9))
    receiver.slow = take
    threading.Thread(target=hanging.serve_forever, args=(0.05,), daemon=True).start()
    add(stage, configured, hanging.url, "change.submitted")
    for _ in range(20):
        stage.push()
    add(stage, configured, receiver.url, "change.submitted", who="leo")
    stage.push()
    try:
        deliver(stage, configured)
        assert beside[0], "the other one got nothing while this one hung"
        assert len(receiver.got) == 1
    finally:
        hanging.shutdown()
        hanging.server_close()


def test_a_name_server_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    answered = threading.Event()

    def hang(*_: object, **__: object) -> list[Any]:
        answered.wait(60)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    answer = post("https://slow.example/", b"{}", {}, allow_private=False, timeout=0.3)
    answered.set()
    assert (answer.taken, answer.text) == (False, "name not found: TimeoutError")


def test_nobody_there_is_an_answer_too() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    answer = post(f"http://127.0.0.1:{port}/", b"{}", {}, allow_private=True)
    assert answer.text == "no answer: ConnectionRefusedError"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "224.0.0.1",
        "0.0.0.0",  # noqa: S104 - refused, not bound
        "::1", "::", "fe80::1%1", "fd00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::",
        "ff02::1", "::127.0.0.1", "::ffff:0:127.0.0.1", "fec0::1", "5f00::1", "3fff::1", "192.0.0.8", "192.88.99.1",
        "198.18.0.1", "255.255.255.255", "2001:0:7f00:1::", "64:ff9b:1::7f00:1",
    ],
)  # fmt: skip
def test_private_addresses_are_refused_whatever_the_name(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET

    def resolve(*_: object, **__: object) -> list[Any]:
        public = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("1.1.1.1", 443))
        return [public, (family, socket.SOCK_STREAM, 6, "", (address, 443))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket, "create_connection", lambda *_, **__: pytest.fail("it was called"))
    with pytest.raises(AddressRefused):
        post("https://hooks.example/", b"{}", {}, allow_private=False)


def test_the_address_that_was_looked_at_is_the_one_that_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def resolve(host: str, *_: object, **__: object) -> list[Any]:
        asked.append(host)
        answer = "1.1.1.1" if len(asked) == 1 else "127.0.0.1"  # a name that points elsewhere a moment later
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (answer, 443))]

    called: list[tuple[str, int]] = []

    def connect(address: tuple[str, int], **_: object) -> socket.socket:
        called.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket, "create_connection", connect)
    assert not post("https://hooks.example/", b"{}", {}, allow_private=False).taken
    assert (asked, called) == (["hooks.example"], [("1.1.1.1", 443)])


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example/",
        "ftp://x/",
        "https://user:pw@x/",
        "https:///x",
        "//x",
        "https://x:99999/",
        "https://x /",
        "https://x/\n",
        "https://x/é",
        "https://é.example/",
        "https://x..example/",
        f"https://{'a' * 64}.example/",
    ],
)
def test_addresses_of_other_shapes_are_refused(url: str) -> None:
    with pytest.raises(AddressRefused):
        check_url(url, allow_private=False)


def test_the_certificate_must_be_that_of_the_name(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    # A plain server cannot prove anything: the handshake fails, and nothing of the event has left.
    answer = post(receiver.url.replace("http", "https"), b"secret", {}, allow_private=True)
    assert (answer.taken, receiver.got) == (False, [])
    contexts: list[ssl.SSLContext] = []
    made = ssl.create_default_context

    def remember() -> ssl.SSLContext:
        contexts.append(made())
        return contexts[-1]

    monkeypatch.setattr(ssl, "create_default_context", remember)
    post(receiver.url.replace("http", "https"), b"", {}, allow_private=True)
    assert (contexts[0].verify_mode, contexts[0].check_hostname) == (ssl.CERT_REQUIRED, True)
    assert webhook_wire.TIMEOUT == 10.0


def test_a_webhook_that_is_removed_is_forgotten_with_its_secret(
    stage: Stage, receiver: Receiver, configured: Settings
) -> None:
    made = add(stage, configured, receiver.url)
    stage.push()
    webhooks.remove(stage.database, stage["lea"], made.id, reason="gone", settings=configured, rules=stage.rules)
    assert deliver(stage, configured) == 0
    assert stage.sql("select count(*) from secret")[0][0] == 0
    assert receiver.got == []


def test_the_secret_stands_nowhere_in_the_open(stage: Stage, receiver: Receiver, configured: Settings) -> None:
    made = add(stage, configured, receiver.url)
    stage.push()
    deliver(stage, configured)
    plain = made.secret.reveal().removeprefix("whsec_")
    for table in ("webhook", "webhook_delivery", "journal", "change_log", "secret"):
        for row in stage.sql(f"select to_jsonb(t)::text as row from {table} t"):
            assert plain not in row.row
