"""A region where every page has something to show: devices, contexts, a month behind it, an administration's things."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import text

from core.db import Database
from core.journal.sequencer import Sequencer
from core.keyring import KeyFile
from core.settings import Settings
from network import store
from network.incidents.seeing import LinkSight, Sight
from network.incidents.watching import settle
from network.queries import intended_text
from tests.api.people import SYSTEM, Person
from tests.dashboards import standing
from tests.dashboards.month import a_month
from tests.inventory.conftest import create
from tests.inventory.plant.conftest import cable, duct, node, splice
from tests.network.conftest import two_routers

__all__ = ["Furnished", "furnish"]

_LONG = "les archives de l'état civil et des étrangers, telles qu'elles étaient avant le déménagement"
_DRIFT = "-ip route 192.0.2.0/24 blackhole\n+ip route 198.51.100.0/24 blackhole\n"


@dataclass(frozen=True)
class Furnished:
    """Ids by the place that their page stands under: what an administration has, and what the region has beside."""

    agency: Mapping[str, str]
    region: Mapping[str, str]


def furnish(agent: Person, engineer: Person, manager: Person, database: Database, settings: Settings) -> Furnished:
    """Let people ask, and write what a worker would have written."""
    a_month(engineer, manager, database)
    with database.transaction("owner", SYSTEM) as tx:
        tx.execute(text("update quota set granted = granted + 1 where resource = 'floating_ips'"))  # its month took all
    things = _of_an_administration(agent, manager, database)
    _devices(engineer, database, settings)
    _plant(engineer)
    _service(engineer, database)
    incident = _incidents(engineer, database)
    names = ["bxl-a1", "bxl-a2", *(f"own-{number:03}" for number in range(4))]
    body = {"kind": "network.example", "intent": {"names": names}, "reason": "rename what stands on the uplinks"}
    change = engineer.post("/api/v1/changes", json=body).json()["id"]
    Sequencer(database, None).drain()
    beside = {"devices": "ac91", "contexts": "ntp-of-access", "figures": "servers", "number": "3", "changes": change}
    beside |= {"link": "cr91-ac91"}
    beside |= {"cable": "C-ARTS-1", "closure": "K-RIVOLI", "incidents": str(incident)}
    things["services"] = "guichets-ixelles"
    things["problems"] = "CORE-104"
    return Furnished(things, {**things, **beside, "audit": _entry(manager, change)})


def _of_an_administration(agent: Person, manager: Person, database: Database) -> dict[str, str]:
    server = standing.server(database, "guichet-electronique-production-1")
    volume = standing.volume(database, "archives-de-la-population", server=server, description=_LONG)
    snapshot = standing.snapshot(database, volume, "avant-le-demenagement-de-2026", description=_LONG)
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl4"
    account = {"handle": "sauvegardes", "kind": "service", "display_name": "Sauvegardes", "role": "agency-user"}
    asked = {"resource": {"type": "server", "id": server}, "subject": "Lenteurs au guichet", "body": _LONG}
    quota = {"resource": "servers", "granted": 61, "project": "main", "reason": _LONG}
    request = _made(agent, "/api/v1/support-requests", asked)
    _made(manager, f"/api/v1/support-requests/{request}/messages", {"body": "Un disque était plein."})
    for path, body in (
        ("/api/v1/ssh-keys", {"name": "poste-de-travail", "public_key": key}),
        ("/api/v1/tokens", {"name": "sauvegardes", "scopes": ["hosting:read"]}),
        ("/api/v1/invitations", {"email": "une.collegue.au.nom.compose@ixelles.example"}),
        ("/api/v1/principals", account),
    ):
        _made(agent, path, body)
    return {
        "servers": server,
        "volumes": volume,
        "snapshots": snapshot,
        "networks": standing.network(database, "bases-de-donnees", "10.94.0.0/24"),
        "addresses": standing.public_address(database, "203.0.113.95", server=server, description=_LONG),
        "security-groups": standing.group(database, "guichets", description=_LONG),
        "support": request,
        "changes": _made(agent, "/api/v1/quotas", quota),
    }


def _devices(engineer: Person, database: Database, settings: Settings) -> None:
    """Two routers, contexts on them; ``ac91`` has run its intent, and runs another line now."""
    contexts = [
        {"name": "ntp-of-access", "scope": "role", "role": "access", "data": {"ntp": {"servers": ["192.0.2.1"]}}},
        {"name": "timers", "scope": "region", "weight": 2000, "active": False, "data": {"ospf": {"dead": 40}}},
    ]
    operations = [*two_routers(), {"action": "create", "type": "config_context", "values": contexts}]
    body = {"kind": "inventory.edit", "intent": {"operations": operations}, "reason": "two routers"}
    _made(engineer, "/api/v1/changes", body)
    with database.transaction("worker", SYSTEM) as tx:
        found = tx.execute(text("select id, tenant_id from device where name = 'ac91'")).one()
        wanted = intended_text(tx, found.id)
        for configuration in (wanted, f"{wanted}ip route 198.51.100.0/24 blackhole\n"):
            store.keep(
                tx, KeyFile(settings.key_file), device_id=found.id, tenant_id=found.tenant_id, platform="frr",
                configuration=configuration, source="backup",
            )  # fmt: skip
    with database.transaction("owner", SYSTEM) as tx:
        tx.execute(
            text(
                "insert into device_state (device_id, tenant_id, reachable, seen_at, drifted_since, drift_diff)"
                " select id, tenant_id, true, now(), now(), :drift from device where name in ('ac91', 'cr91')"
                " on conflict (device_id) do update set drifted_since = now(), drift_diff = excluded.drift_diff"
            ),
            {"drift": _DRIFT},
        )


def _plant(engineer: Person) -> None:
    """Two cables between the routers' sites, spliced in a manhole; light from one to the other, and a dark strand."""
    arts, manhole, hall = (4.3690, 50.8450), (4.3600, 50.8460), (4.3520, 50.8470)
    here, there = "cr91:to-ac91", "ac91:to-cr91"
    splices = [
        splice(f"C-ARTS-1/{n}:b", f"C-HALL-1/{17 - n}:a", "K-RIVOLI", tray=1, loss_db=0.05) if n < 5
        else splice(f"C-ARTS-1/{n}:b", f"C-HALL-1/{n}:a", "K-RIVOLI", tray=2, kind="mechanical") for n in range(1, 13)
    ]  # fmt: skip
    ports = [
        {"panel": "P-ARTS", "number": 1, "strand": "C-ARTS-1/1", "side": "a", "interface": here},
        {"panel": "P-ARTS", "number": 3, "strand": "C-ARTS-1/3", "side": "a"},
        {"panel": "P-HALL", "number": 1, "strand": "C-HALL-1/16", "side": "b", "interface": there},
        {"panel": "P-HALL", "number": 3, "strand": "C-HALL-1/14", "side": "b"},
    ]
    optics = {"type": "1000BASE-LX", "wavelength_nm": 1310, "tx_power_dbm": -6, "rx_sensitivity_dbm": -20}
    operations = [
        create("plant_node", node("ARTS", arts, site="DC-ARTS"), node("MH-1", manhole),
               node("HALL", hall, site="TH-21004")),
        create("duct", duct("D-1", "ARTS", "MH-1", [arts, manhole], owner="une société des eaux", length_m=700),
               duct("D-2", "MH-1", "HALL", [manhole, hall], length_m=700)),
        create("cable", *(cable(*one, length_m=760) for one in (("C-ARTS-1", "ARTS", "MH-1"),
                                                                ("C-HALL-1", "MH-1", "HALL")))),
        create("cable_duct", {"cable": "C-ARTS-1", "duct": "D-1", "position": 1},
               {"cable": "C-HALL-1", "duct": "D-2", "position": 1}),
        create("closure", {"code": "K-RIVOLI", "node": "MH-1", "trays": 2}),
        create("splice", *splices),
        create("panel", *({"code": code, "site": site, "ports": 24} for code, site in (("P-ARTS", "DC-ARTS"),
                                                                                       ("P-HALL", "TH-21004")))),
        create("panel_port", *ports),
        create("transceiver", *({"interface": one, **optics, "rx_power_dbm": -7.5} for one in (here, there))),
        create("circuit", {"code": "X-ARTS-HALL", "link": "cr91-ac91", "a_interface": here, "b_interface": there}),
        create("circuit_strand", {"circuit": "X-ARTS-HALL", "strand": "C-ARTS-1/1", "position": 1},
               {"circuit": "X-ARTS-HALL", "strand": "C-HALL-1/16", "position": 2}),
        create("strand_hold", {"strand": "C-ARTS-1/3", "tenant": "ixelles", "purpose": "caméras"}),
    ]  # fmt: skip
    body = {"kind": "inventory.edit", "intent": {"operations": operations}, "reason": "what lies between them"}
    _made(engineer, "/api/v1/changes", body)


def _service(engineer: Person, database: Database) -> None:
    """A private network of the administration's, as its routers' confirmation writes it; each has a port more."""
    ports = [{"device": device, "name": name} for device in ("ac91", "cr91") for name in ("port1", "port2")]
    operations = [create("interface", *ports)]
    body = {"kind": "inventory.edit", "intent": {"operations": operations}, "reason": "ports for customers"}
    _made(engineer, "/api/v1/changes", body)
    with database.transaction("owner", SYSTEM) as tx:
        tx.execute(
            text(
                "with s as (insert into service (tenant_id, code, kind, bandwidth_mbps, protection, table_number,"
                " tunnel_number) select id, 'guichets-ixelles', 'l3vpn', 200, 'none', 1091, 10091 from tenant"
                " where code = 'ixelles' returning id, tenant_id)"
                " insert into service_end (service_id, tenant_id, device_id, interface_id, address, probe)"
                " select s.id, s.tenant_id, d.id, i.id, cast(v.address as inet), cast(v.probe as inet) from s,"
                " (values ('ac91', '10.91.1.1/24', '10.91.1.10'), ('cr91', '10.91.2.1/24', null))"
                " v(name, address, probe)"
                " join device d on d.name = v.name join interface i on i.device_id = d.id and i.name = 'port1'"
            )
        )


def _incidents(engineer: Person, database: Database) -> int:
    """The link between the routers stood and is down: its cable, by what the watch would write; and a silence."""
    ends = ("ac91", "cr91")
    states: tuple[Sight, ...] = ("up", "down")
    for state in states:
        with database.transaction("worker", SYSTEM) as tx:
            seen = ("ac91:to-cr91 sees no light", "cr91:to-ac91 sees no light") if state == "down" else ()
            settle(tx, [LinkSight("cr91-ac91", state, seen, ends)], set())
    with database.transaction("owner", SYSTEM) as tx:
        number = int(tx.execute(text("select number from incident where closed_at is null")).scalar_one())
    _made(engineer, f"/api/v1/incidents/{number}:note", {"said": "une équipe est en route vers la rue des Arts"})
    silence = {"kind": "device", "name": "ac91", "begins": "2026-01-01T00:00:00Z", "ends": "2036-01-01T00:00:00Z"}
    _made(engineer, "/api/v1/incident-silences", {**silence, "reason": _LONG})
    return number


def _entry(manager: Person, change: str) -> str:
    found = manager.get(f"/api/v1/audit?change={change}").json()["items"]
    return str(found[0]["seq"])


def _made(person: Person, path: str, body: Mapping[str, object]) -> str:
    answer = person.post(path, json=body)
    assert answer.status_code in {200, 201, 202}, (path, answer.text)
    return str(answer.json().get("id", ""))
