"""What the machines of the cloud can hold, and what is taken of it: hosts, storage pools, ranges of public addresses.

Read from where the cloud itself decides: Placement's inventories and usages for hosts (usable is what the scheduler
gives out: total less reserved, times the allocation ratio), Cinder's pools for volumes (bytes on disks, however much
was promised), Neutron's address availability for networks that lead outside. Only the region sees it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, text

from core.db import Database
from core.errors import IrisplaneError
from core.figures import Figure, Unit
from core.scope import EVERY_TENANT, Scope
from datacenter.hosting import cloud
from datacenter.hosting.errors import CloudLacks

if TYPE_CHECKING:
    from openstack.connection import Connection as Cloud

__all__ = ["UNITS", "Held", "figures", "listed", "look", "look_due", "read"]

_LOG: Final = logging.getLogger(__name__)
_SCOPE: Final = Scope(EVERY_TENANT, reason="what the machines can hold")
_NOVA: Final = "2.79"
_PLACEMENT: Final = "1.14"
_PAGE: Final = 500
_SECONDS: Final = 300
_CLASSES: Final[Mapping[str, str]] = {"VCPU": "vcpus", "MEMORY_MB": "ram_mib", "DISK_GB": "disk_gib"}
"""Placement's resource classes by what they are called here."""
UNITS: Final[Mapping[str, Unit]] = {
    "vcpus": "count", "ram_mib": "mib", "disk_gib": "gib", "storage_gib": "gib", "floating_ips": "count",
}  # fmt: skip
"""What each resource is counted in."""
_DOING: Final = "Looking at what the machines hold"


@dataclass(frozen=True, slots=True)
class Held:
    """One resource of one host, pool or network.

    Attributes:
        provider: its id in the cloud.
        usable: what can be given out; ``None`` where the cloud names no bound.
        used: what is taken, in the same unit: count, MiB or GiB, as ``resource`` says.
        physical: what there is, before reserves and overcommitment.
        taking: it is up and takes what is new.
    """

    provider: str
    resource: str
    name: str
    usable: int | None
    used: int
    physical: int | None
    taking: bool
    availability_zone: str = ""


def look_due(database: Database) -> None:
    """Look again where the last look is some minutes old: two questions a host are many in a large cloud."""
    with database.transaction("worker", _SCOPE) as tx:
        due = tx.execute(_DUE, {"seconds": _SECONDS}).scalar_one()
    if due:
        look(database)


def look(database: Database) -> int:
    """Keep what the cloud says now, and forget what it has no more; gives how many rows there are.

    Nothing is altered while the cloud does not say all of it.
    """
    if cloud.away():
        return 0
    try:
        found = list(read(cloud.admin()))
    except IrisplaneError as error:
        _LOG.warning("capacity could not be read: %s", error.message)
        return 0
    with database.transaction("worker", _SCOPE) as tx:
        if found:
            tx.execute(_KEEP, [asdict(one) for one in found])
        tx.execute(_FORGET)
    return len(found)


def read(admin: Cloud) -> Iterator[Held]:
    """Everything that the cloud can hold, as its administrator sees it.

    Raises:
        CloudSilent, CloudRefused: it does not say.
    """
    yield from _hosts(admin)
    if admin.has_service("block-storage"):
        yield from _pools(admin)
    yield from _ranges(admin)


def listed(tx: Connection) -> str:
    """Hosts, pools and networks with what each can hold, as a JSON list; one statement."""
    return str(tx.execute(_LIST).scalar_one())


def figures(tx: Connection) -> Iterator[Figure]:
    """What can be given out and what is taken, of what is up and takes what is new: by zone, by network, of volumes."""
    for row in tx.execute(_FIGURES):
        code = f"cloud-{row.resource}.{row.key}" if row.key else f"cloud-{row.resource}"
        yield Figure(code, "capacity", UNITS[row.resource], row.used, row.usable, row.subject)


def _hosts(admin: Cloud) -> Iterator[Held]:
    zones = {
        host: str(zone["zoneName"])
        for zone in cloud.asked(admin.compute, "GET", "/os-availability-zone/detail", _DOING)["availabilityZoneInfo"]
        for host, services in (zone["hosts"] or {}).items()
        if "nova-compute" in services
    }
    for host in _hypervisors(admin):
        provider = str(host["id"])
        try:
            has = _placement(admin, provider, "inventories")
            taken = _placement(admin, provider, "usages")
        except CloudLacks:
            continue  # a host that has not told Placement of itself takes nothing yet
        for name, resource in _CLASSES.items():
            if name in has:
                stock = has[name]
                yield Held(
                    provider, resource, str(host["hypervisor_hostname"]),
                    usable=int((stock["total"] - stock["reserved"]) * stock["allocation_ratio"]),
                    used=int(taken.get(name, 0)), physical=int(stock["total"]),
                    taking=host["state"] == "up" and host["status"] == "enabled",
                    availability_zone=zones.get(str(host["service"]["host"]), ""),
                )  # fmt: skip


def _hypervisors(admin: Cloud) -> Iterator[dict[str, Any]]:
    params: dict[str, str] = {"limit": str(_PAGE)}
    while True:
        said = cloud.asked(
            admin.compute, "GET", "/os-hypervisors/detail", _DOING, params=dict(params), microversion=_NOVA
        )
        yield from said["hypervisors"]
        if len(said["hypervisors"]) < _PAGE:
            return
        params["marker"] = str(said["hypervisors"][-1]["id"])


def _placement(admin: Cloud, provider: str, what: str) -> dict[str, Any]:
    path = f"/resource_providers/{provider}/{what}"
    return dict(cloud.asked(admin.placement, "GET", path, _DOING, microversion=_PLACEMENT)[what])


def _pools(admin: Cloud) -> Iterator[Held]:
    params = {"detail": "true"}
    for pool in cloud.asked(admin.block_storage, "GET", "/scheduler-stats/get_pools", _DOING, params=params)["pools"]:
        can = pool["capabilities"]
        whole, free = _gib(can.get("total_capacity_gb")), _gib(can.get("free_capacity_gb"))
        reserved = 0 if whole is None else whole * int(can.get("reserved_percentage") or 0) // 100
        used = whole - free if whole is not None and free is not None else _gib(can.get("allocated_capacity_gb")) or 0
        yield Held(
            str(pool["name"]), "storage_gib", str(pool["name"]), usable=None if whole is None else whole - reserved,
            used=max(used, 0), physical=whole, taking=can.get("backend_state", "up") == "up",
        )  # fmt: skip


def _gib(said: object) -> int | None:
    """Cinder's number; drivers that do not know say ``unknown`` or ``infinite``."""
    return int(said) if isinstance(said, int | float) else None


def _ranges(admin: Cloud) -> Iterator[Held]:
    outside = {network.id for network in admin.network.networks(is_router_external=True)}
    said = cloud.asked(admin.network, "GET", "/network-ip-availabilities", _DOING)["network_ip_availabilities"]
    for network in said:
        if network["network_id"] in outside:
            of_ipv4 = [one for one in network["subnet_ip_availability"] if one["ip_version"] == 4]
            whole = sum(int(one["total_ips"]) for one in of_ipv4)
            yield Held(
                str(network["network_id"]), "floating_ips", str(network["network_name"]), usable=whole,
                used=sum(int(one["used_ips"]) for one in of_ipv4), physical=whole, taking=True,
            )  # fmt: skip


_DUE: Final = text("""
    select coalesce(max(looked_at) < now() - make_interval(secs => :seconds), true) from cloud_capacity""")
_KEEP: Final = text("""
    insert into cloud_capacity (provider, resource, name, availability_zone, usable, used, physical, taking, looked_at)
    values (:provider, :resource, :name, :availability_zone, :usable, :used, :physical, :taking, now())
    on conflict (provider, resource) do update
       set name = excluded.name, availability_zone = excluded.availability_zone, usable = excluded.usable,
           used = excluded.used, physical = excluded.physical, taking = excluded.taking, looked_at = now()""")
_FORGET: Final = text("delete from cloud_capacity where looked_at < now()")
"""What was not kept in the same transaction, whose ``now()`` is one moment."""
_LIST: Final = text("""
    select coalesce(json_agg(shown order by kind, zone, name), '[]')::text from (
        select json_build_object('id', provider, 'name', min(name), 'kind', kind, 'zone', zone,
                   'taking', bool_and(taking), 'looked_at', max(looked_at),
                   'resources', json_agg(json_build_object('resource', resource, 'used', used, 'usable', usable,
                                                           'physical', physical) order by resource)) as shown,
               kind, zone, min(name) as name
          from (select c.*, coalesce((select min(z.code) from zone z where z.availability_zone = c.availability_zone),
                                     c.availability_zone) as zone,
                       case resource when 'storage_gib' then 'pool' when 'floating_ips' then 'network' else 'host' end
                           as kind
                  from cloud_capacity c) one
         group by provider, kind, zone) found""")
# Volumes go to any pool, so pools are one; hosts are a zone's, and a zone without a code here has its name's hash.
_FIGURES: Final = text("""
    select resource, key, subject, sum(used)::bigint as used,
           case when count(usable) = count(*) then sum(usable)::bigint end as usable
      from (select c.resource, c.used, c.usable,
                   case when c.resource = 'storage_gib' then ''
                        when c.resource = 'floating_ips' then c.provider
                        else coalesce(z.code, 'az-' || left(md5(c.availability_zone), 8)) end as key,
                   case when c.resource = 'storage_gib' then ''
                        when c.resource = 'floating_ips' then c.name
                        else coalesce(z.code, c.availability_zone) end as subject
              from cloud_capacity c
              left join lateral (select min(code) as code from zone
                                  where zone.availability_zone = c.availability_zone) z on true
             where c.taking) one
     group by resource, key, subject order by resource, subject""")
