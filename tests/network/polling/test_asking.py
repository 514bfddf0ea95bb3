"""Whom the watch asks: who has credentials in its context, and not who is said to have no agent."""

from __future__ import annotations

from uuid import UUID

from core.db import Database
from core.identity import Principal
from core.settings import load
from lab import entries
from lab.network import plan
from network.polling.asking import whom
from orchestrator.engine import ChangeRequest, submit
from tests.network.conftest import SCOPE


def test_the_labs_routers_are_asked_and_its_hosts_are_not_before_they_have_an_agent(
    database: Database, engineer: Principal, routers: dict[str, UUID]
) -> None:
    topology, settings = plan(4), load({"IRISPLANE_INSTANCE": "test"})
    names = {router.name for router in topology.routers}
    for operations in (entries.operations_for(settings, topology, names), entries.operations_for_hosts(settings)):
        intent = {"operations": operations}
        request = ChangeRequest(kind="inventory.edit", intent=intent, reason="a test")
        assert submit(database, engineer, request, "test").state == "succeeded"
    with database.transaction("worker", SCOPE) as tx:
        assert set(whom(tx).values()) == names
