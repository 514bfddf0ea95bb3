"""What other programs ask the inventory: Ansible's dynamic inventory and Prometheus' HTTP service discovery.

Both hold what is needed to find a device, never a credential.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, text

from inventory.context import merged
from inventory.device_context import contexts_of
from inventory.selector import Selector, check_values

__all__ = ["ansible_inventory", "inventory_of", "prometheus_targets"]

_NETWORK_OS: Final = {
    "frr": "frr.frr.frr",
    "eos": "arista.eos.eos",
    "junos": "junipernetworks.junos.junos",
    "iosxr": "cisco.iosxr.iosxr",
    "nxos": "cisco.nxos.nxos",
    "ios": "cisco.ios.ios",
}


def ansible_inventory(tx: Connection, selector: Selector) -> str:
    """What ``ansible-inventory --list`` expects, as JSON text: groups by role, site, platform, status and tenant.

    The merged configuration context of each device stands in ``irisplane_context``.

    Raises:
        UnknownSelector: see ``inventory.selector``.
    """
    check_values(tx, selector)
    return json.dumps(_inventory(tx, *selector.where()), ensure_ascii=False)


def inventory_of(tx: Connection, device_ids: Sequence[UUID]) -> dict[str, Any]:
    """The same of these devices, as data; what our own plays run on."""
    return _inventory(tx, "t.id = any(:ids)", {"ids": list(device_ids)})


def _inventory(tx: Connection, where: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    rows = tx.execute(
        text(
            "select t.id, t.name, t.role, t.platform, t.status, s.code as site, o.code as tenant, t.software_version,"  # noqa: S608
            " host(t.management_address) as address, t.management_port as port, a.username, a.host_key"
            " from device t join site s on s.id = t.site_id join tenant o on o.id = t.tenant_id"
            f" left join device_access a on a.device_id = t.id where {where}"
            " and t.management_address is not null order by t.name"
        ),
        dict(parameters),
    ).all()
    contexts = contexts_of(tx, [row.id for row in rows])
    groups: dict[str, dict[str, Any]] = {}
    hostvars: dict[str, dict[str, Any]] = {}
    for row in rows:
        hostvars[row.name] = {
            "ansible_host": row.address,
            "ansible_port": row.port,
            "irisplane_id": str(row.id),
            "irisplane_role": row.role,
            "irisplane_site": row.site,
            "irisplane_platform": row.platform,
            "irisplane_tenant": row.tenant,
            "irisplane_context": merged(contexts[row.id]),
        }
        hostvars[row.name]["irisplane_software_version"] = row.software_version
        if row.host_key:
            hostvars[row.name]["irisplane_host_key"] = row.host_key
        if row.username:
            hostvars[row.name]["ansible_user"] = row.username
        if row.platform in _NETWORK_OS:
            hostvars[row.name]["ansible_network_os"] = _NETWORK_OS[row.platform]
        for group in (
            f"role_{row.role}",
            f"site_{row.site}",
            f"platform_{row.platform}",
            f"status_{row.status}",
            f"tenant_{row.tenant}",
        ):
            groups.setdefault(_group(group), {"hosts": []})["hosts"].append(row.name)
    return {"all": {"children": sorted(groups)}, **dict(sorted(groups.items())), "_meta": {"hostvars": hostvars}}


def prometheus_targets(tx: Connection, selector: Selector, port: int) -> str:
    """Target groups for ``http_sd_configs``, as JSON text: one device each, with the labels that dashboards group by.

    Raises:
        UnknownSelector: see ``inventory.selector``.
    """
    check_values(tx, selector)
    where, parameters = selector.where()
    found = tx.execute(
        text(
            "select coalesce(json_agg(json_build_object('targets', json_build_array("  # noqa: S608
            " case family(t.management_address) when 6 then '[' || host(t.management_address) || ']'"
            " else host(t.management_address) end || cast(:port as text)),"
            " 'labels', json_build_object('device', t.name, 'role', t.role, 'site', s.code, 'platform', t.platform,"
            " 'tenant', o.code, 'status', t.status)) order by t.name), '[]')::text"
            " from device t join site s on s.id = t.site_id join tenant o on o.id = t.tenant_id"
            f" where {where} and t.management_address is not null and t.status in ('active', 'maintenance')"
        ),
        {**parameters, "port": f":{port}"},
    ).scalar_one()
    return str(found)


def _group(name: str) -> str:
    """A group name that Ansible takes: letters, digits and underscores."""
    return "".join(letter if letter.isalnum() and letter.isascii() else "_" for letter in name).lower()
