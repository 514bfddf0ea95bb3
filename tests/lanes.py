"""Which tests must not run beside each other? ``make test`` runs some at once, as all of them mostly wait.

There is one lab of routers with its hosts, one whole region, one cloud without machines, one with them: what uses one
of them stays together, in the order in which it always ran. Everything else is dealt out by module, as a module
prepares what it needs once; lanes begin first and modules fill up, so that all end together.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Final

import pytest
from xdist.scheduler import LoadScopeScheduling

__all__ = ["Lanes", "ends", "in_order"]

_LANES: Final = {
    "routers": (
        "tests/lab/test_routers", "tests/network/changes/", "tests/network/drivers/test_ansible_",
        "tests/network/drivers/test_frr_", "tests/network/parse/test_real_", "tests/network/plays/",
        "tests/network/render/test_frr_real", "tests/playbooks/",
    ),
    "cloud": ("tests/datacenter/", "tests/lab/test_cloud_fa"),
    "region": ("tests/region/",),
    "machines": ("tests/hosting_story/", "tests/lab/test_cloud_qemu"),
}  # fmt: skip
_LONGEST: Final = tuple(_LANES)
_BELONGS: Final = {"lab": {"routers", "region"}, "cloud": {"cloud", "machines"}}
_OF_ROUTERS: Final = {"lab", "played"}
"""Fixtures of what is marked ``lab`` as a region is, and is not in a region's lane."""


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
            if item.get_closest_marker(marker):
                used = set(getattr(item, "fixturenames", ()))
                wanted = {"routers"} if marker == "lab" and used & _OF_ROUTERS else lanes
                if _lane(item.nodeid) not in wanted:
                    raise pytest.UsageError(f"{item.nodeid} is marked {marker}: its file belongs into tests/lanes.py.")
    return sorted(found, key=lambda item: [_lane(item.nodeid) != lane for lane in _LONGEST])


def ends(item: pytest.Item, following: pytest.Item | None) -> bool:
    """Whether a lane is over with this test: what was brought up for it would only take from what follows."""
    lane = _lane(item.nodeid)
    dealt_out = "PYTEST_XDIST_WORKER" in os.environ
    return dealt_out and following is not None and lane in _LANES and _lane(following.nodeid) != lane


def _lane(nodeid: str) -> str:
    return next((lane for lane, paths in _LANES.items() if nodeid.startswith(paths)), nodeid.partition("::")[0])
