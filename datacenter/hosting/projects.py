"""A tenant's project in the cloud: made when it is first needed, kept as what is granted, spoken to as itself.

In the cloud a project of ours is: a Keystone project ``<tenant code>-<project code>`` with our tag; an account of its
own with the role *member*; quotas that are what we granted; the network ``private``; the security group ``base``. All
of it is looked for before it is made, under one lock for each project, so two orders at once make one.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from sqlalchemy import Connection, text

from core.db import Database, changes_rows
from core.errors import IrisplaneError
from core.journal.record import record
from core.keyring import KeyFile
from core.scope import EVERY_TENANT, Scope
from core.secrets import SecretStore, SecretValue
from core.settings import get_settings
from datacenter.hosting import cloud
from datacenter.hosting.cloud import speaking, tag_of
from datacenter.hosting.errors import CloudRefused, NoSuchProject, ProjectClosed
from datacenter.hosting.networks import groups
from datacenter.hosting.networks.rules import MOST_RULES
from datacenter.hosting.private_network import place
from orchestrator.refusals import said_plainly

if TYPE_CHECKING:
    from openstack.connection import Connection as Cloud

__all__ = [
    "PRIVATE",
    "PRIVATE_CIDR",
    "ROLE",
    "Project",
    "cloud_quotas",
    "ensure",
    "find_in_cloud",
    "granted",
    "make_account",
    "of",
    "password_name",
    "read",
    "write_quotas",
]

ROLE: Final = "member"
PRIVATE: Final = "private"
PRIVATE_CIDR: Final = "10.42.0.0/24"
_SCOPE: Final = Scope(EVERY_TENANT, reason="a project in the cloud")

_QUOTAS: Final = {
    "compute": {"servers": "instances", "vcpus": "cores", "ram_mib": "ram"},
    "block_storage": {"volumes": "volumes", "storage_gib": "gigabytes", "snapshots": "snapshots"},
    "network": {"networks": "networks", "floating_ips": "floating_ips", "security_groups": "security_groups"},
}
"""Service → our resource → the cloud's name for it."""
_GROUPS_OF_EVERY_PROJECT: Final = 2
"""Neutron counts ``default`` and ``base``, which nobody ordered."""
_RULES_OF_A_GROUP: Final = 2 * (MOST_RULES + 1)
"""A rule for anywhere is two in Neutron; that everything may go out is one of them."""


@dataclass(frozen=True, slots=True)
class Project:
    """A row of ``project`` with the code of its tenant."""

    id: UUID
    tenant_id: UUID
    tenant_code: str
    code: str
    status: str
    cloud_id: str | None
    cloud_user: str | None

    @property
    def cloud_name(self) -> str:
        """What it is called in the cloud."""
        return f"{self.tenant_code}-{self.code}"

    @property
    def account(self) -> str:
        """The name of its account there: one that no person and no other project has."""
        return tag_of(self.id)


def password_name(project_id: UUID) -> str:
    """The name of the secret that holds the password of a project's account."""
    return f"hosting/project/{project_id}/password"


def read(tx: Connection, project_id: UUID) -> Project:
    """A project of ours.

    Raises:
        NoSuchProject: none in this scope.
    """
    row = tx.execute(
        text(
            "select p.id, p.tenant_id, t.code as tenant_code, p.code, p.status, p.cloud_id, p.cloud_user"
            " from project p join tenant t on t.id = p.tenant_id where p.id = :id"
        ),
        {"id": project_id},
    ).one_or_none()
    if row is None:
        raise NoSuchProject(f"There is no project {project_id}.")
    return Project(*row)


def of(database: Database, project_id: UUID) -> Cloud:
    """A connection that acts as the project's own account. Who may see the project is the caller's to have asked.

    Raises:
        NoCloud: there is no cloud, or the project does not stand in it yet.
    """
    with database.transaction("worker", _SCOPE) as tx:
        project = read(tx, project_id)
        if project.cloud_id is None or project.cloud_user is None:
            raise CloudRefused(f"The project {project.code} does not stand in the cloud yet.")
        password = _store().get(tx, project.tenant_id, password_name(project.id))
    return cloud.as_account(project.cloud_user, project.cloud_id, password)


def ensure(database: Database, project_id: UUID) -> Project:
    """Bring a project into the cloud, or find it there; one that is ready costs one statement.

    Raises:
        ProjectClosed: nothing more is made for it.
        NoCloud, CloudSilent, CloudRefused: and it is tried again with the next order.
    """
    with database.transaction("worker", _SCOPE) as tx:
        project = read(tx, project_id)
    if project.status == "ready":
        return project
    if project.status == "closed":
        raise ProjectClosed(f"The project {project.code} is closed.")
    with _alone(database, project_id):
        with database.transaction("worker", _SCOPE) as tx:
            project = read(tx, project_id)
        if project.status == "ready":
            return project
        try:
            return _bring(database, project)
        except IrisplaneError as error:
            _failed(database, project, error)
            raise


def find_in_cloud(admin: Cloud, project: Project) -> Any:
    """The project as Keystone has it, by our tag; ``None`` when it has none."""
    identity: Any = admin.identity  # version 3; openstacksdk cannot tell before it asks
    return next(iter(identity.projects(tags=tag_of(project.id))), None)


def granted(tx: Connection, project_id: UUID) -> dict[str, int]:
    """What the project may hold at most, by resource."""
    rows = tx.execute(text("select resource, granted from quota where project_id = :id"), {"id": project_id})
    return {row.resource: int(row.granted) for row in rows}


def write_quotas(admin: Cloud, cloud_id: str, limits: dict[str, int]) -> None:
    """Let the cloud's quotas of a project be what was granted; called whenever that alters."""
    compute: Any = admin.compute
    for service, wanted in cloud_quotas(limits).items():
        with speaking(f"Setting the project's {service.replace('_', ' ')} quota"):
            if service == "network":
                admin.network.update_quota(cloud_id, **wanted)
            elif service == "compute":
                compute.update_quota_set(cloud_id, force=True, **wanted)  # also below what is used: then nothing grows
            elif admin.has_service("block-storage"):
                admin.block_storage.update_quota_set(cloud_id, **wanted)


def make_account(database: Database, project: Project) -> str:
    """The project's own account with its role, made or made whole again; gives its id. Its row names it afterwards."""
    identity: Any = cloud.admin().identity
    password, new = _password(database, project)
    with speaking(f"Making the account of {project.cloud_name}"):
        domain = _domain(cloud.admin())
        user = next(iter(identity.users(name=project.account, domain_id=domain)), None)
        if user is None:
            user = identity.create_user(
                name=project.account, domain_id=domain, password=password.reveal(),
                default_project_id=project.cloud_id, description=f"Irisplane's account in {project.cloud_name}",
            )  # fmt: skip
        elif new:
            identity.update_user(user, password=password.reveal())
        role = identity.find_role(ROLE, ignore_missing=False)
        identity.assign_project_role_to_user(project.cloud_id, user, role)
    cloud.forget(user.id)
    with database.transaction("worker", _SCOPE) as tx:
        tx.execute(
            text("update project set cloud_user = :user where id = :id and cloud_user is distinct from :user"),
            {"user": user.id, "id": project.id},
        )
    return str(user.id)


def cloud_quotas(limits: dict[str, int]) -> dict[str, dict[str, int]]:
    """What was granted, in the cloud's words: service → name → at most."""
    out = {
        service: {theirs: limits[ours] for ours, theirs in names.items() if ours in limits}
        for service, names in _QUOTAS.items()
    }
    if "security_groups" in out["network"]:
        groups_there = out["network"]["security_groups"] + _GROUPS_OF_EVERY_PROJECT
        out["network"] |= {"security_groups": groups_there, "security_group_rules": groups_there * _RULES_OF_A_GROUP}
    return {service: wanted for service, wanted in out.items() if wanted}


# ----------------------------------------------------------------------------------------------------------- making
def _bring(database: Database, project: Project) -> Project:
    admin = cloud.admin()
    identity: Any = admin.identity
    with database.transaction("worker", _SCOPE) as tx:
        limits = granted(tx, project.id)
    with speaking(f"Making the project {project.cloud_name}"):
        domain = _domain(admin)
        there = find_in_cloud(admin, project)
        if there is None:
            if next(iter(identity.projects(name=project.cloud_name, domain_id=domain)), None) is not None:
                raise CloudRefused(
                    f"The cloud has a project {project.cloud_name} that is not of this Irisplane.",
                    hint="Rename or remove it in the cloud, and order again.",
                )
            there = identity.create_project(
                name=project.cloud_name, domain_id=domain, tags=[tag_of(project.id)], description=tag_of(project.id)
            )
    user = make_account(database, replace(project, cloud_id=str(there.id)))
    write_quotas(admin, there.id, limits)
    own = cloud.as_account(user, there.id, _password(database, project)[0])
    _place_private(database, project, own)
    groups.ensure_base(own)
    with database.transaction("worker", _SCOPE.because(f"{project.cloud_name} stands in the cloud")) as tx:
        changes_rows(
            tx,
            text(
                "update project set status = 'ready', cloud_id = :cloud, cloud_user = :user, fault = '' where id = :id"
            ),
            {"cloud": there.id, "user": user, "id": project.id},
            expect=1,
            what="project",
        )
        record(
            tx, "event", "project.ready", "project", project.id, body={"name": project.cloud_name},
            tenant_id=project.tenant_id,
        )  # fmt: skip
        return read(tx, project.id)


def _domain(admin: Cloud) -> str:
    named = cloud.entry().domain
    identity: Any = admin.identity
    found = identity.find_domain(named, ignore_missing=True)
    if found is None:
        raise CloudRefused(f"The cloud has no domain {named!r}, which its entry names.")
    return str(found.id)


def _password(database: Database, project: Project) -> tuple[SecretValue, bool]:
    """The account's password, sealed before the account exists: what the cloud accepts is never lost."""
    store, name = _store(), password_name(project.id)
    with database.transaction("worker", _SCOPE) as tx:
        if store.names(tx, project.tenant_id, prefix=name):
            return store.get(tx, project.tenant_id, name), False
        made = SecretValue(secrets.token_urlsafe(32))
        store.put(tx, project.tenant_id, name, made)
        return made, True


def _place_private(database: Database, project: Project, connection: Cloud) -> None:
    """The first network of every project; it counts as one of its networks."""
    with said_plainly(), database.transaction("worker", _SCOPE) as tx:
        row = tx.execute(
            text(
                "insert into cloud_network (tenant_id, project_id, name, cidr) values (:tenant, :project, :name, :cidr)"
                " on conflict (project_id, name) where gone_at is null do update set name = excluded.name"
                " returning id, cidr::text, routed"
            ),
            {"tenant": project.tenant_id, "project": project.id, "name": PRIVATE, "cidr": PRIVATE_CIDR},
        ).one()
    placed = place(connection, row.id, PRIVATE, row.cidr, routed=row.routed)
    with database.transaction("worker", _SCOPE) as tx:
        tx.execute(
            text(
                "update cloud_network set status = 'active', cloud_id = :network, subnet_id = :subnet,"
                " router_id = :router, fault = '' where id = :id"
            ),
            {"id": row.id, "network": placed.network, "subnet": placed.subnet, "router": placed.router},
        )


def _failed(database: Database, project: Project, error: IrisplaneError) -> None:
    """Say on the row why it does not stand; the next order tries again."""
    with database.transaction("worker", _SCOPE) as tx:
        tx.execute(
            text("update project set fault = :fault where id = :id and status <> 'ready' and fault <> :fault"),
            {"fault": error.message[:500], "id": project.id},
        )


@contextmanager
def _alone(database: Database, project_id: UUID) -> Iterator[None]:
    """One at a time for each project, whichever process; no transaction is open meanwhile."""
    with database.connection("worker").execution_options(isolation_level="AUTOCOMMIT") as connection:
        key = {"key": f"project:{project_id}"}
        connection.execute(text("select pg_advisory_lock(hashtextextended(:key, 0))"), key)
        try:
            yield
        finally:
            connection.execute(text("select pg_advisory_unlock(hashtextextended(:key, 0))"), key)


def _store() -> SecretStore:
    return SecretStore(KeyFile(get_settings().key_file))
