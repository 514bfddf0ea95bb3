"""What becomes of devices when links and devices are lost, against looking at every way there is."""

from __future__ import annotations

import itertools
from collections.abc import Hashable

import networkx as nx
from hypothesis import given
from hypothesis import strategies as st

from network.impact.reach import Line, Topology


def ring() -> Topology:
    """A core, two aggregations on a ring with it, an access router on each of two legs of the second one."""
    roles: dict[Hashable, str] = {"c": "core", "g": "aggregation", "h": "aggregation", "x": "access", "y": "access"}
    lines = [
        Line("cg", "c", "g"),
        Line("gh", "g", "h"),
        Line("hc", "h", "c"),
        Line("hx", "h", "x"),
        Line("hy", "h", "y"),
    ]
    return Topology(roles, lines)


def test_what_hangs_on_one_link_is_down_and_what_lies_on_a_ring_goes_round() -> None:
    assert ring().without(["hx"]) == {"x": "down", "h": "protected"}
    assert ring().without(["hc"]) == {
        "h": "protected",
        "c": "protected",
        "x": "protected",
        "y": "protected",
        "g": "degraded",
    }


def test_a_lost_device_takes_its_links_and_who_hangs_on_it() -> None:
    assert ring().without([], ["h"]) == {
        "h": "down", "x": "down", "y": "down", "g": "protected", "c": "protected",
    }  # fmt: skip


def test_without_any_core_left_nobody_is_served() -> None:
    assert set(ring().without([], ["c"]).values()) == {"down"}
    assert len(ring().without([], ["c"])) == 5


def test_two_links_side_by_side_protect_each_other() -> None:
    roles: dict[Hashable, str] = {"c": "core", "x": "access"}
    both = Topology(roles, [Line(1, "c", "x"), Line(2, "c", "x")])
    assert both.without([1]) == {"c": "protected", "x": "protected"}
    assert both.without([1, 2]) == {"c": "protected", "x": "down"}


def test_parts_tell_who_still_reaches_whom() -> None:
    assert ring().parts(["hc", "gh"]) == {"c": 1, "g": 1}
    assert ring().parts(["hc"]) == {}
    lost = ring().parts([], ["h"])
    assert lost.keys() == {"x", "y"}
    assert lost["x"] != lost["y"]


def test_what_is_not_here_is_passed_over_and_an_empty_network_has_nothing_to_lose() -> None:
    assert ring().without(["nowhere"], ["nobody"]) == {}
    assert Topology({}, []).without(["x"]) == {}


@st.composite
def cases(draw: st.DrawFn) -> tuple[dict[Hashable, str], list[Line], set[int], set[int]]:
    """A small network, some of its links, some of its devices."""
    count = draw(st.integers(1, 7))
    roles: dict[Hashable, str] = {n: draw(st.sampled_from(["core", "access", "access"])) for n in range(count)}
    roles[0] = "core"
    ends = draw(st.lists(st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)), max_size=12))
    lines = [Line(i, a, b, draw(st.integers(1, 3))) for i, (a, b) in enumerate(ends)]
    cut = draw(st.sets(st.integers(0, max(len(lines) - 1, 0)), max_size=4))
    return roles, lines, cut, draw(st.sets(st.integers(0, count - 1), max_size=2))


def served(roles: dict[Hashable, str], lines: list[Line]) -> dict[Hashable, float]:
    """By device that reaches a core: how far it is."""
    graph: nx.Graph[Hashable] = nx.Graph()
    graph.add_nodes_from(roles)
    for line in lines:
        if line.a != line.b:
            known = graph.get_edge_data(line.a, line.b, {"weight": line.length})["weight"]
            graph.add_edge(line.a, line.b, weight=min(known, line.length))
    cores = {device for device, role in roles.items() if role == "core"}
    return dict(nx.multi_source_dijkstra_path_length(graph, cores)) if cores else {}


def safe(roles: dict[Hashable, str], lines: list[Line]) -> set[Hashable]:
    """Devices that no single link takes away, tried link by link."""
    left = set(served(roles, lines))
    for lost in lines:
        left &= set(served(roles, [line for line in lines if line is not lost]))
    return left


@given(cases())
def test_states_are_those_that_trying_every_cut_gives(
    case: tuple[dict[Hashable, str], list[Line], set[int], set[int]],
) -> None:
    roles, lines, cut, gone = case
    topology = Topology(roles, lines)
    found, part = topology.without(cut, gone), topology.parts(cut, gone)
    live = {device: role for device, role in roles.items() if device not in gone}
    left = [line for line in lines if line.id not in cut and line.a in live and line.b in live]
    beside = {end for line in lines if line not in left for end in (line.a, line.b)}
    before, after = served(roles, lines), served(live, left)
    was_safe, is_safe = safe(roles, lines), safe(live, left)
    for device in roles:
        if device in gone or (device in before and device not in after):
            expected = "down"
        elif device in after and (after[device] > before[device] or device in beside):
            expected = "protected"
        elif device in was_safe and device not in is_safe:
            expected = "degraded"
        else:
            expected = None
        if not any(role == "core" for role in live.values()):
            expected = "down"
        assert found.get(device) == expected, device
    graph: nx.MultiGraph[Hashable] = nx.MultiGraph()
    graph.add_nodes_from(live)
    graph.add_edges_from((line.a, line.b) for line in left)
    for one, other in itertools.combinations(live, 2):
        assert (part.get(one, 0) == part.get(other, 0)) == nx.has_path(graph, one, other)
