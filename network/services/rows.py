"""Services in the database: written with the confirmation of routers, read as lists and one by one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, text

from inventory.errors import ObjectNotFound

__all__ = ["found", "lay", "lift", "listed", "overlays_of", "shown", "touched"]


def lay(tx: Connection, service: Mapping[str, Any], ends: Sequence[Mapping[str, Any]], change_id: UUID) -> None:
    """A device carries the service now; asked again, it writes nothing new."""
    tx.execute(
        text(
            "insert into service (id, tenant_id, code, kind, bandwidth_mbps, protection, table_number, tunnel_number,"
            " change_id) values (:id, :tenant_id, :code, :kind, :bandwidth_mbps, :protection, :table_number,"
            " :tunnel_number, :change_id) on conflict (id) do nothing"
        ),
        {**service, "change_id": change_id},
    )
    tx.execute(
        text(
            "insert into service_end (service_id, tenant_id, device_id, interface_id, address, probe, exit, public)"
            " select :id, :tenant_id, e.device_id, e.interface_id, e.address, e.probe, coalesce(e.exit, false),"
            " :kind = 'internet' and not coalesce(e.exit, false) from json_to_recordset(cast(:ends as json))"
            " as e(device_id uuid, interface_id uuid, address inet, probe inet, exit boolean)"
            " on conflict (service_id, interface_id) do nothing"
        ),
        {**service, "ends": json.dumps([dict(end) for end in ends])},
    )


def lift(tx: Connection, service: Mapping[str, Any], device_id: UUID) -> None:
    """A device is rid of the service; with the last one its numbers are free."""
    values = {"id": service["id"], "device": device_id}
    # Devices are confirmed at the same time: each must see who went before it, or nobody is the last.
    tx.execute(text("select 1 from service where id = :id for update"), values)
    tx.execute(text("delete from service_end where service_id = :id and device_id = :device"), values)
    tx.execute(
        text("delete from service s where s.id = :id and not exists (select from service_end where service_id = s.id)"),
        values,
    )


_ROWS: Final = """
select s.id, s.code, t.code as tenant, s.kind, s.bandwidth_mbps, s.protection, s.table_number, s.tunnel_number,
       s.change_id, s.created_at,
       service_ends(s.id) as ends
from service s join tenant t on t.id = s.tenant_id
"""


_LIST: Final = text(f"""
select coalesce(json_agg(to_json(r) order by r.code), '[]')::text from (
  select * from ({_ROWS}) s
   where (cast(:kind as text) is null or s.kind = :kind) and (cast(:tenant as text) is null or s.tenant = :tenant)
     and (cast(:q as text) is null or strpos(lower(s.code), lower(:q)) > 0 or exists (
       select from json_to_recordset(s.ends) as e(device text, site text)
        where strpos(lower(e.device), lower(:q)) > 0 or strpos(lower(e.site), lower(:q)) > 0))
   order by s.code limit :limit) r
""")  # noqa: S608 - our own text
_TOUCHED: Final = text("""
select distinct on (s.code) s.code, s.state, i.number
  from incident i, json_to_recordset(to_json(i.impact -> 'services')) as s(code text, state text)
 where i.closed_at is null and jsonb_typeof(i.impact -> 'services') = 'array'
 order by s.code, array_position(array['down', 'degraded', 'protected'], s.state), i.number
""")


def listed(
    tx: Connection,
    *,
    q: str | None = None,
    kind: str | None = None,
    tenant: str | None = None,
    limit: int | None = None,
) -> str:
    """Services that this scope sees, as JSON, by code.

    Args:
        q: letters in its code, or in a site or device where it comes out.
        tenant: code of whose.
    """
    return str(tx.execute(_LIST, {"q": q, "kind": kind, "tenant": tenant, "limit": limit}).scalar_one())


def touched(tx: Connection) -> dict[str, tuple[str, int]]:
    """Code → state and number of the open incident that touches the service worst; others are absent."""
    return {row.code: (str(row.state), int(row.number)) for row in tx.execute(_TOUCHED)}


def shown(tx: Connection, code: str) -> str:
    """One service as JSON.

    Raises:
        ObjectNotFound
    """
    statement = f"select to_json(r)::text from ({_ROWS} where s.code = :code) r"  # noqa: S608 - our own text
    said = tx.execute(text(statement), {"code": code}).scalar()
    if said is None:
        raise _nobody(code)
    return str(said)


def found(tx: Connection, code: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A service and its ends, as :func:`lay` takes them.

    Raises:
        ObjectNotFound
    """
    row = (
        tx.execute(
            text(
                "select id::text, tenant_id::text, code, kind, bandwidth_mbps, protection, table_number, tunnel_number"
                " from service where code = :code"
            ),
            {"code": code},
        )
        .mappings()
        .one_or_none()
    )
    if row is None:
        raise _nobody(code)
    ends = tx.execute(
        text(
            "select device_id::text, interface_id::text, address::text, host(probe) as probe, exit from service_end"
            " where service_id = :id order by exit, device_id, interface_id"
        ),
        {"id": row["id"]},
    ).mappings()
    return dict(row), [dict(end) for end in ends]


def overlays_of(tx: Connection, name: str) -> dict[UUID, tuple[Mapping[str, Any], ...]]:
    """The blocks of an owner, by device, as taking them away and putting them back wants them."""
    rows = tx.execute(
        text(
            "select device_id, id::text, kind, name, body, ordinal, change_id::text from config_overlay"
            " where kind = 'opaque' and name = :name order by ordinal"
        ),
        {"name": name},
    ).mappings()
    by_device: dict[UUID, tuple[Mapping[str, Any], ...]] = {}
    for row in rows:
        laid = {key: row[key] for key in ("id", "kind", "name", "body", "ordinal", "change_id")}
        by_device[row["device_id"]] = (*by_device.get(row["device_id"], ()), laid)
    return by_device


def _nobody(code: str) -> ObjectNotFound:
    return ObjectNotFound(f"There is no service {code!r}.", type="service", hint="'irisplane service list' lists them.")
