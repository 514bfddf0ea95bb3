"""The link that fills first, and when: from series that a real Prometheus was given, ninety days of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from network.errors import PrometheusAway
from network.polling.capacity import capacity_of_links
from network.polling.history import series
from tests.network.polling.fed import fed

_GIGA = 1e9
_DAYS = 60


def _load(link: str, day: int) -> float | None:
    """What a link carried: one grows by 10 Mbit/s a day, one by 2, one stands still, one was not seen for a week."""
    match link:
        case "fills-first":
            return 100e6 + 10e6 * day
        case "fills-later":
            return 100e6 + 2e6 * day
        case "stands-still":
            return 400e6
        case _:
            return None if 20 <= day < 27 else 50e6 + 5e6 * day


_LINKS = ("fills-first", "fills-later", "stands-still", "with-a-gap")


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, datetime]]:
    """Its address, and the midnight up to which it was given figures."""
    folder = tmp_path_factory.mktemp("capacity")
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    begin = midnight - timedelta(days=_DAYS)
    lines = ["# TYPE irisplane:link_bits_per_second gauge"]
    for link in _LINKS:
        for day in range(_DAYS):
            value = _load(link, day)
            if value is not None:
                at = int((begin + timedelta(days=day, hours=12)).timestamp())
                lines.append(f'irisplane:link_bits_per_second{{link="{link}"}} {value:.0f} {at}')
    lines.append("# TYPE irisplane:link_capacity_bits gauge")
    for link in _LINKS:
        for minutes in (3, 2, 1):
            at = int((midnight - timedelta(minutes=minutes)).timestamp())
            lines.append(f'irisplane:link_capacity_bits{{link="{link}"}} {_GIGA:.0f} {at}')
    with fed(folder, lines) as url:
        yield url, midnight


def test_the_link_that_fills_first_is_named_with_the_day(prometheus: tuple[str, datetime]) -> None:
    url, midnight = prometheus
    found = capacity_of_links(midnight, url=url)
    first = found[0]
    assert first.link == "fills-first"
    # yesterday it carried 100 + 59 * 10 = 690 of 1,000 Mbit/s: 31 days are left
    assert first.busy == pytest.approx(690e6, rel=0.001)
    assert first.share == pytest.approx(0.69, rel=0.001)
    assert first.course.outlook == "dated"
    assert first.course.per_day == pytest.approx(10e6, rel=0.001)
    assert first.course.on == midnight.date() + timedelta(days=31)
    assert first.course.fit == pytest.approx(1.0)


def test_the_others_come_after_it_in_the_order_in_which_they_are_full(prometheus: tuple[str, datetime]) -> None:
    url, midnight = prometheus
    found = {one.link: one for one in capacity_of_links(midnight, url=url)}
    assert list(found) == ["fills-first", "with-a-gap", "fills-later", "stands-still"]
    assert found["fills-later"].course.on == midnight.date() + timedelta(days=391)
    assert found["stands-still"].course.outlook == "steady"
    assert found["stands-still"].course.on is None


def test_days_of_which_nothing_is_known_are_not_made_up(prometheus: tuple[str, datetime]) -> None:
    url, midnight = prometheus
    one = next(one for one in capacity_of_links(midnight, url=url) if one.link == "with-a-gap")
    known = {point.day for point in one.past}
    begin = (midnight - timedelta(days=_DAYS)).date()
    assert not known & {begin + timedelta(days=day) for day in range(20, 27)}
    assert len(known) == _DAYS - 7
    assert one.now is None, "what it carries now nobody has told"
    week = series(f'irisplane:link_bits_per_second{{link="{one.link}"}}', midnight - timedelta(days=_DAYS - 20),
                  midnight - timedelta(days=_DAYS - 26), timedelta(hours=1), url=url)  # fmt: skip
    assert all(value is None for each in week for _, value in each.points)


def test_too_little_history_gives_no_date(prometheus: tuple[str, datetime]) -> None:
    url, midnight = prometheus
    early = capacity_of_links(midnight - timedelta(days=_DAYS - 10), url=url)
    assert {one.course.outlook for one in early} <= {"too-little-history", "no-capacity"}
    assert all(one.course.on is None for one in early)


def test_nobody_there_is_an_error_and_not_an_empty_report() -> None:
    with pytest.raises(PrometheusAway):
        capacity_of_links(datetime.now(UTC), url="http://127.0.0.1:9")
