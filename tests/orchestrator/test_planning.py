"""Kinds by name, batches, timers, options: what a plan is made of before anybody reads it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.domain import Domain
from core.errors import Unexpected
from core.ids import uuid7
from orchestrator.engine import ChangeRequest
from orchestrator.errors import UnknownKind
from orchestrator.plan import Options, Target
from orchestrator.planning import batches_of, timer_for
from orchestrator.registry import Registry
from tests.orchestrator.conftest import Push

options = st.builds(
    Options, atomic=st.booleans(), canary=st.integers(0, 5), share=st.integers(0, 100), concurrency=st.integers(1, 50)
)


@given(st.integers(0, 70), options)
def test_every_target_is_in_one_batch_and_the_order_is_kept(count: int, given_options: Options) -> None:
    targets = tuple(Target(f"device:{number}", str(number), "", "") for number in range(count))
    batches = batches_of(targets, given_options)
    assert [target for batch in batches for target in batch] == [target.id for target in targets]
    assert all(batches)
    assert len(batches) <= (1 if given_options.atomic else 3)
    if not given_options.atomic and 0 < given_options.canary < count:
        assert len(batches[0]) == given_options.canary
    assert timer_for(given_options, batches, {}) > timer_for(given_options, (), {}) or not batches


def test_a_kind_that_verifies_long_gets_a_longer_timer() -> None:
    batches = (("device:1",),)
    assert timer_for(Options(), batches, {"verify_seconds": 300}) == timer_for(Options(), batches, {}) + 270


@pytest.mark.parametrize("wrong", [{"canary": -1}, {"share": 101}, {"timer": 1}, {"concurrency": 0}])
def test_options_out_of_bounds_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        ChangeRequest(kind="k", reason="r", options=Options(**wrong))  # type: ignore[arg-type]  # wrong on purpose


def test_kinds_are_loaded_when_first_asked_for_and_belong_to_their_registry() -> None:
    here = Domain(name="test", kinds=("tests.orchestrator.conftest:Push", "tests.orchestrator.conftest:Rows"))
    registry = Registry((here,))
    assert list(registry.kinds()) == ["inventory.rows", "network.push"]
    with pytest.raises(UnknownKind, match=r"inventory\.rows, network\.push"):
        registry.get("network.nope")
    with pytest.raises(UnknownKind, match="none"):
        Registry().get("network.push")
    with pytest.raises(Unexpected):
        Registry((Domain(name="test", kinds=("tests.orchestrator.conftest:Stage",)),)).kinds()


def test_two_kinds_of_one_name_are_a_defect() -> None:
    class Other(Push):
        """The same name again."""

    registry = Registry()
    registry.add(Push())
    with pytest.raises(Unexpected, match=r"network\.push"):
        registry.add(Other())


def test_ids_grow_and_carry_the_time() -> None:
    made = [uuid7() for _ in range(5000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert {one.version for one in made} == {7}
