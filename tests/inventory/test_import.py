"""Region data: what is taken, what is refused and why, twice the same is nothing, and out and in again is the same."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from core.db import Database
from inventory.errors import ImportRefused
from inventory.imports import SourceFile, read_all
from inventory.imports.places import slug, two_names
from inventory.imports.router import unpack
from inventory.plant.trace import trace
from inventory.region_export import export_files
from inventory.region_import import Prepared, built_in, prepare
from orchestrator import blobs
from orchestrator.planning import ChangeRequest
from orchestrator.records import ChangeRecord
from orchestrator.submitting import submit
from tests.inventory.conftest import SYSTEM, create, device, engineer_of

OPEN_DATA = Path(__file__).parents[2].parent / "shared" / "data" / "brussels"


def bring(database: Database, files: list[SourceFile]) -> tuple[Prepared, ChangeRecord]:
    """Import as the region's engineer."""
    person = engineer_of(database)
    with database.transaction("api", person.scope("t", "import")) as tx:
        prepared = prepare(tx, person.scope("t", "import"), files)
    record = submit(database, person, ChangeRequest(kind="inventory.import", intent=prepared.intent, reason="import"))
    return prepared, record


def exported(database: Database) -> dict[str, bytes]:
    with database.transaction("api", SYSTEM) as tx:
        return {file.name: file.content for file in export_files(tx, "brussels")}


def test_the_built_in_region_is_taken_whole_and_twice_is_nothing(fresh_database: Database) -> None:
    prepared, record = bring(fresh_database, built_in())
    assert prepared.refused == []
    assert record.state == "succeeded"
    assert not record.outcome.get("nothing_to_do")
    again, second = bring(fresh_database, built_in())
    assert again.records == prepared.records
    assert second.outcome == {"nothing_to_do": True}


def test_out_and_in_again_is_the_same_region(fresh_database: Database, database: Database) -> None:
    bring(fresh_database, built_in())
    person = engineer_of(fresh_database)
    operations = [
        create(
            "device",
            device(
                "ac01",
                site="TH-21009",
                management_address="172.30.0.1",
                interfaces=[{"name": "lo", "kind": "loopback"}, {"name": "a"}],
            ),
            device("ac02", site="TH-21016", interfaces=[{"name": "a", "mtu": 9000, "mac": "02:00:00:00:00:01"}]),
        ),
        create("link", {"name": "l", "a": "ac01:a", "b": "ac02:a"}),
        create("address", {"prefix": "global 10.255.0.0/24", "address": "10.255.0.7/32", "interface": "ac01:lo"}),
        create("rack_placement", {"rack": "DC-ARTS/R01", "device": "ac01", "units": "3-4", "face": "front"}),
        create("vlan", {"group": "DC-ARTS", "vid": 12, "name": "guests"}),
    ]
    submit(
        fresh_database, person, ChangeRequest(kind="inventory.edit", intent={"operations": operations}, reason="fill")
    )
    first = exported(fresh_database)
    prepared, _ = bring(database, [SourceFile(name, content) for name, content in first.items()])
    assert prepared.refused == []
    assert exported(database) == first


def test_what_is_held_no_more_stays_behind(fresh_database: Database) -> None:
    bring(fresh_database, built_in())
    person = engineer_of(fresh_database)
    past = "[2020-01-01T00:00:00+00:00,2021-01-01T00:00:00+00:00)"
    operations = [
        create("device", device("ac01", site="TH-21009")),
        create("rack_placement", {"rack": "DC-ARTS/R01", "device": "ac01", "units": "7", "held": past}),
        create("rack_placement", {"rack": "DC-ARTS/R01", "device": "ac01", "units": "3"}),
    ]
    submit(fresh_database, person, ChangeRequest(kind="inventory.edit", intent={"operations": operations}, reason="r"))
    first = exported(fresh_database)
    assert [one["units"] for one in json.loads(first["rack-placements.json"])] == ["3"]
    assert read_all([SourceFile(name, content) for name, content in first.items()]).refused == []


def test_records_that_are_gone_or_something_else_are_no_import(fresh_database: Database) -> None:
    person = engineer_of(fresh_database)
    with fresh_database.transaction("api", person.scope("t", "import")) as tx:
        other = blobs.put(tx, "[1]")
    for digest in (other, "0" * 64):
        request = ChangeRequest(kind="inventory.import", intent={"records": digest}, reason="import")
        with pytest.raises(ImportRefused, match="are gone"):
            submit(fresh_database, person, request)


def test_a_field_that_is_left_out_has_its_default_also_in_the_key(fresh_database: Database) -> None:
    bring(fresh_database, built_in())
    files = [SourceFile("prefixes.csv", b"cidr,kind\n192.0.2.0/24,container\n")]
    assert bring(fresh_database, files)[1].state == "succeeded"
    assert bring(fresh_database, files)[1].outcome == {"nothing_to_do": True}


@pytest.mark.skipif(not OPEN_DATA.is_dir(), reason="the region's open data is not beside this clone")
@pytest.mark.slow
def test_open_data_is_taken_as_it_is(fresh_database: Database) -> None:
    bring(fresh_database, built_in())
    files = [SourceFile(path.name, path.read_bytes()) for path in sorted(OPEN_DATA.iterdir())]
    prepared, record = bring(fresh_database, files)
    by_file = {one["file"]: one for one in prepared.sources}
    assert by_file["communes_osm.geojson"]["taken"] == 19
    assert by_file["regional_dc_sites.csv"]["taken"] == 4
    assert by_file["metro_premetro_stations.csv"]["taken"] == 70
    assert by_file["stib_stops_2021.csv"]["taken"] > 2400
    assert by_file["schools_osm.csv"]["taken"] > 600
    assert by_file["public_sites_osm.csv"]["taken"] > 600
    assert by_file["corridor_edges.csv"]["taken"] == 7295
    assert by_file["corridor_nodes.csv"]["taken"] == 4789
    assert "OpenStreetMap" in by_file["corridor_edges.csv"]["attribution"]
    assert "one municipality" in by_file["streets_1000bruxelles_nodes.csv"]["why"]
    assert all(one["attribution"] for one in prepared.sources if one["taken"])
    assert all(one.line > 1 and one.reason for one in prepared.refused if one.file.endswith(".csv"))
    assert record.state == "succeeded"
    _, again = bring(fresh_database, files)
    assert again.outcome == {"nothing_to_do": True}
    first = exported(fresh_database)
    assert sum(one["refused"] for one in prepared.sources) == len(prepared.refused)
    with_codes = {row["code"] for row in json.loads(first["sites.json"])}
    assert {"TH-21009", "ST-GARE-DU-MIDI", "DC-ARTS"} <= with_codes


def test_a_corridor_is_taken_stretch_by_stretch_and_what_is_none_is_refused_alone(fresh_database: Database) -> None:
    bring(fresh_database, built_in())
    nodes = SourceFile("nodes.csv", b"id,lon,lat\n1,4.35,50.85\n2,4.352,50.85\n3,148872,170500\n")
    edges = (
        b"u,v,length_m,kind,path\n1,2,150.5,tram_street,4.35 50.85;4.352 50.85\n1,2,190,canal,4.35 50.85;4.352 50.85\n"
        b"1,2,-3,canal,4.35 50.85;4.352 50.85\n1,2,10,canal,here;there\n1,9,10,canal,4.35 50.85;4.352 50.85\n"
    )
    prepared, record = bring(fresh_database, [nodes, SourceFile("edges.csv", edges)])
    assert record.state == "succeeded"
    told = {(one.file, one.line): one.reason for one in prepared.refused}
    assert set(told) == {("nodes.csv", 4), ("edges.csv", 4), ("edges.csv", 5), ("edges.csv", 6)}
    assert "length_m" in told["edges.csv", 4]
    assert "C9" in told["edges.csv", 6]
    rows = json.loads(exported(fresh_database)["corridors.json"])
    assert [(row["code"], row["length_m"], row["provenance"]) for row in rows] == [
        ("C1-C2", 150.5, "derived"),
        ("C1-C2.2", 190, "derived"),
    ]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("sites.csv", b"code,kind,name_fr,name_nl\nA1,other,\xe9,x\n", "not utf-8"),
        ("sites.csv", b"code,code,kind,name_fr,name_nl\n", "twice"),
        ("sites.csv", b"code,kind,name_fr,name_nl\nA1\x00,other,x,x\n", "NUL"),
        ("sites.csv", b"code,kind,name_fr,name_nl\nA1,other,x\n", "3 cells"),
        ("sites.csv", b"code,kind,name_fr,name_nl\nA1,palace,x,x\n", "kind"),
        ("sites.csv", b"code,kind,name_fr,name_nl,lon,lat\nA1,other,x,x,NaN,50\n", "lon"),
        ("sites.csv", b"code,kind,name_fr,name_nl,lon,lat\nA1,other,x,x,1e999,50\n", "lon"),
        ("sites.csv", b"code,kind,name_fr,name_nl,lon,lat\nA1,other,x,x,4," + b"9" * 5000 + b"\n", "lat"),
        ("sites.csv", b"code,kind,name_fr,name_nl,commune\nA1,other,x,x,99999\n", "no commune"),
        ("sites.csv", b"code,kind,name_fr,name_nl\nA1,other,x,x\nA1,other,y,y\n", "line 2 already"),
        (
            "sites.json",
            b'[{"code": "A1", "kind": "other", "name_fr": "x", "name_nl": "x", "lon": NaN, "lat": 1}]',
            "NaN",
        ),
        (
            "sites.json",
            b'[{"code": "A1", "kind": "other", "name_fr": "x", "name_nl": "x", "lon": ' + b"1" * 9999 + b"}]",
            "digits",
        ),
        ("sites.json", b"[" * 100_000, "nested"),
        ("sites.json", b'{"a": ', "line 1"),
        ("what.json", b"[1, 2]", "neither"),
        ("what.csv", b"a,b\n1,2\n", "no type"),
        ("empty.csv", b"", "header"),
    ],
)
def test_a_bad_file_is_refused_with_its_line_and_reason(
    database: Database, name: str, content: bytes, reason: str
) -> None:
    prepared, record = bring(database, [SourceFile(name, content), SourceFile("vrfs.csv", b"name\nstill\n")])
    assert len(prepared.refused) == 1
    assert reason in prepared.refused[0].reason
    assert [one["taken"] for one in prepared.sources if one["file"] == "vrfs.csv"] == [1]
    assert record.state == "succeeded"


def test_ten_megabytes_are_fine() -> None:
    rows = b"".join(b"S%d,other,Nom %d,Naam %d,%s\n" % (n, n, n, b"x" * 70) for n in range(100_000))
    reading = read_all([SourceFile("sites.csv", b"code,kind,name_fr,name_nl,address\n" + rows)])
    assert len(rows) > 10_000_000 - 500_000
    assert len(reading.records["site"]) == 100_000


def test_an_archive_is_unpacked_and_a_bomb_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("region/vrfs.csv", "name\nx\n")
        archive.writestr("readme.md", "hello")
    assert [file.stem for file in unpack("a.zip", packed.getvalue())] == ["vrfs.csv"]
    monkeypatch.setattr("inventory.imports.router.LARGEST_UNPACKED", 3)
    with pytest.raises(Exception, match="unpack to more"):
        unpack("a.zip", packed.getvalue())


def test_names_become_codes() -> None:
    assert slug("Gare de l'Ouest") == "GARE-DE-L-OUEST"
    assert slug("Comte de Flandre") == "COMTE-DE-FLANDRE"
    assert two_names("Maison communale - Gemeentehuis") == ("Maison communale", "Gemeentehuis")


def netbox(path: str, *rows: dict[str, Any]) -> SourceFile:
    results = [{"url": f"http://netbox/api/{path}/{n}/", **row} for n, row in enumerate(rows, start=1)]
    return SourceFile(
        f"{path.replace('/', '-')}.json", json.dumps({"count": len(rows), "next": None, "results": results}).encode()
    )


def test_a_netbox_export_is_read_in_any_order_of_files(fresh_database: Database) -> None:
    site = {"name": "Lab", "slug": "lab"}
    files = [
        netbox(
            "dcim/cables",
            {
                "a_terminations": [
                    {"object_type": "dcim.interface", "object": {"name": "eth0", "device": {"name": "r1"}}}
                ],
                "b_terminations": [
                    {"object_type": "dcim.interface", "object": {"name": "eth0", "device": {"name": "r2"}}}
                ],
                "type": "smf",
                "length": 1.2,
                "length_unit": {"value": "km"},
            },
            {"a_terminations": [], "b_terminations": []},
        ),
        netbox(
            "dcim/devices",
            *(
                {
                    "name": f"r{n}",
                    "role": {"slug": "core-router"},
                    "site": site,
                    "status": {"value": "active"},
                    "serial": "X",
                    "device_type": {"model": "MX204", "manufacturer": {"name": "Juniper"}},
                    "platform": {"slug": "juniper-junos"},
                    "primary_ip4": {"address": f"192.0.2.{n}/24"},
                    "rack": {"name": "K"},
                    "position": 10.0 * n,
                    "face": {"value": "front"},
                }
                for n in (1, 2)
            ),
            {"name": None},
        ),
        netbox("dcim/device-types", {"model": "MX204", "manufacturer": {"name": "Juniper"}, "u_height": 1.0}),
        netbox(
            "dcim/interfaces",
            *({"device": {"name": f"r{n}"}, "name": "eth0", "type": {"value": "10gbase-x-sfpp"}} for n in (1, 2)),
        ),
        netbox("dcim/racks", {"name": "K", "site": site, "u_height": 42}),
        netbox("dcim/sites", {**site, "latitude": 50.85, "longitude": 4.35}),
        netbox(
            "ipam/ip-addresses",
            {
                "address": "192.0.2.1/24",
                "assigned_object_type": "dcim.interface",
                "assigned_object": {"name": "eth0", "device": {"name": "r1"}},
            },
            {"address": "203.0.113.1/24"},
        ),
        netbox("ipam/prefixes", {"prefix": "192.0.2.0/24", "status": {"value": "active"}}),
        netbox("ipam/vrfs", {"name": "global", "rd": None}),
        netbox("ipam/vlans", {"vid": 5, "name": "five", "site": site}),
        netbox("extras/tags", {"name": "x"}),
    ]
    prepared, record = bring(fresh_database, files)
    assert {one.reason.split(" (")[0] for one in prepared.refused} == {
        "a cable that does not join two interfaces",
        "a device without a name",
        "no prefix of VRF global among the imported ones holds 203.0.113.1",
    }
    assert record.state == "succeeded"
    devices = json.loads(exported(fresh_database)["devices.json"])
    assert [(one["name"], one["role"], one["platform"], one["site"]) for one in devices] == [
        ("r1", "core", "junos", "LAB"),
        ("r2", "core", "junos", "LAB"),
    ]
    assert json.loads(exported(fresh_database)["links.json"])[0]["length_m"] == 1200
    assert bring(fresh_database, files)[1].outcome == {"nothing_to_do": True}


def _ends(*ends: tuple[str, str, str]) -> dict[str, Any]:
    """Terminations of a NetBox cable: (what, device, port) of each side."""
    return {
        f"{side}_terminations": [{"object_type": f"dcim.{kind}", "object": {"name": name, "device": {"name": device}}}]
        for side, (kind, device, name) in zip("ab", ends, strict=True)
    }


def test_netbox_ports_and_cables_become_panels_strands_and_patch_cords(fresh_database: Database) -> None:
    sites = [{"name": f"S{n}", "slug": f"s{n}", "latitude": 50.84 + n / 100, "longitude": 4.35} for n in (1, 2)]
    kind = {"model": "ODF", "manufacturer": {"name": "Any"}}
    devices = [("odf1", 0), ("odf2", 1), ("odf3", 1), ("r1", 0)]
    fronts = [
        {"device": {"name": f"odf{n}"}, "name": f"F{port}", "rear_port": {"name": "R"}, "rear_port_position": port}
        for n in (1, 2)
        for port in range(1, 13)
    ]
    newer = {"device": {"name": "odf3"}, "name": "F1",
             "rear_ports": [{"position": 1, "rear_port": {"name": "R"}, "rear_port_position": 1}]}  # fmt: skip
    files = [
        netbox("dcim/sites", *sites),
        netbox("dcim/device-types", kind),
        netbox("dcim/devices", *({"name": name, "role": {"slug": "panel"}, "site": sites[at], "device_type": kind}
                                 for name, at in devices)),
        netbox("dcim/interfaces", {"device": {"name": "r1"}, "name": "et 0", "type": {"value": "10gbase-x-sfpp"}}),
        netbox("dcim/rear-ports", *({"device": {"name": f"odf{n}"}, "name": "R", "positions": 12 if n < 3 else 1}
                                    for n in (1, 2, 3))),
        netbox("dcim/front-ports", *fronts, newer),
        netbox(
            "dcim/cables",
            {"id": 7, "label": "TRUNK 1", "type": {"value": "smf-os2"}, "length": 1.3, "length_unit": {"value": "km"},
             **_ends(("rearport", "odf1", "R"), ("rearport", "odf2", "R"))},
            _ends(("interface", "r1", "et 0"), ("frontport", "odf1", "F10")),
            {"id": 9, **_ends(("frontport", "odf2", "F10"), ("frontport", "odf3", "F1"))},
            _ends(("rearport", "odf3", "R"), ("interface", "r1", "et 0")),
        ),
    ]  # fmt: skip
    prepared, record = bring(fresh_database, files)
    assert [one.reason for one in prepared.refused] == [
        "a cable between interface and rearport: the plant has no such joint"
    ]
    assert record.state == "succeeded"
    found = exported(fresh_database)
    cable = json.loads(found["cables.json"])[0]
    assert (cable["code"], cable["strands"], cable["a_node"], cable["length_m"]) == ("TRUNK-1", 12, "S1", 1300)
    port = next(one for one in json.loads(found["panel-ports.json"]) if one["interface"])
    assert (port["panel"], port["number"], port["strand"], port["side"]) == ("odf1", 10, "TRUNK-1/10", "a")
    cord = json.loads(found["patch-cords.json"])[0]
    assert (cord["code"], cord["a_port"], cord["b_port"]) == ("CORD-9", "odf2/10", "odf3/1")
    with fresh_database.transaction("api", SYSTEM) as tx:
        names = [hop["name"] for hop in trace(tx, "interface", "r1:et-0")["hops"]]
    assert names == ["r1:et-0", "odf1/10", "TRUNK-1/10", "odf2/10", "CORD-9", "odf3/1"]
    assert bring(fresh_database, files)[1].outcome == {"nothing_to_do": True}
