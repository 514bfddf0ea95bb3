"""What a configuration becomes when an engineer's lines are typed into it: ``merge(base, snippet)``.

The router would do the same when the lines are entered one by one: a line that sets a single value takes the place of the
one before, ``no …`` removes, everything else is added. So the exact text after a push is known before it is made, and the
push is a replace whose result can be compared line by line. Where a spelling is not the router's own (an unnumbered
prefix-list entry), it is put as the router would print it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from network.drivers.frr.tree import Node, Path, dump, parse

__all__ = ["Merged", "merge"]

# (context, line) → the words that identify a single value; a later line with the same words replaces the earlier one.
_SINGLE: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("", re.compile(r"hostname|domainname|(?:ip|ipv6) router-id|router-id|banner motd|log (?:file|syslog|stdout|facility)|"
                    r"(?:ip|ipv6) prefix-list \S+ (?:seq \d+|description)|access-list \S+ seq \d+|(?:ip|ipv6) nht resolve-via-default")),
    ("interface", re.compile(r"description|bandwidth|ip ospf (?:area|cost|hello-interval|dead-interval|priority|network|"
                             r"retransmit-interval|transmit-delay|authentication-key|authentication)(?! null)|"
                             r"ip ospf message-digest-key \d+|ipv6 ospf6 (?:area|cost|hello-interval|dead-interval|"
                             r"priority|network|retransmit-interval|transmit-delay|instance-id|ifmtu)")),
    ("router ospf", re.compile(r"ospf6? router-id|auto-cost reference-bandwidth|timers throttle spf|maximum-paths|distance"
                               r"|default-information originate|log-adjacency-changes|redistribute \S+|default-metric")),
    ("router ospf6", re.compile(r"ospf6 router-id|auto-cost reference-bandwidth|timers throttle spf|maximum-paths"
                                r"|log-adjacency-changes|redistribute \S+")),
    ("router bgp", re.compile(r"bgp (?:router-id|cluster-id)|timers bgp|neighbor \S+ (?:remote-as|description|"
                              r"update-source|timers connect|timers(?! connect)|ebgp-multihop|password|local-as|peer-group(?= \S))|"
                              r"bgp graceful-restart \S+")),
    ("address-family", re.compile(r"neighbor \S+ (?:maximum-prefix|weight|allowas-in|default-originate)|maximum-paths(?: ibgp)?"
                                  r"|redistribute \S+|distance bgp|network \S+")),
    ("route-map", re.compile(r"description|call|on-match|match (?:ip|ipv6) address prefix-list|match \S+|set (?:ip|ipv6) next-hop"
                             r"|set \S+")),
    ("vrf", re.compile(r"vni|rd")),
)  # fmt: skip
# Single values whose last word belongs to what identifies them: ``neighbor X route-map NAME in``.
_DIRECTED = re.compile(r"neighbor (\S+) (route-map|prefix-list|distribute-list|filter-list) \S+ (in|out)$")
# Negations that the router keeps and prints, because the default is on.
_KEPT_NO = re.compile(
    r"no (?:bgp (?:default ipv4-unicast|ebgp-requires-policy|network import-check|suppress-duplicates|enforce-first-as)"
    r"|(?:ip|ipv6) forwarding|neighbor \S+ (?:activate|send-community)|service password-encryption|ip ospf passive)"
)
_UNNUMBERED = re.compile(r"((?:(?:ip|ipv6) prefix-list|(?:ipv6 )?access-list) \S+) (permit|deny) ")


@dataclass(frozen=True, slots=True)
class Merged:
    """The text after the merge, and ``no …`` lines that found nothing to remove (worth telling the engineer)."""

    text: str
    without_effect: tuple[str, ...]


def merge(base: str, snippet: str) -> Merged:
    """Type ``snippet`` into ``base``.

    Both in FRR's grammar; the snippet may be flat or indented. Pure: the same input gives the same text.
    """
    root = parse(base)
    idle: list[str] = []
    _merge_into(root, parse(snippet), (), idle)
    return Merged(dump(root), tuple(idle))


def _merge_into(into: Node, lines: Node, path: Path, idle: list[str]) -> None:
    for node in lines.children:
        if node.context:
            found = into.child(node.line)
            if found is None:
                found = Node(node.line, context=True)
                into.children.append(found)
            _merge_into(found, node, (*path, node.line), idle)
        elif node.line.startswith("no "):
            _remove(into, node.line, idle, path)
        else:
            _add(into, _numbered(into, node.line), path)


def _remove(into: Node, line: str, idle: list[str], path: Path) -> None:
    positive = line.removeprefix("no ")
    before = len(into.children)
    into.children[:] = [c for c in into.children if not _starts(c.line, positive)]
    if _KEPT_NO.match(line):
        if all(child.line != line for child in into.children):
            into.children.append(Node(line))
    elif len(into.children) == before:
        idle.append(" / ".join((*path, line)))


def _starts(line: str, start: str) -> bool:
    return line == start or line.startswith(start + " ")


def _add(into: Node, line: str, path: Path) -> None:
    identity = _identity(path[-1] if path else "", line)
    kept_no = f"no {line}"
    for place, child in enumerate(into.children):
        if child.line == line:
            return
        if not child.context and (
            child.line == kept_no
            or (identity is not None and _identity(path[-1] if path else "", child.line) == identity)
        ):
            into.children[place] = Node(line)
            return
    into.children.append(Node(line))


def _identity(context: str, line: str) -> str | None:
    """The words of a single value, or ``None`` for a line that may stand many times."""
    if directed := _DIRECTED.match(line):
        return " ".join(directed.groups())
    for start, pattern in _SINGLE:
        applies = context == "" if start == "" else context.startswith(start)
        if applies and (found := pattern.match(line)) and (found.end() == len(line) or line[found.end()] == " "):
            return found.group()
    return None


def _numbered(into: Node, line: str) -> str:
    """Give an unnumbered list entry the number that the router would: five past the highest."""
    found = _UNNUMBERED.match(line)
    if found is None:
        return line
    name, action = found.groups()
    rest = line[found.end() :]
    highest = 0
    for child in into.children:
        numbered = re.match(rf"{re.escape(name)} seq (\d+) (.*)", child.line)
        if numbered:
            if numbered.group(2) == f"{action} {rest}":
                return child.line
            highest = max(highest, int(numbered.group(1)))
    return f"{name} seq {highest + 5} {action} {rest}"
