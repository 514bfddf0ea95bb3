"""The standing look at every router: is it there, does it still run what it was given, and what to do if not.

The worker's leader runs ``look`` every few seconds. A fingerprint costs a router one small command; only when it
differs from the last confirmed one is the whole text fetched, compared with the intent, and the role's drift policy
followed: report it, restore the intent, or adopt what was typed. Restoring and adopting are Changes like any other.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import Connection, text

from core.bootstrap import SYSTEM
from core.db import Database
from core.errors import IrisplaneError
from core.identity import Principal, principal_in
from core.journal.record import record
from core.scope import EVERY_TENANT, Scope
from network import store
from network.diff import redacted_difference
from network.drivers.protocol import ConfigDriver
from network.fleet import Access, Reached, access, drivers, fleet_of
from network.intent import Intended, intended
from network.secrets import fill_for
from orchestrator.engine import ChangeRequest, submit
from orchestrator.plan import Options

__all__ = ["look", "look_at"]

_LOG = logging.getLogger(__name__)
_SCOPE: Final = Scope(EVERY_TENANT, request_id="observing", reason="standing look at the routers")

_WATCHED: Final = text("""
select d.id from device d join device_access a on a.device_id = d.id
where d.status in ('active', 'maintenance') and d.management_address is not null and a.host_key is not null
  and not exists (select from target_lock l where l.target_id = 'device:' || d.id::text)  -- a run speaks to it
""")
_STATE: Final = text("""
insert into device_state (device_id, tenant_id, reachable, seen_at, fingerprint, error)
values (:device, :tenant, :reachable, case when :reachable then now() end, :fingerprint, cast(:error as jsonb))
on conflict (device_id) do update set reachable = excluded.reachable, tried_at = now(),
  seen_at = coalesce(excluded.seen_at, device_state.seen_at),
  fingerprint = coalesce(excluded.fingerprint, device_state.fingerprint), error = excluded.error
returning pushed, drifted_since, (select reachable from device_state before where before.device_id = :device) as was
""")


def look(database: Database) -> None:
    """Look at every watched router once."""
    with database.transaction("worker", _SCOPE) as tx:
        ids = list(tx.execute(_WATCHED).scalars())
    look_at(database, ids)
    fleet_of(database).sweep()


def look_at(database: Database, ids: Sequence[UUID]) -> None:
    """Look at these routers once; what is found stands in ``device_state``."""
    with database.transaction("worker", _SCOPE) as tx:
        reach = list(access(tx, ids).values())

    def ask(driver: ConfigDriver, _: Access) -> str:
        return driver.fingerprint()

    fleet, known = fleet_of(database), drivers()
    answers = fleet.ask(_SCOPE, [one for one in reach if one.platform in known], ask)
    # A server has no configuration of ours to compare: it is there, or it is not.
    answers += fleet.greet(_SCOPE, [one for one in reach if one.platform not in known])
    suspects = [answer for answer in answers if _remember(database, answer) and answer.value]
    for answer in suspects:
        try:
            _drifted(database, answer.access)
        except IrisplaneError as error:
            _LOG.warning("%s: %s", answer.access.name, error.message)


def _remember(database: Database, answer: Reached[str]) -> bool:
    """Write what was seen; whether the text is not the one that was last confirmed there."""
    reach, error = answer.access, answer.error
    with database.transaction("worker", _SCOPE, asynchronous=True) as tx:
        row = tx.execute(
            _STATE,
            {
                "device": reach.device_id,
                "tenant": reach.tenant_id,
                "reachable": error is None,
                "fingerprint": answer.value,
                "error": _json(error.as_dict()) if error else None,
            },
        ).one()
        if row.was is not None and row.was != (error is None):
            action = "device.reachable" if error is None else "device.unreachable"
            body = {"device": reach.name, **({"error": error.as_dict()} if error else {})}
            record(tx, "event", action, "device", reach.device_id, body=body, tenant_id=reach.tenant_id)
        busy = tx.execute(
            text("select 1 from target_lock where target_id = :target"), {"target": f"device:{reach.device_id}"}
        ).scalar()
        if row.pushed is not None and row.drifted_since is not None and answer.value == row.pushed and not busy:
            _in_step_again(tx, reach)
    return error is None and row.pushed is not None and answer.value != row.pushed and not busy


def _in_step_again(tx: Connection, reach: Access) -> None:
    tx.execute(
        text("update device_state set drifted_since = null, drift_diff = null where device_id = :device"),
        {"device": reach.device_id},
    )
    record(tx, "event", "device.in_step", "device", reach.device_id, body={"device": reach.name},
           tenant_id=reach.tenant_id)  # fmt: skip


def _drifted(database: Database, reach: Access) -> None:
    with fleet_of(database).session(_SCOPE, reach) as driver:
        running = driver.running()
    with database.transaction("worker", _SCOPE) as tx:
        one = intended(tx, [reach.device_id]).get(reach.device_id)
        if one is None:
            return
        diff = redacted_difference(fill_for(tx, reach.tenant_id, one.text), running, reach.platform)
        store.keep(
            tx,
            fleet_of(database).keyring,
            device_id=reach.device_id,
            tenant_id=reach.tenant_id,
            platform=reach.platform,
            configuration=running,
            source="drift",
        )
        before = tx.execute(
            text("select drift_diff, drifted_since from device_state where device_id = :device for update"),
            {"device": reach.device_id},
        ).one()
        tx.execute(
            text(
                "update device_state set drifted_since = case when :diff = '' then null else"
                " coalesce(drifted_since, now()) end, drift_diff = nullif(:diff, '') where device_id = :device"
            ),
            {"diff": diff, "device": reach.device_id},
        )
        policy = str(one.facts["drift_policy"])
        news = bool(diff) and diff != before.drift_diff
        if news:
            body = {"device": reach.name, "policy": policy, "diff": diff}
            record(tx, "event", "device.drifted", "device", reach.device_id, body=body, tenant_id=reach.tenant_id)
    if diff and policy != "report":
        _follow(database, one, policy)


def _follow(database: Database, one: Intended, policy: str) -> None:
    """Submit what the policy asks for, unless such a Change is under way or failed a short while ago."""
    with database.transaction("worker", _SCOPE) as tx:
        under_way = tx.execute(
            text(
                "select 1 from change c join device_state s on s.drift_change = c.id where s.device_id = :device"
                " and (c.state in ('waiting', 'approved', 'running', 'rolling_back')"
                "      or (c.state <> 'succeeded' and c.finished_at > now() - interval '10 minutes'))"
            ),
            {"device": one.device_id},
        ).scalar()
        system = _system(tx)
    if under_way:
        return
    kind = "network.config" if policy == "restore" else "network.adopt"
    done = submit(
        database,
        system,
        ChangeRequest(
            kind=kind,
            intent={"select": f"name={one.name}", "drift": True},
            reason=f"Drift on {one.name}; the policy of its role is to {policy}.",
            options=Options(canary=0, share=100),
        ),
        "observing",
    )
    with database.transaction("worker", _SCOPE) as tx:
        tx.execute(
            text("update device_state set drift_change = :change where device_id = :device"),
            {"change": done.id, "device": one.device_id},
        )


def _system(tx: Connection) -> Principal:
    return principal_in(tx, SYSTEM, "paradigm")


def _json(value: dict[str, Any]) -> str:
    return msgspec.json.encode(value).decode()
