"""``network.service.order`` and ``network.service.remove``: a service's lines on every device of it, or on none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Final, Generic, TypeVar
from uuid import UUID, uuid4

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from sqlalchemy import Connection, text

from inventory.errors import ObjectNotFound, Taken
from network.changes.briefing import brief_for, device_of
from network.changes.planning import Planned, draft_push
from network.changes.push import PushKind, still_ours
from network.device_model import OpaqueBlock
from network.fleet import Access
from network.intent import Intended, Overlay, intended, relaid
from network.services import rows
from network.services.ends import End, blocks, look_up
from network.services.exits import Exit, beyond, exits_for, named, take_addresses
from network.services.lines import Block, block_of, owner_of
from network.services.numbers import Numbers, draw
from network.services.orders import Order
from network.services.testing import expected_of, strangers_to
from network.services.traffic import PATIENCE, verify_traffic
from network.services.ways import ways
from orchestrator.kinds import Outcome, Step, Surroundings, Verdict, World
from orchestrator.plan import Draft, Options, Target

__all__ = ["Removal", "ServiceOrder", "ServiceRemove"]

Intent = TypeVar("Intent", bound=BaseModel)

_BLOCK: Final = TypeAdapter(OpaqueBlock)


class _ServiceChange(PushKind[Intent], Generic[Intent]):
    """What ordering and removing share: one transaction over all devices, and the rows that go with it.

    A target's data say what of which service it gains (``lay``) or loses (``lift``), and what packets should do after.
    """

    def waves(self, targets: Sequence[Target], options: Options) -> Sequence[Sequence[str]]:  # noqa: ARG002 - every kind's signature
        """All at once: half a service is none."""
        return [[target.id for target in targets]] if targets else ()

    def verify(self, step: Step, around: Surroundings) -> Verdict:
        """As any push; then with packets."""
        verdict = super().verify(step, around)
        expected = step.target.data.get("traffic")
        if not verdict.ok or not expected:
            return verdict
        brief = brief_for("verify", step.target, around)
        seen = verify_traffic(step.target.name, expected, lambda: brief.session(around, fresh=True))
        return Verdict(seen.status, (*verdict.evidence, *seen.evidence), verdict.data)

    def confirmed(self, tx: Connection, step: Step, reach: Access) -> None:  # noqa: ARG002 - as above
        """The device carries the service, or is rid of it."""
        data = step.target.data
        _write(tx, data, str(data["verb"]), step.change_id, device_of(step.target))

    def undo(self, step: Step, around: Surroundings) -> Outcome:
        """As any push; and the rows as they were."""
        outcome = super().undo(step, around)
        data = step.target.data
        with around.database.transaction("worker", around.scope) as tx:
            still_ours(tx, step)
            _write(tx, data, "lift" if data["verb"] == "lay" else "lay", step.change_id, device_of(step.target))
        return outcome


def _write(tx: Connection, data: Mapping[str, Any], verb: str, change_id: UUID, device: UUID) -> None:
    if verb == "lay":
        rows.lay(tx, data["service"], data["ends"], change_id)
    else:
        rows.lift(tx, data["service"], device)


# ---------------------------------------------------------------------------------------------------------------- order
class ServiceOrder(_ServiceChange[Order]):
    """Give a tenant a service: draw its numbers, lay its block on every device of it, see packets pass."""

    name: ClassVar[str] = "network.service.order"
    title: ClassVar[str] = "Order a network service"
    intent = Order

    def plan(self, intent: Order, world: World) -> Draft:
        """Numbers taken, the way, and each device's difference.

        Raises:
            Taken: the code, or a port, is in use.
            ObjectNotFound: no such tenant, device or port.
            NotServiceable: a port or device cannot carry it, or the network not as safely as ordered.
            PoolExhausted: no number is left.
        """
        tx = world.tx
        tenant = _tenant(tx, intent)
        exits = exits_for(tx, intent)
        ends = look_up(tx, intent, named(tx))
        at = list(dict.fromkeys(end.device_id for end in ends))
        devices = intended(tx, list(dict.fromkeys([*at, *(one.device_id for one in exits)])))
        found = ways(tx, [devices[one].name for one in at], intent.protection, [one.device for one in exits])
        numbers = draw(tx, tenant, table=intent.kind != "e-line")
        if exits:
            take_addresses(tx, tenant, intent)
        made = blocks(intent, ends, exits, numbers, devices)
        planned = [_with_block(devices[device], _block_overlay(block_of(block))) for device, block in made.items()]
        draft = draft_push(
            world,
            planned,
            summary=f"Order the {_KINDS[intent.kind]} {intent.code} for {intent.tenant} on {{n}} routers",
            undo_note="The service is removed: its lines, its numbers, and nothing of another service.",
        )
        service = _row(intent, tenant, numbers)
        every = _ends(ends, exits)
        strangers = strangers_to(tx, [end.address for end in intent.ends if end.address], public=bool(exits))
        outside = beyond(tx) if exits else ()
        targets = tuple(
            replace(target, data={**target.data, **_laid(service, every, device_of(target), strangers, outside)})
            for target in draft.targets
        )
        told = [
            _told(numbers, made),
            *_held_to(intent),
            *_leaving(exits, made),
            *(note for way in found for note in (str(way), *way.together())),
        ]
        return replace(
            draft,
            targets=targets,
            impact=replace(
                draft.impact,
                tenants=tuple(sorted({*draft.impact.tenants, intent.tenant})),
                notes=(*told, *draft.impact.notes),
            ),
            facts={
                **draft.facts,
                "verify_seconds": int(draft.facts["verify_seconds"] + PATIENCE),
                "service": {**service, "ways": [way.as_dict() for way in found]},
            },
        )

    def plan_undo(self, done: Sequence[Step], world: World) -> Draft:
        """The removal of what was ordered."""
        return removal(world, str(done[0].target.data["service"]["code"]))


_KINDS: Final = {"l3vpn": "L3VPN", "e-line": "E-Line", "internet": "internet access"}


def _tenant(tx: Connection, order: Order) -> UUID:
    if tx.execute(text("select 1 from service where code = :code"), {"code": order.code}).scalar():
        raise Taken(
            f"There is a service {order.code!r} already.",
            pointer="/code",
            hint="Give it another code, or remove that one first.",
        )
    tenant = tx.execute(text("select id from tenant where code = :code"), {"code": order.tenant}).scalar()
    if tenant is None:
        raise ObjectNotFound(f"There is no tenant {order.tenant!r}.", pointer="/tenant", type="tenant")
    return UUID(str(tenant))


def _block_overlay(block: OpaqueBlock) -> Overlay:
    return Overlay("opaque", block.name, _BLOCK.dump_json(block).decode())


def _with_block(one: Intended, overlay: Overlay) -> Planned:
    return Planned(relaid(one, [*one.overlays, overlay]), add=(overlay,))


def _row(order: Order, tenant: UUID, numbers: Numbers) -> dict[str, Any]:
    return {
        "id": str(uuid4()),
        "tenant_id": str(tenant),
        "code": order.code,
        "kind": order.kind,
        "bandwidth_mbps": order.bandwidth_mbps,
        "protection": order.protection,
        "table_number": numbers.table,
        "tunnel_number": numbers.tunnel,
    }


def _ends(ends: Sequence[End], exits: Sequence[Exit]) -> list[dict[str, Any]]:
    """As ``rows.lay`` takes them."""
    places = [(end.device_id, end.interface_id, end.ordered.address, end.ordered.probe, False) for end in ends]
    ways_out = [(one.device_id, one.interface_id, None, None, True) for one in exits]
    return [
        {
            "device_id": str(device),
            "interface_id": str(interface),
            "address": address,
            "probe": probe,
            "exit": is_exit,
        }
        for device, interface, address, probe, is_exit in [*places, *ways_out]
    ]


def _laid(
    service: Mapping[str, Any],
    every: list[dict[str, Any]],
    device: UUID,
    strangers: list[str],
    outside: Sequence[str],
) -> dict[str, Any]:
    mine = [end for end in every if end["device_id"] == str(device)]
    data: dict[str, Any] = {"verb": "lay", "service": dict(service), "ends": mine}
    if service["table_number"] is not None:
        data["traffic"] = expected_of(service, every, str(device), strangers, outside)
    return data


def _told(numbers: Numbers, made: Mapping[UUID, Block]) -> str:
    block = next(iter(made.values()))
    if numbers.table is None:
        return f"takes the tunnel number {numbers.tunnel}"
    return (
        f"takes the table number {numbers.table} (VRF {block.name}, route target {block.asn}:{numbers.table},"
        f" distinguisher LOOPBACK:{numbers.table}) and the tunnel number {numbers.tunnel} (VNI)"
    )


def _held_to(order: Order) -> list[str]:
    if order.bandwidth_mbps is None:
        return ["no bandwidth is ordered: its ports are held to no rate"]
    return [f"each of its ports is held to {order.bandwidth_mbps} Mbit/s, in both directions"]


def _leaving(exits: Sequence[Exit], made: Mapping[UUID, Block]) -> list[str]:
    """The plan's words on the way out."""
    if not exits:
        return []
    networks = ", ".join(next(iter(made.values())).networks)
    return [
        f"reaches the internet over {', '.join(str(one) for one in exits)}",
        f"its table holds {networks} and the way out, nothing of others; nothing else is sent or let in",
    ]


# --------------------------------------------------------------------------------------------------------------- remove
class Removal(BaseModel):
    """Which service goes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str = Field(min_length=2, max_length=40)


class ServiceRemove(_ServiceChange[Removal]):
    """Take a service back: its block from every device of it, its rows and its numbers."""

    name: ClassVar[str] = "network.service.remove"
    title: ClassVar[str] = "Remove a network service"
    intent = Removal

    def plan(self, intent: Removal, world: World) -> Draft:
        """Each device without the service's lines.

        Raises:
            ObjectNotFound: there is no such service.
        """
        return removal(world, intent.code)

    def plan_undo(self, done: Sequence[Step], world: World) -> Draft:
        """The same blocks again, with the same numbers.

        Raises:
            Taken: the code, a number or a port is in use by now.
        """
        service = dict(done[0].target.data["service"])
        _must_be_free(world.tx, service, [end for step in done for end in step.target.data["ends"]])
        now = intended(world.tx, [device_of(step.target) for step in done])
        planned = []
        for step in done:
            laid = [
                Overlay("opaque", str(row["name"]), str(row["body"])) for row in step.target.data["overlays"]["drop"]
            ]
            one = now[device_of(step.target)]
            planned.append(Planned(relaid(one, [*one.overlays, *laid]), add=tuple(laid)))
        draft = draft_push(
            world,
            planned,
            summary=f"Bring the service {service['code']} back on {{n}} routers",
            undo_note="It is removed again.",
        )
        ends = {device_of(step.target): step.target.data["ends"] for step in done}
        targets = tuple(
            replace(target, data={**target.data, "verb": "lay", "service": service, "ends": ends[device_of(target)]})
            for target in draft.targets
        )
        return replace(draft, targets=targets)


def _must_be_free(tx: Connection, service: Mapping[str, Any], ends: Sequence[Mapping[str, Any]]) -> None:
    ports = [str(end["interface_id"]) for end in ends if not end["exit"]]
    networks = [str(end["address"]) for end in ends if end["address"] and service["kind"] == "internet"]
    taken = tx.execute(
        text(
            "select s.code from service s left join service_end e on e.service_id = s.id where s.code = :code"
            " or s.table_number = :table_number or s.tunnel_number = :tunnel_number"
            " or (e.interface_id = any(cast(:ports as uuid[])) and not e.exit)"
            " or (e.public and network(e.address)::inet && any(cast(:networks as inet[]))) limit 1"
        ),
        {**service, "ports": ports, "networks": networks},
    ).scalar()
    if taken is not None:
        raise Taken(
            f"The service {taken!r} has taken what {service['code']!r} had: its code, a number, a port or an address.",
            hint="Order it anew: it then gets numbers that are free.",
        )


def removal(world: World, code: str) -> Draft:
    """What takes a service away from every device that carries it.

    Raises:
        ObjectNotFound: there is no such service.
    """
    service, ends = rows.found(world.tx, code)
    laid = rows.overlays_of(world.tx, owner_of(code))
    devices = intended(world.tx, list(laid))
    planned = []
    for device, one in devices.items():
        gone = {row["id"] for row in laid[device]}
        without = relaid(one, [overlay for overlay in one.overlays if str(overlay.id) not in gone])
        planned.append(Planned(without, drop=laid[device]))
    draft = draft_push(
        world,
        planned,
        summary=f"Remove the service {code} from {{n}} routers",
        undo_note="The service comes back with the same numbers, as long as nobody else took them.",
    )
    targets = tuple(
        replace(
            target,
            data={
                **target.data,
                "verb": "lift",
                "service": service,
                "ends": [end for end in ends if end["device_id"] == str(device_of(target))],
            },
        )
        for target in draft.targets
    )
    note = "gives back the tunnel number {tunnel_number}".format(**service)
    if service["table_number"] is not None:
        note += " and the table number {table_number}".format(**service)
    return replace(draft, targets=targets, impact=replace(draft.impact, notes=(note, *draft.impact.notes)))
