"""Where a server stands: which data a zone may hold, near and apart, and the sentence that says why."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, text

from core.db import Database
from core.errors import NotFound
from datacenter.hosting import cloud as connections
from datacenter.hosting import placement, zones
from datacenter.hosting.errors import NoSuchZone, NoZoneFits
from tests.api.people import SYSTEM, Person
from tests.clouds import CloudForTests
from tests.datacenter.ordering import Hosting

ZONES = (
    ("alpha", ["open", "internal", "personal", "sensitive"], True),
    ("beta", ["open", "internal"], True),
    ("gamma", ["open", "internal", "personal", "sensitive"], False),
)


@contextmanager
def _region(
    database: Database, tenants: dict[str, UUID], *servers: tuple[str, str | None]
) -> Iterator[tuple[Connection, UUID]]:
    """Three zones and servers in them, for as long as the block."""
    with database.transaction("owner", SYSTEM, preview=True) as tx:
        tx.execute(text("delete from zone"))
        for code, classes, takes in ZONES:
            tx.execute(
                text(
                    "insert into zone (tenant_id, code, site, availability_zone, data_classes, open, present)"
                    " values (:t, :code, :site, :az, :classes, :open, true)"
                ),
                {
                    "t": tenants["region"],
                    "code": code,
                    "site": code,
                    "az": f"az-{code}",
                    "classes": classes,
                    "open": takes,
                },
            )
        project = tx.execute(
            text("select id from project where tenant_id = :t and code = 'main'"), {"t": tenants["ixelles"]}
        ).scalar_one()
        for name, zone in servers:
            tx.execute(
                text(
                    "insert into server (tenant_id, project_id, name, vcpus, ram_mib, disk_gib, zone_id)"
                    " values (:t, :p, :name, 1, 512, 1, (select id from zone where code = :zone))"
                ),
                {"t": tenants["ixelles"], "p": project, "name": name, "zone": zone},
            )
        yield tx, project


def test_the_class_of_the_data_decides_which_zones_may_hold_it(database: Database, tenants: dict[str, UUID]) -> None:
    with _region(database, tenants) as (tx, project):
        chosen = placement.choose(tx, project, "sensitive")
        assert (chosen.code, chosen.availability_zone) == ("alpha", "az-alpha")
        assert chosen.why == "alpha may hold sensitive data and is the only zone that does."
        with pytest.raises(NoZoneFits) as refused:
            placement.choose(tx, project, "personal", zone="beta")
        assert refused.value.message == "No zone fits: beta may not hold personal data."
        assert refused.value.pointer == "/zone"
        with pytest.raises(NoZoneFits, match="gamma takes no new servers"):
            placement.choose(tx, project, "open", zone="gamma")
        with pytest.raises(NoSuchZone):
            placement.choose(tx, project, "open", zone="delta")


def test_servers_are_spread_over_the_zones_that_fit(database: Database, tenants: dict[str, UUID]) -> None:
    with _region(database, tenants, ("a1", "alpha"), ("a2", "alpha"), ("b1", "beta")) as (tx, project):
        chosen = placement.choose(tx, project, "internal")
        assert chosen.code == "beta"
        assert chosen.why == "beta may hold internal data and has the fewest servers of the project."
        elsewhere = placement.choose(tx, uuid4(), "internal")
        assert elsewhere.why == "alpha may hold internal data and has none of the project's servers yet."


def test_near_is_the_same_zone_and_apart_another(database: Database, tenants: dict[str, UUID]) -> None:
    with _region(database, tenants, ("web1", "alpha"), ("db1", "beta"), ("old", None)) as (tx, project):
        near = placement.choose(tx, project, "internal", near=["web1"])
        assert (near.code, near.why) == ("alpha", "alpha may hold internal data and is where web1 stands.")
        apart = placement.choose(tx, project, "internal", apart=["web1"])
        assert (apart.code, apart.why) == ("beta", "beta may hold internal data and is away from web1.")
        with pytest.raises(NoZoneFits) as refused:
            placement.choose(tx, project, "sensitive", apart=["web1"])
        assert "alpha is where web1 stands" in refused.value.message
        assert "beta may not hold sensitive data" in refused.value.message
        with pytest.raises(NoZoneFits, match="is not where db1 stands"):
            placement.choose(tx, project, "internal", near=["web1", "db1"])
        with pytest.raises(NotFound) as unknown:
            placement.choose(tx, project, "internal", apart=["web1", "nobody"])
        assert unknown.value.pointer == "/apart/1"


def test_before_anybody_looked_the_first_zone_is_taken(database: Database, tenants: dict[str, UUID]) -> None:
    with _region(database, tenants, ("a1", "alpha"), ("a2", "alpha")) as (tx, project):
        tx.execute(text("update zone set present = null"))
        chosen = placement.choose(tx, project, "internal")
        assert (chosen.code, chosen.why) == ("alpha", "alpha may hold internal data and is the first zone that does.")
        tx.execute(text("update zone set present = true where code = 'beta'"))
        assert placement.choose(tx, project, "internal").code == "beta"


def test_without_zones_the_cloud_chooses(database: Database, tenants: dict[str, UUID]) -> None:
    with _region(database, tenants) as (tx, project):
        tx.execute(text("delete from zone"))
        assert placement.choose(tx, project, "sensitive").id is None


def test_the_regions_managers_keep_the_zones_and_everybody_reads_them(ugo: Person, pim: Person) -> None:
    code = f"z{uuid4().hex[:8]}"
    body = {"code": code, "site": "DC-ARTS", "data_classes": ["open"]}
    assert ugo.post("/api/v1/zones", json=body).status_code == 403
    made = pim.post("/api/v1/zones", json=body)
    assert (made.status_code, made.json()["state"]) == (201, "succeeded"), made.text
    shown = ugo.get(f"/api/v1/zones/{code}")
    assert (shown.json()["availability_zone"], shown.json()["data_classes"]) == (code, ["open"])
    altered = {"data_classes": ["open", "internal"], "open": False}
    path = f"/api/v1/zones/{code}"
    assert ugo.send("PATCH", path, json=altered, headers={"If-Match": "*"}).status_code == 403
    assert pim.send("PATCH", path, json=altered, headers={"If-Match": '"99"'}).status_code == 412
    done = pim.send("PATCH", path, json=altered, headers={"If-Match": shown.headers["ETag"]})
    assert done.status_code == 201, done.text
    now = ugo.get(path).json()
    assert (now["data_classes"], now["open"]) == (["open", "internal"], False)
    assert code in {zone["code"] for zone in ugo.get("/api/v1/zones?data_class=internal").json()["items"]}
    assert code not in {zone["code"] for zone in ugo.get("/api/v1/zones?data_class=personal").json()["items"]}
    assert pim.post("/api/v1/zones", json={**body, "data_classes": ["secret"]}).status_code == 422
    assert ugo.get("/api/v1/zones/nowhere").json()["code"] == "HST-188"


@pytest.mark.slow
def test_a_zone_that_the_cloud_has_not_takes_no_servers(hosting: Hosting, cloud: CloudForTests) -> None:
    there = next(zone.name for zone in cloud.admin.compute.availability_zones() if zone.name != "internal")
    region = hosting.tenants["region"]
    for code, name in (("real", there), ("gone", "no-such-zone")):
        hosting.sql(
            "insert into zone (tenant_id, code, availability_zone) values (:t, :code, :name)",
            t=region,
            code=code,
            name=name,
        )
    connections.forget()
    assert zones.look(hosting.database) >= 2
    present = {
        row.code: row.present for row in hosting.sql("select code, present from zone where code in ('real', 'gone')")
    }
    assert present == {"real": True, "gone": False}
    assert zones.look(hosting.database) == 0
    with (
        hosting.database.transaction("worker", SYSTEM) as tx,
        pytest.raises(NoZoneFits, match="is not in the cloud now"),
    ):
        placement.choose(tx, hosting.project().id, "open", zone="gone")
