"""Reading what a router shows: routes as text."""

from __future__ import annotations

from network.drivers.frr.observing import observe

_FOUR = """Codes: K - kernel route, C - connected, S - static, R - RIP,
       > - selected route, * - FIB route, q - queued, r - rejected, b - backup

B>  10.64.2.0/24 [200/0] via 10.255.0.2 (recursive), weight 1, 00:15:39
  *                        via 10.254.0.145, to-ag10, weight 1, 00:15:39
O   10.254.0.144/31 [110/10] is directly connected, to-ag10, weight 1, 00:20:01
C>* 10.254.0.144/31 is directly connected, to-ag10, 00:20:07
O>* 10.255.0.1/32 [110/20] via 10.254.0.145, to-ag10, weight 1, 00:15:39
  *                        via 10.254.0.147, to-ag11, weight 1, 00:15:39
S   10.99.0.0/16 [1/0] via 192.0.2.1 inactive, weight 1, 00:01:00
"""
_SIX = """C * fe80::/64 is directly connected, to-ag11, 00:20:07
O>* fd00:1715:255::1/128 [110/20] via fe80::1, to-ag10, weight 1, 00:15:39
"""


class _Router:
    def show(self, *commands: str) -> list[str]:
        return [{"show ip route": _FOUR, "show ipv6 route": _SIX}.get(command, "{}") for command in commands]


def test_routes_in_force_are_seen_and_others_are_not() -> None:
    seen = observe(_Router()).routes
    wanted = {"10.64.2.0/24", "10.254.0.144/31", "10.255.0.1/32", "fe80::/64", "fd00:1715:255::1/128"}
    assert seen == frozenset(wanted)
