"""After a commit: is the router reachable, exactly as planned, and does the network around it stand as intended?

What was already broken before the commit is told, and does not fail it; what the commit breaks does, and so does what
it should have brought up. An adjacency that is lost shows only when its dead interval is over: where a change touches
routing, the router is watched for that long.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, text

from network.checks import own_checks, ping_targets
from network.drivers.protocol import ConfigDriver
from network.errors import NetworkError
from network.expectations import Check, Finding, Observations, evaluate, expected
from network.intent import intended
from orchestrator.kinds import Step, Verdict

__all__ = ["Expectation", "baseline", "expectations", "settle_seconds", "touches_routing", "verify_device", "watch"]

_ROUTING: Final = re.compile(
    r"^[ +\-~]*(?:router |no router |\s*(?:no )?(?:ip ospf|ipv6 ospf6|ip address|ipv6 address|shutdown|neighbor "
    r"|network |passive-interface|redistribute|area |ospf|bgp |timers|route-map .* (?:in|out)$|address-family"
    r"|distance))"
)
_DEFAULT_DEAD: Final = 40
_POLL_SECONDS: Final = 0.6
_MARGIN_SECONDS: Final = 1.5


def touches_routing(diff: str) -> bool:
    """Whether changed lines may alter adjacencies, sessions or reachability."""
    return any(line[:1] in "+-~" and _ROUTING.match(line) for line in diff.splitlines())


def settle_seconds(diffs: Sequence[str], planned: Iterable[Any]) -> int:
    """Seconds that verification may need for these changes: convergence, and the longest dead interval."""
    if not any(touches_routing(diff) for diff in diffs):
        return 10
    return 30 + max((_dead_interval(one.intent.context) for one in planned), default=_DEFAULT_DEAD)


def _dead_interval(context: Mapping[str, Any]) -> int:
    return int((context.get("ospf") or {}).get("dead") or _DEFAULT_DEAD)


@dataclass(frozen=True, slots=True)
class _Question:
    checks: tuple[Check, ...]
    broken_before: frozenset[str]


def baseline(driver: ConfigDriver, checks: Sequence[Check], running: str) -> list[str]:
    """Keys of checks that concern what is configured already and fail before anything is altered.

    Args:
        running: the present configuration: what it does not configure yet cannot have been broken.
    """
    seen = observations(driver, checks)
    if seen is None:
        return []
    return [f.key for f in evaluate(checks, seen) if f.status == "failed" and _configured(f.check, running)]


def _configured(check: Check, running: str) -> bool:
    subject = getattr(check, "interface", None) or getattr(check, "peer", None)
    if subject is None:
        return "router ospf" in running
    return bool(re.search(rf"^\s*(?:interface|neighbor) {re.escape(subject)}(?: |$)", running, re.MULTILINE)) and (
        getattr(check, "igp", "ospf") == "ospf" or "ospf6" in running
    )


@dataclass(frozen=True, slots=True)
class Expectation:
    """What should be seen of a device, and for how long (seconds) a lost adjacency may stay unnoticed."""

    checks: tuple[Check, ...] = ()
    dead: int = _DEFAULT_DEAD


def expectations(tx: Connection, device_ids: Sequence[UUID], change_id: UUID | None) -> dict[UUID, Expectation]:
    """What devices' intents let one expect, given who else is configured or being configured by this change, and what
    engineers attached.

    Raises:
        InvalidInput: an attached check cannot be read.
    """
    rows = tx.execute(_SPEAKING, {"change": change_id}).all()
    speaking = {row.name for row in rows}
    loopbacks = {row.address: row.name for row in rows if row.address}
    result = {}
    for device, one in intended(tx, device_ids, rendered=False).items():
        checks = expected(one.model, one.neighbours, speaking, loopbacks)
        if own := own_checks(one.context, one.name):
            checks += [check for check in own if check not in checks]
        result[device] = Expectation(tuple(checks), _dead_interval(one.context))
    return result


_SPEAKING: Final = text("""
select d.name, host(a.address) as address from device d
left join interface i on i.device_id = d.id and i.kind = 'loopback' and i.vrf_id is null
left join address a on a.interface_id = i.id and upper_inf(a.held)
where d.status in ('active', 'maintenance', 'planned')
  and (exists (select from device_state s
               where s.device_id = d.id and s.pushed is not null and s.reachable is not false)
       or exists (select from change_step c where c.change_id = :change and c.target_id = 'device:' || d.id::text
                  and c.state in ('applied', 'verifying', 'verified', 'confirming', 'confirmed')))
""")


def verify_device(
    step: Step, expectation: Expectation, connect: Callable[[], AbstractContextManager[ConfigDriver]]
) -> Verdict:
    """Look until everything is as intended, or until time is over; then say what is not.

    Args:
        connect: makes a connection of its own, each time.
    """
    prepared, name, dead = step.record["prepare"], step.target.name, expectation.dead
    question = _Question(expectation.checks, frozenset(prepared.get("broken_before", ())))
    routing = touches_routing(step.target.diff) and not prepared["idle"]
    began = time.monotonic()
    hold = began + dead + _MARGIN_SECONDS if routing else began
    give_up = began + (dead + 30 if routing else 10)
    findings: list[Finding] = []
    problem = ""
    while True:
        try:
            # That a connection can be made is the first thing to prove.
            with connect() as driver:
                found = driver.fingerprint()
                if found != prepared["wanted"]:
                    return Verdict("failed", (f"{name} does not run the planned text",), {"found": found})
                problem = ""
                while True:
                    findings = evaluate(question.checks, observations(driver, question.checks) or Observations())
                    bad = _bad(findings, question)
                    now = time.monotonic()
                    if (not bad and now >= hold) or now >= give_up or (bad and routing and now >= hold + dead + 10):
                        break
                    time.sleep(_POLL_SECONDS)
            break
        except NetworkError as error:
            problem = error.message
            if time.monotonic() + _POLL_SECONDS >= give_up:
                return Verdict("failed", (f"{name} cannot be reached after the commit: {problem}",))
            time.sleep(_POLL_SECONDS)
    return _verdict(name, findings, question)


def watch(
    driver: ConfigDriver, name: str, checks: Sequence[Check], broken_before: Sequence[str], seconds: float
) -> Verdict:
    """Look until every check is met that was met before, or until time is over."""
    question = _Question(tuple(checks), frozenset(broken_before))
    give_up = time.monotonic() + seconds
    while True:
        findings = evaluate(question.checks, observations(driver, question.checks) or Observations())
        if not _bad(findings, question) or time.monotonic() >= give_up:
            return _verdict(name, findings, question)
        time.sleep(_POLL_SECONDS)


def _bad(findings: Sequence[Finding], question: _Question) -> list[Finding]:
    return [f for f in findings if f.status != "ok" and f.key not in question.broken_before]


def _verdict(name: str, findings: Sequence[Finding], question: _Question) -> Verdict:
    bad = _bad(findings, question)
    old = [f for f in findings if f.status != "ok" and f.key in question.broken_before]
    told = tuple(f"was so before: {f.text}" for f in old)
    if bad:
        status = "failed" if any(f.status == "failed" for f in bad) else "unknown"
        return Verdict(status, (*(f.text for f in bad), *told))
    good = len(findings) - len(old)
    return Verdict("ok", (f"{name}: reachable, text exact, {good} of {len(findings)} expectations met", *told))


def observations(driver: ConfigDriver, checks: Sequence[Check] = ()) -> Observations | None:
    """What the device sees; ``None`` where its driver cannot look. It pings only what a check asks for."""
    look = getattr(driver, "observe", None)
    seen = look() if callable(look) else None
    if not isinstance(seen, Observations):
        return None
    targets, pings = ping_targets(checks), getattr(driver, "pings", None)
    if not targets or not callable(pings):
        return seen
    answering = set(pings(targets))
    return replace(seen, pings={target: target in answering for target in targets})
