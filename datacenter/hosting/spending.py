"""A limit on what an administration's month may come to: set by a Change, asked before any row of an order is written.

What counts is what stands or is ordered, at today's prices, for 730 hours; so the limit bounds what is held and not
what was used. Orders of one administration with a limit wait for each other here: what is admitted at once fits
together.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, text

from core.errors import NotFound
from core.ids import uuid7
from core.scope import EVERY_TENANT
from datacenter.hosting.metering.errors import SpendLimitReached
from datacenter.hosting.pricing import QUARTERS_OF_A_MONTH
from orchestrator import commands
from orchestrator.kinds import ChangeKind, World
from orchestrator.plan import Draft, Impact, Plan

__all__ = ["LimitIntent", "SpendLimitSet", "must_fit", "standing_json"]


class LimitIntent(BaseModel):
    """Whose limit, and how much: nothing takes it away."""

    model_config = ConfigDict(extra="forbid")

    tenant: Annotated[str | None, Field(max_length=63, description="Code; your own administration when absent.")] = None
    month_micro_eur: Annotated[int, Field(ge=0, le=10**15, strict=True)] | None


class SpendLimitSet(ChangeKind[LimitIntent]):
    """Set, alter or take away a limit."""

    name = "hosting.spend-limit.set"
    title = "Limit what a month may come to"
    intent = LimitIntent
    needs_network: ClassVar[bool] = False

    def plan(self, intent: LimitIntent, world: World) -> Draft:
        """One row.

        Raises:
            NotFound: no such administration, or not yours.
        """
        tenant, code = _tenant(world, intent.tenant)
        there = world.tx.execute(_LIMIT, {"tenant": tenant}).first()
        wanted = intent.month_micro_eur
        if wanted is None:
            gone = [] if there is None else [{"id": str(there.id), "version": there.version}]
            made = (commands.delete("spend_limit", gone),) if gone else ()
        elif there is None:
            row: dict[str, Any] = {"id": str(uuid7()), "tenant_id": str(tenant), "month_micro_eur": wanted}
            made = (commands.insert("spend_limit", [row]),)
        elif there.month_micro_eur == wanted:
            made = ()
        else:
            made = (
                commands.update(
                    "spend_limit", [{"id": str(there.id), "version": there.version, "month_micro_eur": wanted}]
                ),
            )
        before = "no limit" if there is None else f"{there.month_micro_eur} µEUR"
        after = "no limit" if wanted is None else f"{wanted} µEUR"
        told = {"op": "~", "type": "spend_limit", "id": str(tenant), "name": code, "lines": [f"{before} → {after}"]}
        return Draft(
            summary=f"Limit what a month of {code} may come to: {after}",
            commands=made,
            impact=Impact(tenants=(code,)),
            facts={"lines": len(made), "alterations": [told] if made else []},
            undo_note="The former limit holds again.",
        )


def must_fit(tx: Connection, plan: Plan) -> None:
    """Refuse an order that adds to the month and would pass its administration's limit.

    Raises:
        SpendLimitReached: says what stands, what would be added and what the limit is.
    """
    adds = int(plan.cost.get("price", {}).get("month_micro_eur", 0))
    project = next((target.data.get("project_id") for target in plan.targets), None)
    if adds <= 0 or project is None:
        return
    limit = tx.execute(_LIMIT_OF, {"project": project}).first()
    if limit is None:
        return
    stands = int(tx.execute(_STANDS, {"tenant": limit.tenant_id}).scalar_one())
    if stands + adds > limit.month_micro_eur:
        raise SpendLimitReached(
            f"This adds {_euro(adds)} a month to {_euro(stands)} that stand; your administration's limit is"
            f" {_euro(limit.month_micro_eur)}.",
            stands_micro_eur=str(stands),
            adds_micro_eur=str(adds),
            limit_micro_eur=str(limit.month_micro_eur),
        )


def standing_json(tx: Connection, tenant: UUID) -> dict[str, Any]:
    """The limit, what stands and what is left, for an answer."""
    limit = tx.execute(_LIMIT, {"tenant": tenant}).first()
    stands = int(tx.execute(_STANDS, {"tenant": tenant}).scalar_one())
    return {
        "limit_micro_eur": None if limit is None else str(limit.month_micro_eur),
        "stands_micro_eur": str(stands),
        "left_micro_eur": None if limit is None else str(max(limit.month_micro_eur - stands, 0)),
        "month_quarters": QUARTERS_OF_A_MONTH,
    }


def _tenant(world: World, code: str | None) -> tuple[UUID, str]:
    scope = world.scope
    if code is None and scope.tenant == EVERY_TENANT:
        raise NotFound("Say whose limit it is.", pointer="/tenant")
    own = None if scope.tenant == EVERY_TENANT else scope.tenant
    found = world.tx.execute(_TENANT, {"own": own, "code": code}).first()
    if found is None:
        raise NotFound(f"There is no administration {code!r}.", pointer="/tenant")
    return found.id, found.code


def _euro(micro: int) -> str:
    return f"{micro // 1_000_000}.{micro % 1_000_000 // 10_000:02d} EUR"


_TENANT: Final = text("""
    select id, code from tenant where (cast(:own as uuid) is null or id = :own)
     and (cast(:code as text) is null or code = :code)""")
_LIMIT: Final = text("select id, version, month_micro_eur from spend_limit where tenant_id = :tenant")
_LIMIT_OF: Final = text("""
    select l.tenant_id, l.month_micro_eur from spend_limit l
    join project p on p.tenant_id = l.tenant_id and p.id = cast(:project as uuid) for update of l""")
_STANDS: Final = text(f"""
    with price_now as (
        select c.plan_id, o.kind, c.component, c.quarter_micro_eur from price c join offering o on o.id = c.offering_id
        where c.valid @> now()),
    stands as (
        select c.quarter_micro_eur as quarter from server s join price_now c on c.plan_id = s.plan_id
          and c.component = case when s.status in ('stopped', 'kept', 'suspended') then 'server-off' else 'server' end
        where s.tenant_id = :tenant and s.gone_at is null and s.status <> 'vanished'
        union all
        select v.counted_gib * c.quarter_micro_eur from volume v join price_now c on c.kind = 'volume'
        where v.tenant_id = :tenant and v.gone_at is null and v.status <> 'vanished'
        union all
        select v.size_gib * c.quarter_micro_eur from volume_snapshot v
        join price_now c on c.kind = case when v.schedule_id is null then 'snapshot' else 'backup' end
        where v.tenant_id = :tenant and v.gone_at is null and v.status <> 'vanished'
        union all
        select c.quarter_micro_eur from floating_ip f join price_now c on c.kind = 'floating-ip'
        where f.tenant_id = :tenant and f.gone_at is null and f.status <> 'vanished')
    select coalesce(sum(quarter), 0) * {QUARTERS_OF_A_MONTH} from stands""")  # noqa: S608 - our own number
