"""Who may be worked on at once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from network.waves import waves_apart
from orchestrator.plan import Options

_NAMES = [f"r{n:02}" for n in range(14)]


@given(
    links=st.sets(st.tuples(st.sampled_from(_NAMES), st.sampled_from(_NAMES)), max_size=30),
    canary=st.integers(0, 3),
    share=st.integers(0, 100),
)
def test_everyone_is_in_one_wave_and_no_router_loses_two_neighbours(
    links: set[tuple[str, str]], canary: int, share: int
) -> None:
    around = {name: {b for a, b in links if a == name} | {a for a, b in links if b == name} for name in _NAMES}
    waves = waves_apart(
        {name: frozenset({name, *around[name]}) for name in _NAMES}, Options(canary=canary, share=share)
    )
    assert sorted(one for wave in waves for one in wave) == _NAMES
    for wave in waves:
        assert all(len((around[name] | {name}) & set(wave)) <= 1 for name in _NAMES)
    if canary:
        assert waves[0][0] == _NAMES[0]
        assert len(waves[0]) <= canary


def test_routers_far_apart_share_a_wave() -> None:
    chain = {f"r{n}": frozenset({f"r{n - 1}", f"r{n}", f"r{n + 1}"}) for n in range(6)}
    assert waves_apart(chain, Options(canary=0, share=100)) == [["r0", "r3"], ["r1", "r4"], ["r2", "r5"]]
