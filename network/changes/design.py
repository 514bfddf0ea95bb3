"""The kind of Change that lays a network: it reads sites and corridor, computes what is missing, and writes it.

What is there stays; a second design over the same sites has nothing to do. The plan tells counts, kilometres and cost
instead of its thousands of rows, which its commands hold one by one; where they are few, as for one more school, it
tells them too.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field

from inventory.changes import draft_of
from inventory.planner import Edit
from inventory.schema import InputModel
from network.design.choosing import RULES, choose
from network.design.costs import HIGHEST, unit_costs
from network.design.kept import laid
from network.design.laying import Wishes
from network.design.records import records_of
from network.design.report import report
from network.design.standing import standing
from orchestrator.kinds import ChangeKind, World
from orchestrator.plan import Draft

__all__ = ["DesignIntent", "NetworkDesign"]

_TOLD: Final = 100


class DesignIntent(InputModel):
    """How a network is to be laid over the corridor.

    Attributes:
        ring_sites: at most so many aggregation sites on a ring.
        detour_m: a site joins a ring for at most the cost of so many metres of digging.
        second_way_m: at most so many metres of digging for a second way that a site need not have.
        unit_costs: prices in micro-euros by name, in the place of those that come with Irisplane.
        status: of the cables and circuits that are made.
    """

    ring_sites: Annotated[int, Field(ge=1, le=50)] = 6
    detour_m: Annotated[int, Field(ge=0, le=100_000)] = 1_500
    second_way_m: Annotated[int, Field(ge=0, le=100_000)] = 2_000
    unit_costs: dict[str, Annotated[int, Field(ge=0, le=HIGHEST)]] = Field(default_factory=dict, max_length=50)
    status: Literal["planned", "active"] = "active"


class NetworkDesign(ChangeKind[DesignIntent]):
    """Lay core rings, aggregation rings and spurs over the corridor, for every site that is not in the network yet."""

    name = "network.design"
    title = "Design the network"
    intent = DesignIntent
    needs_network: ClassVar[bool] = False

    def plan(self, intent: DesignIntent, world: World) -> Draft:
        """What has to be added, with its report.

        Raises:
            InvalidInput: there is no corridor, no data centre, or no price of a name.
        """
        costs = unit_costs(intent.unit_costs)
        before = standing(world.tx)
        choice = choose(before.candidates, keep=list(before.there.sites))
        wishes = Wishes(intent.ring_sites, intent.detour_m * 1000, intent.second_way_m * 1000)
        made = laid(before.corridor, choice.sites, costs, wishes, before.there)
        edit = Edit(world.tx, world.scope)
        for kind, records in records_of(made, before, status=intent.status).items():
            if records:
                edit.create(kind, records, pointer="")
        told = report(made, costs).as_dict()
        out = told["left_out"]
        km, euros = told["duct_m"] / 1000, round(int(told["cost_micro_eur"]) / 10**6)
        summary = (
            f"Design the network: {len(made.sites)} sites, {km:.1f} km of duct, {euros} EUR"
            if edit.commands
            else f"Design the network: nothing to lay, no street leads to {len(out)} sites"
            if out
            else "Design the network: every site is in it"
        )
        draft = draft_of(edit, summary)
        facts: dict[str, Any] = {
            **draft.facts,
            "alterations": draft.facts["alterations"] if len(edit.alterations) <= _TOLD else [],
            "design": told
            | {
                "new_sites": sorted(made.sites)[:_TOLD],
                "beside": len(choice.beside),
                "already": len(before.there.sites),
                "rules": [{"kind": rule.kind, "role": rule.role, "why": rule.why} for rule in RULES],
                "unit_costs": {"dated": costs.dated, "currency": costs.currency},
                "ring_sizes": dict(sorted(Counter(len(ring) - 2 for ring in made.rings).items())),
            },
        }
        facts["design"]["ring_sizes"] = {str(size): n for size, n in facts["design"]["ring_sizes"].items()}
        return replace(draft, facts=facts)
