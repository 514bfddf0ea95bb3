"""What somebody altered in the cloud about a project of ours by hand: found, shown, told; and mended by an order.

A finding is ``{"kind", "said", "wanted", "there", "ours"}``: ``ours`` when a Change ``hosting.project.reconcile`` mends
it. Servers that are not ours are findings as well; ``servers.converge`` keeps those.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from sqlalchemy import text

from core.db import Database
from core.errors import IrisplaneError
from core.journal.record import record
from core.scope import EVERY_TENANT, Scope
from datacenter.hosting import cloud, projects
from datacenter.hosting.cloud import speaking, tag_of
from datacenter.hosting.errors import CloudLacks, CloudRefused
from datacenter.hosting.private_network import place

if TYPE_CHECKING:
    from openstack.connection import Connection as Cloud

__all__ = ["find", "look", "mend", "write"]

_LOG: Final = logging.getLogger(__name__)
_SCOPE: Final = Scope(EVERY_TENANT, reason="compare with the cloud")
_FOREIGN: Final = "foreign-server"
Finding = dict[str, Any]


def look(database: Database) -> None:
    """Compare every project that stands in the cloud, one after the other. Called every few minutes."""
    if cloud.away():
        return
    with database.transaction("worker", _SCOPE) as tx:
        ids = list(tx.execute(_READY).scalars())
    for project_id in ids:
        try:
            write(database, project_id, find(database, project_id))
        except IrisplaneError as error:
            _LOG.warning("project %s could not be compared: %s", project_id, error.message)
            if cloud.away():
                return


def find(database: Database, project_id: UUID) -> list[Finding]:
    """What differs about a project in the cloud.

    Raises:
        CloudSilent, NoCloud: it cannot be seen just now, so nothing is said about it.
    """
    with database.transaction("worker", _SCOPE) as tx:
        project = projects.read(tx, project_id)
        limits = projects.granted(tx, project_id)
        network = tx.execute(_NETWORK, {"id": project_id}).one_or_none()
    admin = cloud.admin()
    identity: Any = admin.identity
    try:
        with speaking("Looking at the project"):
            there = identity.get_project(project.cloud_id)
    except CloudLacks:
        return [_finding("project-gone", "The project was deleted in the cloud.", project.cloud_name, None)]
    found: list[Finding] = []
    if there.name != project.cloud_name:
        found.append(_finding("project-renamed", f"It is called {there.name} there.", project.cloud_name, there.name))
    if not there.is_enabled:
        found.append(_finding("project-disabled", "The project is disabled in the cloud.", "enabled", "disabled"))
    found += _account(admin, project)
    found += _quotas(admin, project, limits)
    if network is not None:
        found += _network(admin, network)
    return found


def mend(database: Database, project_id: UUID) -> list[Finding]:
    """Make what is Irisplane's as it should be again; gives what is left.

    Raises:
        CloudRefused: a project that was deleted is not made again: what stood in it is lost, and a person decides.
    """
    found = find(database, project_id)
    with database.transaction("worker", _SCOPE) as tx:
        project = projects.read(tx, project_id)
        limits = projects.granted(tx, project_id)
        network = tx.execute(_NETWORK, {"id": project_id}).one_or_none()
    admin = cloud.admin()
    identity: Any = admin.identity
    kinds = {one["kind"] for one in found}
    if "project-gone" in kinds:
        raise CloudRefused(
            f"{project.cloud_name} was deleted in the cloud, with all that stood in it.",
            hint="Close the project here, or have it restored there.",
        )
    with speaking("Mending the project"):
        if kinds & {"project-renamed", "project-disabled"}:
            identity.update_project(project.cloud_id, name=project.cloud_name, is_enabled=True)
        if "account-disabled" in kinds:
            identity.update_user(project.cloud_user, is_enabled=True)
    if kinds & {"account-gone", "role-gone"}:
        projects.make_account(database, project)
    if any(kind.startswith("quota-") for kind in kinds):
        projects.write_quotas(admin, str(project.cloud_id), limits)
    if "network-gone" in kinds and network is not None:
        placed = place(projects.of(database, project_id), network.id, network.name, network.cidr, routed=network.routed)
        with database.transaction("worker", _SCOPE) as tx:
            where = {"network": placed.network, "subnet": placed.subnet, "router": placed.router}
            tx.execute(_PLACED, {"id": network.id, **where})
    return find(database, project_id)


def write(database: Database, project_id: UUID, found: list[Finding]) -> None:
    """Let the project's row say what differs; what is new is told once."""
    with database.transaction("worker", _SCOPE) as tx:
        row = tx.execute(_HELD, {"id": project_id}).one()
        foreign = [one for one in row.findings if one["kind"] == _FOREIGN]
        before = {one["kind"] for one in row.findings}
        tx.execute(_WRITE, {"id": project_id, "findings": json.dumps([*found, *foreign])})
        for one in found:
            if one["kind"] not in before:
                record(tx, "event", "project.differs", "project", project_id, body=one, tenant_id=row.tenant_id)
        after = {one["kind"] for one in found} | {_FOREIGN}
        for kind in sorted(before - after):
            record(tx, "event", "project.agrees", "project", project_id, body={"kind": kind}, tenant_id=row.tenant_id)


def _account(admin: Cloud, project: projects.Project) -> list[Finding]:
    identity: Any = admin.identity
    try:
        with speaking("Looking at the project's account"):
            user = identity.get_user(project.cloud_user)
    except CloudLacks:
        return [_finding("account-gone", "Irisplane's account in the project was deleted.", project.account, None)]
    with speaking("Looking at the project's account"):
        held = {
            one.role["id"]
            for one in identity.role_assignments(scope_project_id=project.cloud_id, user_id=project.cloud_user)
        }
        wanted = identity.find_role(projects.ROLE, ignore_missing=False).id
    out = []
    if not user.is_enabled:
        said = "Irisplane's account in the project is disabled."
        out.append(_finding("account-disabled", said, "enabled", "disabled"))
    if wanted not in held:
        out.append(_finding("role-gone", f"Irisplane's account lost its role {projects.ROLE}.", projects.ROLE, None))
    return out


def _quotas(admin: Cloud, project: projects.Project, limits: dict[str, int]) -> list[Finding]:
    out = []
    for service, wanted in projects.cloud_quotas(limits).items():
        if service == "block_storage" and not admin.has_service("block-storage"):
            continue
        with speaking(f"Looking at the {service.replace('_', ' ')} quota"):
            if service == "network":
                there: Any = admin.network.get_quota(str(project.cloud_id))
            else:
                there = getattr(admin, service).get_quota_set(project.cloud_id)
        for name, value in wanted.items():
            if getattr(there, name) != value:
                said = f"The cloud's quota {name} is {getattr(there, name)}; {value} is granted."
                out.append(_finding(f"quota-{name}", said, value, getattr(there, name)))
    return out


def _network(admin: Cloud, network: Any) -> list[Finding]:
    with speaking("Looking at the project's network"):
        there = next(iter(admin.network.networks(id=network.cloud_id)), None)
        router = network.router_id is None or next(iter(admin.network.routers(id=network.router_id)), None)
    if there is None or not router:
        what = "network" if there is None else "router"
        return [_finding("network-gone", f"The {what} of {network.name} was deleted.", tag_of(network.id), None)]
    return []


def _finding(kind: str, said: str, wanted: Any, there: Any) -> Finding:
    return {"kind": kind, "said": said, "wanted": wanted, "there": there, "ours": kind != "project-gone"}


_READY: Final = text("select id from project where status = 'ready' order by looked_at nulls first")
_NETWORK: Final = text(
    "select id, name, cidr::text, routed, cloud_id, router_id from cloud_network"
    " where project_id = :id and name = 'private' and status = 'active'"
)
_PLACED: Final = text(
    "update cloud_network set cloud_id = :network, subnet_id = :subnet, router_id = :router where id = :id"
)
_HELD: Final = text("select tenant_id, findings from project where id = :id for update")
_WRITE: Final = text("update project set findings = cast(:findings as jsonb), looked_at = now() where id = :id")
