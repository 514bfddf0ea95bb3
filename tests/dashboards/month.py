"""A region that has a month behind it: changes, maintenance ahead, a full quota, and days that were kept."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text

from core.db import Database
from orchestrator.figures import note, today_here
from tests.api.people import SYSTEM, Person
from tests.dashboards import standing

__all__ = ["a_month"]


def a_month(engineer: Person, manager: Person, database: Database) -> None:
    """Let it have lived: what a worker would have written is written as a worker would have."""
    made = engineer.post("/api/v1/region:import?builtin=brussels", headers={"X-Reason": "a region to count"})
    assert made.status_code == 201, made.text
    for state, count in (("succeeded", 9), ("failed", 1), ("rolled_back", 1), ("rejected", 2)):
        for number in range(count):
            body = {
                "kind": "network.example",
                "intent": {"names": [f"r-{state[:3]}-{number}"]},
                "reason": "replace the cable between the two halls",
            }
            change = engineer.post("/api/v1/changes", json=body).json()["id"]
            with database.transaction("owner", SYSTEM) as tx:
                tx.execute(
                    text(
                        "update change set state = :state, waiting_for = '{}', started_at = requested_at,"
                        " finished_at = requested_at + interval '90 seconds' where id = :id"
                    ),
                    {"state": state, "id": change},
                )
    standing.capacity(database)
    day = today_here() + timedelta(days=3)
    notice = {
        "title_fr": "Travaux dans la salle 2", "title_nl": "Werken in zaal 2", "title_en": "Work in hall 2",
        "impact": "degraded", "begins": f"{day}T20:00:00Z", "ends": f"{day}T22:00:00Z",
        "touches": [{"type": "server", "tenant": "ixelles"}],
    }  # fmt: skip
    made = manager.post("/api/v1/maintenance", json=notice)
    assert made.status_code == 201, made.text
    moved = manager.client.patch(
        f"/api/v1/maintenance/{made.json()['id']}",
        json={"state": "scheduled"},
        headers={"Authorization": f"Bearer {manager.token}", "If-Match": "*"},
    )
    assert moved.status_code == 200, moved.text
    for number in (1, 2, 3):
        standing.server(database, f"web-{number}")
        standing.public_address(database, f"192.0.2.{number}")  # as many as are granted
    standing.volume(database, "data")
    standing.network(database, "inside", "10.20.0.0/24")
    with database.transaction("owner", SYSTEM) as tx:
        tx.execute(text("update quota set granted = 1 where resource = 'servers' and project_id is null and used = 0"))
        for ago in range(1, 40):
            row = {"day": today_here() - timedelta(days=ago), "value": 3 - ago / 13}
            tx.execute(
                text("insert into figure_day (day, code, value, capacity) values (:day, 'servers', :value, 10)"), row
            )
        tx.execute(_METERED, {"today": today_here()})
    note(database)


_METERED = text("""
    with made as (
        insert into meter (tenant_id, source, resource, cloud_id, cloud_project, name, component, flavor)
        select t.id, 'nova', 'server', t.code || n, t.code, 'web-' || n, 'server', 'small'
          from tenant t, generate_series(1, 3) n where t.code in ('ixelles', 'uccle') returning id, tenant_id)
    insert into charge (booked, day, meter_id, tenant_id, quarter_micro_eur, quantity, seconds)
    select month_begin(d.day), d.day, made.id, made.tenant_id, 1234 + made.id, 96, 86400
      from made, (select cast(:today as date) - n as day from generate_series(0, 75) n) d""")
