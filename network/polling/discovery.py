"""Whom Prometheus should scrape, as its HTTP service discovery wants it: us, and every device that is asked."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, text

__all__ = ["scrape_groups"]

_DEVICES: Final = text("""
select d.name, d.role, s.code as site from device_polled p
  join device d on d.id = p.device_id join site s on s.id = d.site_id
 where d.status in ('active', 'maintenance') order by d.name
""")


def scrape_groups(tx: Connection, api: str, worker: str | None) -> list[dict[str, Any]]:
    """Target groups. A device is scraped from us: we ask it over SNMP, and say so honestly when we could not.

    Args:
        api: host:port of the API; ``worker``: of the worker's own figures, where they can be reached.
    """
    ours = {"api": (api, {}), **({"worker": (worker, {"__scheme__": "http"})} if worker else {})}
    groups: list[dict[str, Any]] = [
        {"targets": [where], "labels": {"instance": name, "__metrics_path__": "/metrics", **more}}
        for name, (where, more) in ours.items()
    ]
    for row in tx.execute(_DEVICES):
        labels = {
            "job": "irisplane-devices", "instance": row.name, "role": row.role, "site": row.site,
            "__metrics_path__": f"/metrics/devices/{row.name}",
        }  # fmt: skip
        groups.append({"targets": [api], "labels": labels})
    return groups
