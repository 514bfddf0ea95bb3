"""Ways of a service: what a diverse one's two ways share in the plant, told where it cannot be avoided."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from benchmarks.plants import Circuit, Plant, write
from core.db import Database
from core.scope import EVERY_TENANT, Scope
from network.errors import NotServiceable
from network.paths.diverse import beside, shared
from network.paths.graph import Edge, Graph
from network.paths.shortest import cheapest, in_order
from network.services.ways import Way, ways

SYSTEM = Scope(EVERY_TENANT, None, "test", "a plant for a test")

PLANT = Plant(
    roles=["core", "core", "aggregation", "aggregation", "access"],
    ducts=[(0, 1), (0, 2), (2, 1), (0, 3), (3, 1), (1, 4)],
    cables=[((0,), 12), ((1,), 12), ((2,), 12), ((3,), 12), ((4,), 12), ((5,), 12)],
    circuits=[
        Circuit(0, 1, working=((0, 1),)),
        Circuit(0, 2, working=((1, 1),)),
        Circuit(2, 1, working=((2, 1),)),
        Circuit(0, 3, working=((3, 1),)),
        Circuit(3, 1, working=((4, 1),)),
        Circuit(1, 4, working=((5, 1),)),
    ],
)
"""R0 – R1 directly, over R2, and over R3; each in ducts of its own. R4 hangs on R1 alone."""


@pytest.fixture
def tx(database: Database) -> Iterator[Connection]:
    """A transaction with the plant in it, taken back after."""
    with database.transaction("owner", SYSTEM) as made:
        write(made, PLANT)
        yield made
        made.rollback()


def _way(tx: Connection) -> Way:
    (found,) = ways(tx, ["R0", "R1"], "diverse")
    return found


def _through(tx: Connection, cable: str, *ducts: str) -> None:
    """Lay a cable through other ducts."""
    tx.execute(text("set constraints all deferred"))
    tx.execute(text("delete from cable_duct where cable_id = (select id from cable where code = :c)"), {"c": cable})
    for position, duct in enumerate(ducts, 1):
        statement = (
            "insert into cable_duct (tenant_id, cable_id, duct_id, position)"
            " select c.tenant_id, c.id, d.id, :position from cable c, duct d where c.code = :cable and d.code = :duct"
        )
        tx.execute(text(statement), {"position": position, "cable": cable, "duct": duct})


def test_two_ways_that_share_nothing_are_said_to(tx: Connection) -> None:
    found = _way(tx)
    assert (found.links, found.second, found.shared, found.unknown) == (("K0",), ("K1", "K2"), (), ())
    assert found.together() == ("R0 – R1: its two ways share no duct, no building or manhole, no power feed",)
    assert found.as_dict()["shared"] == []


def test_a_second_way_in_the_same_duct_is_passed_over_for_one_that_is_not(tx: Connection) -> None:
    _through(tx, "C0", "D1", "D2")  # the direct link's cable lies in the ducts of the way over R2
    found = _way(tx)
    assert (found.links, found.second, found.shared) == (("K0",), ("K3", "K4"), ())


def test_what_cannot_be_avoided_is_named(tx: Connection) -> None:
    _through(tx, "C0", "D1", "D2")
    tx.execute(text("update link set status = 'retired' where name in ('K3', 'K4')"))
    found = _way(tx)
    assert found.shared == (("duct", "D1"), ("duct", "D2"), ("node", "N2"))
    assert found.together() == (
        "R0 – R1: its two ways share the ducts D1, D2",
        "R0 – R1: its two ways share the buildings or manholes N2",
    )
    assert [way.shared for way in ways(tx, ["R0", "R1"], "protected")] == [None], "nobody asked"


def test_a_link_without_a_known_way_is_not_taken_for_one_that_shares_nothing(tx: Connection) -> None:
    tx.execute(text("delete from circuit_strand where circuit_id = (select id from circuit where code = 'K0')"))
    tx.execute(text("delete from circuit where code = 'K0'"))
    found = _way(tx)
    assert found.unknown == ("K0",)
    assert found.together() == ("R0 – R1: the plant knows no ducts of K0; what they share with others is not known",)


def test_one_power_feed_is_a_risk_of_both_ways(tx: Connection) -> None:
    tx.execute(text("update link set status = 'retired' where name in ('K3', 'K4')"))
    tx.execute(text("update link set status = 'retired' where name = 'K0'"))
    with pytest.raises(NotServiceable, match="share a device"):
        _way(tx)
    tx.execute(text("update link set status = 'active' where name in ('K3', 'K4')"))
    feed = "insert into power_feed (tenant_id, code) select tenant_id, 'F-ONE' from site where code = 'N2'"
    tx.execute(text(feed))
    tx.execute(
        text(
            "insert into site_feed (tenant_id, site_id, feed_id) select s.tenant_id, s.id, f.id"
            " from site s, power_feed f where s.code in ('N2', 'N3') and f.code = 'F-ONE'"
        )
    )
    found = _way(tx)
    assert found.shared == (("feed", "F-ONE"),)
    assert found.together() == ("R0 – R1: its two ways share the power feeds F-ONE",)


def test_who_has_one_way_in_cannot_be_diverse(tx: Connection) -> None:
    with pytest.raises(NotServiceable, match="share a device") as refused:
        ways(tx, ["R0", "R4"], "diverse")
    assert refused.value.pointer == "/protection"


_NODES = st.integers(0, 5)
_EDGES = st.tuples(_NODES, _NODES, st.integers(1, 3), st.frozensets(st.integers(0, 4), max_size=2))


@given(edges=st.lists(_EDGES, max_size=12))
@settings(max_examples=300, deadline=None)
def test_a_way_beside_another_shares_nothing_and_none_is_cheaper(
    edges: list[tuple[int, int, int, frozenset[int]]],
) -> None:
    made = [Edge(n, a, b, weight, frozenset(risks)) for n, (a, b, weight, risks) in enumerate(edges) if a != b]
    graph = Graph.of(made)
    if not {0, 5} <= graph.number.keys() or (first := cheapest(graph, 0, 5)) is None:
        return
    found = beside(graph, first)
    risks = {edge.id: edge.risks for edge in made}
    apart = [
        path
        for path in in_order(graph, 0, 5)
        if not set(path.edges) & set(first.edges)
        and not set(path.nodes[1:-1]) & set(first.nodes[1:-1])
        and not any(risks[a] & risks[b] for a, b in product(first.edges, path.edges))
    ]
    assert (found is None) == (not apart)
    if found is not None:
        assert not shared(graph, first, found)
        assert found.weight == apart[0].weight
