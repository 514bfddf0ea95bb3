"""From one FRR configuration to another: the lines to type, what is left over afterwards, and a fingerprint.

A configuration is taken as a set of lines, each with the contexts above it: FRR gives the order of lines no meaning
(lists and maps carry their own numbers). This module also runs on the router (see ``onrouter``).
"""

from __future__ import annotations

import re
from _socket import AF_INET6, inet_ntop, inet_pton  # ``socket`` itself takes 3 ms to load, ``hashlib`` another 3

from network.drivers.frr.single import identity
from network.drivers.frr.tree import Node, Path, parse

try:
    from _sha256 import sha256  # type: ignore[import-not-found, unused-ignore] # up to Python 3.11
except ImportError:
    from _sha2 import sha256  # type: ignore[import-not-found, unused-ignore] # from Python 3.12 on

__all__ = ["difference", "fingerprint", "same", "typed", "understood"]

Line = tuple[Path, str]

# Printed for reasons outside the configuration: version, defaults profile, vtysh's own file handling.
_NOISE = re.compile(r"(?:frr version \S+|frr defaults \S+|(?:no )?service integrated-vtysh-config|line vty)$")
# Contexts that exist with the equipment or with what stands in them: without lines they mean nothing.
_NOTHING_WHEN_EMPTY = re.compile(r"interface |address-family |line vty|vrf |linux main$")
# A banner keeps its spacing; elsewhere runs of spaces are one space, also in descriptions: FRR joins the words it read.
_FREE_TEXT = re.compile(r"banner ")
# Lines that FRR takes back only without their value.
_SHORT_NO = re.compile(r"(description|maximum-paths(?: ibgp)?|neighbor \S+ description|profile|domainname) ")
# Contexts that FRR does not take back as a whole, but with a line in them.
_GOES_FROM_WITHIN = {"link-params": "no enable"}
# Lines that go when what they name goes: to be told to leave a namespace ends zebra 8.4 in an assertion.
_LEFT_BY_ITSELF = re.compile(r"netns ")
# Single values that FRR does not overwrite: the old one has to go first.
_GOES_FIRST = re.compile(r"(?:ip ospf|ipv6 ospf6) area |neighbor \S+ peer-group \S|ip ospf message-digest-key ")


def understood(text: str) -> Node:
    """The tree of a configuration without what is not configuration."""
    root = parse(text)
    _clean(root)
    root.children = [child for child in root.children if not _NOISE.match(child.line)]
    return root


def _spelled(word: str) -> str:
    """An IPv6 address or prefix as FRR prints it; any other word as it is."""
    address, slash, length = word.partition("/")
    try:
        return inet_ntop(AF_INET6, inet_pton(AF_INET6, address)) + slash + length
    except OSError:
        return word


def _clean(node: Node) -> None:
    for child in node.children:
        if not _FREE_TEXT.match(child.line):
            words = child.line.split()
            if child.line.count(":") > 1 and "description" not in words:
                words = [_spelled(word) if word.count(":") > 1 else word for word in words]
            child.line = " ".join(words)
        _clean(child)
    # Several daemons print an interface's description: once is enough.
    once = {child.line: child for child in reversed(node.children)}
    kept = {id(child) for child in once.values() if not _means_nothing(child)}
    node.children = [child for child in node.children if id(child) in kept]


def _means_nothing(node: Node) -> bool:
    return node.context and not node.children and _NOTHING_WHEN_EMPTY.match(node.line) is not None


def _lines(root: Node) -> dict[Line, Node]:
    return {(path, node.line): node for path, node in root.walk()}


def fingerprint(root: Node) -> str:
    """A hash that two configurations share exactly when they hold the same lines in the same contexts."""
    flat = sorted("\x1f".join((*path, line)) for path, line in _lines(root))
    return str(sha256("\n".join(flat).encode()).hexdigest())


def same(one: Node, other: Node) -> bool:
    """Whether two configurations hold the same lines in the same contexts."""
    return _lines(one).keys() == _lines(other).keys()


def difference(have: Node, want: Node) -> tuple[list[str], list[str]]:
    """Lines that are missing, and lines that should not be there; each as ``context / line``."""
    here, there = _lines(have), _lines(want)
    missing = [" / ".join((*path, line)) for path, line in there if (path, line) not in here]
    unexpected = [" / ".join((*path, line)) for path, line in here if (path, line) not in there]
    return missing, unexpected


def typed(have: Node, want: Node) -> list[str]:
    """The lines that, typed into a router that has ``have``, make it ``want``; none when they are the same.

    First what goes, the last line first, since what comes later in a configuration leans on what comes before; then
    what comes, in order. A value that is overwritten is not removed first: the neighbour stays up, the address stays.
    """
    out: list[str] = []
    _take(have, want, (), out)
    _give(have, want, (), out)
    return out


class _Index:
    """What stands in one context, to be found at once: thousands of list entries in one context are usual."""

    def __init__(self, node: Node | None, path: Path) -> None:
        children = node.children if node is not None else []
        self._context = path[-1] if path else ""
        self._lines = {child.line: child for child in children}
        self._slots = {
            slot for c in children if not c.context and (slot := identity(self._context, c.line)) is not None
        }

    def find(self, line: str) -> Node | None:
        """The child with this line."""
        return self._lines.get(line)

    def replaces(self, line: str) -> bool:
        """Whether typing what stands here takes the place of this line."""
        if _GOES_FIRST.match(line):
            return False
        if (line[3:] if line.startswith("no ") else f"no {line}") in self._lines:
            return True
        slot = identity(self._context, line)
        return slot is not None and slot in self._slots


def _negated(line: str) -> str:
    if line.startswith("no "):
        return line[3:]
    short = _SHORT_NO.match(line)
    return f"no {short[1]}" if short else f"no {line}"


def _enter(path: Path, body: list[str], out: list[str]) -> None:
    """Put lines into their contexts."""
    if not body:
        return
    for depth, line in enumerate(path):
        out.append(" " * depth + line)
    out.extend(" " * len(path) + line for line in body)
    for depth, line in reversed(list(enumerate(path))):
        out.append(" " * depth + _closer(line))


def _closer(line: str) -> str:
    if line.startswith("address-family"):
        return "exit-address-family"
    if line == "link-params":
        return "exit-link-params"
    return "exit-vrf" if line.startswith("vrf ") else "exit"


def _take(have: Node, want: Node | None, path: Path, out: list[str]) -> None:
    """What goes."""
    body: list[str] = []
    wanted = _Index(want, path)
    # A table's tunnel goes before its BGP instance: FRR keeps an instance that has one.
    children = have.children[::-1]
    children.sort(key=lambda child: not (child.context and child.line.startswith("vrf ")))
    for child in children:
        other = wanted.find(child.line)
        if child.context and (other is not None or _NOTHING_WHEN_EMPTY.match(child.line)):
            _enter(path, body, out)
            body = []
            _take(child, other, (*path, child.line), out)
        elif other is None and child.line in _GOES_FROM_WITHIN:
            _enter((*path, child.line), [_GOES_FROM_WITHIN[child.line]], out)
        elif other is None and not wanted.replaces(child.line) and not _LEFT_BY_ITSELF.match(child.line):
            body.append(_negated(child.line))
    _enter(path, body, out)


def _give(have: Node | None, want: Node, path: Path, out: list[str]) -> None:
    """What comes."""
    body: list[str] = []
    there = _Index(have, path)
    for child in want.children:
        other = there.find(child.line)
        if child.context:
            _enter(path, body, out)
            body = []
            if other is None and not child.children:
                _enter((*path, child.line), [""], out)
            _give(other, child, (*path, child.line), out)
        elif other is None:
            body.append(child.line)
    _enter(path, body, out)
