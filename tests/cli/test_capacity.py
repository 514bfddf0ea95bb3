"""`irisplane network capacity`: what fills first and when, from series that a real Prometheus was given."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI

from cli.main import main
from core.db import Database
from core.settings import get_settings
from inventory.plant.use import use_of_plant
from network.telemetry import collect
from tests.api.people import Person
from tests.api.serving import serve
from tests.inventory.conftest import SYSTEM, create, update
from tests.inventory.plant.conftest import planted
from tests.network.polling.fed import fed

_DAYS = 60
_HELD = 19
"""Strands of C1 that are held for somebody, beside the one that is lit: 20 of 24 are taken."""
Asked = Callable[..., str]


@pytest.fixture(scope="module")
def midnight() -> datetime:
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


@pytest.fixture(scope="module")
def prometheus(
    midnight: datetime, region: None, database: Database, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A cable of which a strand is taken every five days, one that stands still, and a link that grows."""
    with database.transaction("owner", SYSTEM) as tx:
        ids = {one.name: one.id for one in use_of_plant(tx) if one.kind == "cable-strands"}
    days = [midnight - timedelta(days=_DAYS - day) for day in range(_DAYS)]
    late = timedelta(hours=23, minutes=59)
    cables = [("C1", 20 - (_DAYS - day) / 5, at + late) for day, at in enumerate(days)]
    cables += [("C2", 1, at + late) for at in days]
    loads = [(at + timedelta(hours=12), 100e6 + 10e6 * day) for day, at in enumerate(days)]
    lines = [
        "# TYPE irisplane_plant_taken gauge",
        *(f'irisplane_plant_taken{{kind="cable-strands",id="{ids[name]}"}} {value:g} {int(at.timestamp())}'
          for name, value, at in cables),
        "# TYPE irisplane:link_bits_per_second gauge",
        *(f'irisplane:link_bits_per_second{{link="ra-rb"}} {value:.0f} {int(at.timestamp())}' for at, value in loads),
        "# TYPE irisplane:link_capacity_bits gauge",
        f'irisplane:link_capacity_bits{{link="ra-rb"}} 1e9 {int((midnight - timedelta(minutes=1)).timestamp())}',
    ]  # fmt: skip
    with fed(tmp_path_factory.mktemp("prometheus"), lines) as url:
        yield url


@pytest.fixture(scope="module")
def region(database: Database) -> None:
    """The small plant, lit over a link."""
    run = planted(database)
    run("inventory.edit", operations=[
        update("device", "ra", status="active"),
        create("link", {"name": "ra-rb", "a": "ra:f1", "b": "rb:f1"}),
        create("strand_hold", *({"strand": f"C1/{number}", "purpose": "kept"} for number in range(2, 2 + _HELD))),
    ])  # fmt: skip


@pytest.fixture
def asked(
    app: FastAPI, engineer: Person, region: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Asked]:
    """What the command says, with Prometheus at an address."""
    with serve(app) as url:
        monkeypatch.setenv("IRISPLANE_URL", url)
        monkeypatch.setenv("IRISPLANE_TOKEN", engineer.token)

        def ask(prometheus: str, *words: str) -> str:
            monkeypatch.setenv("IRISPLANE_PROMETHEUS_URL", prometheus)
            get_settings.cache_clear()
            assert main(("network", "capacity", *words)) == 0
            return capsys.readouterr().out

        yield ask
    monkeypatch.undo()
    get_settings.cache_clear()


def _of(text: str) -> dict[tuple[str, str], dict[str, Any]]:
    found = json.loads(text)
    assert found["state"] == "known", found["problem"]
    return {(one["kind"], one["name"]): one for one in found["items"]}


def test_what_fills_first_is_named_with_its_day(asked: Asked, prometheus: str) -> None:
    found = _of(asked(prometheus, "--json"))
    today = datetime.now(UTC).date()
    first, second = list(found)[:2]
    assert (first, second) == (("cable-strands", "C1"), ("link", "ra-rb"))
    cable, link = found[first], found[second]
    # four strands of 24 are left, and one goes every five days
    assert (cable["now"], cable["capacity"], cable["outlook"]) == (20, 24, "dated")
    assert cable["full_on"] == (today + timedelta(days=20)).isoformat()
    assert cable["per_day"] == pytest.approx(0.2, rel=0.01)
    # yesterday 690 of 1,000 Mbit/s, ten more every day
    assert (link["now"], link["busy"], link["unit"]) == (None, 690_000_000, "bit/s")
    assert link["full_on"] == (today + timedelta(days=31)).isoformat()


def test_what_stands_still_and_what_nobody_kept_has_no_day(asked: Asked, prometheus: str) -> None:
    found = _of(asked(prometheus, "--json"))
    assert found["cable-strands", "C2"]["outlook"] == "steady"
    ports = found["site-panel-ports", "DC-A"]
    assert (ports["now"], ports["capacity"], ports["outlook"]) == (2, 24, "too-little-history")
    assert (found["site-strands", "DC-A"]["now"], found["site-strands", "DC-A"]["capacity"]) == (20, 24)
    devices = found["site-device-ports", "DC-A"]
    assert (devices["now"], devices["capacity"]) == (1, 2)
    assert ("site-device-ports", "TH-B") not in found, "a planned device offers no ports yet"


def test_people_read_a_table_and_spreadsheets_every_line(asked: Asked, prometheus: str) -> None:
    told = asked(prometheus, "--kind", "cable-strands", "--kind", "link")
    lines = [line for line in told.splitlines() if "strands of cable" in line or "link" in line]
    assert "C1" in lines[0]
    assert "Mbit/s" in told
    assert "panel ports" not in told
    rows = list(csv.DictReader(io.StringIO(asked(prometheus, "--csv"))))
    assert (rows[0]["kind"], rows[0]["name"], rows[0]["now"], rows[0]["capacity"]) == (
        "cable-strands", "C1", "20", "24"
    )  # fmt: skip
    assert {row["kind"] for row in rows} == {
        "link", "cable-strands", "site-strands", "site-panel-ports", "site-device-ports"
    }  # fmt: skip


def test_while_prometheus_is_away_what_the_plant_has_is_known_and_nothing_of_links(asked: Asked) -> None:
    away = "http://127.0.0.1:9"
    found = json.loads(asked(away, "--json"))
    assert (found["state"], bool(found["problem"])) == ("unknown", True)
    items = {(one["kind"], one["name"]): one for one in found["items"]}
    assert items["cable-strands", "C1"]["now"] == 20
    assert items["cable-strands", "C1"]["full_on"] is None
    assert not [kind for kind, _ in items if kind == "link"]
    assert "not known" in asked(away)


def test_what_is_scraped_tells_how_much_is_taken_and_not_where_fibre_lies(database: Database, region: None) -> None:
    with database.transaction("platform", SYSTEM) as tx:
        (taken,) = (one for one in collect(tx) if one.name == "irisplane_plant_taken")
        ids = {str(one.id): one for one in use_of_plant(tx)}
    found = {(one.labels["kind"], one.labels["id"]): one.value for one in taken.samples}
    assert {(kind, ids[key].name): value for (kind, key), value in found.items() if kind == "cable-strands"} == {
        ("cable-strands", "C1"): 20, ("cable-strands", "C2"): 1
    }  # fmt: skip
    assert "C1" not in str(taken.samples)
