"""What an order of a server stands on: project, plan, image, networks, place and price, chosen from our own rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, text

from core.errors import InvalidInput
from core.scope import EVERY_TENANT, Scope
from datacenter.hosting import lookup, placement
from datacenter.hosting.catalogue.offered import image_named
from datacenter.hosting.errors import NameTaken, NoSuchProject, NotOffered, ProjectClosed
from datacenter.hosting.key_changes import key_named
from datacenter.hosting.networks.groups import RESERVED
from datacenter.hosting.servers.errors import NoSuchNetwork
from datacenter.hosting.standing import must_be

__all__ = ["Chosen", "ChosenGroup", "choose", "chosen_group", "chosen_groups", "chosen_image", "chosen_key"]

_PRIVATE: Final = "private"
_TAKEN: Final = "A server of this name stands in the project."


@dataclass(frozen=True, slots=True)
class Chosen:
    """What an order found.

    Attributes:
        networks: ids of our rows; ``None`` for a first network that is made with the project.
    """

    project_id: UUID
    tenant_id: UUID
    tenant: str
    project: str
    networks: tuple[tuple[str, str | None], ...]
    place: placement.Place


@dataclass(frozen=True, slots=True)
class ChosenGroup:
    """A security group that an order names.

    Attributes:
        id: of our row; ``None`` for ``base`` and ``default``, which every project has.
        cloud_id: ``None`` for those as well.
    """

    name: str
    id: UUID | None = None
    cloud_id: str | None = None


def choose(
    tx: Connection, scope: Scope, *, project: str, name: str, networks: Sequence[str], data_class: str,
    zone: str | None = None, near: Sequence[str] = (), apart: Sequence[str] = (),
) -> Chosen:  # fmt: skip
    """Project, networks and place of an order.

    Args:
        project: code of one of the own administration's, or the id of any that the scope may see.
    Raises:
        NoSuchProject, ProjectClosed, NameTaken, NoSuchNetwork, NoZoneFits: names the field.
    """
    row: Any = tx.execute(
        _CHOICE,
        {
            "id": _id(project), "code": project, "every": scope.tenant == EVERY_TENANT,
            "tenant": None if scope.tenant == EVERY_TENANT else scope.tenant, "name": name,
            "networks": list(networks),
        },
    ).first()  # fmt: skip
    if row is None:
        raise NoSuchProject(f"There is no project {project[:60]!r}.", pointer="/project")
    if row.status == "closed":
        raise ProjectClosed(f"The project {row.project} is closed.", pointer="/project")
    if row.taken:
        raise NameTaken(_TAKEN, pointer="/name", rule="server_name_once")
    place = placement.choose(tx, row.id, data_class, zone=zone, near=near, apart=apart)
    return Chosen(row.id, row.tenant_id, row.tenant, row.project, _networks(row, networks), place)


def chosen_image(tx: Connection, image: str, at: datetime, project_id: UUID) -> tuple[dict[str, str], dict[str, Any]]:
    """By which properties the cloud finds an image, and what is known of it.

    ``image`` is the code of an offering, or the name or id of an image that was made of a server of the project. A code
    of the catalogue goes before a name.

    Raises:
        NotOffered: the catalogue has none of that code, nor the project one of that name.
        InvalidInput: several images of the project have that name.
    """
    own = _id(image)
    if own is not None:
        return {"id": str(own)}, {}
    made = list(tx.execute(_MADE, {"project": project_id, "name": image}).scalars())
    try:
        offer = image_named(tx, image, at)
    except NotOffered:
        if not made:
            raise
        if len(made) > 1:
            raise InvalidInput(
                f"{len(made)} images of the project are named {image}: {', '.join(made[:5])}.", pointer="/image",
                hint="Name the one that is meant by its id; 'irisplane server images' shows of which server each is.",
            ) from None  # fmt: skip
        return {"id": made[0]}, {}
    return dict(offer.select), dict(offer.details)


def chosen_key(tx: Connection, tenant_id: UUID, key: str | None) -> dict[str, Any] | None:
    """An SSH key of the administration, as it is put into the cloud.

    Raises:
        NoSuchThing: it has none of this name or id.
    """
    if key is None:
        return None
    row = key_named(tx, key, tenant=tenant_id)
    return {
        "name": row.name, "line": row.public_key, "comment": row.comment, "algorithm": row.algorithm, "bits": row.bits,
        "fingerprint": row.fingerprint,
    }  # fmt: skip


def chosen_groups(tx: Connection, project_id: UUID, groups: Sequence[str]) -> list[str]:
    """The ids in the cloud of security groups of the project; of ``base`` and ``default``, which all have, the name.

    Raises:
        NoSuchThing: the project has none of this name or id.
        NotReady: it is not in the cloud yet.
    """
    chosen = [
        chosen_group(tx, project_id, name, pointer=f"/security_groups/{place}") for place, name in enumerate(groups)
    ]
    return [one.cloud_id or one.name for one in chosen]


def chosen_group(tx: Connection, project_id: UUID, group: str, *, pointer: str) -> ChosenGroup:
    """A security group of the project by its name or id.

    Raises:
        NoSuchThing: the project has none of this name or id.
        NotReady: it is not in the cloud yet.
    """
    if group in RESERVED:
        return ChosenGroup(group)
    row = lookup.find(tx, "security_group", group, project=project_id, pointer=pointer)
    must_be(row, "security group", "active")
    return ChosenGroup(row.name, row.id, str(row.cloud_id))


def _networks(row: Any, wanted: Sequence[str]) -> tuple[tuple[str, str | None], ...]:
    there = {one["name"]: one["id"] for one in row.networks} | {one["id"]: one["id"] for one in row.networks}
    found = []
    for place, name in enumerate(wanted):
        if name in there:
            found.append((name, there[name]))
        elif name == _PRIVATE and row.status != "ready":
            found.append((name, None))
        else:
            raise NoSuchNetwork(
                f"The project {row.project} has no network {name[:60]!r} that is ready.", pointer=f"/networks/{place}"
            )
    return tuple(found)


def _id(value: str) -> UUID | None:
    try:
        return UUID(value)
    except ValueError:
        return None


_MADE: Final = text(
    "select cloud_id from server_image where project_id = :project and name = :name and status = 'active' order by id"
)
_CHOICE: Final = text("""
    select p.id, p.tenant_id, t.code as tenant, p.code as project, p.status,
           exists (select from server s where s.project_id = p.id and s.name = :name and s.gone_at is null
                   and s.status <> 'vanished') as taken,
           coalesce((select jsonb_agg(jsonb_build_object('id', n.id, 'name', n.name)) from cloud_network n
                     where n.project_id = p.id and n.status = 'active'
                       and (n.name = any(:networks) or n.id::text = any(:networks))), '[]') as networks
    from project p join tenant t on t.id = p.tenant_id
    where case when cast(:id as uuid) is not null then p.id = cast(:id as uuid)
               when cast(:every as boolean) then p.code = :code and t.kind = 'region'
               else p.tenant_id = cast(:tenant as uuid) and p.code = :code end
    limit 1""")
