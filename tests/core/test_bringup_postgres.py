"""The embedded server: who may be whom, what survives, what is refused."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from core.errors import Misconfigured, Unavailable
from core.migrations import pending
from core.postgres import ROLES, Role, dsn, server_version
from core.postgres_cluster import Cluster
from core.postgres_temporary import TemporaryPostgres


def _ask(url: str, statement: str) -> object:
    with create_engine(url, poolclass=NullPool).connect() as connection:
        return connection.execute(text(statement)).scalar()


@pytest.mark.parametrize("role", ROLES)
def test_every_role_can_log_in_by_peer(pg: TemporaryPostgres, role: Role) -> None:
    assert _ask(pg.dsn(role), "select current_user") == f"irisplane_{role}"


def test_only_owner_and_platform_pass_row_level_security(pg: TemporaryPostgres) -> None:
    statement = "select string_agg(rolname, ' ' order by rolname) from pg_roles where rolbypassrls and not rolsuper"
    assert _ask(pg.dsn("owner"), statement) == "irisplane_owner irisplane_platform"


def test_nothing_listens_on_a_network(pg: TemporaryPostgres) -> None:
    assert _ask(pg.dsn("owner"), "show listen_addresses") == ""


def test_an_unknown_role_is_refused(pg: TemporaryPostgres) -> None:
    with pytest.raises(OperationalError, match="Peer authentication failed"):
        _ask(pg.dsn("owner").replace("irisplane_owner", "postgres"), "select 1")


def test_a_copy_is_migrated_and_gone_afterwards(pg: TemporaryPostgres) -> None:
    with pg.copy() as name:
        assert _ask(pg.dsn("owner", name), "select count(*) from alembic_version") != 0
    with pytest.raises(Unavailable):
        server_version(pg.dsn("owner", name))


def test_what_was_committed_survives_a_crash_of_a_durable_server() -> None:
    with TemporaryPostgres(durable=True) as server:
        engine = create_engine(server.dsn("owner"), poolclass=NullPool)
        with engine.begin() as connection:
            connection.execute(text("create table kept (n int)"))
            connection.execute(text("insert into kept values (7)"))
        server.stop(at_once=True)
        server.start()
        assert _ask(server.dsn("owner"), "select n from kept") == 7


@pytest.mark.parametrize("url", ["nonsense", "mysql://h/db", "postgresql://h"])
def test_a_wrong_database_url_is_named(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("IRISPLANE_DATABASE_URL", url)
    with pytest.raises(Misconfigured, match="IRISPLANE_DATABASE_URL"):
        dsn("api")


def test_a_served_database_is_reached_under_the_roles_own_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IRISPLANE_DATABASE_URL", "postgresql://anyone:word@db.example:6432/region")
    assert dsn("worker") == "postgresql+psycopg://irisplane_worker:word@db.example:6432/region"


def test_a_migrated_database_lacks_nothing(pg: TemporaryPostgres) -> None:
    assert pending(pg.dsn("owner")) == []
    assert "core_0001" in pending(pg.dsn("owner", "template1"))


def test_a_server_that_could_not_be_made_whole_is_not_taken_for_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Cluster, "_first_statements", lambda _self: "create role twice;\ncreate role twice;\n")
    with pytest.raises(Unavailable, match='role "twice" already exists'), TemporaryPostgres():
        pass
