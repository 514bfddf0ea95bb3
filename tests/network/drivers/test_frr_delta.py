"""Laws of the difference between two FRR configurations."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from network.drivers.frr.delta import difference, fingerprint, same, typed, understood
from network.drivers.frr.merge import merge
from network.drivers.frr.tree import Node, dump

_NUMBERS = st.integers(1, 4)
_WORDS = st.sampled_from(["north", "south", "RR"])


def _lines(*shapes: str) -> st.SearchStrategy[str]:
    return st.builds(
        lambda shape, n, m, word: shape.format(n=n, m=m, w=word), st.sampled_from(shapes), _NUMBERS, _NUMBERS, _WORDS
    )


def _context(opening: st.SearchStrategy[str], body: st.SearchStrategy[list[Node]]) -> st.SearchStrategy[Node]:
    return st.builds(lambda line, children: Node(line, children, context=True), opening, body)


def _bodies(*shapes: str) -> st.SearchStrategy[list[Node]]:
    leaves = st.lists(_lines(*shapes), max_size=5, unique=True)
    return leaves.map(lambda lines: [Node(line) for line in lines])


_INTERFACES = _context(
    _lines("interface to-{n}"),
    _bodies(
        "description link {n}", "ip address 10.0.{n}.{m}/31", "ip ospf area {n}", "ip ospf cost {n}",
        "ip ospf hello-interval {n}", "ipv6 address fd00:{n}::{m}/127", "ipv6 ospf6 cost {n}", "shutdown",
    ),
)  # fmt: skip
_MAPS = _context(
    _lines("route-map {w} permit {n}", "route-map {w} deny {n}"),
    _bodies("match ip address prefix-list {w}", "set local-preference {n}", "set metric {n}", "description {w}"),
)
_FAMILIES = _context(
    st.sampled_from(["address-family ipv4 unicast", "address-family ipv6 unicast"]),
    _bodies("network 10.{n}.{m}.0/24", "neighbor 10.0.0.{n} route-map {w} in", "neighbor 10.0.0.{n} next-hop-self"),
)
_BGP = st.builds(
    lambda leaves, families: Node("router bgp 64512", [*leaves, *_unique(families)], context=True),
    _bodies("neighbor 10.0.0.{n} remote-as {m}", "neighbor 10.0.0.{n} description to {w}", "bgp router-id 10.0.0.{n}"),
    st.lists(_FAMILIES, max_size=2),
)
_TOP = _lines("ip route 10.{n}.{m}.0/24 blackhole", "ip prefix-list {w} seq {n} permit 10.{m}.0.0/16", "hostname r{n}")


def _unique(nodes: list[Node]) -> list[Node]:
    return list({node.line: node for node in nodes}.values())


def _configuration(parts: tuple[list[str], list[Node], list[Node], list[Node]]) -> Node:
    top, interfaces, maps, bgp = parts
    root = Node("", [*(Node(line) for line in top), *_unique([*interfaces, *bgp, *maps])], context=True)
    # A single value stands once, and contexts that mean nothing when empty are not there: as a router has it.
    return understood(merge("", dump(root)).text)


_CONFIGURATIONS = st.tuples(
    st.lists(_TOP, max_size=4, unique=True),
    st.lists(_INTERFACES, max_size=3),
    st.lists(_MAPS, max_size=3),
    st.lists(_BGP, max_size=1),
).map(_configuration)


@given(_CONFIGURATIONS, _CONFIGURATIONS)
def test_typing_the_difference_into_one_gives_the_other(have: Node, want: Node) -> None:
    lines = typed(have, want)
    result = understood(merge(dump(have), "\n".join(lines)).text)
    assert difference(result, want) == ([], [])


@given(_CONFIGURATIONS)
def test_nothing_is_typed_when_nothing_differs(have: Node) -> None:
    assert typed(have, have) == []


@given(_CONFIGURATIONS, _CONFIGURATIONS)
def test_fingerprints_are_equal_exactly_when_the_lines_are(one: Node, other: Node) -> None:
    assert (fingerprint(one) == fingerprint(other)) is same(one, other)


@given(_CONFIGURATIONS)
def test_order_and_headings_do_not_count(config: Node) -> None:
    shuffled = Node("", list(reversed(config.children)), context=True)
    text = "Building configuration...\n!\nfrr version 8.4.4\nfrr defaults traditional\n" + dump(shuffled) + "end\n"
    assert fingerprint(understood(text)) == fingerprint(config)


def test_an_overwritten_value_is_not_removed_first() -> None:
    have, want = (
        understood("interface a\n ip ospf cost 10\nexit\n"),
        understood("interface a\n ip ospf cost 20\nexit\n"),
    )
    assert typed(have, want) == ["interface a", " ip ospf cost 20", "exit"]


def test_an_area_is_removed_first() -> None:
    have, want = understood("interface a\n ip ospf area 0\nexit\n"), understood("interface a\n ip ospf area 1\nexit\n")
    assert [line.strip() for line in typed(have, want)] == [
        "interface a", "no ip ospf area 0", "exit", "interface a", "ip ospf area 1", "exit",
    ]  # fmt: skip


def test_what_leans_on_others_goes_first() -> None:
    have = understood(
        "router bgp 1\n neighbor G peer-group\n neighbor 10.0.0.1 peer-group G\n address-family ipv4 unicast\n"
        "  neighbor G activate\n exit-address-family\nexit\n"
    )
    gone = [line.strip() for line in typed(have, understood("router bgp 1\nexit\n")) if line.strip().startswith("no ")]
    assert gone == ["no neighbor G activate", "no neighbor 10.0.0.1 peer-group G", "no neighbor G peer-group"]


def test_an_ipv6_address_has_one_spelling() -> None:
    assert same(understood("ipv6 route FD00:0:0::/48 blackhole\n"), understood("ipv6 route fd00::/48 blackhole\n"))


def test_an_empty_context_that_means_something_is_made() -> None:
    lines = typed(understood(""), understood("route-map X permit 10\nexit\n"))
    assert [line.strip() for line in lines if line.strip()] == ["route-map X permit 10", "exit"]


def test_a_line_that_several_daemons_print_counts_once() -> None:
    printed = "interface a\n description x\n ip address 10.0.0.0/31\nexit\ninterface a\n description x\nexit\n"
    assert dump(understood(printed)) == "interface a\n description x\n ip address 10.0.0.0/31\nexit\n"


def test_link_parameters_are_taken_away_from_within() -> None:
    have = understood("interface a\n description x\n link-params\n  enable\n  metric 7\n exit-link-params\nexit\n")
    lines = [line.strip() for line in typed(have, understood("interface a\n description x\nexit\n"))]
    assert lines == ["interface a", "link-params", "no enable", "exit-link-params", "exit"]
