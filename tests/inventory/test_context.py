"""Merging configuration contexts has laws; these hold for any data."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from inventory.context import LEVELS, Context, check, explain, in_order, merge, merged

KEYS = st.text("ab/~", min_size=1, max_size=3)
PLAIN = st.one_of(st.booleans(), st.integers(-3, 3), st.text("xy", max_size=2))
ELEMENTS = st.one_of(PLAIN, st.dictionaries(KEYS, PLAIN, max_size=2))
LISTS = st.lists(ELEMENTS, max_size=3)


def _objects(depth: int = 3) -> st.SearchStrategy[dict[str, Any]]:
    values = st.one_of(st.none(), PLAIN, LISTS)
    if depth:
        values = st.one_of(values, _objects(depth - 1))
    plain = st.dictionaries(KEYS, values, max_size=4)
    added = st.dictionaries(KEYS.map(lambda key: f"+{key}"), LISTS, max_size=2)
    return st.tuples(plain, added).map(lambda two: two[0] | {k: v for k, v in two[1].items() if k[1:] not in two[0]})


OBJECTS = _objects()
CONTEXTS = st.lists(
    st.builds(
        Context,
        name=st.text("nm", min_size=1, max_size=3),
        level=st.sampled_from(LEVELS),
        weight=st.integers(0, 3),
        data=OBJECTS,
    ),
    max_size=6,
    unique_by=lambda context: context.name,
)


@given(OBJECTS)
def test_generated_data_is_accepted(data: dict[str, Any]) -> None:
    assert check(data) == []


@given(CONTEXTS, st.randoms(use_true_random=False))
def test_the_order_of_input_does_not_matter(contexts: list[Context], chance: Any) -> None:
    shuffled = list(contexts)
    chance.shuffle(shuffled)
    assert merged(contexts) == merged(shuffled)


@given(OBJECTS)
def test_merging_twice_is_merging_once(data: dict[str, Any]) -> None:
    once = merge({}, data)
    assert merge(once, data) == once


@given(OBJECTS, OBJECTS)
def test_neither_side_is_altered(below: dict[str, Any], above: dict[str, Any]) -> None:
    base = merge({}, below)
    copies = repr(base), repr(above)
    merge(base, above)
    assert (repr(base), repr(above)) == copies


@given(CONTEXTS)
def test_the_result_holds_no_marks(contexts: list[Context]) -> None:
    def clean(value: Any) -> bool:
        if isinstance(value, dict):
            return all(not key.startswith("+") and item is not None and clean(item) for key, item in value.items())
        return True

    assert clean(merged(contexts))


@given(CONTEXTS)
def test_every_leaf_is_explained_by_contexts_that_apply(contexts: list[Context]) -> None:
    names = {context.name for context in contexts}
    rebuilt: dict[str, Any] = {}
    for leaf in explain(contexts):
        assert leaf.given_by
        assert set(leaf.given_by) <= names
        parts = [part.replace("~1", "/").replace("~0", "~") for part in leaf.pointer.split("/")[1:]]
        place = rebuilt
        for part in parts[:-1]:
            place = place.setdefault(part, {})
        place[parts[-1]] = leaf.value
    assert rebuilt == merged(contexts)


@given(CONTEXTS)
def test_the_last_that_sets_a_leaf_is_the_one_named(contexts: list[Context]) -> None:
    found = {leaf.pointer: leaf for leaf in explain(contexts)}
    for key in {key for context in contexts for key in context.data if not key.startswith("+")}:
        setters = [c.name for c in in_order(contexts) if key in c.data]
        pointer = "/" + key.replace("~", "~0").replace("/", "~1")
        last = next(c for c in contexts if c.name == setters[-1]) if setters else None
        if last is None or isinstance(last.data[key], dict) or pointer not in found:
            continue
        if any(f"+{key}" in c.data for c in contexts):
            continue
        assert found[pointer].given_by == (last.name,)


def test_region_role_site_device_by_weight() -> None:
    contexts = [
        Context("device", "device", 0, {"ntp": {"servers": ["192.0.2.9"]}}),
        Context("region", "region", 9000, {"ntp": {"servers": ["192.0.2.1"], "key": 3}, "banner": "keep out"}),
        Context("late", "role", 20, {"ospf": {"hello": 2}}),
        Context("early", "role", 10, {"ospf": {"hello": 1, "dead": 4}, "+syslog": ["192.0.2.5"]}),
        Context("site", "site", 0, {"banner": None, "+syslog": ["192.0.2.6", "192.0.2.5"]}),
    ]
    assert merged(contexts) == {
        "ntp": {"servers": ["192.0.2.9"], "key": 3},
        "ospf": {"hello": 2, "dead": 4},
        "syslog": ["192.0.2.5", "192.0.2.6"],
    }
    givers = {leaf.pointer: leaf.given_by for leaf in explain(contexts)}
    assert givers == {
        "/ntp/key": ("region",),
        "/ntp/servers": ("device",),
        "/ospf/dead": ("early",),
        "/ospf/hello": ("late",),
        "/syslog": ("early", "site"),
    }


def test_true_and_one_are_two_elements() -> None:
    assert merge({"a": [1]}, {"+a": [True, 1]}) == {"a": [1, True]}


def test_a_bad_context_is_refused_with_its_place() -> None:
    wrong = check({"ntp": {"+servers": "192.0.2.1"}, "+a": [], "a": [], "": 1, "b": [None]})
    assert [place for place, _ in wrong] == ["/ntp/+servers", "/+a", "/", "/b"]


def test_what_is_nested_too_deeply_is_refused_before_anybody_goes_down() -> None:
    for data in (nested(5000), {"list": [nested(5000)]}, nested(33)):
        [(place, sentence)] = check(data)
        assert (place, sentence) == ("/", "is nested deeper than 32 levels")
    assert check(nested(32)) == []


def nested(levels: int) -> dict[str, Any]:
    """So many objects in each other."""
    data: dict[str, Any] = {}
    for _ in range(levels - 1):
        data = {"a": data}
    return data
