"""Which lines of an FRR configuration set one value, and which negations the router keeps: what merge and delta share.

This module also runs on the router (see ``onrouter``).
"""

from __future__ import annotations

import re

__all__ = ["KEPT_NO", "identity"]


def _one_of(*words: str) -> re.Pattern[str]:
    return re.compile("|".join(words))


# (context, line) → the words that identify a single value; a later line with the same words replaces the earlier one.
_SINGLE: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("", _one_of(
        r"hostname|domainname|(?:ip|ipv6) router-id|router-id|banner motd|log (?:file|syslog|stdout|facility)",
        r"(?:ip|ipv6) prefix-list \S+ (?:seq \d+|description)|access-list \S+ seq \d+",
        r"(?:ip|ipv6) nht resolve-via-default",
    )),
    ("interface", _one_of(
        r"description|bandwidth",
        r"ip ospf (?:area|cost|hello-interval|dead-interval|priority|network|retransmit-interval|transmit-delay"
        r"|authentication-key|authentication)(?! null)",
        r"ip ospf message-digest-key \d+",
        r"ipv6 ospf6 (?:area|cost|hello-interval|dead-interval|priority|network|retransmit-interval|transmit-delay"
        r"|instance-id|ifmtu)",
    )),
    ("router ospf", _one_of(
        r"ospf6? router-id|auto-cost reference-bandwidth|timers throttle spf|maximum-paths|distance",
        r"default-information originate|log-adjacency-changes|redistribute \S+|default-metric",
    )),
    ("router bgp", _one_of(
        r"bgp (?:router-id|cluster-id)|timers bgp|bgp graceful-restart \S+",
        r"neighbor \S+ (?:remote-as|description|update-source|timers connect|timers(?! connect)|ebgp-multihop|password"
        r"|local-as|peer-group(?= \S))",
    )),
    ("address-family", _one_of(
        r"neighbor \S+ (?:maximum-prefix|weight|allowas-in|default-originate)|maximum-paths(?: ibgp)?",
        r"redistribute \S+|distance bgp|network \S+",
    )),
    ("route-map", _one_of(
        r"description|call|on-match|match (?:ip|ipv6) address prefix-list|match \S+|set (?:ip|ipv6) next-hop|set \S+",
    )),
    ("vrf", _one_of(r"vni|rd")),
)  # fmt: skip
# Single values whose last word belongs to what identifies them: ``neighbor X route-map NAME in``.
_DIRECTED = re.compile(r"neighbor (\S+) (route-map|prefix-list|distribute-list|filter-list) \S+ (in|out)$")
# Negations that the router keeps and prints, because the default is on.
KEPT_NO = re.compile(
    r"no (?:bgp (?:default ipv4-unicast|ebgp-requires-policy|network import-check|suppress-duplicates|enforce-first-as)"
    r"|(?:ip|ipv6) forwarding|neighbor \S+ (?:activate|send-community)|service password-encryption|ip ospf passive)"
)


def identity(context: str, line: str) -> str | None:
    """The words of a single value, or ``None`` for a line that may stand many times.

    Args:
        context: the line that opens the innermost context; empty at the top.
    """
    if directed := _DIRECTED.match(line):
        return " ".join(directed.groups())
    for start, pattern in _SINGLE:
        applies = context == "" if start == "" else context.startswith(start)
        if applies and (found := pattern.match(line)) and (found.end() == len(line) or line[found.end()] == " "):
            return found.group()
    return None
