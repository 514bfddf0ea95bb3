"""A source that cannot be read leaves a gap, never a zero; and is metered from where it was when it answers again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.settings import get_settings
from datacenter.hosting import cloud as connections
from datacenter.hosting.errors import CloudSilent
from datacenter.hosting.metering import collecting
from datacenter.hosting.metering.held import Held, Window
from datacenter.hosting.metering.nova import Nova
from datacenter.hosting.pricing import QUARTER, quarter_of
from tests.datacenter.metering.conftest import SMALL, Meters

CLOUDS = """
clouds:
  dead:
    auth: {auth_url: "http://127.0.0.1:9/v3", username: u, password: p, project_name: p, user_domain_id: default,
           project_domain_id: default}
"""


@pytest.fixture
def dead_cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A cloud at whose address nobody listens."""
    file = tmp_path / "clouds.yaml"
    file.write_text(CLOUDS)
    monkeypatch.setenv("IRISPLANE_CLOUDS_FILE", str(file))
    monkeypatch.setenv("IRISPLANE_CLOUD_NAME", "dead")
    get_settings.cache_clear()
    yield
    connections.forget()
    get_settings.cache_clear()


def test_a_nova_that_does_not_answer_leaves_a_gap_that_grows(meters: Meters, dead_cloud: None) -> None:
    now = quarter_of(datetime.now(UTC))
    collecting.meter(meters.database, Nova(), now)
    assert meters.sql("select from metering_mark") == [], "before the first look nothing is missing"
    meters.sql("insert into metering_mark values ('nova', :at)", at=now - 4 * QUARTER)
    for until in (now - 2 * QUARTER, now):
        assert collecting.meter(meters.database, Nova(), until) is False
    (gap,) = meters.sql("select lower(held) as begins, upper(held) as ends, reason, closed_at from metering_gap")
    assert (gap.begins, gap.ends, gap.closed_at) == (now - 4 * QUARTER, now, None)
    assert "Reading" in gap.reason
    assert meters.sql("select from usage") == []
    assert meters.sql("select metered_until from metering_mark")[0][0] == now - 4 * QUARTER


def test_where_no_cloud_is_set_up_nothing_is_metered_and_nothing_is_missing(
    meters: Meters, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("IRISPLANE_CLOUDS_FILE", str(tmp_path / "none.yaml"))
    get_settings.cache_clear()
    collecting.meter_due(meters.database)
    get_settings.cache_clear()
    assert meters.sql("select from metering_mark") == meters.sql("select from metering_gap") == []


class Again:
    """Answers when it is told to: the real sources are met in test_real_cloud."""

    name = Nova.name
    remembers = True

    def __init__(self, *found: Held) -> None:
        self.found, self.silent = found, True

    def held(self, window: Window) -> tuple[Held, ...]:
        if self.silent:
            raise CloudSilent("Reading usage: the cloud gave no answer.")
        return self.found


def test_a_gap_closes_when_what_was_missing_is_metered(meters: Meters) -> None:
    now = quarter_of(datetime.now(UTC))
    source = Again(meters.server(now - 9 * QUARTER))
    meters.sql("insert into metering_mark values ('nova', :at)", at=now - 4 * QUARTER)
    collecting.meter(meters.database, source, now)
    assert meters.amount() == 0
    assert len(meters.sql("select from metering_gap where closed_at is null")) == 1
    source.silent = False
    collecting.meter(meters.database, source, now)
    assert meters.sql("select from metering_gap where closed_at is null") == []
    assert meters.amount() == 4 * SMALL


def test_after_a_long_silence_a_day_is_metered_at_a_time(meters: Meters) -> None:
    now = quarter_of(datetime.now(UTC))
    source = Again(meters.server(now - 300 * QUARTER))
    meters.sql("insert into metering_mark values ('nova', :at)", at=now - 200 * QUARTER)
    collecting.meter(meters.database, source, now)
    source.silent = False
    turns = 1
    while collecting.meter(meters.database, source, now):
        turns += 1
        assert len(meters.sql("select from metering_gap where closed_at is null")) == 1
    assert turns == 3
    assert meters.sql("select from metering_gap where closed_at is null") == []
    assert meters.amount() == 200 * SMALL
