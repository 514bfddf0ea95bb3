"""Grafana's dashboards: as the code writes them, as Grafana's schema has them, and each query asked of its database."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from importlib.resources import files
from typing import Any

import promql_parser
import pytest
import yaml
from fastapi import FastAPI
from fastapi.testclient import TestClient
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import URL, Connection, NullPool, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError

from core.db import Database
from core.postgres import Role
from core.postgres_cluster import ADMIN
from dashboards.grafana.written import DASHBOARDS
from network.polling.exposition import families
from network.telemetry import collect
from orchestrator.figures import today_here
from tests.api.people import SYSTEM, Hire, Person
from tests.dashboards.month import a_month

FOLDER = files("dashboards") / "grafana"
TARGETS = [
    (f"{name}: {panel['title']}", target)
    for name, content in DASHBOARDS.items()
    for panel in content["panels"]
    for target in panel["targets"]
]
_SQL = [(title, target["rawSql"]) for title, target in TARGETS if "rawSql" in target]
_PROMQL = [(title, target["expr"]) for title, target in TARGETS if "expr" in target]


@pytest.fixture(scope="module", autouse=True)
def lived(engineer: Person, manager: Person, database: Database) -> None:
    """A region that has a month behind it."""
    a_month(engineer, manager, database)


@pytest.fixture(scope="module")
def reader(database_dsn: Callable[[Role], str]) -> Iterator[Connection]:
    """Grafana's account, as ``reader.sql`` makes it, with its own settings."""
    where = make_url(database_dsn("owner"))
    admin = URL.create("postgresql+psycopg", username=ADMIN, database=where.database, query=where.query)
    engine = create_engine(admin, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as tx:
        tx.exec_driver_sql((FOLDER / "reader.sql").read_text("utf-8"))
        settings = tx.execute(text("select unnest(rolconfig) from pg_roles where rolname = 'irisplane_grafana'"))
        for setting in settings.scalars().all():
            name, _, value = setting.partition("=")
            tx.execute(text("select set_config(:name, :value, false)"), {"name": name, "value": value})
        tx.exec_driver_sql("set role irisplane_grafana")  # peer authentication knows no such person here
        yield tx
        tx.exec_driver_sql("set default_transaction_read_only = off")
        tx.exec_driver_sql("reset role")
        tx.exec_driver_sql("drop owned by irisplane_grafana")
        tx.exec_driver_sql("drop role irisplane_grafana")


def _asked(sql: str) -> str:
    """As Grafana sends it: its macro for the time that is looked at is put in."""
    return re.sub(r"\$__timeFilter\((\w+)\)", r"\1 BETWEEN now() - interval '91 days' AND now()", sql)


@pytest.mark.parametrize("name", DASHBOARDS)
def test_a_file_is_what_the_code_writes_and_what_grafanas_schema_knows(name: str) -> None:
    found = json.loads((FOLDER / name).read_text("utf-8"))
    assert found == DASHBOARDS[name], "python -m dashboards.grafana writes it anew"
    again = json.loads(json.dumps(Dashboard.from_json(found), cls=JSONEncoder))
    assert _lost(found, again) == []
    numbers = [panel["id"] for panel in found["panels"]]
    assert len(numbers) == len(set(numbers))
    places = [panel["gridPos"] for panel in found["panels"]]
    assert all(place["x"] + place["w"] <= 24 for place in places)


def _lost(given: Any, kept: Any, path: str = "") -> list[str]:
    """What Grafana's own model of a dashboard did not take over as it was given."""
    if isinstance(given, dict):
        return [
            lost
            for key, value in given.items()
            for lost in (
                _lost(value, kept.get(key), f"{path}/{key}")
                if isinstance(kept, dict) and (key in kept or value is None)
                else [f"{path}/{key}"]
            )
        ]
    if isinstance(given, list):
        if not isinstance(kept, list) or len(kept) != len(given):
            return [path]
        return [
            lost for place, (one, other) in enumerate(zip(given, kept, strict=True))
            for lost in _lost(one, other, f"{path}/{place}")
        ]  # fmt: skip
    return [] if given == kept else [path]


def test_what_is_provisioned_is_what_dashboards_ask() -> None:
    sources = yaml.safe_load((FOLDER / "provisioning/datasources/irisplane.yaml").read_text("utf-8"))["datasources"]
    known = {(source["type"], source["uid"]) for source in sources}
    asked = {(target["datasource"]["type"], target["datasource"]["uid"]) for _, target in TARGETS}
    assert asked == known
    [provider] = yaml.safe_load((FOLDER / "provisioning/dashboards/irisplane.yaml").read_text("utf-8"))["providers"]
    assert provider["type"] == "file"
    assert len({content["uid"] for content in DASHBOARDS.values()}) == len(DASHBOARDS)


@pytest.mark.parametrize(("title", "sql"), _SQL, ids=[title for title, _ in _SQL])
def test_every_query_in_sql_gives_something_to_show(title: str, sql: str, reader: Connection) -> None:
    rows = reader.execute(text(_asked(sql).replace(":", r"\:"))).mappings().all()
    if "order-wait" in sql or "server-time" in sql:  # nothing was ordered in this region
        return
    assert rows, title
    if "$__timeFilter" in sql:
        assert "time" in rows[0]
        times = [row["time"] for row in rows]
        assert times == sorted(times)
        assert all(time.tzinfo is not None for time in times)


def test_when_it_is_full_is_the_same_day_as_on_the_page(reader: Connection, hire: Hire) -> None:
    [sql] = [sql for _, sql in _SQL if "regr_slope" in sql]
    rows = {row["code"]: row for row in reader.execute(text(sql.replace(":", r"\:"))).mappings()}
    items = hire("reader", "management").get("/api/v1/figures").json()["items"]
    bounded = {one["code"]: one for one in items if one["capacity"]}
    assert rows.keys() == bounded.keys()
    for code, one in bounded.items():
        told = rows[code]["full on"]
        assert (str(told) if told else None) == one["course"]["full_on"], code
        assert rows[code]["now"] == pytest.approx(one["value"])
        assert rows[code]["at most"] == pytest.approx(one["capacity"])
    assert any(row["full on"] and row["full on"] > today_here() + timedelta(days=30) for row in rows.values())


def test_grafanas_account_reads_the_days_of_figures_and_nothing_else(reader: Connection) -> None:
    assert reader.execute(text("select count(*) from figure_day")).scalar_one() > 10
    for table in ("server", "change", "tenant", "charge", "principal", "journal"):
        with pytest.raises(DBAPIError, match="permission denied"):
            reader.execute(text(f"select 1 from {table} limit 1"))
    with pytest.raises(DBAPIError, match=r"permission denied|read-only"):
        reader.execute(text("delete from figure_day"))


def test_every_query_in_promql_is_one_and_asks_for_what_metrics_tell(app: FastAPI, database: Database) -> None:
    client = TestClient(app)
    client.get("/api/v1/health")
    told = {sample.name for family in text_string_to_metric_families(client.get("/metrics").text)
            for sample in family.samples}  # fmt: skip
    with database.transaction("platform", SYSTEM) as tx:
        for family in (*collect(tx), *families([])):
            told |= {family.name, f"{family.name}_total"} if family.type == "counter" else {family.name}
    assert _PROMQL
    for title, expression in _PROMQL:
        promql_parser.parse(expression)
        names = set(re.findall(r"\birisplane_\w+", expression))
        assert names, title
        assert names <= told, title
