"""A token proves who holds it, in one tenant, for as long as it may; anything else gets one and the same refusal."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from core import bootstrap
from core.db import Database
from core.errors import Conflict, InvalidInput, NotFound, Unauthenticated, Unavailable
from core.identity import (
    authenticate,
    create_principal,
    deactivate,
    grant,
    list_principals,
    principal_by_handle,
    principal_in,
    revoke_role,
    tenant_by_code,
)
from core.roles import ROLES, SCOPES, covered, expand, scopes_of
from core.scope import EVERY_TENANT, Scope
from core.tokens import Issued, TokenText, issue, list_tokens, revoke
from tests.core.conftest import add_tenant


@dataclass
class World:
    """A region with an engineer, a commune with a user."""

    database: Database
    region: UUID
    commune: UUID
    engineer: UUID
    user: UUID

    def token(self, principal: UUID, tenant: UUID, *scopes: str, days: float = 1) -> Issued:
        """A token for one of them."""
        with self.database.transaction("platform", ALL) as tx:
            until = datetime.now(UTC) + timedelta(days=days)
            return issue(
                tx, principal_id=principal, tenant_id=tenant, name="test", scopes=scopes or ("*",), expires_at=until
            )


ALL = Scope(EVERY_TENANT, request_id="r", reason="a test")


@pytest.fixture
def world(fresh_database: Database) -> World:
    region, commune = add_tenant(fresh_database, "paradigm", "region"), add_tenant(fresh_database, "anderlecht")
    with fresh_database.transaction("platform", ALL) as tx:
        people = []
        for handle, tenant, role in (("anna", region, "engineer"), ("bob", commune, "agency-user")):
            person = create_principal(tx, handle=handle, kind="person", display_name=handle, email=f"{handle}@x.test")
            grant(tx, principal_id=person, tenant_id=tenant, role=role, granted_by=None)
            people.append(person)
    return World(fresh_database, region, commune, *people)


def test_a_token_proves_its_holder(world: World) -> None:
    principal = authenticate(world.database, world.token(world.engineer, world.region).token.reveal())
    assert (principal.id, principal.handle, principal.kind) == (world.engineer, "anna", "person")
    assert (principal.tenant_code, sorted(principal.roles), principal.staff) == ("paradigm", ["engineer"], True)
    assert principal.may("change:submit")
    assert not principal.may("platform:write")
    scope = principal.scope("r-7", "because")
    assert (scope.tenant, scope.actor, scope.request_id, scope.reason) == ("*", world.engineer, "r-7", "because")


def test_an_agencys_people_see_their_own_tenant(world: World) -> None:
    principal = authenticate(world.database, world.token(world.user, world.commune).token.reveal())
    assert not principal.staff
    assert principal.scope("r").tenant == world.commune


def test_a_token_never_gives_more_than_its_scopes_and_roles(world: World) -> None:
    narrow = authenticate(
        world.database, world.token(world.engineer, world.region, "network:*", "platform:write").token.reveal()
    )
    assert narrow.scopes == {"network:read", "network:write"}
    with world.database.transaction("platform", ALL) as tx:
        grant(tx, principal_id=world.engineer, tenant_id=world.region, role="auditor", granted_by=None)
        revoke_role(tx, principal_id=world.engineer, tenant_id=world.region, role="engineer")
    narrowed = authenticate(world.database, world.token(world.engineer, world.region, "network:*").token.reveal())
    assert narrowed.scopes == {"network:read"}


def test_every_refusal_is_the_same(world: World) -> None:
    good = world.token(world.engineer, world.region)
    text_ = good.token.reveal()
    other = TokenText.mint().reveal()
    expired = world.token(world.engineer, world.region)
    revoked = world.token(world.engineer, world.region)
    with world.database.transaction("platform", ALL) as tx:
        tx.execute(
            text("update api_token set expires_at = now() - interval '1 second' where id = :id"), {"id": expired.id}
        )
        revoke(tx, revoked.id)
    mixed = f"irp_{good.token.public_id}_{other.split('_')[2]}"
    shapeless = ["", "irp_", "Bearer x", text_[:-1], text_ + "0", text_.upper(), "\x00" * 66, text_ + "\n"]
    strange = [other, mixed, "irp_" + "0" * 12 + "_" + "0" * 49, text_.replace("irp_", "IRP_")]
    refused = [*shapeless, *strange, expired.token.reveal(), revoked.token.reveal()]
    said = set()
    for presented in refused:
        with pytest.raises(Unauthenticated) as caught:
            authenticate(world.database, presented)
        said.add((caught.value.message, caught.value.hint, str(caught.value.fields)))
    assert len(said) == 1
    assert authenticate(world.database, text_).handle == "anna"


def test_a_right_public_id_with_a_wrong_secret_is_refused_and_leaves_no_trace(world: World) -> None:
    good = world.token(world.engineer, world.region)
    forged = _with_public_id(good.token.public_id)
    with pytest.raises(Unauthenticated):
        authenticate(world.database, forged)
    with world.database.transaction("platform", ALL) as tx:
        assert tx.execute(text("select last_used_at from api_token")).scalar() is None


def test_the_last_use_moves_once_a_minute(world: World) -> None:
    issued = world.token(world.engineer, world.region)

    def last_used() -> datetime:
        with world.database.transaction("platform", ALL) as tx:
            found: datetime = tx.execute(text("select last_used_at from api_token")).scalar_one()
            return found

    authenticate(world.database, issued.token.reveal())
    first = last_used()
    authenticate(world.database, issued.token.reveal())
    assert last_used() == first
    with world.database.transaction("platform", ALL) as tx:
        tx.execute(text("update api_token set last_used_at = now() - interval '2 minutes'"))
    authenticate(world.database, issued.token.reveal())
    assert last_used() > first
    with world.database.transaction("platform", ALL) as tx:
        updates = tx.execute(text("select count(*) from journal where action = 'api_token.update'")).scalar()
    assert updates == 0, "using a token is not worth a line in the change log"


def test_a_locked_token_row_does_not_make_requests_wait(world: World) -> None:
    issued = world.token(world.engineer, world.region)
    with world.database.transaction("platform", ALL) as tx:
        tx.execute(text("select from api_token for update"))
        assert authenticate(world.database, issued.token.reveal()).handle == "anna"


@pytest.mark.parametrize("what", ["role", "person", "tenant"])
def test_when_role_person_or_tenant_go_the_token_goes(world: World, what: str) -> None:
    issued = world.token(world.user, world.commune)
    assert authenticate(world.database, issued.token.reveal()).id == world.user
    with world.database.transaction("platform", ALL) as tx:
        if what == "role":
            revoke_role(tx, principal_id=world.user, tenant_id=world.commune, role="agency-user")
        elif what == "person":
            deactivate(tx, world.user)
        else:
            tx.execute(text("update tenant set active = false where id = :id"), {"id": world.commune})
    with pytest.raises(Unauthenticated):
        authenticate(world.database, issued.token.reveal())


def test_a_role_ends_by_itself_and_that_it_was_held_stays_on_record(world: World) -> None:
    with world.database.transaction("platform", ALL) as tx:
        with pytest.raises(InvalidInput):
            grant(
                tx,
                principal_id=world.user,
                tenant_id=world.commune,
                role="agency-admin",
                granted_by=None,
                until=datetime.now(UTC) - timedelta(1),
            )
        with pytest.raises(Conflict):
            grant(tx, principal_id=world.user, tenant_id=world.commune, role="agency-user", granted_by=None)
        revoke_role(tx, principal_id=world.user, tenant_id=world.commune, role="agency-user")
    with world.database.transaction("platform", ALL) as tx:
        with pytest.raises(Conflict):
            revoke_role(tx, principal_id=world.user, tenant_id=world.commune, role="agency-user")
        grant(tx, principal_id=world.user, tenant_id=world.commune, role="agency-user", granted_by=world.engineer)
        held = tx.execute(
            text(
                "select count(*), count(*) filter (where held @> now()) as now from membership where principal_id = :id"
            ),
            {"id": world.user},
        ).one()
    assert tuple(held) == (2, 1)


def test_the_text_is_shown_once_and_stored_nowhere(world: World) -> None:
    issued = world.token(world.user, world.commune)
    text_ = issued.token.reveal()
    assert text_ not in f"{issued} {issued!r} {issued.token}"
    with pytest.raises(TypeError):
        pickle.dumps(issued.token)
    with world.database.transaction("owner", ALL) as tx:
        for table in ("api_token", "journal", "change_log"):
            stored = tx.execute(text(f"select string_agg(to_jsonb(t)::text, '') from {table} t")).scalar_one()
            assert text_ not in stored
            assert text_.rsplit("_", 1)[1] not in stored
            if table != "api_token":
                assert issued.token.digest.hex() not in stored
        assert [info.public_id for info in list_tokens(tx, principal_id=world.user)] == [issued.token.public_id]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"name": " "}, "/name"),
        ({"scopes": []}, "/scopes"),
        ({"scopes": ["change:read", "world:rule"]}, "/scopes/1"),
        ({"scopes": ["world:*"]}, "/scopes/0"),
        ({"expires_at": datetime.now(UTC) - timedelta(hours=1)}, "/expires_at"),
        ({"expires_at": datetime.now(UTC) + timedelta(days=400)}, "/expires_at"),
        ({"scopes": ["secret:write"], "within": frozenset({"change:read"})}, "/scopes"),
        ({"scopes": ["*"], "within": frozenset({"change:read"})}, "/scopes"),
    ],
)
def test_a_token_that_cannot_be_is_refused_with_the_field(
    world: World, change: dict[str, object], pointer: str
) -> None:
    given_ = {"principal_id": world.engineer, "tenant_id": world.region, "name": "x", **change}
    with pytest.raises(InvalidInput) as caught, world.database.transaction("platform", ALL) as tx:
        issue(tx, **given_)  # type: ignore[arg-type]  # wrong on purpose
    assert caught.value.pointer == pointer


def test_a_token_in_a_tenant_without_a_role_is_not_made(world: World) -> None:
    with pytest.raises(NotFound):
        world.token(world.user, world.region)


def test_people_are_added_once_and_with_a_proper_handle(world: World) -> None:
    with world.database.transaction("platform", ALL) as tx:
        with pytest.raises(Conflict, match="taken"):
            create_principal(tx, handle="anna", kind="person", display_name="Anna")
        for handle, name, locale in (("A b", "x", "fr"), ("ok", " ", "fr"), ("ok", "x", "de")):
            with pytest.raises(InvalidInput):
                create_principal(tx, handle=handle, kind="person", display_name=name, locale=locale)
        assert principal_by_handle(tx, "anna") == world.engineer
        assert tenant_by_code(tx, "anderlecht") == world.commune
        with pytest.raises(NotFound):
            principal_by_handle(tx, "nobody")
        with pytest.raises(NotFound):
            tenant_by_code(tx, "nowhere")
        with pytest.raises(NotFound):
            principal_in(tx, "anna", "anderlecht")
        with pytest.raises(NotFound):
            deactivate(tx, uuid4())


def test_an_agency_sees_its_own_people_and_the_regions_staff_only(world: World) -> None:
    other = add_tenant(world.database, "etterbeek")
    with world.database.transaction("platform", ALL) as tx:
        carla = create_principal(tx, handle="carla", kind="person", display_name="Carla")
        grant(tx, principal_id=carla, tenant_id=other, role="agency-admin", granted_by=None)
    with world.database.transaction("api", Scope(world.commune)) as tx:
        assert [person.handle for person in list_principals(tx)] == ["anna", "bob"]
        assert tx.execute(text("update principal set email = 'x' where handle in ('anna', 'carla')")).rowcount == 0
        assert tx.execute(text("update principal set email = 'x' where handle = 'bob'")).rowcount == 1
    with world.database.transaction("api", ALL) as tx:
        everybody = {person.handle: person.roles for person in list_principals(tx)}
    assert everybody["carla"] == {"etterbeek": ["agency-admin"]}


def test_personal_values_never_enter_the_change_log(world: World) -> None:
    with world.database.transaction("owner", ALL) as tx:
        logged = tx.execute(
            text("select string_agg(post::text, '') from change_log where table_name = 'principal'")
        ).scalar_one()
    assert "@x.test" not in logged
    assert "<withheld>" in logged


# ------------------------------------------------------------------------------------------------------- laws
@given(st.lists(st.sampled_from([*SCOPES, "*", "network:*", "change:*", "nothing:here"])))
def test_wildcards_stand_for_known_scopes_only(scopes: list[str]) -> None:
    meant = expand(scopes)
    assert meant <= SCOPES.keys()
    assert expand(meant) == meant
    assert covered(scopes, meant)


@given(st.integers(0, 65), st.sampled_from("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-"))
def test_a_mistyped_character_is_told_apart_without_the_database(position: int, typed: str) -> None:
    text_ = TokenText.mint().reveal()
    wrong = text_[:position] + typed + text_[position + 1 :]
    if wrong == text_:
        assert TokenText.parse(wrong).reveal() == text_
    else:
        with pytest.raises(Unauthenticated):
            TokenText.parse(wrong)


def test_every_role_is_described_and_gives_known_scopes() -> None:
    for role in ROLES:
        assert scopes_of([role]) <= SCOPES.keys()
        assert scopes_of([role])
    assert "change:submit" not in scopes_of(["auditor"])
    assert not any(
        scope.endswith(":write") and scope != "token:write" for scope in scopes_of(["auditor", "management"])
    )


# ------------------------------------------------------------------------------------------------------- first day
def test_the_first_people_are_there_and_a_second_time_changes_nothing(fresh_database: Database) -> None:
    profiles = bootstrap.ensure(fresh_database)
    assert sorted(profiles) == ["auditor", "board", "engineer", "lead", "lead2", "manager"]
    lead = authenticate(fresh_database, str(profiles["lead"]["token"]))
    assert (lead.handle, sorted(lead.roles), lead.tenant_code, lead.staff) == (
        "lead",
        ["network-lead"],
        "paradigm",
        True,
    )
    with fresh_database.transaction("platform", ALL) as tx:
        before = tx.execute(text("select count(*) from journal")).scalar()
        system = principal_in(tx, bootstrap.SYSTEM, bootstrap.REGION)
        assert (system.kind, system.staff, system.token_id) == ("service", True, None)
    assert bootstrap.ensure(fresh_database, known=profiles) == {}
    with fresh_database.transaction("platform", ALL) as tx:
        assert tx.execute(text("select count(*) from journal")).scalar() == before
        tx.execute(
            text(
                "update api_token set expires_at = now()"
                " where principal_id = (select id from principal where handle = 'board')"
            )
        )
    assert sorted(bootstrap.ensure(fresh_database, known=profiles)) == ["board"]
    assert sorted(bootstrap.ensure(fresh_database, known=["board"])) == [
        "auditor",
        "engineer",
        "lead",
        "lead2",
        "manager",
    ]


def test_an_agency_gets_a_person_for_the_lab(fresh_database: Database) -> None:
    add_tenant(fresh_database, "ixelles")
    profile = bootstrap.agency_person(fresh_database, "ixelles", role="agency-admin")
    assert profile is not None
    principal = authenticate(fresh_database, str(profile["token"]))
    assert (principal.handle, sorted(principal.roles), principal.staff) == ("ixelles.admin", ["agency-admin"], False)
    assert bootstrap.agency_person(fresh_database, "ixelles", role="agency-admin", known=True) is None


def test_people_of_the_lab_s_agencies_come_with_their_administrations(fresh_database: Database) -> None:
    assert bootstrap.agency_people(fresh_database) == {}
    add_tenant(fresh_database, "commune-21009")
    made = bootstrap.agency_people(fresh_database)
    assert {name: profile["roles"] for name, profile in made.items()} == {
        "agency": ["agency-user"],
        "agency-admin": ["agency-admin"],
    }
    assert bootstrap.agency_people(fresh_database, known=made) == {}
    add_tenant(fresh_database, "commune-21016")
    late = bootstrap.agency_people(fresh_database, known=made)
    assert sorted(late) == ["agency2"]
    assert authenticate(fresh_database, str(late["agency2"]["token"])).tenant_code == "commune-21016"


def _with_public_id(public_id: str) -> str:
    """A well-formed token of that public id with a secret of one's own."""
    from core.tokens import _base62, _checksum

    secret = _base62(12345, 43)
    return f"irp_{public_id}_{secret}{_checksum(public_id, secret)}"


def test_when_every_connection_is_busy_the_door_says_so(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.db._PATIENCE_SECONDS", 0.1)
    small = Database(database.dsn, pool_size=1)
    held = [small.connection("api") for _ in range(3)]
    try:
        with pytest.raises(Unavailable, match="busy"):
            authenticate(small, TokenText.mint().reveal())
    finally:
        for connection in held:
            connection.close()
        small.close()
