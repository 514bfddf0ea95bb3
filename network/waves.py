"""Which routers may be worked on at the same time: none that are neighbours, and none that share a neighbour.

So every router has at most one neighbour in a wave, and what stood on two legs stands on one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from orchestrator.plan import Options

__all__ = ["waves_apart"]


def waves_apart(neighbours: Mapping[str, frozenset[str]], options: Options) -> list[list[str]]:
    """Waves of canary, share and rest, in the order given.

    Args:
        neighbours: by id, names of the neighbours and of the router itself: two that share one are kept apart.
    """
    ids = list(neighbours)
    canary = min(max(options.canary, 0), len(ids))
    share = math.ceil((len(ids) - canary) * min(max(options.share, 0), 100) / 100)
    parts = (ids[:canary], ids[canary : canary + share], ids[canary + share :])
    return [wave for part in parts for wave in _apart(part, neighbours)]


def _apart(ids: Sequence[str], neighbours: Mapping[str, frozenset[str]]) -> list[list[str]]:
    waves: list[tuple[list[str], set[str]]] = []
    for one in ids:
        mine = neighbours[one]
        for wave, taken in waves:
            if not taken & mine:
                wave.append(one)
                taken.update(mine)
                break
        else:
            waves.append(([one], set(mine)))
    return [wave for wave, _ in waves]
