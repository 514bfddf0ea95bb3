"""What is seen of links becomes incidents: opened, told, joined, flapping, closed; on a plant in a real database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, text

from benchmarks.plants import Circuit, Plant, write
from core.db import Database
from core.errors import Conflict, InvalidInput, NotFound
from core.scope import EVERY_TENANT, Scope
from network.impact.answer import impact
from network.impact.subjects import Question, Subject
from network.incidents import alerts, queries, silences, store
from network.incidents.seeing import LinkSight, Sight
from network.incidents.watching import settle

SYSTEM = Scope(EVERY_TENANT, None, "test", "incidents of a test")

RING = Plant(
    roles=["core", "aggregation", "access", "access"],
    kinds=["datacentre", "station", "school", "hotspot"],
    ducts=[(0, 1), (1, 2), (2, 0), (2, 3)],
    cables=[((0,), 12), ((1, 2), 12), ((2,), 12), ((3,), 12)],
    circuits=[
        Circuit(0, 1, working=((0, 1),)),
        Circuit(0, 2, working=((2, 1),), tenant=1),
        Circuit(0, 2, working=((2, 2),), tenant=1),
        Circuit(2, 3, working=((3, 1), (3, 2)), tenant=2),
    ],
    tenants=3,
)
LINKS = ("K0", "K1", "K2", "K3")


@pytest.fixture
def tx(database: Database) -> Iterator[Connection]:
    """A transaction with a plant whose links all stand; taken back afterwards."""
    with database.transaction("owner", SYSTEM) as made:
        write(made, RING)
        made.execute(
            text(
                "insert into tenant (code, kind, name_fr, name_nl, name_en) select 'region', 'region', 'R', 'R', 'R'"
                " where not exists (select from tenant where kind = 'region')"
            )
        )
        see(made)
        yield made
        made.rollback()


def see(tx: Connection, silent: set[str] | None = None, **states: Sight) -> None:
    """One look; links that are not named stand."""
    settle(
        tx,
        [
            LinkSight(link, states.get(link, "up"), (f"{link} fell",) if states.get(link) == "down" else (), ("x", "y"))
            for link in LINKS
        ],
        silent or set(),
    )


def listed(tx: Connection, which: queries.Which = "open") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(queries.incidents_json(tx, which, 50))
    return found


def shown(tx: Connection) -> dict[str, Any]:
    (one,) = listed(tx, "all")
    found: dict[str, Any] = json.loads(queries.incident_json(tx, one["number"]))
    return found


def _person(tx: Connection) -> UUID:
    made = "insert into principal (handle, kind, display_name) values ('noc', 'service', 'NOC') returning id"
    found: UUID = tx.execute(text(made)).scalar_one()
    return found


def story(tx: Connection) -> list[str]:
    return [line["kind"] for line in shown(tx)["story"]]


def test_all_well_is_no_incident(tx: Connection) -> None:
    see(tx)
    assert listed(tx, "all") == []


def test_links_of_one_cable_are_one_incident_that_names_it_with_its_impact(tx: Connection) -> None:
    predicted = impact(tx, Question(of=(Subject(kind="cable", key="C2"),)))
    see(tx, K1="down", K2="down")
    one = shown(tx)
    assert (one["kind"], one["name"], one["state"]) == ("plant", "cable C2", "open")
    assert [link["link"] for link in one["links"]] == ["K1", "K2"]
    assert one["impact"] == json.loads(json.dumps(predicted)), "what was said beforehand"
    assert one["told"] == ["t0", "t1"], "whose circuits they are, and whose sites"
    assert story(tx) == ["opened", "evidence", "told"]
    assert "K1 fell; K2 fell." in {line["said"] for line in one["story"]}


def test_a_look_later_alters_nothing(tx: Connection) -> None:
    see(tx, K1="down", K2="down")
    before = shown(tx)
    see(tx, K1="down", K2="down")
    assert shown(tx) == before


def test_a_second_link_of_the_same_cable_joins_and_the_cable_is_named(tx: Connection) -> None:
    see(tx, K1="down", K2="unknown")
    see(tx, K1="down", K2="down")
    one = shown(tx)
    assert one["name"] == "cable C2"
    assert [link["link"] for link in one["links"]] == ["K1", "K2"]
    assert story(tx).count("fell") == 1
    assert one["falls"] == 1


def test_two_that_were_taken_for_strands_become_the_cable_they_share(tx: Connection) -> None:
    see(tx, K1="down")
    assert shown(tx)["name"].startswith("strand C2/")
    see(tx, K1="down", K2="down")
    one = shown(tx)
    assert one["name"] == "cable C2"
    assert "What is down together is explained by cable C2." in {line["said"] for line in one["story"]}


def test_two_cuts_are_two_incidents(tx: Connection) -> None:
    see(tx, K0="down", K3="down")
    assert sorted(one["name"] for one in listed(tx)) == ["cable C0", "cable C3"]


def test_it_is_closed_when_everything_stands_and_not_before(tx: Connection) -> None:
    see(tx, K1="down", K2="down")
    see(tx, K2="down")
    assert shown(tx)["state"] == "open"
    see(tx, K2="unknown")
    assert shown(tx)["state"] == "open", "nobody knows is not good"
    see(tx)
    one = shown(tx)
    assert one["state"] == "closed"
    assert one["closed_at"]
    assert all(link["up_at"] for link in one["links"])
    assert story(tx)[-3:] == ["rose", "rose", "closed"] or story(tx)[-2:] == ["rose", "closed"]


def test_a_link_that_never_stood_is_planned_and_not_broken(tx: Connection) -> None:
    tx.execute(text("delete from link_state"))
    see(tx, K0="down")
    assert listed(tx, "all") == []
    see(tx)
    see(tx, K0="down")
    assert len(listed(tx)) == 1


def test_a_flapping_link_is_one_incident_with_a_count_that_closes_when_it_stays_up(tx: Connection) -> None:
    for _ in range(300):
        see(tx, K0="down")
        see(tx)
    one = shown(tx)
    assert one["falls"] == 300
    assert one["state"] == "open", "what flaps is not over because it is up for a moment"
    assert len(one["story"]) <= store.MOST_ENTRIES + 5
    assert one["told"] == ["t0"]
    tx.execute(text("update incident_link set up_at = now() - interval '2 minutes'"))
    see(tx)
    assert shown(tx)["state"] == "closed"


def test_what_falls_again_soon_is_the_same_incident_and_much_later_another(tx: Connection) -> None:
    see(tx, K0="down")
    see(tx)
    see(tx, K0="down")
    assert (shown(tx)["falls"], shown(tx)["state"]) == (2, "open")
    assert story(tx)[-1] in {"reopened", "told"}
    assert tx.execute(text("select count(*) from incident_notice where over_at is not null")).scalar_one() == 0
    see(tx)
    tx.execute(text("update incident set closed_at = now() - interval '1 hour'"))
    see(tx, K0="down")
    assert len(listed(tx, "all")) == 2


def test_a_device_that_goes_dark_soon_after_a_cut_was_mended_is_another_incident(tx: Connection) -> None:
    see(tx, K0="down")
    see(tx)
    looks = [LinkSight("K0", "down", (), ("r1", "r0")), LinkSight("K3", "down", (), ("r1", "r2"))]
    settle(tx, looks, {"r1"})
    assert [(one["kind"], one["state"]) for one in listed(tx, "all")] == [("device", "open"), ("plant", "closed")]


def test_what_is_expected_is_told_to_nobody(tx: Connection) -> None:
    now = datetime.now(UTC)
    silences.lay(tx, "link", "K1", now - timedelta(hours=1), now + timedelta(hours=1), "works", _person(tx))
    see(tx, K1="down", K3="down")
    found = {one["name"]: one for one in listed(tx)}
    assert found["strand C2/1"]["silenced"]
    assert found["strand C2/1"]["told"] == []
    assert not found["cable C3"]["silenced"]
    assert "t2" in found["cable C3"]["told"]


def test_a_device_in_maintenance_needs_no_silence(tx: Connection) -> None:
    tx.execute(
        text(
            "update device set status = 'maintenance' where id = (select i.device_id from link l"
            " join interface i on i.id = l.a_interface_id where l.name = 'K3')"
        )
    )
    see(tx, K3="down")
    assert shown(tx)["silenced"]


def test_each_event_is_in_the_journal_for_streams_and_webhooks(tx: Connection) -> None:
    see(tx, K1="down", K2="down")
    see(tx)
    rows = tx.execute(
        text(
            "select j.action, t.code from journal j left join tenant t on t.id = j.tenant_id"
            " where j.subject_type = 'incident' order by j.id"
        )
    ).all()
    told = [(row.action, row.code) for row in rows]
    assert [action for action, _ in told] == [
        "incident.opened", "incident.told", "incident.told", "incident.rose", "incident.closed",
    ]  # fmt: skip
    assert {code for action, code in told if action == "incident.told"} == {"t0", "t1"}, "each its own event"


def test_an_open_one_is_taken_in_hand_once_and_stays_in_hand(tx: Connection) -> None:
    who = _person(tx)
    see(tx, K0="down")
    number = shown(tx)["number"]
    queries.acknowledge(tx, number, who, "a crew is on its way")
    one = shown(tx)
    assert (one["state"], one["acknowledged_by"]) == ("acknowledged", "noc")
    assert one["story"][-1] | {"at": ""} == {
        "at": "", "kind": "acknowledged", "said": "a crew is on its way", "by": "noc",
    }  # fmt: skip
    with pytest.raises(Conflict):
        queries.acknowledge(tx, number, who, "")
    with pytest.raises(NotFound):
        queries.acknowledge(tx, 10**12, who, "")
    see(tx)
    see(tx, K0="down")
    assert shown(tx)["state"] == "acknowledged"


def test_a_silence_is_laid_listed_and_lifted_and_refused_where_it_makes_no_sense(tx: Connection) -> None:
    who, now = _person(tx), datetime.now(UTC)
    earlier = now - timedelta(hours=1)
    made = silences.lay(tx, "link", "K1", earlier, now + timedelta(hours=2), "splicing", who)
    (one,) = json.loads(silences.silences_json(tx))
    assert (one["kind"], one["name"], one["by"]) == ("link", "K1", "noc")
    assert silences.silenced_links(tx) == {"K1"}
    silences.lift(tx, made)
    assert silences.silenced_links(tx) == frozenset()
    with pytest.raises(NotFound, match="no link 'nowhere'"):
        silences.lay(tx, "link", "nowhere", now, now + timedelta(hours=2), "x", who)
    with pytest.raises(InvalidInput):
        silences.lay(tx, "link", "K1", now, now, "x", who)
    with pytest.raises(NotFound):
        silences.lift(tx, made)


def _alert(key: str, *, firing: bool = True, **labels: str) -> alerts.Alert:
    return alerts.Alert(key, firing, {"alertname": "IrisplaneLinkDown", **labels}, "The link is down.")


def test_forty_alerts_of_links_that_are_an_incident_are_lines_of_its_story(tx: Connection) -> None:
    see(tx, K1="down", K2="down")
    told = [_alert(f"f{n}", link="K1" if n % 2 else "K2", alertname=f"Alert{n}") for n in range(40)]
    assert alerts.take(tx, told) == {"opened": 0, "joined": 40, "closed": 0}
    assert alerts.take(tx, told) == {"opened": 0, "joined": 0, "closed": 0}, "told again"
    assert len(listed(tx, "all")) == 1


def test_an_alert_about_something_else_is_an_incident_until_it_is_resolved(tx: Connection) -> None:
    silent = _alert("f1", alertname="IrisplaneDeviceSilent", device="ac01")
    assert alerts.take(tx, [silent])["opened"] == 1
    assert alerts.take(tx, [silent])["opened"] == 0
    assert shown(tx)["name"] == "IrisplaneDeviceSilent ac01"
    assert alerts.take(tx, [_alert("f1", firing=False)])["closed"] == 1
    assert shown(tx)["state"] == "closed"
    assert alerts.take(tx, [_alert("f1", firing=False)])["closed"] == 0


def test_alerts_of_devices_behind_a_cut_and_of_sessions_with_them_are_lines_of_its_story(tx: Connection) -> None:
    tx.execute(
        text("""
        with t as (select id from tenant where kind = 'region' limit 1),
             v as (insert into vrf (tenant_id, name) select id, 'of-a-test' from t returning id, tenant_id),
             p as (insert into prefix (tenant_id, vrf_id, cidr, kind)
                   select tenant_id, id, '10.255.9.0/24', 'pool' from v returning id, vrf_id, cidr),
             i as (insert into interface (tenant_id, device_id, name, kind) select tenant_id, id, 'lo', 'loopback'
                   from device where name = 'R3' returning id, tenant_id)
        insert into address (tenant_id, vrf_id, prefix_id, prefix_cidr, interface_id, address)
          select i.tenant_id, p.vrf_id, p.id, p.cidr, i.id, '10.255.9.3' from i, p""")
    )
    see(tx, {"R3"}, K3="down")
    told = [
        _alert("f1", alertname="IrisplaneDeviceSilent", device="R3"),
        _alert("f2", alertname="IrisplaneSessionLost", device="R0", peer="10.255.9.3"),
    ]
    assert alerts.take(tx, told) == {"opened": 0, "joined": 2, "closed": 0}
    elsewhere = [_alert("f3", alertname="IrisplaneDeviceSilent", device="R1")]
    assert alerts.take(tx, elsewhere)["opened"] == 1, "R1 is not behind it"


def test_devices_behind_a_cut_are_its_consequence_and_named_once(tx: Connection) -> None:
    see(tx, {"R3"}, K3="down")
    see(tx, {"R3"}, K3="down")
    one = shown(tx)
    assert one["name"] == "cable C3"
    assert {each["name"]: each["state"] for each in one["impact"]["devices"]}["R3"] == "down"
    assert [line["said"] for line in one["story"]].count("Behind it, and not answering: R3.") == 1
    assert story(tx).count("told") == 1


def test_a_cut_that_takes_the_way_to_half_the_devices_is_one_incident_with_them_behind_it(tx: Connection) -> None:
    """K1 and K2 lie in one cable and are all that joins R2 and R3 to the core; K3 between them nobody can judge."""
    see(tx, {"R2", "R3"}, K1="down", K3="unknown")
    see(tx, {"R2", "R3"}, K1="down", K2="down", K3="unknown")
    one = shown(tx)
    down = {each["name"] for each in one["impact"]["devices"] if each["state"] == "down"}
    assert down == {"R2", "R3"}
    assert "Behind it, and not answering: R2, R3." in [line["said"] for line in one["story"]]


def test_what_two_cuts_do_together_is_told_by_the_second_and_gone_when_one_is_mended(tx: Connection) -> None:
    _ring(tx)
    look(tx, set(), Q0="down")
    look(tx, {"QR1", "QR2"}, Q0="down", Q2="down", Q1="unknown")
    first, second = sorted(listed(tx), key=lambda one: int(one["number"]))
    alone = json.loads(queries.incident_json(tx, first["number"]))["impact"]["devices"]
    assert not [each for each in alone if each["state"] == "down"]
    found = json.loads(queries.incident_json(tx, second["number"]))
    assert {each["name"] for each in found["impact"]["devices"] if each["state"] == "down"} == {"QR1", "QR2"}
    assert "Together with what else is down it cuts off QR1, QR2." in [line["said"] for line in found["story"]]
    look(tx, set(), Q2="down")
    (left,) = listed(tx)
    assert left["number"] == second["number"]
    again = json.loads(queries.incident_json(tx, second["number"]))
    assert not [each for each in again["impact"]["devices"] if each["state"] == "down"], "the ring carries on"


def _ring(tx: Connection) -> None:
    """A ring of its own, beside the other plant: core, two aggregations, core."""
    plant = Plant(
        roles=["core", "aggregation", "aggregation", "core"], kinds=["datacentre", "station", "station", "datacentre"],
        ducts=[(0, 1), (1, 2), (2, 3), (3, 0)], cables=[((n,), 12) for n in range(4)],
        circuits=[Circuit(n, (n + 1) % 4, working=((n, 1),)) for n in range(4)],
    )  # fmt: skip
    write(tx, plant, "Q")


def look(tx: Connection, silent: set[str], **states: Sight) -> None:
    """One look at the ring's links; those that are not named stand."""
    tx.execute(text(
        "insert into link_state (link_id, tenant_id, state, up_at) select id, tenant_id, 'up', now() from link"
        " where name like 'QK%' on conflict do nothing"))  # fmt: skip
    names = {f"Q{n}": f"QK{n}" for n in range(4)}
    settle(tx, [LinkSight(link, states.get(short, "up"), (), ("x", "y")) for short, link in names.items()], silent)
