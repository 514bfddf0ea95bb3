"""`irisplane telemetry load` and `figures links` after an hour without Prometheus, and while it is away."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from cli.main import main
from core.db import Database
from core.settings import get_settings
from tests.api.people import Person
from tests.api.serving import serve
from tests.inventory.conftest import create, engineer_of, submitter
from tests.inventory.plant.conftest import planted
from tests.network.polling.fed import fed

_HOURS = 6
_LINK = "ra-rb"


def test_an_hour_without_prometheus_is_a_gap_and_while_it_is_away_nothing_is_known(
    app: FastAPI,
    database: Database,
    engineer: Person,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    planted(database)
    operations = [create("link", {"name": _LINK, "a": "ra:f2", "b": "rb:f2"})]
    submitter(database, engineer_of(database))("inventory.edit", operations=operations)
    now = datetime.now(UTC).replace(microsecond=0)
    away = now - timedelta(hours=3), now - timedelta(hours=2)

    def said(*words: str) -> str:
        assert main(words) == 0
        return capsys.readouterr().out

    try:
        with serve(app) as url, fed(tmp_path, _past(now, away)) as prometheus:
            monkeypatch.setenv("IRISPLANE_URL", url)
            monkeypatch.setenv("IRISPLANE_TOKEN", engineer.token)
            monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
            _ask(monkeypatch, prometheus)
            found = json.loads(said("telemetry", "load", _LINK, "--hours", str(_HOURS), "--json"))
            assert found["state"] == "known"
            points = [(datetime.fromisoformat(one["at"]), one["bits_per_second"]) for one in found["points"]]
            margin = timedelta(minutes=1, seconds=30)
            assert {value for at, value in points if away[0] + margin < at < away[1] - margin} == {None}
            before = {value for at, value in points if now - timedelta(hours=5) < at < away[0] - margin}
            assert before == {200_000_000}, "and nothing else is missing"
            told = said("telemetry", "load", _LINK, "--hours", str(_HOURS))
            assert told.count("gap") >= 3
            assert "200.0" in told
            _ask(monkeypatch, "http://127.0.0.1:9")
            found = json.loads(said("telemetry", "load", _LINK, "--json"))
            assert (found["state"], found["points"]) == ("unknown", [])
            assert "does not answer" in said("telemetry", "load", _LINK)
            told = said("figures", "links")
            assert "Nothing is known: Prometheus at http://127.0.0.1:9 does not answer" in told
            assert json.loads(said("figures", "links", "--json"))["items"] == []
            assert main(("telemetry", "load", "nowhere")) == 4
            assert "Nobody knows: no device told." in said("telemetry", "cabling")
    finally:
        get_settings.cache_clear()


def _ask(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """This is where the past is, from now on."""
    monkeypatch.setenv("IRISPLANE_PROMETHEUS_URL", url)
    get_settings.cache_clear()


def _past(now: datetime, away: tuple[datetime, datetime]) -> list[str]:
    """A figure every half minute, but none of the hour."""
    lines = ["# TYPE irisplane:link_bits_per_second gauge"]
    moments = [now - timedelta(seconds=30 * n) for n in range(_HOURS * 120, 0, -1)]
    lines += [_sample("irisplane:link_bits_per_second", 200e6, at) for at in moments if not away[0] <= at < away[1]]
    lines.append("# TYPE irisplane:link_capacity_bits gauge")
    return [*lines, _sample("irisplane:link_capacity_bits", 1e9, moments[-1])]


def _sample(name: str, value: float, at: datetime) -> str:
    return f'{name}{{link="{_LINK}"}} {value:.0f} {at.timestamp():.0f}'


def test_parts_say_how_much_of_them_is_known() -> None:
    from cli.telemetry import _parts

    points: list[dict[str, Any]] = [
        {"at": f"2027-01-31T{n // 2:02}:{30 * (n % 2):02}:00Z", "bits_per_second": None if n in (2, 3, 4) else 1e6}
        for n in range(48)
    ]
    assert [one["known"] for one in _parts(points)][:4] == ["all", "gap", "50%", "all"]
