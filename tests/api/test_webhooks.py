"""What a receiver never took is seen, with its last answer, and sent again when asked."""

from __future__ import annotations

from sqlalchemy import text

from core.db import Database
from core.journal.record import record
from core.journal.sequencer import Sequencer
from orchestrator import webhooks
from tests.api.people import SYSTEM, Person


def test_what_was_given_up_is_seen_and_sent_again(database: Database, agent: Person) -> None:
    made = agent.post("/api/v1/webhooks", json={"url": "https://93.184.215.14/hook", "actions": ["test."]})
    assert made.status_code == 201, made.text
    hook = made.json()["id"]
    with database.transaction("owner", SYSTEM) as tx:
        tenant = tx.execute(text("select tenant_id from webhook where id = :id"), {"id": hook}).scalar_one()
        for number in range(2):
            record(tx, "event", "test.happened", "test", str(number), tenant_id=tenant)
    Sequencer(database, None).drain()
    assert webhooks.enqueue_due(database) == 2
    with database.transaction("owner", SYSTEM) as tx:
        tx.execute(
            text(
                "update webhook_delivery set dead_at = now(), attempts = 10, answer = 'HTTP 500' where id ="
                " (select id from webhook_delivery order by seq limit 1)"
            )
        )
    path = f"/api/v1/webhooks/{hook}"
    [dead] = agent.get(f"{path}/deliveries?dead=true").json()["items"]
    assert (dead["answer"], dead["attempts"]) == ("HTTP 500", 10)
    assert dead["dead_at"] is not None
    assert len(agent.get(f"{path}/deliveries").json()["items"]) == 2
    [shown] = [one for one in agent.get("/api/v1/webhooks").json()["items"] if one["id"] == hook]
    assert (shown["dead"], shown["waiting"], shown["last_answer"]) == (1, 1, "HTTP 500")
    assert agent.post(f"{path}:redeliver").json() == {"deliveries": 1}
    assert agent.get(f"{path}/deliveries?dead=true").json()["items"] == []
    assert agent.post(f"{path}:redeliver").json() == {"deliveries": 0}
