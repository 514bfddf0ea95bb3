"""Commands: sets of rows written as one, checked, counted, and their inverse."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from core.errors import IrisplaneError
from core.ids import uuid7
from core.scope import Scope
from orchestrator import commands
from orchestrator.errors import RowRefused, RowsChanged, RowTaken, TableClosed
from orchestrator.plan import JsonObject
from tests.orchestrator.conftest import SYSTEM, Stage, site

TABLES = frozenset({"tenant", "webhook"})


def run(stage: Stage, *given_: JsonObject, scope: Scope = SYSTEM) -> list[dict[str, Any]]:
    with stage.database.transaction("api", scope) as tx:
        return [json.loads(inverse) for inverse in commands.execute(tx, given_, tables=TABLES)]


def image(tx: Connection) -> list[dict[str, Any]]:
    rows = tx.execute(text("select to_jsonb(t) - 'version' as row from tenant t order by id")).scalars()
    return [dict(row) for row in rows]


def test_an_insert_takes_defaults_for_columns_it_does_not_name(stage: Stage) -> None:
    row = site("aa")
    inverse = run(stage, commands.insert("tenant", [row]))
    assert inverse == [{"op": "delete", "table": "tenant", "rows": [{"id": row["id"], "version": 1}]}]
    [stored] = stage.sql("select active, provenance, version from tenant where code = 'aa'")
    assert tuple(stored) == (True, "real", 1)


def test_an_update_touches_the_given_columns_only_and_bumps_the_version(stage: Stage) -> None:
    one, two = site("one"), site("two")
    run(stage, commands.insert("tenant", [one, two]))
    rows = [{"id": one["id"], "version": 1, "name_fr": "un"}, {"id": two["id"], "version": 1, "name_fr": "deux"}]
    inverse = run(stage, commands.update("tenant", rows))
    assert [(r["name_fr"], r["version"]) for r in inverse[0]["rows"]] == [("é", 2), ("é", 2)]
    stored = stage.sql("select name_fr, name_nl, version from tenant where code in ('one', 'two') order by code")
    assert [tuple(row) for row in stored] == [("un", "n", 2), ("deux", "n", 2)]


@pytest.mark.parametrize("op", ["update", "delete"])
def test_rows_that_moved_or_are_gone_are_named_and_nothing_is_written(stage: Stage, op: str) -> None:
    good, moved, gone = site("good"), site("moved"), str(uuid7())
    run(stage, commands.insert("tenant", [good, moved]))
    run(stage, commands.update("tenant", [{"id": moved["id"], "version": 1, "name_fr": "x"}]))
    rows = [{"id": key, "version": 1} for key in (good["id"], moved["id"], gone)]
    command = (
        commands.delete("tenant", rows)
        if op == "delete"
        else commands.update("tenant", [{**r, "name_fr": "y"} for r in rows])
    )
    with pytest.raises(RowsChanged) as caught:
        run(stage, command)
    assert (caught.value.fields["altered"], caught.value.fields["gone"]) == ([moved["id"]], [gone])
    assert [
        row.name_fr for row in stage.sql("select name_fr from tenant where code in ('good', 'moved') order by code")
    ] == ["é", "x"]


def test_one_bad_row_of_many_takes_all_back_and_is_named(stage: Stage) -> None:
    rows = [site(f"row{number}") for number in range(50)]
    rows[33]["kind"] = "kingdom"
    with pytest.raises(RowRefused) as caught:
        run(stage, commands.insert("tenant", rows))
    assert caught.value.fields["row"] == {"table": "tenant", "index": 33, "id": rows[33]["id"]}
    rows[33] = site("row7")
    with pytest.raises(RowTaken) as taken:
        run(stage, commands.insert("tenant", rows))
    assert taken.value.fields["row"]["index"] == 33  # type: ignore[index]  # JSON values
    assert stage.sql("select count(*) from tenant where code like 'row%'")[0][0] == 0


def test_errors_do_not_quote_what_the_server_said(stage: Stage) -> None:
    with pytest.raises(RowRefused) as caught:
        run(stage, commands.insert("tenant", [site("xx", name_fr="hush-hush", kind="kingdom")]))
    assert "hush" not in json.dumps(caught.value.as_dict())


def test_only_tables_and_columns_that_a_domain_opened_are_written(stage: Stage) -> None:
    for command in (
        commands.insert("secret", [{"id": str(uuid7())}]),
        commands.insert('tenant"; drop table tenant; --', [{"id": str(uuid7())}]),
        commands.insert("tenant", [site("zz", **{"name_fr\" = 'x'; --": 1})]),
        commands.update("tenant", [{"id": str(uuid7()), "no_such": 1}]),
        {"op": "insert", "table": "pg_authid", "rows": [{"id": "1"}]},
    ):
        with pytest.raises(TableClosed):
            run(stage, command)


def test_rows_of_one_command_have_the_same_keys(stage: Stage) -> None:
    with pytest.raises(RowRefused, match="same keys"):
        run(stage, commands.insert("tenant", [site("aa"), site("bb", provenance="derived")]))
    with pytest.raises(RowRefused, match="no id"):
        run(stage, commands.insert("tenant", [{"code": "aa"}]))


def test_a_tenant_writes_its_own_rows_only(stage: Stage) -> None:
    hook = {"id": str(uuid7()), "tenant_id": str(stage.tenants["uccle"]), "url": "https://x", "secret": "s"}
    ixelles = Scope(stage.tenants["ixelles"], request_id="r", reason="x")
    with pytest.raises(IrisplaneError):
        run(stage, commands.insert("webhook", [hook]), scope=ixelles)
    run(stage, commands.insert("webhook", [hook]))
    with pytest.raises(RowsChanged, match="1 row"):
        run(stage, commands.update("webhook", [{"id": hook["id"], "url": "https://mine"}]), scope=ixelles)


codes = st.sampled_from([f"c{number}" for number in range(6)])


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["insert", "update", "delete"]), codes, st.text("abc", max_size=3)), max_size=12
    )
)
def test_the_inverse_of_any_list_of_commands_takes_it_back(stage: Stage, steps: list[tuple[str, str, str]]) -> None:
    with stage.database.transaction("api", SYSTEM) as tx:
        outer = tx.begin_nested()
        there: dict[str, str] = {}
        for code in ("c0", "c1", "c2"):
            row = site(code)
            commands.execute(tx, [commands.insert("tenant", [row])], tables=TABLES)
            there[code] = row["id"]
        before, planned = image(tx), []
        for op, code, name in steps:
            if op == "insert" and code not in there:
                row = site(code, name_fr=name)
                there[code] = row["id"]
                planned.append(commands.insert("tenant", [row]))
            elif op == "update" and code in there:
                planned.append(commands.update("tenant", [{"id": there[code], "name_fr": name}]))
            elif op == "delete" and code in there:
                planned.append(commands.delete("tenant", [{"id": there.pop(code)}]))
        inverse = commands.execute(tx, planned, tables=TABLES)
        after = image(tx)
        again = commands.execute(tx, [json.loads(command) for command in inverse], tables=TABLES)
        assert image(tx) == before
        commands.execute(tx, [json.loads(command) for command in again], tables=TABLES)
        assert image(tx) == after
        outer.rollback()
