"""A region with one engineer, on a database of the module's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from core.db import Database
from core.identity import Principal
from core.roles import scopes_of
from core.scope import EVERY_TENANT, Scope
from orchestrator.planning import ChangeRequest
from orchestrator.records import ChangeRecord
from orchestrator.submitting import submit

SYSTEM = Scope(EVERY_TENANT, None, "test", "set up the test")

Submit = Callable[..., ChangeRecord]


def engineer_of(database: Database, code: str = "paradigm", role: str = "engineer") -> Principal:
    """An engineer of a tenant, who is made with it."""
    with database.transaction("owner", SYSTEM) as tx:
        tenant: UUID = tx.execute(
            text(
                "insert into tenant (code, kind, name_fr, name_nl, name_en) values (:code, :kind, :code, :code, :code)"
                " on conflict (code) do update set active = true returning id"
            ),
            {"code": code, "kind": "region" if code == "paradigm" else "commune"},
        ).scalar_one()
        person: UUID = tx.execute(
            text(
                "insert into principal (kind, handle, display_name) values ('person', :handle, 'E')"
                " on conflict (handle)"
                " do update set active = true returning id"
            ),
            {"handle": f"{role}-{code}"},
        ).scalar_one()
        tx.execute(
            text("insert into membership (principal_id, tenant_id, role) values (:p, :t, :r) on conflict do nothing"),
            {"p": person, "t": tenant, "r": role},
        )
    roles = frozenset({role})
    return Principal(
        id=person,
        handle=f"{role}-{code}",
        kind="person",
        tenant_id=tenant,
        tenant_code=code,
        roles=roles,
        scopes=scopes_of(roles),
        token_id=None,
        staff=code == "paradigm",
    )


def submitter(database: Database, person: Principal) -> Submit:
    """``submit(kind, **intent)`` as this person."""

    def do(kind: str, **intent: Any) -> ChangeRecord:
        return submit(database, person, ChangeRequest(kind=kind, intent=intent, reason="a test"), "test")

    return do


@pytest.fixture(scope="module")
def engineer(database: Database) -> Principal:
    """An engineer of the region."""
    return engineer_of(database)


@pytest.fixture(scope="module")
def run(database: Database, engineer: Principal) -> Submit:
    """Submit a change as the engineer."""
    return submitter(database, engineer)


@pytest.fixture(scope="module")
def region(run: Submit) -> None:
    """A small region: a commune, two sites, types, a rack, a VRF with pools."""
    run("inventory.edit", operations=region_operations())


def region_operations() -> list[dict[str, Any]]:
    """What the small region is made of."""
    return [
        create("commune", {"nis_code": "21009", "name_fr": "Ixelles", "name_nl": "Elsene"}),
        create(
            "site",
            {"code": "DC-A", "kind": "datacentre", "name_fr": "A", "name_nl": "A", "commune": "21009"},
            {"code": "TH-B", "kind": "town-hall", "name_fr": "B", "name_nl": "B", "commune": "21009"},
        ),
        create("room", {"site": "DC-A", "name": "R1"}),
        create("rack", {"site": "DC-A", "room": "DC-A/R1", "name": "K1", "units": 42}),
        create("device_type", {"manufacturer": "FRRouting", "model": "FRR", "platform": "frr"}),
        create("asn_range", {"name": "private", "numbers": "64512-64520"}),
        create("vrf", {"name": "global"}),
        create(
            "prefix",
            {"cidr": "10.0.0.0/8", "kind": "container"},
            {"cidr": "10.1.0.0/16", "kind": "pool"},
            {"cidr": "10.255.0.0/24", "kind": "pool", "purpose": "loopback"},
            {"cidr": "fd00::/48", "kind": "pool"},
        ),
        create("vlan_group", {"name": "lan", "vids": "100-199"}),
    ]


def create(kind: str, *values: dict[str, Any]) -> dict[str, Any]:
    """The operation that creates objects."""
    return {"action": "create", "type": kind, "values": list(values)}


def update(kind: str, ref: str, version: int | None = None, **fields: Any) -> dict[str, Any]:
    """The operation that alters one object."""
    return {"action": "update", "type": kind, "items": [{"ref": ref, "set": fields, "version": version}]}


def delete(kind: str, *refs: str) -> dict[str, Any]:
    """The operation that deletes objects."""
    return {"action": "delete", "type": kind, "items": [{"ref": ref} for ref in refs]}


def device(name: str, **more: Any) -> dict[str, Any]:
    """A device as it is created."""
    return {"name": name, "role": "access", "device_type": "FRRouting/FRR", "site": "TH-B", **more}
