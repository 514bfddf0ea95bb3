"""What a new server is made with beside itself: SSH key, security groups, and a floating address that leads to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, text

from core.db import Database
from datacenter.hosting import keys, projects
from datacenter.hosting.changes import id_of_target, once, patient
from datacenter.hosting.networks import addresses
from datacenter.hosting.networks.groups import BASE, ensure_base
from orchestrator.kinds import Step, Surroundings
from orchestrator.plan import Target

__all__ = ["groups", "key", "lead", "reserve", "take_back"]

_SECONDS: Final = 60.0


def key(database: Database, project_id: UUID, chosen: Mapping[str, Any]) -> str:
    """The name under which the project's account has this key in the cloud; it is put there when it is not."""
    public = keys.PublicKey(
        chosen["line"], chosen["comment"], chosen["algorithm"], chosen["bits"], chosen["fingerprint"]
    )
    return keys.ensure(projects.of(database, project_id), chosen["name"], public)


def groups(database: Database, project_id: UUID, data: Mapping[str, Any]) -> list[str]:
    """The security groups it starts in, as the cloud knows them: those that were chosen, or ``base`` alone.

    ``base`` lets it answer ping; it is made again if somebody took it away.
    """
    chosen = list(data["security_groups"]) or [BASE]
    if BASE not in chosen:
        return chosen
    made = ensure_base(projects.of(database, project_id))
    return [made if one == BASE else one for one in chosen]


def reserve(tx: Connection, target: Target, change_id: UUID | None) -> None:
    """The address's row, which counts from the order on."""
    tx.execute(
        text(
            "insert into floating_ip (id, tenant_id, project_id, description, order_id)"
            " values (:floating, :tenant_id, :project_id, :name, :order)"
        ),
        {**target.data, "order": change_id},
    )


def lead(step: Step, around: Surroundings, server: str) -> tuple[str, str]:
    """Found by its tag or given, and led to the server; its row says so. Gives it, and the server's own address there.

    Args:
        server: the server's id in the cloud.
    """
    own = UUID(step.target.data["floating"])
    cloud = projects.of(around.database, UUID(step.target.data["project_id"]))
    given = once(lambda: addresses.find(cloud, own), lambda: addresses.give(cloud, own), seconds=_SECONDS)
    port = patient(lambda: addresses.port_of(cloud, server), seconds=_SECONDS)
    patient(lambda: addresses.lead_to(cloud, given, port), seconds=_SECONDS)
    with around.database.transaction("worker", around.scope) as tx:
        tx.execute(
            text(
                "update floating_ip set status = 'assigned', address = :address, cloud_id = :cloud,"
                " server_id = :server, fixed_address = :fixed, fault = '' where id = :id"
            ),
            {
                "id": own, "address": given.floating_ip_address, "cloud": given.id, "fixed": port[1],
                "server": id_of_target(step.target),
            },
        )  # fmt: skip
    return str(given.floating_ip_address), port[1]


def take_back(step: Step, around: Surroundings) -> None:
    """The address is given back, and its row is gone."""
    own = UUID(step.target.data["floating"])
    if "began" in step.record and "apply" in step.record["began"]:
        cloud = projects.of(around.database, UUID(step.target.data["project_id"]))
        patient(lambda: addresses.take_back(cloud, own), seconds=_SECONDS)
    with around.database.transaction("worker", around.scope) as tx:
        tx.execute(
            text(
                "update floating_ip set status = 'gone', gone_at = now(), server_id = null, fixed_address = null"
                " where id = :id and gone_at is null"
            ),
            {"id": own},
        )
