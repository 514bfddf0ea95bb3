"""People of a region, kinds that stand for real ones, and short ways to ask for Changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import BaseModel
from sqlalchemy import Connection, text

from core.db import Database
from core.identity import Principal, create_principal, grant, principal_in
from core.ids import uuid7
from core.scope import EVERY_TENANT, Scope
from orchestrator import commands, engine
from orchestrator.engine import ChangeRecord, ChangeRequest
from orchestrator.kinds import ChangeKind, World
from orchestrator.plan import Draft, Impact, JsonObject, Options, Target
from orchestrator.policy import RULES, Policy
from orchestrator.registry import Registry

SYSTEM = Scope(EVERY_TENANT, request_id="test", reason="set the stage")


class PushIntent(BaseModel):
    """Which imaginary routers."""

    devices: list[str] = []
    role: str = "access"


class Push(ChangeKind[PushIntent]):
    """Stands for a change of network equipment: targets only."""

    name = "network.push"
    title = "Push"
    intent = PushIntent
    base = "base-1"

    def plan(self, intent: PushIntent, world: World) -> Draft:
        targets = tuple(
            Target(f"device:{name}", name, self.base, "+ line", {}, {"role": intent.role, "site": "MRS"})
            for name in intent.devices
        )
        return Draft(f"Push to {len(targets)}", targets=targets, impact=Impact(sites=("MRS",)), facts={"lines": 1})


class RowsIntent(BaseModel):
    """Commands as they are."""

    commands: list[dict[str, Any]] = []


class Rows(ChangeKind[RowsIntent]):
    """Stands for an inventory edit: commands only."""

    name = "inventory.rows"
    title = "Rows"
    intent = RowsIntent
    needs_network = False

    def plan(self, intent: RowsIntent, world: World) -> Draft:
        return Draft("Write rows", commands=tuple(intent.commands))


class OrderIntent(RowsIntent):
    """What an agency orders."""


class Order(ChangeKind[OrderIntent]):
    """Stands for an agency's order: commands of the own tenant that its administrator approves."""

    name = "hosting.order"
    title = "Order"
    intent = OrderIntent
    needs_network = False

    def plan(self, intent: OrderIntent, world: World) -> Draft:
        return Draft("Order", commands=tuple(intent.commands))


@dataclass(frozen=True)
class Stage:
    """A region with people, and short ways to act as one of them."""

    database: Database
    people: dict[str, Principal]
    tenants: dict[str, UUID]
    kinds: Registry
    rules: Policy

    def __getitem__(self, handle: str) -> Principal:
        return self.people[handle]

    def ask(
        self, who: str, kind: str, intent: dict[str, Any], *, reason: str = "because", options: Options | None = None,
        not_before: datetime | None = None, emergency: bool = False, tenant: UUID | None = None,
    ) -> ChangeRecord:  # fmt: skip
        """Submit a Change."""
        request = ChangeRequest(
            kind=kind, intent=intent, reason=reason, options=options or Options(), not_before=not_before,
            emergency=emergency, tenant=tenant,
        )  # fmt: skip
        return engine.submit(self.database, self[who], request, "req-1", kinds=self.kinds, rules=self.rules)

    def push(self, who: str = "eve", count: int = 2, *, role: str = "access", **more: Any) -> ChangeRecord:
        """Ask for a change of so many routers."""
        devices = [f"{role[:2]}{number:02}" for number in range(count)]
        return self.ask(who, "network.push", {"devices": devices, "role": role}, **more)

    def rows(self, who: str, *given: JsonObject, **more: Any) -> ChangeRecord:
        """Ask for inventory commands."""
        return self.ask(who, "inventory.rows", {"commands": [dict(command) for command in given]}, **more)

    def approve(self, who: str, change: ChangeRecord, **more: Any) -> ChangeRecord:
        """Approve the plan as the record has it."""
        given = {"plan_hash": change.plan_hash, "reason": "read it", **more}
        return engine.approve(self.database, self[who], change.id, rules=self.rules, **given)

    def undo(self, who: str, change: ChangeRecord) -> ChangeRecord:
        """Take a Change back."""
        return engine.undo(self.database, self[who], change.id, "was wrong", kinds=self.kinds, rules=self.rules)

    def sql(self, statement: str, **values: Any) -> Any:
        """Rows of a statement, as the platform."""
        with self.database.transaction("platform", SYSTEM) as tx:
            result = tx.execute(text(statement), values)
            return result.all() if result.returns_rows else result.rowcount

    def finish(self, change: ChangeRecord, state: str = "succeeded") -> None:
        """As if a run had carried it out: only the runner's tests run something."""
        self.sql(
            "update change set state = :state, started_at = now(), finished_at = now() where id = :id",
            state=state, id=change.id,
        )  # fmt: skip


def site(code: str, **more: Any) -> dict[str, Any]:
    """A row of the table that commands write in these tests."""
    return {"id": str(uuid7()), "code": code, "kind": "other", "name_fr": "é", "name_nl": "n", "name_en": "e", **more}


PEOPLE = {
    "eve": ("region", "engineer"),
    "erik": ("region", "engineer"),
    "lea": ("region", "network-lead"),
    "leo": ("region", "network-lead"),
    "pim": ("region", "platform-manager"),
    "aude": ("region", "auditor"),
    "mia": ("region", "management"),
    "ugo": ("ixelles", "agency-user"),
    "ada": ("ixelles", "agency-admin"),
    "uma": ("uccle", "agency-user"),
}


def people_of(tx: Connection) -> tuple[dict[str, UUID], dict[str, UUID]]:
    """Make the tenants and the people, each with one role."""
    tenants = {}
    for code, kind in (("region", "region"), ("ixelles", "commune"), ("uccle", "commune")):
        tenants[code] = tx.execute(
            text(
                "insert into tenant (code, kind, name_fr, name_nl, name_en) values (:code, :kind, :code, :code, :code)"
                " returning id"
            ),
            {"code": code, "kind": kind},
        ).scalar_one()
    ids = {}
    for handle, (tenant, role) in PEOPLE.items():
        ids[handle] = create_principal(
            tx, handle=handle, kind="person", display_name=handle.title(), email=f"{handle}@example.brussels"
        )
        grant(tx, principal_id=ids[handle], tenant_id=tenants[tenant], role=role, granted_by=None)
    return tenants, ids


@pytest.fixture
def kinds() -> Registry:
    """A registry of these tests' own."""
    registry = Registry()
    for kind in (Push(), Rows(), Order()):
        registry.add(kind)
    return registry


@pytest.fixture
def stage(fresh_database: Database, kinds: Registry, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A region on a database of this test's own. Commands may write the table ``tenant``, which core always has."""
    monkeypatch.setattr(commands, "writable", lambda: frozenset({"tenant"}))
    with fresh_database.transaction("owner", SYSTEM) as tx:
        tx.execute(text("alter table tenant disable trigger project_first"))  # rows of hosting would refer to them
        tenants, _ = people_of(tx)
    with fresh_database.transaction("platform", SYSTEM) as tx:
        people = {handle: principal_in(tx, handle, tenant) for handle, (tenant, _) in PEOPLE.items()}
    return Stage(fresh_database, people, tenants, kinds, Policy(RULES))


@pytest.fixture
def unique() -> Callable[[], str]:
    """Names that nothing else has."""
    return lambda: f"t{uuid4().hex}"
