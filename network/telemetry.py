"""Figures of the network for Prometheus: who can be logged in to, who drifted, what of the plant is taken.

What devices told over SNMP is scraped device by device (``network.polling.exposition``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from sqlalchemy import Connection, text

from inventory.plant.use import use_of_plant

__all__ = ["collect"]

_REACHABLE: Final = text("""
select d.name, d.role, s.code as site, st.reachable is true and st.tried_at > now() - interval '2 minutes' as reachable,
       st.drifted_since is not null as drifted
from device_state st join device d on d.id = st.device_id join site s on s.id = d.site_id order by d.name
""")


def collect(tx: Connection) -> Iterator[Metric]:
    """The figures; what was not seen within two minutes is left out, never shown as it was."""
    reachable = GaugeMetricFamily(
        "irisplane_device_reachable", "Whether somebody could log in.", labels=["device", "role", "site"]
    )
    drifted = GaugeMetricFamily("irisplane_device_drifted", "Whether it runs another text.", labels=["device"])
    for row in tx.execute(_REACHABLE):
        reachable.add_metric([row.name, row.role, row.site], float(row.reachable))
        drifted.add_metric([row.name], float(row.drifted))
    yield reachable
    yield drifted
    # By their ids: whoever may scrape learns nothing of where fibre lies.
    taken = GaugeMetricFamily(
        "irisplane_plant_taken", "Strands lit or held, ports plugged into; of a cable or site.", labels=["kind", "id"]
    )
    for one in use_of_plant(tx):
        taken.add_metric([one.kind, str(one.id)], one.taken)
    yield taken
