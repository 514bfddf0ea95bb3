"""Which tests must not run beside each other? ``make test`` runs two lanes at once, as both mostly wait.

There is one lab of routers, one cloud without machines, one with them: what uses one of them stays together, in the
order in which it always ran. Everything else is dealt out by module, as a module prepares what it needs once.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import pytest
from xdist.scheduler import LoadScopeScheduling

__all__ = ["Lanes", "in_order"]

_LANES: Final = {
    "routers": ("tests/lab/test_routers", "tests/network/", "tests/playbooks/", "tests/region/"),
    "cloud": ("tests/datacenter/", "tests/lab/test_cloud_fa"),
    "machines": ("tests/hosting_story/", "tests/lab/test_cloud_qemu"),
}
_LONGEST: Final = tuple(_LANES)
_BELONGS: Final = {"lab": {"routers"}, "cloud": {"cloud", "machines"}}


class Lanes(LoadScopeScheduling):  # type: ignore[misc] # xdist has no types
    """Deals out a lane, or a module that stands in none, as one piece."""

    def _split_scope(self, nodeid: str) -> str:
        return _lane(nodeid)


def in_order(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """The tests with the longest lanes first, so that none of them begins last.

    Raises:
        pytest.UsageError: a test asks for routers or a cloud, and is in a lane that has none.
    """
    found = list(items)
    for item in found:
        for marker, lanes in _BELONGS.items():
            if item.get_closest_marker(marker) and _lane(item.nodeid) not in lanes:
                raise pytest.UsageError(f"{item.nodeid} is marked {marker}: its file belongs into tests/lanes.py.")
    return sorted(found, key=lambda item: [_lane(item.nodeid) != lane for lane in _LONGEST])


def _lane(nodeid: str) -> str:
    return next((lane for lane, paths in _LANES.items() if nodeid.startswith(paths)), nodeid.partition("::")[0])
