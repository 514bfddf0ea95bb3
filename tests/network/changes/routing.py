"""Does routing know every router again, after links and power have gone and come?"""

from __future__ import annotations

import time

from tests.lab.running import eventually
from tests.network.changes.small_region import SmallRegion

__all__ = ["known_again"]


def known_again(small: SmallRegion, router: str) -> None:
    """Wait until a router reaches every other and is reached; FRR's ospf6d may have to be told once more of it
    (network/changes/telling.py has the story)."""
    loopbacks = [f"fd00:1715:255::{number}" for number in range(1, len(small.lab.topology.routers) + 1)]
    loopbacks += [f"10.255.0.{number}" for number in range(1, len(small.lab.topology.routers) + 1)]

    def reached() -> bool:
        said = small.lab.console(
            router, "sh", "-c", "; ".join(f"ping -c1 -W1 {one} >/dev/null && echo reached" for one in loopbacks)
        )
        return said.count("reached") == len(loopbacks)

    for _ in range(3):
        try:
            eventually(reached, 60, "every loopback answers")
        except AssertionError:
            _tell_again(small, router)
        else:
            return
    eventually(reached, 60, "every loopback answers after it was told of again")


def _tell_again(small: SmallRegion, router: str) -> None:
    """Another cost of its links, and back: what the router says of itself goes round anew."""
    interface = ""
    costs: dict[str, str] = {}
    for line in small.running(router).splitlines():
        if line.startswith("interface "):
            interface = line.split()[1]
        elif line.startswith(" ipv6 ospf6 area"):
            costs.setdefault(interface, "no ipv6 ospf6 cost")
        elif line.startswith(" ipv6 ospf6 cost"):
            costs[interface] = line.strip()
    for words in (dict.fromkeys(costs, "ipv6 ospf6 cost 777"), costs):
        typed = [word for one, said in words.items() for word in ("-c", f"interface {one}", "-c", said, "-c", "exit")]
        small.lab.console(router, "vtysh", "-c", "configure terminal", *typed)
        time.sleep(2)
