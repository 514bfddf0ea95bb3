"""A design in figures: sites by kind, kilometres of duct, cable and strand, and what it costs, line by line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from network.design.costs import UnitCosts
from network.design.plan import Circuit, Design

__all__ = ["CostLine", "Report", "closures_of", "report", "splices_of"]


@dataclass(frozen=True, slots=True)
class CostLine:
    """What one unit price comes to; metres are counted in millimetres, amounts in micro-euros."""

    name: str
    unit: str
    quantity: int
    unit_micro_eur: int
    amount_micro_eur: int


@dataclass(frozen=True, slots=True)
class Report:
    """What a design holds and costs.

    Attributes:
        sites: by role and kind.
        duct_m, lead_in_m: metres dug, and how many of them lead into buildings.
        two_ways: sites whose ways share no duct.
        single: how many have one way only, by why.
        left_out: sites that are not in it, and why.
    """

    sites: Mapping[str, Mapping[str, int]]
    counts: Mapping[str, int]
    duct_m: int
    lead_in_m: int
    cable_m: int
    strand_m: int
    rings: int
    two_ways: int
    single: Mapping[str, int]
    left_out: Mapping[str, str]
    costs: tuple[CostLine, ...]
    cost_micro_eur: int

    def as_dict(self) -> dict[str, Any]:
        """For plans and answers; amounts as text, since they outgrow a number of JSON."""
        return {
            "sites": {role: dict(kinds) for role, kinds in self.sites.items()},
            "site_count": sum(sum(kinds.values()) for kinds in self.sites.values()),
            "counts": dict(self.counts),
            "duct_m": self.duct_m,
            "lead_in_m": self.lead_in_m,
            "cable_m": self.cable_m,
            "strand_m": self.strand_m,
            "rings": self.rings,
            "two_ways": self.two_ways,
            "single": dict(self.single),
            "left_out": dict(self.left_out),
            "costs": [
                {"name": line.name, "unit": line.unit,
                 "quantity": line.quantity // 1000 if line.unit == "m" else line.quantity,
                 "unit_micro_eur": str(line.unit_micro_eur), "amount_micro_eur": str(line.amount_micro_eur)}
                for line in self.costs
            ],
            "cost_micro_eur": str(self.cost_micro_eur),
        }  # fmt: skip


def report(design: Design, costs: UnitCosts) -> Report:
    """Add a design up."""
    ducts, cables = design.ducts.values(), design.cables.values()
    lead_in = sum(duct.length_mm for duct in ducts if duct.lead_in)
    street = sum(duct.length_mm for duct in ducts) - lead_in
    cable = sum(one.length_mm for one in cables)
    strand = sum(one.length_mm * one.strands for one in cables)
    corners = {end for duct in ducts for end in (duct.a, duct.b)} - {duct.a for duct in ducts if duct.lead_in}
    splices = sum(1 for circuit in design.circuits.values() for _ in splices_of(circuit))
    ends = sum(2 + 2 * bool(circuit.protecting) for circuit in design.circuits.values())
    quantities = {
        "digging": street, "lead-in": lead_in, "building entry": sum(duct.lead_in for duct in ducts),
        "manhole": len(corners), "cable": cable, "strand": strand, "closure": len(closures_of(design)),
        "splice": splices, "panel": 2 * len(design.cables), "termination": ends,
    }  # fmt: skip
    lines = tuple(_line(name, quantity, costs) for name, quantity in quantities.items())
    kinds: dict[str, Counter[str]] = {}
    for site in design.sites.values():
        kinds.setdefault(site.role, Counter())[site.kind] += 1
    counts = {
        "sites": len(design.sites), "ducts": len(design.ducts), "cables": len(design.cables),
        "strands": sum(one.strands for one in cables), "circuits": len(design.circuits), "splices": splices,
    }  # fmt: skip
    return Report(
        sites={role: dict(sorted(kinds[role].items())) for role in ("core", "aggregation", "access") if role in kinds},
        counts=counts,
        duct_m=(street + lead_in) // 1000,
        lead_in_m=lead_in // 1000,
        cable_m=cable // 1000,
        strand_m=strand // 1000,
        rings=len(design.rings),
        two_ways=len(design.sites.keys() - design.single.keys()),
        single=dict(sorted(Counter(why for site, why in design.single.items() if site in design.sites).items())),
        left_out={site: why for site, why in sorted(design.single.items()) if site not in design.sites},
        costs=lines,
        cost_micro_eur=sum(line.amount_micro_eur for line in lines),
    )


def splices_of(circuit: Circuit) -> Iterable[tuple[int, int]]:
    """Places on a circuit's ways where one strand goes on in the next, as (way, position)."""
    for way, lit in enumerate((circuit.working, circuit.protecting)):
        for position in range(1, len(lit)):
            yield way, position


def closures_of(design: Design) -> set[str]:
    """Buildings in which strands are spliced."""
    out = set()
    for circuit in design.circuits.values():
        for way, position in splices_of(circuit):
            lit = (circuit.working, circuit.protecting)[way][position]
            cable = design.cables.get(lit.cable)
            if cable is not None:
                out.add(cable.b if lit.reversed else cable.a)
    return out


def _line(name: str, quantity: int, costs: UnitCosts) -> CostLine:
    item = costs.items[name]
    amount = quantity * item.micro_eur // (1000 if item.unit == "m" else 1)
    return CostLine(name, item.unit, quantity, item.micro_eur, amount)
