"""``service.request``: an administration asks for a service of the network; an engineer's yes makes it an order.

Two Changes, because one cannot be both: the request is the administration's, which reads its plan and follows it, and
routers' lines and ways of others stand in no plan of an administration's. The order is the region's, by the engineer
who said yes, and is approved by network leads as every order is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final
from uuid import UUID, uuid5

from pydantic import ValidationError
from sqlalchemy import Connection, text

from core.errors import InvalidInput
from core.identity import principal_in
from core.scope import EVERY_TENANT, Scope
from network.errors import NotServiceable
from network.services.ends import look_up
from network.services.exits import exits_for, named
from network.services.orders import Order
from network.services.requests import Request, order_of, own_sites
from network.services.ways import Way, ways
from orchestrator.engine import ChangeRequest, cancel, submit
from orchestrator.kinds import ChangeKind, Outcome, Step, Surroundings, Verdict, World
from orchestrator.plan import Draft, Impact, Options, Target
from orchestrator.records import read
from orchestrator.states import State

__all__ = ["ServiceRequest"]

_ORDER: Final = "network.service.order"
_WORDS: Final = {"l3vpn": "L3VPN", "e-line": "E-Line", "internet": "internet access"}
_MADE: Final = text("""
select id from change where kind = :kind and plan #>> '{intent,request}' = :request
 order by requested_at desc limit 1
""")
_WHO: Final = text("""
select p.handle, t.code as tenant from change_approval v join principal p on p.id = v.decided_by
  join membership m on m.principal_id = p.id and m.held @> now()
  join tenant t on t.id = m.tenant_id and t.kind = 'region'
 where v.change_id = :id and v.role = 'engineer' and v.decision = 'approve' order by v.decided_at desc limit 1
""")


class ServiceRequest(ChangeKind[Request]):
    """Ask the region for a service between sites of one's own."""

    name: ClassVar[str] = "service.request"
    title: ClassVar[str] = "Ask for a network service"
    intent = Request
    needs_network: ClassVar[bool] = False

    def plan(self, intent: Request, world: World) -> Draft:
        """What would be ordered, and whether the network can carry it as safely as it is wanted.

        Raises:
            InvalidInput: it is the region that asks; it orders. Or the request does not fit together.
            ObjectNotFound: a site is not the administration's.
            NotServiceable: no port is free at a site, or the network cannot carry it.
        """
        if world.scope.tenant == EVERY_TENANT:
            raise InvalidInput(
                "The region does not ask itself for a service.", hint="Order it: 'irisplane service order'."
            )
        tenant = world.scope.tenant
        own_sites(world.tx, tenant, intent)
        code = str(world.tx.execute(text("select code from tenant where id = :id"), {"id": tenant}).scalar_one())
        order, notes = self._tried(code, intent, world)
        lines = [f"+ {end.site}{f' {end.address}' if end.address else ''}" for end in intent.ends]
        target = Target(
            id=f"service-request:{uuid5(tenant, intent.name)}",
            name=order.code,
            base="",
            diff="\n".join(lines),
            data={"order": order.model_dump(mode="json", exclude_none=True)},
        )
        return Draft(
            summary=f"Ask the region for the {_WORDS[intent.kind]} {order.code}",
            targets=(target,),
            impact=Impact(sites=tuple(sorted({end.site for end in intent.ends})), tenants=(code,), notes=notes),
            facts={"timed": False},
            undo_note="The region's order is cancelled while it waits.",
        )

    @staticmethod
    def _tried(code: str, intent: Request, world: World) -> tuple[Order, tuple[str, ...]]:
        """The order as the region would make it now: it is looked at as the region, and nothing is written or kept."""
        scope = Scope(EVERY_TENANT, world.scope.actor, world.scope.request_id, "whether the network can carry it")
        with world.surroundings().database.transaction("api", scope, preview=True) as tx:
            try:
                order = order_of(tx, code, intent, None)
            except ValidationError as error:
                said = str(error.errors()[0]["msg"]).removeprefix("Value error, ")
                raise InvalidInput(f"{said}.", pointer="/ends") from error
            exits = exits_for(tx, order)
            look_up(tx, order, named(tx))
            devices = list(dict.fromkeys(end.device for end in order.ends))
            try:
                found = ways(tx, devices, order.protection, [one.device for one in exits])
            except NotServiceable as error:
                raise NotServiceable(
                    "The network cannot carry it between these sites as safely as that.",
                    hint="Ask for less protection, or ask the region what another way would take.",
                    pointer="/protection",
                ) from error
        sites = {end.device: asked.site for end, asked in zip(order.ends, intent.ends, strict=True)}
        return order, (*_held(intent), *(_told(way, sites) for way in found))

    def apply(self, step: Step, around: Surroundings) -> Outcome:
        """Make the region's order, in the name of the engineer who said yes; asked again, find the one made before."""
        scope = Scope(EVERY_TENANT, None, "", "an administration's request", around.scope.change_id)
        with around.database.transaction("worker", scope) as tx:
            made = _made(tx, step.change_id)
            who = tx.execute(_WHO, {"id": step.change_id}).one_or_none()
            reason = read(tx, step.change_id).reason
            person = principal_in(tx, who.handle, who.tenant) if who else None
        if made is None:
            if person is None:
                raise NotServiceable("No engineer of the region has approved it.", hint="Ask for it anew.")
            order = {**step.target.data["order"], "request": str(step.change_id)}
            words = f"asked for by {order['tenant']}: {reason}"
            request = ChangeRequest(kind=_ORDER, intent=order, reason=words, options=Options(atomic=True))
            made = submit(around.database, person, request, f"request {step.change_id}").id
        return Outcome({"order": str(made)}, "The region's order is made; network leads approve it.")

    def verify(self, step: Step, around: Surroundings) -> Verdict:
        """The region's order is there."""
        scope = Scope(EVERY_TENANT, None, "", "an administration's request", around.scope.change_id)
        with around.database.transaction("worker", scope) as tx:
            there = _made(tx, step.change_id) is not None
        return Verdict("ok", ("The region has the order.",)) if there else Verdict("failed", ("No order was made.",))

    def undo(self, step: Step, around: Surroundings) -> Outcome:
        """Cancel the region's order while it waits.

        Raises:
            NotServiceable: it has been carried out, or is being.
        """
        scope = Scope(EVERY_TENANT, None, "", "an administration's request", around.scope.change_id)
        with around.database.transaction("worker", scope) as tx:
            made = _made(tx, step.change_id)
            state = read(tx, made).state if made else None
            who = tx.execute(_WHO, {"id": step.undo_of or step.change_id}).one_or_none()
            person = principal_in(tx, who.handle, who.tenant) if who else None
        if state in (State.WAITING, State.APPROVED) and made and person:
            cancel(around.database, person, made, "the administration takes its request back", str(step.change_id))
        elif state in (State.RUNNING, State.SUCCEEDED):
            raise NotServiceable("The service is in force by now.", hint="Ask the region to remove it.")
        return Outcome({}, "Nothing of it is left.")


def _made(tx: Connection, request: UUID) -> UUID | None:
    found: UUID | None = tx.execute(_MADE, {"kind": _ORDER, "request": str(request)}).scalar()
    return found


def _held(intent: Request) -> Sequence[str]:
    if intent.bandwidth_mbps is None:
        return ("no bandwidth is ordered: its ports are held to no rate",)
    return (f"each of its ports is held to {intent.bandwidth_mbps} Mbit/s, in both directions",)


def _told(way: Way, sites: Mapping[str, str]) -> str:
    """A way in words for who asks: between which sites, and what protects it; over what is the region's."""
    pair = f"{sites.get(way.a, 'internet')} – {sites.get(way.b, 'internet')}"
    if not way.second:
        return f"{pair}: one way"
    if way.shared is None:
        return f"{pair}: two ways"
    if way.shared or way.unknown:
        return f"{pair}: two ways, of which some ducts, buildings or power are common or not known"
    return f"{pair}: two ways with nothing in common"
