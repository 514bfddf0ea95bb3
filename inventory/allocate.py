"""The next free prefix, address, VLAN id, rack unit or AS number, chosen while a Change is planned.

A draw takes the pool's lock first (all pools of the edit at once, in order), then asks one SQL function for the
lowest free value, and promises it to the Change: planned and carried out in one transaction, nobody else can get it;
for a Change that waits for approval the promise is kept until the change ends (``reservation``). The database's
constraints are the last word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, text

from core.db import Database
from core.scope import EVERY_TENANT, Scope
from inventory.errors import FieldRefused, ObjectNotFound, PoolExhausted
from inventory.planner import Edit
from inventory.schema import Allocation

__all__ = ["Drawn", "draw", "release", "sweep"]

_POOL_TYPES: Final[Mapping[str, str]] = {
    "prefix": "prefix",
    "address": "prefix",
    "loopback": "prefix",
    "pair": "prefix",
    "vlan": "vlan_group",
    "unit": "rack",
    "asn": "asn_range",
}


@dataclass(frozen=True, slots=True)
class Drawn:
    """What one allocation got.

    Attributes:
        value: the prefix, address, number or units, as people write it.
        created: (type, id) of the objects planned for it.
    """

    what: str
    pool: str
    value: str
    created: tuple[tuple[str, str], ...]

    def as_dict(self) -> dict[str, Any]:
        """For answers and plans."""
        objects_made = [{"type": kind, "id": row_id} for kind, row_id in self.created]
        return {"what": self.what, "pool": self.pool, "value": self.value, "objects": objects_made}


def draw(edit: Edit, wanted: Sequence[Allocation], *, pointer: str = "") -> list[Drawn]:
    """Choose and plan every allocation, in order; all or none.

    Raises:
        PoolExhausted: nothing of that size is left; the pool is named.
        UnknownReference, FieldRefused, ObjectNotFound.
    """
    tx = edit.tx
    pools: list[str] = []
    for number, one in enumerate(wanted):
        kind = _POOL_TYPES[one.what]
        pools.append(str(edit.resolve(kind, [one.pool], pointer=f"{pointer}/{number}/pool")[one.pool]["id"]))
    tx.execute(text("select inventory_lock_pools(cast(:pools as uuid[]))"), {"pools": pools})
    release(tx)
    drawn = []
    for number, (one, pool) in enumerate(zip(wanted, pools, strict=True)):
        drawn.append(_DRAWS[one.what](edit, one, pool, f"{pointer}/{number}"))
    return drawn


def release(tx: Connection) -> None:
    """Give back what this Change was promised by an earlier plan."""
    tx.execute(text("select inventory_release()"))


def sweep(database: Database) -> None:
    """Forget promises of changes that have ended. They bind nobody; this only keeps the table small."""
    scope = Scope(EVERY_TENANT, reason="promises of changes that have ended")
    with database.transaction("platform", scope) as tx:
        tx.execute(text("delete from reservation r where not inventory_promised(r)"))


# ------------------------------------------------------------------------------------------------------------- draws


def _prefix(edit: Edit, one: Allocation, pool: str, pointer: str) -> Drawn:
    if one.length is None:
        raise FieldRefused(
            "Say how long the prefix shall be.", pointer=f"{pointer}/length", hint="e.g. 24, or 64 for IPv6."
        )
    cidr, _, prefix_id = _carve(edit, one, pool, one.length, one.purpose)
    return Drawn("prefix", one.pool, cidr, (("prefix", prefix_id),))


def _pair(edit: Edit, one: Allocation, pool: str, pointer: str) -> Drawn:
    """A /31 or /127, with an address for either end where interfaces are named."""
    length = int(
        edit.tx.execute(
            text("select inventory_full_length(cidr) - 1 from prefix where id = :id"), {"id": pool}
        ).scalar_one()
    )
    cidr, key, prefix_id = _carve(edit, one, pool, length, one.purpose or "link")
    created = [("prefix", prefix_id)]
    ends = [end for end in (one.interface, one.peer) if end]
    if ends:
        low, high = edit.tx.execute(
            text("select host(network(cast(:c as cidr))), host(broadcast(cast(:c as cidr)))"), {"c": cidr}
        ).one()
        wanted = [
            {"prefix": key, "address": f"{host}/{length}", "interface": end}
            for host, end in zip((low, high), (one.interface, one.peer), strict=True)
            if end
        ]
        created += [("address", made) for made in edit.create("address", wanted, pointer=pointer)]
    return Drawn("pair", one.pool, cidr, tuple(created))


def _address(edit: Edit, one: Allocation, pool: str, pointer: str) -> Drawn:
    host = edit.tx.execute(text("select host(inventory_free_address(:pool))"), {"pool": pool}).scalar()
    if host is None:
        raise _exhausted(one, "free address")
    vrf, key, length, full = edit.tx.execute(
        text(
            "select v.id, v.name || ' ' || p.cidr, masklen(p.cidr), inventory_full_length(p.cidr)"
            " from prefix p join vrf v on v.id = p.vrf_id where p.id = :id"
        ),
        {"id": pool},
    ).one()
    _promise(edit, pool, vrf=vrf, network=host)
    address = f"{host}/{full if one.what == 'loopback' else length}"
    values = {"prefix": key, "address": address, "interface": one.interface, "name": one.name, "tenant": one.tenant}
    made = edit.create("address", [values], pointer=pointer)
    return Drawn(one.what, one.pool, address, (("address", made[0]),))


def _vlan(edit: Edit, one: Allocation, pool: str, pointer: str) -> Drawn:
    if not one.name:
        raise FieldRefused("A VLAN needs a name.", pointer=f"{pointer}/name")
    vid = edit.tx.execute(text("select inventory_free_vlan(:pool)"), {"pool": pool}).scalar()
    if vid is None:
        raise _exhausted(one, "free VLAN id")
    _promise(edit, pool, numbers=f"[{vid},{vid}]")
    made = edit.create(
        "vlan", [{"group": one.pool, "vid": vid, "name": one.name, "tenant": one.tenant}], pointer=pointer
    )
    return Drawn("vlan", one.pool, str(vid), (("vlan", made[0]),))


def _unit(edit: Edit, one: Allocation, pool: str, pointer: str) -> Drawn:
    if not one.device:
        raise FieldRefused("Say which device is mounted.", pointer=f"{pointer}/device")
    device = edit.resolve("device", [one.device], pointer=f"{pointer}/device")[one.device]["id"]
    size = (
        one.size
        or edit.tx.execute(
            text(
                "select greatest(y.units, 1) from device d join device_type y on y.id = d.device_type_id"
                " where d.id = :id"
            ),
            {"id": device},
        ).scalar()
    )
    if size is None:
        raise ObjectNotFound(f"There is no device {one.device!r}.", pointer=f"{pointer}/device", type="device")
    span = edit.tx.execute(
        text("select lower(u), upper(u) - 1 from inventory_free_units(:pool, :size, :face) u"),
        {"pool": pool, "size": size, "face": one.face},
    ).one()
    if span[0] is None:
        raise _exhausted(one, f"{size} free units in one piece")
    low, high = span
    _promise(edit, pool, numbers=f"[{low},{high}]")
    values = {"rack": one.pool, "device": one.device, "units": f"{low}-{high}", "face": one.face}
    made = edit.create("rack_placement", [values], pointer=pointer)
    return Drawn("unit", one.pool, str(low) if low == high else f"{low}-{high}", (("rack_placement", made[0]),))


def _asn(edit: Edit, one: Allocation, pool: str, pointer: str) -> Drawn:
    number = edit.tx.execute(text("select inventory_free_asn(:pool)"), {"pool": pool}).scalar()
    if number is None:
        raise _exhausted(one, "free AS number")
    _promise(edit, pool, numbers=f"[{number},{number}]")
    made = edit.create(
        "asn", [{"range": one.pool, "number": number, "name": one.name, "tenant": one.tenant}], pointer=pointer
    )
    return Drawn("asn", one.pool, str(number), (("asn", made[0]),))


_DRAWS: Final = {
    "prefix": _prefix,
    "pair": _pair,
    "address": _address,
    "loopback": _address,
    "vlan": _vlan,
    "unit": _unit,
    "asn": _asn,
}


# ------------------------------------------------------------------------------------------------------------ inside


def _carve(edit: Edit, one: Allocation, pool: str, length: int, purpose: str) -> tuple[str, str, str]:
    cidr = edit.tx.execute(
        text("select inventory_free_prefix(:pool, :length)::text"), {"pool": pool, "length": length}
    ).scalar()
    if cidr is None:
        raise _exhausted(one, f"free prefix of length /{length}")
    vrf, name = edit.tx.execute(
        text("select v.id, v.name from prefix p join vrf v on v.id = p.vrf_id where p.id = :id"), {"id": pool}
    ).one()
    _promise(edit, pool, vrf=vrf, network=cidr)
    values = {
        "vrf": name,
        "cidr": cidr,
        "kind": "assigned",
        "purpose": purpose,
        "description": one.description,
        "site": one.site,
        "tenant": one.tenant,
    }
    return cidr, f"{name} {cidr}", edit.create("prefix", [values])[0]


def _promise(
    edit: Edit, pool: str, *, vrf: UUID | None = None, network: str | None = None, numbers: str | None = None
) -> None:
    edit.tx.execute(
        text(
            "select inventory_promise(:pool, :vrf, cast(:network as inet), cast(:numbers as int8range),"
            " cast(:tenant as uuid))"
        ),
        {"pool": pool, "vrf": vrf, "network": network, "numbers": numbers, "tenant": edit.own_tenant()},
    )


def _exhausted(one: Allocation, what: str) -> PoolExhausted:
    return PoolExhausted(
        f"The pool {one.pool!r} has no {what} left.",
        hint="Draw from another pool, or enlarge this one.",
        pool=one.pool,
        what=one.what,
    )
