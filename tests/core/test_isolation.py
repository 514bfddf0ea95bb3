"""The database keeps tenants apart: every table is under forced row-level security, or says here why it is not."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from core.db import Database
from core.postgres import Role
from core.scope import EVERY_TENANT, Scope

OPEN = {
    "alembic_version": "which schema this is; no serving role may read it",
    "blob": "texts by digest: serving roles cannot list it, and a digest is learnt from a plan only",
    "executor_lease": "worker processes of the region; belongs to no tenant",
    "journal_chain": "numbers and hashes of entries, no content",
    "journal_pending": "ids of entries that wait for a number, no content",
    "link_end": "pairs of ids, no content; read beside link, which is isolated",
    "metering_gap": "when a source could not be metered; the same for everybody",
    "metering_mark": "up to when sources are metered; the same for everybody",
    "notice": "mail on its way; only the platform role may touch it",
    "port_front": "which port leads to what, ids only; read beside panel_port, which is isolated",
    "quota_rule": "which columns count against which quota, the same for everybody",
    "reader_position": "a number per reader; only the platform role may touch it",
    "strand_end": "which end meets what, ids only; read beside strand, which is isolated",
    "target_lock": "what runs hold; only workers, which serve every tenant",
}
NOTHING = {  # tables that a role must not even read
    "api": {"alembic_version", "blob", "notice", "reader_position", "target_lock"},
    "worker": {"alembic_version", "blob", "notice", "reader_position", "idempotency", "deputy", "terraform_state"},
}
_TABLES = text("""
    select c.relname, c.relrowsecurity and c.relforcerowsecurity as isolated,
           exists (select from pg_policy p where p.polrelid = c.oid) as has_policy
      from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')""")


def _system(database: Database, role: Role, scope: Scope, statement: str, **values: object) -> object:
    with database.transaction(role, scope) as tx:
        return tx.execute(text(statement), values).scalar()


def test_every_table_is_isolated_or_says_why_not(database: Database) -> None:
    with database.transaction("owner", Scope(EVERY_TENANT)) as tx:
        tables = {row.relname: row for row in tx.execute(_TABLES)}
    assert {name for name, row in tables.items() if not row.isolated} == set(OPEN)
    assert {name for name, row in tables.items() if row.isolated and not row.has_policy} == set()


def test_no_view_looks_past_the_isolation(database: Database) -> None:
    """A view runs with its owner's eyes, and the owner bypasses row-level security."""
    with database.transaction("owner", Scope(EVERY_TENANT)) as tx:
        views = tx.execute(
            text("select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('v', 'm')")
        )
        assert views.scalars().all() == []


def test_a_function_with_its_owners_rights_looks_into_temporary_schemas_last(database: Database) -> None:
    scope = Scope(EVERY_TENANT, request_id="t")
    with database.transaction("owner", scope) as tx:
        found = tx.execute(
            text(
                "select p.proname, array_to_string(p.proconfig, ' ') from pg_proc p"
                " where p.prosecdef and p.pronamespace = 'public'::regnamespace"
            )
        ).all()
    assert len(found) > 10
    assert [name for name, settings in found if not (settings or "").endswith("public, pg_temp")] == []


@pytest.mark.parametrize("role", ["api", "worker"])
def test_serving_roles_live_under_row_level_security(database: Database, role: Role) -> None:
    asked = "select rolbypassrls or rolsuper or rolcreaterole from pg_roles where rolname = current_user"
    assert _system(database, role, Scope(EVERY_TENANT), asked) is False


@pytest.mark.parametrize(
    ("role", "table"), [(role, table) for role, tables in NOTHING.items() for table in sorted(tables)]
)
def test_a_serving_role_cannot_read_what_is_not_its_work(database: Database, role: Role, table: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        _system(database, role, Scope(EVERY_TENANT), f"select count(*) from {table}")


@pytest.mark.parametrize("role", ["api", "worker"])
def test_reading_without_a_scope_is_loud(database: Database, role: Role) -> None:
    with database.transaction("owner", Scope(EVERY_TENANT)) as tx:
        _person(tx, _tenant(tx))
    for table in (
        "tenant",
        "principal",
        "membership",
        "journal",
        "change_log",
    ):  # the rule is asked once there is a row
        with database.engine(role).connect() as tx, pytest.raises(DBAPIError, match="no tenant scope"):
            tx.execute(text(f"select count(*) from {table}")).scalar()


def _tenant(tx: Connection) -> UUID:
    code = f"t-{uuid4().hex[:12]}"
    made: UUID = tx.execute(
        text(
            "insert into tenant (code, kind, name_fr, name_nl, name_en) values (:code, 'agency', 'x', 'x', 'x')"
            " returning id"
        ),
        {"code": code},
    ).scalar_one()
    return made


def _person(tx: Connection, tenant: UUID) -> UUID:
    made: UUID = tx.execute(
        text("insert into principal (kind, handle, display_name) values ('person', :handle, 'x') returning id"),
        {"handle": f"p-{uuid4().hex[:12]}"},
    ).scalar_one()
    tx.execute(
        text("insert into membership (principal_id, tenant_id, role) values (:person, :tenant, 'agency-admin')"),
        {"person": made, "tenant": tenant},
    )
    return made


def test_a_tenant_neither_alters_the_list_of_tenants_nor_the_calendar(database: Database) -> None:
    with database.transaction("owner", Scope(EVERY_TENANT)) as tx:
        tenant, other = _tenant(tx), _tenant(tx)
    scope = Scope(tenant, reason="hostile")
    with database.transaction("api", scope) as tx:
        assert tx.execute(text("update tenant set kind = 'region' where id = :id"), {"id": tenant}).rowcount == 0
        assert tx.execute(text("delete from tenant where id = :id"), {"id": other}).rowcount == 0
    for statement in (
        "insert into tenant (code, kind, name_fr, name_nl, name_en) values ('mine', 'region', 'x', 'x', 'x')",
        "insert into calendar_entry (kind, name, held) values ('freeze', 'stop', tstzrange(now(), null))",
    ):
        with pytest.raises(ProgrammingError, match="row-level security"):
            _system(database, "api", scope, statement)


def test_an_answer_is_read_again_only_by_who_asked(database: Database) -> None:
    with database.transaction("owner", Scope(EVERY_TENANT)) as tx:
        tenant = _tenant(tx)
        asker, neighbour = _person(tx, tenant), _person(tx, tenant)
    keep = "insert into idempotency (principal_id, key, digest, status, body) values (:id, 'k', 'd', 201, 'canary')"
    with database.transaction("api", Scope(tenant, asker)) as tx:
        tx.execute(text(keep), {"id": asker})
    seen = "select count(*) from idempotency"
    assert _system(database, "api", Scope(tenant, asker), seen) == 1
    for scope in (Scope(tenant, neighbour), Scope(EVERY_TENANT, neighbour), Scope(EVERY_TENANT)):
        assert _system(database, "api", scope, seen) == 0
    with pytest.raises(ProgrammingError, match="row-level security"):
        _system(database, "api", Scope(tenant, neighbour), keep.replace("'k'", "'x'"), id=asker)


def test_deputies_are_seen_and_named_within_a_tenant(database: Database) -> None:
    with database.transaction("owner", Scope(EVERY_TENANT)) as tx:
        here, there = _tenant(tx), _tenant(tx)
        absent, deputy, stranger = _person(tx, here), _person(tx, here), _person(tx, there)
    name = (
        "insert into deputy (principal_id, deputy_id, held)"
        " values (:absent, :deputy, tstzrange(now(), now() + interval '1 day')) returning id"
    )
    assert _system(database, "api", Scope(here, absent), name, absent=absent, deputy=deputy)
    seen = "select count(*) from deputy where principal_id = :absent"
    assert _system(database, "api", Scope(here, deputy), seen, absent=absent) == 1
    assert _system(database, "api", Scope(there, stranger), seen, absent=absent) == 0
    assert _system(database, "api", Scope(EVERY_TENANT), seen, absent=absent) == 1
    with pytest.raises(ProgrammingError, match="row-level security"):
        _system(database, "api", Scope(there, stranger), name, absent=absent, deputy=stranger)


def test_a_text_is_found_by_its_digest_and_never_listed(database: Database) -> None:
    from orchestrator import blobs

    with database.transaction("owner", Scope(EVERY_TENANT)) as tx:
        tenant = _tenant(tx)
    with database.transaction("api", Scope(tenant)) as tx:
        digest = blobs.put(tx, "hostname cr01\n")
        assert blobs.put(tx, "hostname cr01\n") == digest
        assert blobs.read(tx, digest) == "hostname cr01\n"
