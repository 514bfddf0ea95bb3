"""Light that real agents tell, held to the plant: where too little arrives, an incident that names the cable."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from core.db import Database
from core.identity import Principal
from core.keyring import KeyFile
from core.secrets import SecretStore, SecretValue
from core.settings import get_settings
from inventory.plant.loss import budget_of
from inventory.plant.trace import trace
from lab.network.optics import SENSOR
from network.alerting.planned import planned_rules
from network.incidents import alerts, dimming, queries, watching
from network.polling.light import levels_at
from network.polling.polled import poll
from network.polling.tables import SENSOR as COLUMNS
from tests.inventory.conftest import create, region_operations, submitter, update
from tests.inventory.plant.conftest import plant_operations
from tests.network.conftest import SCOPE
from tests.network.polling.agents import COMMUNITY, agent

_PROGRAM = Path(__file__).parents[3] / "lab" / "network" / "optics.py"
_PLANNED_DB = 1.53
"""The small plant's way: 1.2 km at 0.4 dB, a splice of 0.05 dB, two connectors of 0.5 dB."""


@dataclass
class Lit:
    """Two devices that light a link over the cables C1 and C2, each with an agent of its own."""

    database: Database
    optics: dict[str, Path]

    def receive(self, **dbm: float) -> None:
        """What the transceivers of devices read from now on; both send -5 dBm."""
        for device, received in dbm.items():
            self.optics[device].write_text(f"1 lo -5 {received}\n")

    def look(self, times: int = 1) -> list[dict[str, Any]]:
        """Ask the devices and judge; incidents that are open then."""
        for _ in range(times):
            poll(self.database)
            dimming.watch(self.database)
        with self.database.transaction("worker", SCOPE) as tx:
            found: list[dict[str, Any]] = json.loads(queries.incidents_json(tx, "open", 50))
        return found

    def story(self, number: int) -> list[str]:
        with self.database.transaction("worker", SCOPE) as tx:
            return [line["said"] for line in json.loads(queries.incident_json(tx, number))["story"]]


@pytest.fixture(scope="module")
def lit(database: Database, engineer: Principal, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lit]:
    run = submitter(database, engineer)
    run("inventory.edit", operations=region_operations())
    # Agents tell of this machine's interfaces; the one that each has, and that is up, is lo.
    run("inventory.edit", operations=json.loads(
        json.dumps(plant_operations()).replace(':f1"', ':lo"').replace('"name": "f1"', '"name": "lo"')))  # fmt: skip
    run("inventory.edit", operations=[create("link", {"name": "ra-rb", "a": "ra:lo", "b": "rb:lo"}),
                                      update("circuit", "X1", link="ra-rb")])  # fmt: skip
    with database.transaction("api", engineer.scope("test", "secret")) as tx:
        SecretStore(KeyFile(get_settings().key_file)).put(
            tx, engineer.tenant_id, "snmp", SecretValue(COMMUNITY.community)
        )
    optics: dict[str, Path] = {}
    with ExitStack() as agents:
        for number, device in enumerate(("ra", "rb")):
            folder = tmp_path_factory.mktemp(device)
            optics[device] = folder / "optics"
            lines = [f'override .{COLUMNS["entPhysicalName"]}.{10 + way} octet_str "lo {said} Power"'
                     for way, said in ((1, "Transmit"), (2, "Receive"))]  # fmt: skip
            table = ".".join(map(str, SENSOR))
            pass_on = f"pass_persist .{table} {sys.executable} -E -s -S {_PROGRAM} {optics[device]}"
            target = agents.enter_context(agent(folder / "agent", *lines, pass_on, name=device))
            context = {"snmp": {"poll": {"community": "snmp", "port": target.port}}}
            run("inventory.edit", operations=[
                update("device", device, status="active", management_address="127.0.0.1", management_port=22 + number),
                create("config_context", {"name": device, "scope": "device", "device": device, "data": context}),
            ])  # fmt: skip
        yield Lit(database, optics)


@pytest.fixture(autouse=True)
def as_planned(lit: Lit) -> Iterator[None]:
    """Both receivers have their light before and after, and nothing is open."""
    watching._PLAN.at = 0.0
    lit.receive(ra=-6, rb=-6)
    assert lit.look() == []
    yield
    lit.receive(ra=-6, rb=-6)
    assert lit.look() == []


def test_what_is_told_is_compared_with_what_the_plant_lets_one_expect(lit: Lit) -> None:
    lit.receive(ra=-6, rb=-9.75)
    poll(lit.database)
    with lit.database.transaction("worker", SCOPE) as tx:
        way = trace(tx, "interface", "ra:lo")
        there, back = budget_of(tx, way, levels=levels_at(tx, (way["a"], way["b"])))["directions"]
    assert (there["sent_dbm"], there["sent_by"], there["expected_dbm"]) == (-5.0, "device", -5 - _PLANNED_DB)
    assert (there["measured_dbm"], there["measured_by"], there["measured"]) == (-9.75, "device", "worse")
    assert there["measured_at"] is not None
    assert (back["measured_dbm"], back["measured"]) == (-6.0, "as-expected")


def test_each_planned_link_expects_a_level_and_names_its_cables(lit: Lit) -> None:
    with lit.database.transaction("worker", SCOPE) as tx:
        groups = planned_rules(tx)["groups"]
    found = {(rule["alert"], rule["labels"]["device"]): rule for group in groups for rule in group["rules"]
             if rule.get("labels", {}).get("link") == "ra-rb" and "interface" in rule.get("labels", {})}  # fmt: skip
    for device in ("ra", "rb"):
        assert found["IrisplaneLinkDim", device]["expr"].startswith(
            f'irisplane_receive_power_dbm{{device="{device}",interface="lo"}} < -20 and'
        ), "its transceiver's sensitivity"
        assert ("IrisplaneLevelMissing", device) in found
        lossy = found["IrisplaneLinkLossy", device]
        assert lossy["labels"]["cable"] == "C1,C2"
        assert f"- {_PLANNED_DB + 2:g})" in lossy["expr"]


def test_a_bend_is_an_incident_that_names_the_cable_and_is_over_when_light_is_back(lit: Lit) -> None:
    lit.receive(rb=-9.75)
    assert lit.look() == [], "seen once"
    (one,) = lit.look()
    assert one["name"] == "little light: cable C1 or C2"
    assert {each["code"] for each in one["suspects"]} >= {"C1", "C2", "C1/1", "C2/1"}
    assert lit.story(one["number"]) == [
        "Less light than planned: link ra-rb.",
        "rb:lo receives -9.75 dBm: of -5 dBm that ra:lo sends 4.75 dB are lost, planned are at most 3.53.",
    ]
    assert [each["number"] for each in lit.look(2)] == [one["number"]], "told once"
    assert len(lit.story(one["number"])) == 2
    lit.receive(rb=-8.4)
    assert [each["number"] for each in lit.look()] == [one["number"]], "on the edge it stays"
    lit.receive(rb=-7)
    assert lit.look() == []
    assert lit.story(one["number"])[-1] == "Its light is as planned again."


def test_an_alert_of_prometheus_about_the_same_light_is_a_line_of_it(lit: Lit) -> None:
    labels = {"alertname": "IrisplaneLinkLossy", "link": "ra-rb", "device": "rb", "interface": "lo", "cable": "C1,C2"}
    alert = alerts.Alert("f1", firing=True, labels=labels, summary="more is lost than planned.")
    lit.receive(rb=-9.75)
    (one,) = lit.look(2)
    with lit.database.transaction("worker", SCOPE) as tx:
        assert alerts.take(tx, [alert]) == {"opened": 0, "joined": 1, "closed": 0}
    assert lit.story(one["number"])[-1] == "Alert IrisplaneLinkLossy ra-rb on C1,C2: more is lost than planned."


def test_a_receiver_that_hears_no_more_is_told_though_the_laser_is_what_fails(lit: Lit) -> None:
    lit.optics["ra"].write_text("1 lo -19 -6\n")
    lit.receive(rb=-20.5)
    (one,) = lit.look(2)
    assert lit.story(one["number"])[-1] == "rb:lo receives -20.5 dBm, and hears no less than -20 dBm."


def test_who_does_not_tell_any_more_closes_nothing(lit: Lit) -> None:
    lit.receive(rb=-9.75)
    (one,) = lit.look(2)
    with lit.database.transaction("owner", SCOPE) as tx:
        tx.execute(text("update device_polled set at = now() - interval '3 minutes'"))
    dimming.watch(lit.database)
    with lit.database.transaction("worker", SCOPE) as tx:
        assert [each["number"] for each in json.loads(queries.incidents_json(tx, "open", 50))] == [one["number"]]
