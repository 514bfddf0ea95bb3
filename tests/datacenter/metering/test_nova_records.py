"""What Nova's records of a server say about when it was off; written as Nova 34 answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datacenter.hosting.metering.asking import instant
from datacenter.hosting.metering.nova import off_between

BEGUN = datetime(2026, 6, 2, 10, tzinfo=UTC)


def action(name: str, minute: int, took: int = 0) -> dict[str, Any]:
    def written(at: int) -> str:
        return f"{BEGUN + timedelta(minutes=at):%Y-%m-%dT%H:%M:%S}.000000"

    return {"action": name, "start_time": written(minute), "updated_at": written(minute + took), "message": None}


def spans(*actions: dict[str, Any]) -> list[tuple[int, int | None]]:
    """Minutes from ``BEGUN``."""
    return [
        (int((a - BEGUN).total_seconds() // 60), None if b is None else int((b - BEGUN).total_seconds() // 60))
        for a, b in off_between(actions)
    ]


@pytest.mark.parametrize(
    ("actions", "off"),
    [
        ([action("create", 0, 1)], []),
        ([action("create", 0, 1), action("stop", 5, 1), action("start", 20, 1)], [(6, 20)]),
        ([action("create", 0, 1), action("stop", 5, 1)], [(6, None)]),
        ([action("create", 0), action("stop", 5), action("stop", 7), action("start", 9)], [(5, 9)]),
        ([action("create", 0), action("stop", 5), action("resize", 6), action("start", 9)], [(5, 9)]),
        ([action("create", 0), action("suspend", 5), action("resume", 9), action("stop", 11)], [(5, 9), (11, None)]),
        ([action("create", 0), action("shelve", 5, 2), action("unshelve", 30, 1)], [(7, 30)]),
        ([action("create", 0), action("start", 3), action("reboot", 4)], []),
    ],
)
def test_a_server_is_off_from_the_end_of_a_stop_to_the_beginning_of_a_start(
    actions: list[dict[str, Any]], off: list[tuple[int, int | None]]
) -> None:
    assert spans(*actions) == off


@given(st.lists(st.sampled_from(["stop", "start", "reboot", "suspend", "resume", "resize", "pause"]), max_size=12))
def test_spans_never_overlap_and_only_the_last_is_open(names: list[str]) -> None:
    found = spans(action("create", 0), *(action(name, 10 * (number + 1), 3) for number, name in enumerate(names)))
    ends = [end for _, end in found]
    assert None not in ends[:-1]
    flat = [moment for span in found for moment in span if moment is not None]
    assert flat == sorted(flat)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-06-02T10:00:00.000000", BEGUN),
        ("2026-06-02T10:00:00Z", BEGUN),
        ("2026-06-02T12:00:00+02:00", BEGUN),
        (None, None),
        ("", None),
    ],
)
def test_times_of_the_services_are_utc(written: str | None, meant: datetime | None) -> None:
    assert instant(written) == meant
