"""What tests of services share: orders, the hosts at their ports, and how routers look before and after."""

from __future__ import annotations

import time
from collections.abc import Iterator
from difflib import unified_diff
from typing import Any

import pytest
from sqlalchemy import text

from lab.network import customers
from orchestrator.engine import cancel
from orchestrator.records import ChangeRecord
from orchestrator.states import State
from tests.lab.running import eventually
from tests.network.changes.small_region import SCOPE, SmallRegion

__all__ = ["SITES", "carried", "hosts", "l3vpn", "must_look", "nothing", "reaches", "settled", "tenants"]

SITES = {"ac01": 1, "ag01": 2, "cr01": 3}


def l3vpn(code: str, tenant: str, port: str, sites: tuple[str, ...] = tuple(SITES), **more: Any) -> dict[str, Any]:
    """An L3VPN in 10.20.SITE.0/24, with a host that answers at every port."""
    base = 20 if port == "port1" else 30
    ends = [
        {
            "device": name,
            "port": port,
            "address": f"10.{base}.{SITES[name]}.1/24",
            "probe": f"10.{base}.{SITES[name]}.10",
        }
        for name in sites
    ]
    return {"code": code, "tenant": tenant, "kind": "l3vpn", "ends": ends, **more}


def hosts(small: SmallRegion, port: str) -> None:
    base = 20 if port == "port1" else 30
    for name, site in SITES.items():
        customers.give(name, port, f"10.{base}.{site}.10/24", f"10.{base}.{site}.1", small.lab.instance)


def reaches(small: SmallRegion, at: str, port: str, address: str) -> bool:
    return customers.execute(at, port, ["ping", "-c1", "-W1", address], small.lab.instance).returncode == 0


def _looks(small: SmallRegion) -> dict[str, str]:
    """What a service must leave as it was: links, namespaces, routes, FRR's tables and files, the configuration."""
    asked = ("ip -d link", "ip netns", "ip route", "tc qdisc show", "vtysh -c 'show vrf'", "ls /etc/frr")
    found = {}
    for router in small.lab.topology.routers:
        for command in asked:
            found[f"{router.name}: {command}"] = small.lab.console(router.name, "sh", "-c", command)
        with small.lab.driver(router.name) as driver:
            found[f"{router.name}: configuration"] = driver.running()
    return found


def _differing(one: dict[str, str], other: dict[str, str]) -> str:
    lines = [
        line
        for name in one
        for line in unified_diff(one[name].splitlines(), other[name].splitlines(), name, name, lineterm="", n=0)
    ]
    return "\n".join(lines)


def settled(small: SmallRegion) -> dict[str, str]:
    """How it looks once routing has told everybody of everybody, and stands still."""

    def everybody() -> bool:
        names = small.lab.topology.routers
        routes = [small.lab.console(router.name, "ip", "route") for router in names]
        return all(
            f"10.255.0.{other.number} " in text and f"10.64.{other.number}.0/24 " in text
            for router, text in zip(names, routes, strict=True)
            for other in names
            if other is not router
        )

    def still() -> bool:
        seen.append(_looks(small))
        time.sleep(5)
        return len(seen) > 2 and seen[-1] == seen[-2] == seen[-3]

    seen: list[dict[str, str]] = []
    eventually(everybody, 120, "routes to everybody")
    eventually(still, 180, "routing that stands still")
    return seen[-1]


def must_look(small: SmallRegion, before: dict[str, str]) -> None:
    """Routing may move for a moment; then everything is as it was."""
    end = time.monotonic() + 90
    while (now := _looks(small)) != before:
        assert time.monotonic() < end, _differing(before, now)
        time.sleep(2)


@pytest.fixture(scope="session")
def tenants(small: SmallRegion) -> tuple[str, str]:
    """Two administrations."""
    with small.database.transaction("worker", SCOPE) as tx:
        found = tx.execute(text("select code from tenant where kind <> 'region' order by code limit 2")).scalars().all()
    return str(found[0]), str(found[1])


@pytest.fixture
def nothing(small: SmallRegion) -> Iterator[None]:
    """No service before and after."""
    yield
    with small.database.transaction("worker", SCOPE) as tx:
        codes = list(tx.execute(text("select code from service order by code")).scalars())
        waiting = list(tx.execute(text("select id from change where state in ('waiting', 'approved')")).scalars())
    for change in waiting:
        cancel(small.database, small.people["engineer"], change, "a test", "test")
    for code in codes:
        assert small.carried_out("network.service.remove", {"code": code}).state is State.SUCCEEDED, small.last


def carried(small: SmallRegion, kind: str, intent: dict[str, Any]) -> ChangeRecord:
    done = small.carried_out(kind, intent)
    assert done.state is State.SUCCEEDED, (small.last, {n: (r.state, r.error) for n, r in small.steps(done.id).items()})
    return done
