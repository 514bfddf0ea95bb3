"""Packets through a service that is in force: asked for by a person, at any time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from ipaddress import ip_interface
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from core.db import Database
from core.scope import Scope
from network.drivers.protocol import ConfigDriver
from network.errors import NotServiceable
from network.fleet import Access, access, fleet_of
from network.services import rows
from network.services.exits import beyond
from network.services.traffic import verify_traffic
from orchestrator.kinds import Verdict

__all__ = ["Questions", "ask", "expected_of", "questions", "strangers_to"]


@dataclass(frozen=True, slots=True)
class Questions:
    """What to ask of each device of a service.

    Attributes:
        out_of_reach: devices that nobody can ask.
    """

    of: Mapping[UUID, tuple[Access, Mapping[str, Any]]]
    out_of_reach: tuple[str, ...] = ()


_STRANGERS = 32
_NO_WAY = "Device {name} cannot be reached: it has no management address or no credentials."


def questions(tx: Connection, code: str) -> Questions:
    """What to ask of each device of a service.

    Raises:
        ObjectNotFound: there is no such service.
        NotServiceable: it is an E-Line, in which no device has an address.
    """
    service, ends = rows.found(tx, code)
    if service["table_number"] is None:
        raise NotServiceable(
            f"{code} is an E-Line: the devices pass its frames on and have no address in it.",
            hint="Let the hosts at its ends ping each other; in the lab 'irisplane lab customer'.",
        )
    internet = service["kind"] == "internet"
    strangers = strangers_to(tx, [str(end["address"]) for end in ends if end["address"]], public=internet)
    outside = beyond(tx) if internet else ()
    devices = sorted({UUID(end["device_id"]) for end in ends})
    reach = access(tx, devices)
    names = text("select name from device where id = any(:ids) order by name")
    missing = tx.execute(names, {"ids": [device for device in devices if device not in reach]}).scalars()
    return Questions(
        {device: (one, expected_of(service, ends, str(device), strangers, outside)) for device, one in reach.items()},
        tuple(missing),
    )


def expected_of(
    service: Mapping[str, Any],
    ends: list[dict[str, Any]],
    device_id: str,
    strangers: list[str],
    outside: Sequence[str] = (),
) -> dict[str, Any]:
    """Who must answer inside a service's table on a device, and who must not: as ``verify_traffic`` takes it.

    Args:
        outside: who answers beyond the exits. A device with an exit is not asked for them: it has no address there that
            anybody outside would answer.
    """
    gateways = [
        str(ip_interface(end["address"]).ip) for end in ends if end["address"] and end["device_id"] != device_id
    ]
    probes = [str(end["probe"]) for end in ends if end["probe"]]
    is_exit = any(end["exit"] for end in ends if end["device_id"] == device_id)
    members = [*gateways, *probes, *(() if is_exit else outside)]
    return {"table": f"V{service['table_number']}", "members": members, "strangers": strangers}


def strangers_to(tx: Connection, addresses: list[str], *, public: bool = False) -> list[str]:
    """Addresses of other services, but for those inside these networks: every tenant may use the same.

    Args:
        public: whether whoever asks is on the internet, where the public ones of others may answer.
    """
    ours = [ip_interface(address).network for address in addresses]
    statement = text(
        "select distinct host(a) from service_end e, lateral (values (e.address), (e.probe)) v(a)"
        " where a is not null and not (:public and e.public)"
    )
    others = [ip_interface(found).ip for found in tx.execute(statement, {"public": public}).scalars()]
    return sorted(str(one) for one in others if not any(one in network for network in ours))[:_STRANGERS]


def ask(database: Database, scope: Scope, wanted: Questions) -> list[dict[str, Any]]:
    """What packets did on every device, all asked at once; one that gives no answer is ``unknown``."""

    def look(driver: ConfigDriver, one: Access) -> Verdict:
        def here() -> AbstractContextManager[ConfigDriver]:
            return nullcontext(driver)

        return verify_traffic(one.name, wanted.of[one.device_id][1], here, patience=5.0)

    found = [
        {"device": name, "status": "unknown", "evidence": [_NO_WAY.format(name=name)]} for name in wanted.out_of_reach
    ]
    for answer in fleet_of(database).ask(scope, [one for one, _ in wanted.of.values()], look):
        verdict = answer.value or Verdict("unknown", (answer.error.message if answer.error else "",))
        found.append({"device": answer.access.name, "status": verdict.status, "evidence": list(verdict.evidence)})
    return sorted(found, key=lambda one: str(one["device"]))
