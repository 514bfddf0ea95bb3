"""Things of others, one of each sort: what a stranger must not be able to tell from nothing.

``Foreign.paths`` has a line for each path parameter of the API, ``Foreign.fields`` one for each filter and each field
of a body that names something somebody could own. Whoever adds an address adds its things here; ``test_two_tenants``
says when.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from sqlalchemy import text

from core.db import Database
from core.journal.record import record
from core.journal.sequencer import Sequencer
from core.sessions import Life, start_session
from inventory.objects import ALL
from tests.api.people import SYSTEM, Hire, Person
from tests.api.walking import operations

__all__ = ["MARK", "NO_ANSWER", "Foreign", "before", "foreign", "lists", "plant_of", "strangers"]

_ID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

_IMAGE = str(uuid4())
"""Id in the cloud of the image that was made of their server."""

MARK = "zk7"
"""Stands in every name that is given to something of the other administration."""

NO_ANSWER = frozenset({"/api/v1/events", "/api/v1/changes/{change_id}/events"})
"""Streams: listened to below."""


@dataclass
class Foreign:
    """Things of another administration and of the region: what stands in a path, and what in a field.

    Each entry is (values of theirs, a maker of one that nobody has).
    """

    paths: dict[str, tuple[list[str], Callable[[], str]]] = field(default_factory=dict)
    fields: dict[str, tuple[list[str], Callable[[], str]]] = field(default_factory=dict)
    made: list[tuple[str, dict[str, Any], str, str]] = field(default_factory=list)
    canaries: set[str] = field(default_factory=set)

    def in_field(self, name: str, *, by_id: bool) -> tuple[list[str], Callable[[], str]]:
        """Values for a field: those that are ids where it takes nothing else."""
        values, maker = self.fields[name]
        return ([value for value in values if _ID.fullmatch(value)], _id) if by_id else (values, maker)


def _id() -> str:
    return str(uuid4())


def _word() -> str:
    return f"no{uuid4().hex[:10]}"


def _number() -> str:
    return str(4_100_000_000 + uuid4().int % 90_000_000)


@pytest.fixture(scope="module")
def strangers(hire: Hire) -> list[Person]:
    """Those who look for what is not theirs."""
    return [hire("bo-user", "agency-user", tenant="uccle"), hire("bo-admin", "agency-admin", tenant="uccle")]


def lists(app: FastAPI) -> list[str]:
    """Addresses that answer with a list, of whatever there is."""
    return [
        one.path for one in operations(app.openapi())
        if one.method == "get" and not one.named and one.path not in NO_ANSWER
    ]  # fmt: skip


@pytest.fixture(scope="module")
def before(
    app: FastAPI, database: Database, strangers: list[Person], agent: Person, manager: Person
) -> dict[tuple[str, str], str]:
    """What the strangers' lists hold before there is anything that is not theirs; the catalogue is everybody's."""
    offered = manager.post("/api/v1/catalogue:import?builtin=lab")
    assert offered.status_code in {201, 202}, offered.text
    Sequencer(database, None).drain()
    return {(one.handle, path): one.get(path).text for one in strangers for path in lists(app)}


@pytest.fixture(scope="module")
def foreign(
    before: dict[tuple[str, str], str],
    database: Database,
    tenants: dict[str, UUID],
    hire: Hire,
    engineer: Person,
    manager: Person,
    agent: Person,
) -> Foreign:
    """One thing of each sort, of the region's or of Ixelles, made after the strangers looked around."""
    them = Foreign()
    _inventory(them, engineer)
    ann = hire(f"ann-{MARK}", "agency-user", tenant="ixelles")
    service = hire(f"service-{MARK}", "agency-user", tenant="ixelles")
    token = _make(them, agent, "/api/v1/tokens", {"name": f"t-{MARK}", "scopes": ["hosting:read"]})
    hook = _make(them, agent, "/api/v1/webhooks", {"url": f"https://93.184.215.14/{MARK}"})
    invited = _make(them, agent, "/api/v1/invitations", {"email": f"{MARK}@ixelles.example"})
    with database.transaction("owner", SYSTEM) as tx:
        life = Life(timedelta(hours=1), timedelta(hours=2))
        start_session(tx, principal_id=ann.id, tenant_id=tenants["ixelles"], issuer=MARK, life=life)
        session = str(tx.execute(text("select id from session where issuer = :mark"), {"mark": MARK}).scalar_one())
        on_the_network = {"tenant": tenants["ixelles"], "port": "own01"}
        tx.execute(
            text(
                "with s as (insert into service (tenant_id, code, kind, protection, table_number, tunnel_number)"
                f" values (:tenant, 'sv-{MARK}', 'l3vpn', 'none', 1077, 10077) returning id)"
                " insert into service_end (service_id, tenant_id, device_id, interface_id, address)"
                " select s.id, :tenant, d.id, i.id, '10.77.0.1/24' from s, device d"
                " join interface i on i.device_id = d.id where d.name = :port"
            ),
            on_the_network,
        )
    added = {"handle": f"new-{MARK}", "display_name": MARK, "role": "agency-user"}
    _make(them, agent, "/api/v1/principals", added)
    freeze = {"kind": "freeze", "name": "f", "begins": "2031-06-01T00:00:00Z", "ends": "2031-06-03T00:00:00Z"}
    entry = manager.post("/api/v1/calendar", json=freeze).json()["id"]
    deputy = agent.post(
        "/api/v1/deputies",
        json={
            "absent": "agent",
            "deputy": ann.handle,
            "begins": "2031-01-01T00:00:00Z",
            "ends": "2031-01-02T00:00:00Z",
        },
    )
    assert deputy.status_code == 201, deputy.text
    example = {"kind": "network.example", "intent": {"names": ["own01"]}, "reason": f"region {MARK}"}
    regions = engineer.post("/api/v1/changes", json=example).json()["id"]
    theirs = _hosting(them, database, tenants, agent, manager)
    more = {"resource": "servers", "granted": 99, "project": "main", "reason": MARK}
    theirs["change"].append(_make(them, agent, "/api/v1/quotas", more))
    seq = _numbered(database, tenants["ixelles"])
    changes = [regions, *theirs["change"]]
    them.canaries |= {token, hook, invited, session, deputy.json()["id"], MARK, "own01", "TH-21009", *changes}
    people = [ann.handle, service.handle, "agent"]
    them.paths |= {
        "tokens/token_id": ([token], _id),
        "tenants/code": (["ixelles", "region"], _word),
        "principals/handle": (people, _word),
        "members/handle": (people, _word),
        "sessions/session_id": ([session], _id),
        "invitations/invitation_id": ([invited], _id),
        "invitations/token": ([invited], _word),
        "memberships/tenant_code": (["ixelles"], _word),
        "tenant_code/handle": ([ann.handle], _word),
        "handle/role": (["agency-user"], lambda: "agency-user"),
        "secrets/name": ([f"s-{MARK}"], _word),
        "calendar/entry_id": ([entry], _id),
        "zones/code": (["walked"], _word),
        "deputies/deputyship": ([deputy.json()["id"]], _id),
        "changes/change_id": (changes, _id),
        "audit/seq": (seq, lambda: "987654321"),
        "webhooks/webhook_id": ([hook], _id),
        "support-requests/request_id": (theirs["support"], _id),
        "maintenance/notice_id": (theirs["maintenance"], _id),
        "state/name": ([f"tf-{MARK}"], _word),
        "ssh-keys/key_id": (theirs["ssh_key"], _id),
        "security-groups/group_id": (theirs["security_group"], _id),
        "floating-addresses/address_id": (theirs["floating_ip"], _id),
        "showback/month": (["2026-06"], lambda: "2026-06"),
        "networks/network_id": (theirs["cloud_network"], _id),
        "volumes/volume_id": (theirs["volume"], _id),
        "snapshots/snapshot_id": (theirs["volume_snapshot"], _id),
        "backup-schedules/schedule_id": (theirs["backup_schedule"], _id),
        "versions/number": (["1"], lambda: "1"),
        "servers/server_id": (theirs["server"], _id),
        "projects/project_id": (theirs["project"], _id),
        "images/image_id": ([_IMAGE], _id),
        "devices/name": (["own01"], _word),
        "links/name": (["own01-own02"], _word),
        "services/code": ([f"sv-{MARK}"], _word),
        "incidents/number": (["123456789"], lambda: "987654321"),
        "incident-silences/silence_id": ([_id()], _id),
    }
    them.fields |= {
        "tenant": (["ixelles", "region", str(tenants["ixelles"])], _word),
        "principal": (people, _word),
        "requested_by": (people, _word),
        "actor": (people, _word),
        "absent": (people, _word),
        "deputy": (people, _word),
        "on_behalf_of": (people, _word),
        "change": (changes, _id),
        "subject_id": (changes, _id),
        "id": (theirs["server"], _id),
        "ids": (theirs["server"], _id),
        "resource": (theirs["server"], _id),
        "server": (theirs["server"], _id),
        "project": ([*theirs["project"], f"p-{MARK}"], _id),
        "volume": (theirs["volume"], _id),
        "snapshot": (theirs["volume_snapshot"], _id),
        "schedule": (theirs["backup_schedule"], _id),
        "remote": ([f"group:g-{MARK}"], lambda: f"group:{_word()}"),
        "host": ([f"h-{MARK}"], _word),
        "near": ([f"v-{MARK}", *theirs["server"]], _word),
        "apart": ([f"v-{MARK}", *theirs["server"]], _word),
        "networks": ([f"n-{MARK}", *theirs["cloud_network"]], _word),
        "network": ([f"n-{MARK}"], _word),
        "security_groups": ([f"g-{MARK}", *theirs["security_group"]], _word),
        "security_group": ([f"g-{MARK}", *theirs["security_group"]], _word),
        "image": ([f"i-{MARK}"], _word),  # an id is looked for in the cloud, with the account of the own project
        "key": ([f"k-{MARK}", *theirs["ssh_key"]], _word),
        "servers": (theirs["server"], _id),
        "site": (["TH-21009"], _word),
        "device": (["own01"], _word),
        "room": (["TH-21009/cellar"], _word),
        "rack": (["DC-ARTS/R01"], _word),
        "range": (["region-private"], _word),
        "pool": (["region-private", "DC-ARTS"], _word),
        "asn": (["64512"], _number),
        "vrf": (["global"], _word),
        "prefix": (["global 10.255.0.0/24"], lambda: "nowhere 10.1.0.0/24"),
        "interface": (["own01:to-other"], lambda: "no1:x"),
        "peer": (["own02"], _word),
        "group": (["DC-ARTS"], _word),
        "a": (["own01:to-other", f"NA-{MARK}"], lambda: "no1:x"),
        "b": (["own02:to-other", f"NB-{MARK}"], lambda: "no1:x"),
        "select": (["name=own01"], lambda: f"name={_word()}"),
        "feed": ([f"F-{MARK}"], _word),
        "node": ([f"NA-{MARK}"], _word),
        "a_node": ([f"NA-{MARK}"], _word),
        "b_node": ([f"NB-{MARK}"], _word),
        "duct": ([f"DU-{MARK}"], _word),
        "cable": ([f"C-{MARK}"], _word),
        "strand": ([f"C-{MARK}/1"], _word),
        "panel_port": ([f"P-{MARK}/1"], _word),
        "towards": ([f"NB-{MARK}"], _word),
        "a_strand": ([f"C-{MARK}/1"], _word),
        "b_strand": ([f"D-{MARK}/1"], _word),
        "closure": ([f"K-{MARK}"], _word),
        "panel": ([f"P-{MARK}"], _word),
        "a_port": ([f"P-{MARK}/1"], _word),
        "b_port": ([f"P-{MARK}/3"], _word),
        "a_interface": (["own01:to-other"], lambda: "no1:x"),
        "b_interface": (["own02:to-other"], lambda: "no1:x"),
        "circuit": ([f"X-{MARK}"], _word),
        "link": (["own01-own02"], _word),
    }
    Sequencer(database, None).drain()
    return them


def _make(them: Foreign, person: Person, path: str, body: dict[str, Any]) -> str:
    """Something of the other administration, made as its people make it; kept for making it again."""
    key = uuid4().hex
    answer = person.post(path, key=key, json=body)
    assert answer.status_code in {201, 202}, (path, answer.text)
    found = str(answer.json()["id"])
    them.made.append((path, body, key, found))
    them.canaries.add(found)
    return found


def _hosting(
    them: Foreign, database: Database, tenants: dict[str, UUID], agent: Person, manager: Person
) -> dict[str, list[str]]:
    """A server in a project of its own, a question about it, and maintenance that touches it."""
    with database.transaction("owner", SYSTEM) as tx:
        row = tx.execute(
            text(
                f"with z as (insert into zone (tenant_id, code, availability_zone) values (:region, 'walked', 'az1')"
                f" returning id), p as (insert into project (tenant_id, code, name) values (:tenant, 'p-{MARK}', 'P')"
                " returning id), q as (insert into quota (tenant_id, project_id, resource, granted)"
                " select :tenant, p.id,"
                " r, 100000 from p, unnest('{servers,vcpus,ram_mib}'::text[]) r returning 1)"
                " select p.id as project, z.id as zone from p, z, (select count(*) from q) counted"
            ),
            {"tenant": tenants["ixelles"], "region": tenants["region"]},
        ).one()
        server = tx.execute(
            text(
                "insert into server (tenant_id, project_id, name, vcpus, ram_mib, disk_gib, host, zone_id)"
                f" values (:tenant, :project, 'v-{MARK}', 1, 512, 1, 'h-{MARK}', :zone) returning id"
            ),
            {"tenant": tenants["ixelles"], "project": row.project, "zone": row.zone},
        ).scalar_one()
    held = _held(database, tenants["ixelles"], row.project)
    about = {"subject": f"q-{MARK}", "body": MARK, "resource": {"type": "server", "id": str(server)}}
    asked = agent.post("/api/v1/support-requests", json=about)
    assert asked.status_code == 201, asked.text
    _make(them, agent, "/api/v1/support-requests", {"subject": f"r-{MARK}", "body": MARK})
    notice = {
        "title_fr": MARK, "title_nl": MARK, "title_en": MARK, "impact": "none", "begins": "2031-01-01T00:00:00Z",
        "ends": "2031-01-02T00:00:00Z", "touches": [{"type": "server", "ids": [str(server)]}],
    }  # fmt: skip
    drafted = manager.post("/api/v1/maintenance", json=notice).json()["id"]
    shown = manager.post("/api/v1/maintenance", json=notice).json()["id"]
    moved = manager.send(
        "PATCH", f"/api/v1/maintenance/{shown}", json={"state": "scheduled"}, headers={"If-Match": "*"}
    )
    assert moved.status_code == 200, moved.text
    state = agent.send("POST", f"/api/v1/terraform/state/tf-{MARK}", content=b'{"version":4,"serial":1,"lineage":"l"}')
    assert state.status_code == 200, state.text
    found = {**held, "server": [server], "project": [row.project], "support": [asked.json()["id"]], "change": []}
    them.canaries |= {
        str(server),
        str(row.project),
        drafted,
        shown,
        *(str(one) for ids in held.values() for one in ids),
    }
    return {**{key: [str(one) for one in ids] for key, ids in found.items()}, "maintenance": [drafted, shown]}


def _held(database: Database, tenant: UUID, project: UUID) -> dict[str, list[Any]]:
    """One of everything that can stand in a project, by its table."""
    rows = {
        "ssh_key": "(tenant_id, name, public_key, algorithm, bits, fingerprint) values"
        f" (:tenant, 'k-{MARK}', 'ssh-ed25519 AAAA', 'ed25519', 256, 'SHA256:{'A' * 43}')",
        "security_group": f"(tenant_id, project_id, name) values (:tenant, :project, 'g-{MARK}')",
        "cloud_network": f"(tenant_id, project_id, name, cidr) values (:tenant, :project, 'n-{MARK}', '10.77.0.0/24')",
        "volume": f"(tenant_id, project_id, name, size_gib) values (:tenant, :project, 'd-{MARK}', 1)",
        "volume_snapshot": "(tenant_id, project_id, volume_id, name, size_gib) select :tenant, :project, id,"
        f" 's-{MARK}', 1 from volume where name = 'd-{MARK}'",
        "server_image": "(tenant_id, project_id, server_id, name, status, cloud_id) select :tenant, :project, id,"
        f" 'i-{MARK}', 'active', '{_IMAGE}' from server where name = 'v-{MARK}'",
        "backup_schedule": f"(tenant_id, volume_id, name, every, hour, keep)"
        f" select :tenant, id, 'b-{MARK}', 'day', 2, 7 from volume where name = 'd-{MARK}'",
        "floating_ip": "(tenant_id, project_id, address, status) values (:tenant, :project, '192.0.2.77', 'free')",
    }
    with database.transaction("owner", SYSTEM) as tx:
        tx.execute(
            text(
                "insert into quota (tenant_id, project_id, resource, granted) select :tenant, :project, r, 100 from"
                " unnest('{volumes,storage_gib,snapshots,networks,floating_ips,security_groups}'::text[]) r"
            ),
            {"tenant": tenant, "project": project},
        )
        return {
            table: [
                tx.execute(
                    text(f"insert into {table} {columns} returning id"), {"tenant": tenant, "project": project}
                ).scalar_one()
            ]
            for table, columns in rows.items()
        }


def _inventory(them: Foreign, engineer: Person) -> None:
    """Something of the region's own of every type."""
    assert engineer.post("/api/v1/region:import?builtin=brussels").status_code == 201
    device = {"role": "access", "device_type": "FRRouting/FRR", "site": "TH-21009"}
    port = [{"name": "to-other", "kind": "physical"}]
    made: dict[str, Any] = {
        "rooms": {"site": "TH-21009", "name": "cellar"},
        "devices": [{"name": name, "interfaces": port, **device} for name in ("own01", "own02")],
        "links": {"name": "own01-own02", "a": "own01:to-other", "b": "own02:to-other"},
        "device-access": {"device": "own01", "username": "irisplane", "secret_name": "device/own01/irisplane"},
        "rack-placements": {"device": "own01", "rack": "DC-ARTS/R01", "units": "40-40"},
        "addresses": {"address": "10.255.0.77/32", "prefix": "global 10.255.0.0/24"},
        "vlans": {"group": "DC-ARTS", "vid": 77, "name": "own"},
        "config-contexts": {"name": "own", "scope": "region", "data": {"ntp": ["10.0.0.1"]}},
    }
    for collection, body in [*made.items(), *plant_of()]:
        answer = engineer.post(f"/api/v1/{collection}", json=body)
        assert answer.status_code == 201, (collection, answer.text)
    number = engineer.post("/api/v1/asn-ranges/region-private:allocate", json={})
    assert number.status_code == 201, number.text
    names = {
        "devices": "own01",
        "sites": "TH-21009",
        "vrfs": "global",
        "racks": "DC-ARTS/R01",
        "vlan-groups": "DC-ARTS",
    }
    for collection in (path.split("/")[3] for path in engineer.client.app.openapi()["paths"] if "{ref}" in path):  # type: ignore[attr-defined]  # a FastAPI
        items = engineer.get(f"/api/v1/{collection}?limit=2").json()["items"]
        assert items, f"the region has no {collection}: nothing would be tried"
        found = [item["id"] for item in items] + ([names[collection]] if collection in names else [])
        them.paths[f"{collection}/ref"] = (found, _id)
    assert len(them.paths) > len(ALL) - 3


def plant_of() -> list[tuple[str, Any]]:
    """A fibre from one building to another, lit, held, and patched on: of every type of the plant, one."""
    ends = [{"code": f"N{end}-{MARK}", "kind": "building", "site": site, "lon": 4.37, "lat": lat}
            for end, site, lat in (("A", "DC-ARTS", 50.84), ("B", "TH-21009", 50.843))]  # fmt: skip
    way = {"a_node": f"NA-{MARK}", "b_node": f"NB-{MARK}", "length_m": 400}
    cables = [{"code": f"{name}-{MARK}", "strands": 2, **way} for name in ("C", "D")]
    lone, lit = f"D-{MARK}/1", f"C-{MARK}/1"
    joined = {"closure": f"K-{MARK}", "a_strand": lit, "a_side": "b", "b_strand": lone, "b_side": "b"}
    ports = [{"panel": f"P-{MARK}", "number": n, "strand": strand, "side": "a"} for n, strand in ((1, lit), (2, lone))]
    corners = [{"code": one["code"], "lon": one["lon"], "lat": one["lat"]} for one in ends]
    return [
        ("corridor-nodes", corners),
        ("corridors", {"code": f"S-{MARK}", **way}),
        ("power-feeds", {"code": f"F-{MARK}"}),
        ("plant-nodes", ends),
        ("site-feeds", {"site": "TH-21009", "feed": f"F-{MARK}"}),
        ("ducts", {"code": f"DU-{MARK}", **way}),
        ("cables", cables),
        ("cable-ducts", {"cable": f"C-{MARK}", "duct": f"DU-{MARK}", "position": 1}),
        ("closures", {"code": f"K-{MARK}", "node": f"NB-{MARK}"}),
        ("splices", joined),
        ("panels", {"code": f"P-{MARK}", "site": "DC-ARTS", "ports": 4}),
        ("panel-ports", [*ports, {"panel": f"P-{MARK}", "number": 3}, {"panel": f"P-{MARK}", "number": 4}]),
        ("patch-cords", {"code": f"PC-{MARK}", "a_port": f"P-{MARK}/1", "b_port": f"P-{MARK}/3"}),
        ("transceivers", {"interface": "own01:to-other", "type": "LX", "wavelength_nm": 1310}),
        ("strand-holds", {"strand": lit, "purpose": MARK}),
        ("circuits", {"code": f"X-{MARK}", "a_interface": "own01:to-other", "b_interface": "own02:to-other"}),
        ("circuit-strands", {"circuit": f"X-{MARK}", "strand": lit, "position": 1}),
    ]


def _numbered(database: Database, tenant: UUID) -> list[str]:
    """Numbers of an entry of Ixelles and of one of the region's."""
    with database.transaction("owner", SYSTEM) as tx:
        record(tx, "event", "walk.happened", "walk", MARK, body={"what": MARK}, tenant_id=tenant)
        record(tx, "audit", "walk.region", "walk", MARK, body={"what": MARK})
    Sequencer(database, None).drain()
    with database.transaction("owner", SYSTEM) as tx:
        rows = tx.execute(
            text("select c.seq from journal j join journal_chain c on c.journal_id = j.id where j.action like 'walk.%'")
        )
        return [str(row.seq) for row in rows]
