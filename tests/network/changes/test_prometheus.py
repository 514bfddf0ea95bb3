"""The unmodified Prometheus of Debian with the lab: it discovers and scrapes us, and alerts as the intent asks."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest
import yaml
from sqlalchemy import text

from api.app import create_app
from core.prometheus import Prometheus, configuration, rules_file
from core.settings import Settings, load
from network.alerting.planned import planned_rules
from network.alerting.rules import rules_text
from network.errors import PrometheusAway
from network.polling.history import series
from network.polling.loads import load_of
from network.polling.polled import FRESH_SECONDS, poll
from orchestrator.worker_metrics import serve_metrics
from tests.api.serving import serve
from tests.network.alerting.promtool import promtool
from tests.network.changes.small_region import SCOPE, SmallRegion, in_force

pytestmark = [pytest.mark.lab, pytest.mark.slow]
_HOLD = 4
_SNMPD = "snmpd -LF w /var/log/frr/snmpd.log -C -c /etc/snmp/snmpd.conf -p /run/snmpd.pid -x /run/frr/agentx"


@dataclass
class Watched:
    """A region with its Prometheus.

    Attributes:
        polling: clear it, and nobody asks the devices any more.
    """

    small: SmallRegion
    settings: Settings
    polling: threading.Event
    program: subprocess.Popen[bytes] | None = None

    def ask(self, path: str) -> Any:
        with urlopen(f"{self.settings.prometheus_url}{path}", timeout=20) as answer:  # noqa: S310 - our own, on loopback
            return json.loads(answer.read())["data"]

    def all_up(self) -> bool:
        """Whether it has just been answered by everything that it is to ask."""
        active = self.ask("/api/v1/targets")["activeTargets"]
        health = {one["labels"]["instance"]: one["health"] for one in active}
        routers = (router.name for router in self.small.lab.topology.routers)
        return health == dict.fromkeys(("api", "worker", *routers), "up")

    def alerts(self) -> set[tuple[str, str]]:
        """Alerts that fire: name, and the device or link it is about."""
        found = self.ask("/api/v1/alerts")["alerts"]
        return {
            (one["labels"]["alertname"], one["labels"].get("device") or one["labels"]["link"])
            for one in found
            if one["state"] == "firing"
        }

    def start(self, folder: Path) -> None:
        made = Prometheus.of(self.settings)
        assert made is not None
        with (folder / "prometheus.log").open("ab") as log:
            self.program = subprocess.Popen(made.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        _until(self._ready, "Prometheus is ready")

    def stop(self) -> None:
        if self.program is not None:
            self.program.kill()
            self.program.wait()
            self.program = None

    def _ready(self) -> bool:
        try:
            with urlopen(f"{self.settings.prometheus_url}/-/ready", timeout=5) as answer:  # noqa: S310 - our own
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False


def _until(question: Callable[[], bool], what: str, seconds: float = 180) -> None:
    end = time.monotonic() + seconds
    while not question():
        assert time.monotonic() < end, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.5)


@pytest.fixture(scope="module")
def watched(small: SmallRegion, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    if shutil.which("prometheus") is None:
        pytest.skip("Prometheus is not installed")
    folder = tmp_path_factory.mktemp("prometheus")
    settings = load(
        {
            **small.environment,
            "IRISPLANE_INSTANCE": small.lab.instance.name,
            "IRISPLANE_STATE_DIR": str(folder / "state"),
            "IRISPLANE_RUNTIME_DIR": str(folder),
        }
    )
    rules = rules_file(settings)
    rules.parent.mkdir(parents=True)
    with small.database.transaction("worker", SCOPE) as tx:
        rules.write_text(rules_text(planned_rules(tx, hold=_HOLD)))
    promtool("check", "rules", rules)
    made = Prometheus.of(settings)
    assert made is not None
    made.config_file.write_text(yaml.safe_dump(configuration(settings, every="2s")))
    promtool("check", "config", made.config_file)
    polling = threading.Event()
    polling.set()
    serve_metrics(settings.place.metrics_port, small.database)
    app = create_app(small.database, settings)
    with in_force(small.environment), serve(app, settings.place.api_port), _polled(small, polling):
        found = Watched(small, settings, polling)
        try:
            found.start(folder)
            yield found
        finally:
            found.stop()


@contextmanager
def _polled(small: SmallRegion, polling: threading.Event) -> Iterator[None]:
    """Devices asked again and again, as the worker that leads does."""
    ended = threading.Event()

    def ask() -> None:
        while not ended.wait(1.5):
            if polling.is_set():
                poll(small.database)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(60)


def test_it_discovers_us_and_every_router_and_all_are_up(watched: Watched) -> None:
    _until(watched.all_up, "all targets are up")
    rules = watched.ask("/api/v1/rules")["groups"]
    assert {one["name"] for one in rules} == {
        "irisplane-devices", "irisplane-links", "irisplane-sessions", "irisplane-load",
    }  # fmt: skip
    assert all(rule["health"] in {"ok", "unknown"} for group in rules for rule in group["rules"])


def test_stopping_snmpd_on_a_router_raises_exactly_that_and_starting_it_ends_it(watched: Watched) -> None:
    _until(lambda: watched.alerts() == set(), "nothing is wrong")
    lab = watched.small.lab
    lab.console("ac01", "sh", "-c", "kill $(cat /run/snmpd.pid)")
    try:
        _until(lambda: ("IrisplaneDeviceSilent", "ac01") in watched.alerts(), "the alert")
        end = time.monotonic() + 8 * _HOLD  # longer than any other would need to follow
        while time.monotonic() < end:
            assert watched.alerts() == {("IrisplaneDeviceSilent", "ac01")}
            time.sleep(1)
        silent = 'irisplane_interface_up{device="ac01"}'
        assert (
            watched.ask(f"/api/v1/query?query={silent}".replace("{", "%7B").replace("}", "%7D").replace('"', "%22"))[
                "result"
            ]
            == []
        ), "what was told before is not repeated"
    finally:
        lab.console("ac01", "sh", "-c", _SNMPD)
    _until(lambda: watched.alerts() == set(), "it is over")


def test_a_cut_link_is_named(watched: Watched) -> None:
    from lab.network import control

    fibre = watched.small.lab.topology.fibres_of("ac01")[0]
    control.cut(fibre.a, fibre.b, instance=watched.small.lab.instance)
    try:
        _until(lambda: ("IrisplaneLinkDown", fibre.name) in watched.alerts(), "the link is named")
        assert {name for alert, name in watched.alerts() if alert == "IrisplaneLinkDown"} == {fibre.name}
    finally:
        control.mend(fibre.a, fibre.b, watched.small.lab.instance)
    _until(lambda: watched.alerts() == set(), "it is over")


def test_while_prometheus_is_away_the_past_is_unknown_and_afterwards_it_has_a_gap(
    watched: Watched, tmp_path: Path
) -> None:
    name = watched.small.lab.topology.fibres[0].name
    url = watched.settings.prometheus_url

    def loads(begin: datetime) -> list[float | None]:
        told = series(f'irisplane:link_bits_per_second{{link="{name}"}}', begin, datetime.now(UTC),
                      timedelta(seconds=1), url=url)  # fmt: skip
        return [value for one in told for _, value in one.points]

    begin = datetime.now(UTC) - timedelta(seconds=2)
    _until(lambda: any(value is not None for value in loads(begin)), "a load is known")
    watched.polling.clear()
    watched.stop()
    with pytest.raises(PrometheusAway):
        loads(begin)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("network.polling.history.get_settings", lambda: watched.settings)
        away = load_of(name, begin, datetime.now(UTC), timedelta(seconds=5))
    assert not away.known
    assert away.problem
    assert away.points == ()
    watched.polling.set()
    watched.start(tmp_path)
    again = datetime.now(UTC)
    _until(lambda: any(value is not None for value in loads(again)), "a load is known again")


def test_what_nobody_asks_any_more_is_an_alert_and_not_a_figure(watched: Watched) -> None:
    names = {router.name for router in watched.small.lab.topology.routers}
    wanted = {("IrisplaneDeviceNotAsked", name) for name in names}

    def told() -> bool:
        _let_looks_age(watched.small)
        return watched.alerts() == wanted

    _until(watched.all_up, "all targets are up")  # what it had before it began anew, it would go on telling for a while
    watched.polling.clear()
    try:
        _until(told, "nobody asks", seconds=300)
    finally:
        watched.polling.set()
    _until(lambda: watched.alerts() == set(), "somebody asks again")


def _let_looks_age(small: SmallRegion) -> None:
    """What devices told is as old as though minutes had passed, and so is a look that was under way just now."""
    with small.database.transaction("owner", SCOPE) as tx:
        tx.execute(
            text(
                "update device_polled set at = at - make_interval(secs => :fresh)"
                " where at > now() - make_interval(secs => :fresh)"
            ),
            {"fresh": FRESH_SECONDS},
        )
