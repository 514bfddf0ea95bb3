"""The ports of a server in Neutron, and which security groups each of them has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from datacenter.hosting.cloud import speaking
from datacenter.hosting.errors import CloudLacks

if TYPE_CHECKING:
    from openstack.connection import Connection

__all__ = ["group_named", "groups_by_port", "let_have"]


def groups_by_port(connection: Connection, server: str) -> dict[str, list[str]]:
    """Ids of the security groups by id of the port, of those ports that can have any.

    A port without port security has none; another project's port of the same server is not ours to alter.

    Args:
        server: its id in the cloud.
    """
    with speaking("Looking at the server's ports"):
        own = connection.network.ports(device_id=server, project_id=str(connection.current_project_id))
        return {
            str(port.id): sorted(str(one) for one in port.security_group_ids or ())
            for port in own
            if port.is_port_security_enabled is not False
        }


def let_have(connection: Connection, wanted: Mapping[str, Sequence[str]]) -> int:
    """Let ports have exactly these groups; how many ports that altered. Safe to ask again.

    Args:
        wanted: ids of groups by id of the port. A port that is gone is passed over.
    """
    altered = 0
    with speaking("Setting the security groups of the server's ports"):
        for port, groups in sorted(wanted.items()):
            there = connection.network.find_port(port, ignore_missing=True)
            if there is None or sorted(there.security_group_ids or ()) == sorted(groups):
                continue
            connection.network.update_port(there, security_groups=sorted(groups))
            altered += 1
    return altered


def group_named(connection: Connection, name: str) -> str:
    """The id of a group of the project that is not ours: ``default``, or one that somebody made in the cloud.

    Raises:
        CloudLacks: the project has none of this name.
    """
    with speaking(f"Looking for the security group {name}"):
        own = connection.network.security_groups(name=name, project_id=str(connection.current_project_id))
        found = next(iter(own), None)
    if found is None:
        raise CloudLacks(f"The cloud has no security group {name} in this project.")
    return str(found.id)
