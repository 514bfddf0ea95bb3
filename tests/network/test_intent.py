"""The intent: inventory, contexts and overlays to a device's whole text."""

from __future__ import annotations

import json
from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import text

from core.db import Database
from core.errors import InvalidInput
from core.identity import Principal
from network.changes.adopt import adopting
from network.changes.push import lay_overlays, unlay_overlays
from network.fleet import Access
from network.intent import Overlay, intended, only_routers, relaid
from network.pins import apply_pins, pins_of
from network.render import normalise
from network.secrets import refuse_plain_secrets
from orchestrator.engine import ChangeRequest, preview
from tests.network.conftest import SCOPE


def test_a_router_gets_everything_that_the_inventory_says(database: Database, routers: dict[str, UUID]) -> None:
    with database.transaction("api", SCOPE) as tx:
        one = intended(tx, [routers["ac91"]])[routers["ac91"]]
    lines = one.text.splitlines()
    assert lines[0] == "hostname ac91"
    for line in (
        "interface to-cr91",
        " ip address 10.254.9.1/31",
        " ip ospf area 0",
        " ip ospf network point-to-point",
        " ospf router-id 10.255.0.92",
        " neighbor 10.255.0.91 peer-group REFLECTORS4",
        "  network 10.64.91.0/24",
        "ip route 10.64.91.0/24 blackhole",
    ):
        assert line in lines
    assert one.neighbours == {"to-cr91": "cr91"}
    assert one.facts["loopback"] == "10.255.0.92"


def test_servers_among_routers_are_left_to_plays(database: Database, routers: dict[str, UUID]) -> None:
    with database.transaction("api", SCOPE) as tx:
        found = intended(tx, list(routers.values()))
    core, access = routers["cr91"], routers["ac91"]
    server = replace(found[access], platform="linux")
    assert set(only_routers({**found, access: server})) == {core}
    assert set(only_routers({access: server})) == {access}, "asked for alone, it is refused by name"


def test_the_reflector_meets_its_client(database: Database, routers: dict[str, UUID]) -> None:
    with database.transaction("api", SCOPE) as tx:
        text_of = intended(tx, [routers["cr91"]])[routers["cr91"]].text
    assert " neighbor 10.255.0.92 peer-group CLIENTS4" in text_of.splitlines()
    assert "  neighbor CLIENTS4 route-reflector-client" in text_of.splitlines()


def test_another_tenant_sees_no_device(database: Database, routers: dict[str, UUID]) -> None:
    with database.transaction("api", SCOPE) as tx:
        other = tx.execute(text("select id from tenant where code = 'commune-21004'")).scalar_one()
    with database.transaction("api", replace(SCOPE, tenant=other)) as tx:
        assert intended(tx, list(routers.values())) == {}


def test_a_service_prefix_of_another_vrf_is_not_announced_to_the_region(
    database: Database, routers: dict[str, UUID]
) -> None:
    with database.transaction("api", SCOPE, preview=True) as tx:
        tx.execute(
            text(
                "with other as (insert into vrf (tenant_id, name) select tenant_id, 'guests' from device"
                " where name = 'ac91' returning id, tenant_id)"
                " insert into prefix (tenant_id, vrf_id, site_id, cidr, kind, purpose)"
                " select o.tenant_id, o.id, d.site_id, '10.99.0.0/24', 'assigned', 'service'"
                " from other o, device d where d.name = 'ac91'"
            )
        )
        one = intended(tx, [routers["ac91"]])[routers["ac91"]]
    assert "10.64.91.0/24" in one.text
    assert "10.99.0.0/24" not in one.text


@pytest.mark.parametrize("data", ['{"verbatim": {"frr": ["bfd"]}}', '{"ospf": {"spf_timers": 5}}'])
def test_a_context_of_the_wrong_form_is_told_by_the_devices_name(
    database: Database, routers: dict[str, UUID], data: str
) -> None:
    with database.transaction("api", SCOPE, preview=True) as tx:
        tx.execute(
            text(
                "insert into config_context (tenant_id, name, scope, device_id, weight, data)"
                " select tenant_id, 'wrong', 'device', id, 3000, cast(:data as jsonb) from device where name = 'ac91'"
            ),
            {"data": data},
        )
        with pytest.raises(InvalidInput, match="ac91") as refused:
            intended(tx, [routers["ac91"]])
    assert "context" in str(refused.value.hint)


def test_a_snippet_is_typed_into_the_text_and_leaves_it_again(database: Database, routers: dict[str, UUID]) -> None:
    with database.transaction("api", SCOPE) as tx:
        one = intended(tx, [routers["ac91"]])[routers["ac91"]]
    lines = "interface to-cr91\n ip ospf cost 30\nip prefix-list A permit 10.0.0.0/8\n"
    after = relaid(one, [Overlay("snippet", "s", lines)])
    assert " ip ospf cost 30" in after.text.splitlines()
    assert "ip prefix-list A seq 5 permit 10.0.0.0/8" in after.text.splitlines()
    assert relaid(after, []).text == one.text


def test_adopting_gives_back_what_runs(database: Database, routers: dict[str, UUID]) -> None:
    with database.transaction("api", SCOPE) as tx:
        one = intended(tx, [routers["ac91"]])[routers["ac91"]]
    typed = one.text.replace(" ip ospf dead-interval 4\n", " ip ospf cost 7\n ip ospf dead-interval 9\n")
    running = normalise(typed + "bfd\n peer 192.0.2.1\n exit\nexit\naccess-list X seq 5 permit any\n", "frr")
    how = adopting(one, running)
    assert how.opaque >= 1
    assert relaid(one, how.add).text == running


def test_pins_outlive_a_change_elsewhere_in_the_inventory(database: Database, routers: dict[str, UUID]) -> None:
    with database.transaction("api", SCOPE) as tx:
        one = intended(tx, [routers["ac91"]])[routers["ac91"]]
    running = one.text.replace(" ip ospf hello-interval 1\n", " ip ospf hello-interval 2\n")
    from network.parse import adopt

    pins = pins_of(adopt(one.bare, running).adopted)
    assert json.loads(pins)
    moved = replace(one.bare, hostname="ac91-bis")
    pinned = apply_pins(moved, pins)
    assert pinned.hostname == "ac91-bis"
    assert [i.ospf.hello for i in pinned.interfaces if i.name == "to-cr91" and i.ospf] == [2]


def test_overlays_are_written_once_and_come_back_as_they_were(
    database: Database, routers: dict[str, UUID], engineer: Principal
) -> None:
    device = routers["cr91"]
    with database.transaction("api", SCOPE) as tx:
        tenant = tx.execute(text("select tenant_id from device where id = :id"), {"id": device}).scalar_one()
    reach = Access(device, tenant, "cr91", "frr", "192.0.2.1", 22, "u", "s", None)
    change = _some_change(database)
    added = {"add": [{"kind": "snippet", "name": "one", "body": "bfd\nexit\n"}], "drop": []}
    with database.transaction("worker", SCOPE) as tx:
        lay_overlays(tx, reach, change, added)
        lay_overlays(tx, reach, change, added)
    assert _overlays(database, device) == [("snippet", "one")]
    with database.transaction("worker", SCOPE) as tx:
        unlay_overlays(tx, reach, change, added)
        unlay_overlays(tx, reach, change, added)
    assert _overlays(database, device) == []


def test_a_secret_in_the_open_is_refused_by_its_line_and_not_repeated() -> None:
    with pytest.raises(InvalidInput) as refused:
        refuse_plain_secrets("router bgp 1\n neighbor 192.0.2.1 password hunter2\n", "frr", name="s.txt")
    assert "Line 2" in refused.value.message
    assert "hunter2" not in json.dumps(refused.value.as_dict())
    refuse_plain_secrets("router bgp 1\n neighbor 192.0.2.1 password <secret-ref:bgp/x>\n", "frr", name="s.txt")


def test_a_device_without_credentials_cannot_be_planned(
    database: Database, routers: dict[str, UUID], engineer: Principal
) -> None:
    from network.errors import NotReady

    asked = ChangeRequest(kind="network.config", intent={"select": "name=ac91"}, reason="a test")
    with pytest.raises(NotReady, match="ac91"):
        preview(database, engineer, asked, "test")


def _overlays(database: Database, device: UUID) -> list[tuple[str, str]]:
    with database.transaction("api", SCOPE) as tx:
        rows = tx.execute(text("select kind, name from config_overlay where device_id = :id"), {"id": device})
        return [(row.kind, row.name) for row in rows]


def _some_change(database: Database) -> UUID:
    with database.transaction("api", SCOPE) as tx:
        found: UUID = tx.execute(text("select id from change limit 1")).scalar_one()
        return found
