"""Who wants a strand or an end that somebody has is told who has it; also when both want it at the same moment."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from core.db import Database
from core.errors import IrisplaneError
from core.scope import EVERY_TENANT, Scope
from inventory.errors import Taken
from orchestrator.commands import execute, insert
from tests.inventory.conftest import Submit, create, engineer_of, submitter
from tests.inventory.plant.conftest import cable, planted, splice

pytestmark = pytest.mark.usefixtures("plant")
SCOPE = Scope(EVERY_TENANT, None, "test", "two at once")
_BLOCKED = text("select count(*) from pg_locks where not granted")


def _last(database: Database) -> Submit:
    """A cable of one strand, and two circuits that have none yet."""
    do = planted(database)
    do("inventory.edit", operations=[
        create("cable", cable("LAST", "A", "B", strands=1, length_m=1200)),
        create("circuit", {"code": "LEFT"}, {"code": "RIGHT"}),
    ])  # fmt: skip
    return do


def _lit(circuit: str) -> dict[str, object]:
    return create("circuit_strand", {"circuit": circuit, "strand": "LAST/1", "position": 1})


def test_a_strand_that_is_lit_is_told_with_its_circuit_and_what_is_free(run: Submit) -> None:
    run("inventory.edit", operations=[create("circuit", {"code": "WANTS"})])
    with pytest.raises(Taken) as refused:
        run("inventory.edit", operations=[
            create("circuit_strand", {"circuit": "WANTS", "strand": "C1/1", "position": 1})])  # fmt: skip
    assert "Circuit X1 lights strand C1/1 until further notice." in refused.value.message
    assert "Strands of cable C1 that are free then: 23." in refused.value.message
    assert refused.value.fields["rule"] == "strand_lit_once"
    assert refused.value.hint == "Take a free strand."


def test_a_strand_that_is_held_is_told_with_its_holder_and_until_when(fresh_database: Database) -> None:
    do = planted(fresh_database)
    engineer_of(fresh_database, "ixelles")
    held = {"strand": "C1/5", "tenant": "ixelles", "during": "[2026-01-01T00:00:00Z,2126-12-31T12:00:00Z)"}
    do("inventory.edit", operations=[create("strand_hold", held)])
    with pytest.raises(Taken, match=r"Strand C1/5 is held for ixelles until 2126-12-31 12:00 UTC\."):
        do("inventory.edit", operations=[create("strand_hold", {"strand": "C1/5"})])
    with pytest.raises(Taken, match=r"held for ixelles until 2126-12-31 12:00 UTC\. Circuit X1 is of somebody else\."):
        do("inventory.edit", operations=[create("circuit_strand", {"circuit": "X1", "strand": "C1/5", "position": 7})])


def test_an_end_that_is_spliced_or_on_a_port_is_told_with_what_is_there(run: Submit) -> None:
    with pytest.raises(Taken, match=r"End a of strand C2/1 is spliced to C1/1:b in closure K1\."):
        run("inventory.edit", operations=[create("splice", splice("C1/13:b", "C2/1:a"))])
    with pytest.raises(Taken, match=r"End a of strand C1/1 is on port PA/1\."):
        run("inventory.edit", operations=[
            create("panel_port", {"panel": "PA", "number": 9, "strand": "C1/1", "side": "a"})])  # fmt: skip


def test_two_services_want_the_last_strand_and_one_gets_it(fresh_database: Database) -> None:
    _last(fresh_database)
    person = engineer_of(fresh_database)
    both = threading.Barrier(2)

    def order(circuit: str) -> str:
        both.wait(60)
        try:
            submitter(fresh_database, person)("inventory.edit", operations=[_lit(circuit)])
        except Taken as refused:
            return refused.message
        return circuit

    with ThreadPoolExecutor(2) as services:
        found = list(services.map(order, ("LEFT", "RIGHT")))
    (winner,) = [one for one in found if one in {"LEFT", "RIGHT"}]
    (told,) = [one for one in found if one != winner]
    assert f"Circuit {winner} lights strand LAST/1 until further notice." in told
    assert "Strands of cable LAST that are free then: 0." in told


def test_who_comes_second_waits_for_the_first_and_is_then_told_its_name(fresh_database: Database) -> None:
    """Two transactions that really overlap: the second one is seen waiting before the first one commits."""
    _last(fresh_database)
    with fresh_database.transaction("api", SCOPE) as tx:
        circuits = {row.code: row.id for row in tx.execute(text("select code, id from circuit"))}
        region: UUID = tx.execute(text("select id from tenant where kind = 'region'")).scalar_one()
        found = "select s.id from strand s join cable c on c.id = s.cable_id where c.code = 'LAST'"
        strand = tx.execute(text(found)).scalar_one()
    refused: list[IrisplaneError] = []

    def write(circuit: str) -> list[Mapping[str, Any]]:
        row = {"id": uuid4(), "tenant_id": region, "circuit_id": circuits[circuit], "strand_id": strand, "position": 1}
        return [insert("circuit_strand", [row])]

    def second() -> None:
        try:
            with fresh_database.transaction("api", SCOPE) as tx:
                execute(tx, write("RIGHT"))
        except IrisplaneError as error:
            refused.append(error)

    with fresh_database.transaction("api", SCOPE) as first:
        execute(first, write("LEFT"))
        other = threading.Thread(target=second)
        other.start()
        end = time.monotonic() + 60
        while not _blocked(fresh_database):
            assert refused == []
            assert time.monotonic() < end, "the second one never waited"
            time.sleep(0.05)
    other.join(60)
    (told,) = refused
    assert isinstance(told, Taken)
    assert "Circuit LEFT lights strand LAST/1" in told.message


def _blocked(database: Database) -> bool:
    with database.transaction("owner", SCOPE) as tx:
        return bool(tx.execute(_BLOCKED).scalar_one())
