"""FRR configuration text as a tree of contexts, and back: the one parser that driver, renderer and drift share.

Two styles are read: indented (what ``show running-config`` prints; also before FRR 8, without ``exit``) and flat
(what people type). Nothing is judged here: an unknown line is a line, an unknown line with deeper lines below it is a
context.

This module also runs on the router (see ``onrouter``): it keeps to what starts fast there, so no ``dataclasses``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["Node", "Path", "dump", "parse"]

Path = tuple[str, ...]

# Lines that open a context wherever they stand at the top.
_OPENS_TOP = re.compile(
    r"(?:interface \S|vrf \S|router (?!-id)\S|route-map \S+ (?:permit|deny) \d+|key chain \S|line vty|bfd$|pbr-map \S"
    r"|nexthop-group \S|segment-routing$|mpls ldp$|l2vpn \S|pseudowire \S|rpki$|affinity-map$|vnc \S|evpn mh$"
    r"|linux (?:main$|namespace \S))"  # the Linux half, see halves.py
)
# Lines that open a context inside another, by the first word or two of that other.
_OPENS_BELOW: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("router bgp", re.compile(r"(?:address-family \S|vrf-policy \S|vnc \S|segment-routing srv6$|bmp targets \S)")),
    ("router isis", re.compile(r"segment-routing srv6$")),
    ("router", re.compile(r"address-family \S")),
    ("address-family l2vpn evpn", re.compile(r"vni \d+$")),
    ("address-family", re.compile(r"interface \S+$")),
    ("key chain", re.compile(r"key \d+$")),
    ("bfd", re.compile(r"(?:peer|profile) \S")),
    ("mpls ldp", re.compile(r"address-family \S")),
    ("l2vpn", re.compile(r"member pseudowire \S")),
    ("interface", re.compile(r"link-params$")),
    ("segment-routing", re.compile(r"(?:traffic-eng|srv6)$")),
    ("traffic-eng", re.compile(r"(?:segment-list|policy|pcep) ?\S*")),
    ("srv6", re.compile(r"locators?$|locator \S")),
    ("locators", re.compile(r"locator \S")),
)
# A line that means nothing inside an open flat context, so it ends one.
_ONLY_TOP = re.compile(
    r"(?:hostname|log|service|password|enable|frr|access-list|(?:ip|ipv6) (?:prefix-list|access-list|forwarding|nht"
    r"|import-table|protocol)|(?:ip|ipv6) route|bgp (?:as-path|community-list|extcommunity-list|large-community-list)"
    r"|debug|agentx|banner|username|domainname|zebra|ip router-id|router-id|end)(?= |$)"
)
_CLOSERS = frozenset(
    ("exit", "exit-address-family", "exit-vrf", "exit-vni", "exit-vrf-policy", "exit-link-params", "quit")
)


class Node:
    """One line and what stands below it; the root has an empty line.

    ``context`` is true when the line opens a context, even an empty one (``route-map X permit 20``).
    """

    __slots__ = ("children", "context", "line")
    __hash__ = None  # type: ignore[assignment] # equal by value and alterable, so not to be hashed

    def __init__(self, line: str, children: list[Node] | None = None, context: bool = False) -> None:  # noqa: FBT001, FBT002 - a field, as in the dataclass it would be
        self.line = line
        self.children = [] if children is None else children
        self.context = context

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Node):
            return NotImplemented
        return (self.line, self.children, self.context) == (other.line, other.children, other.context)

    def __repr__(self) -> str:
        return f"Node({self.line!r}, {self.children!r}, context={self.context})"

    def child(self, line: str) -> Node | None:
        """The context with exactly this line, if there is one."""
        return next((node for node in self.children if node.line == line and node.context), None)

    def walk(self, above: Path = ()) -> Iterator[tuple[Path, Node]]:
        """Every node below this one, depth first, with the path of contexts above it."""
        for node in self.children:
            yield above, node
            yield from node.walk((*above, node.line))


class _Open:
    """A context that is being read; ``flat`` is unknown until the first line inside shows its style."""

    __slots__ = ("flat", "indent", "node")

    def __init__(self, node: Node, indent: int, *, flat: bool | None) -> None:
        self.node = node
        self.indent = indent
        self.flat = flat


def _opens(parent: Node, line: str) -> bool:
    if not parent.line:
        return _OPENS_TOP.match(line) is not None
    return any(parent.line.startswith(start) and pattern.match(line) for start, pattern in _OPENS_BELOW)


def _close_for(stack: list[_Open], indent: int, line: str) -> None:
    """Leave the contexts that this line cannot belong to."""
    while len(stack) > 1:
        top = stack[-1]
        if top.flat is None:
            top.flat = indent <= top.indent
        if not top.flat:
            if indent > top.indent:
                return
            stack.pop()
            continue
        in_vrf = top.node.line.startswith("vrf ") and re.match(r"(?:ip|ipv6) route\b", line)
        parent = stack[-2].node
        ends = _OPENS_TOP.match(line) if not parent.line else _opens(parent, line)
        if _opens(top.node, line) or not (ends or (_ONLY_TOP.match(line) and not in_vrf)):
            return
        stack.pop()


def _exit(stack: list[_Open], indent: int, closer: str) -> None:
    """``exit`` closes the innermost context at its indentation; the named closers look for their own."""
    if closer == "exit-address-family":
        wanted = [o for o in stack[1:] if o.node.line.startswith("address-family")]
    elif closer == "exit-vrf":
        wanted = [o for o in stack[1:] if o.node.line.startswith("vrf ")]
    else:
        wanted = [o for o in stack[1:] if o.flat is not False or o.indent == indent] or stack[1:]
    if wanted:
        del stack[stack.index(wanted[-1]) :]


def parse(text: str) -> Node:
    """The tree of a configuration; comments, blank lines, headings and closers are gone.

    The same context opened twice becomes one. Lines keep their inner spacing, lose what surrounds them.
    """
    root = Node("", context=True)
    known_contexts: dict[tuple[int, str], Node] = {}
    stack = [_Open(root, -1, flat=False)]
    for raw in text.splitlines():
        body = raw.strip()
        if not body or body[0] in "!#" or body in ("Building configuration...", "Current configuration:"):
            continue
        indent = len(raw) - len(raw.lstrip())
        if body in _CLOSERS:
            _exit(stack, indent, body)
            continue
        if body == "end" and indent == 0:
            del stack[1:]
            continue
        _close_for(stack, indent, body)
        parent = stack[-1].node
        known = _opens(parent, body)
        node = known_contexts.get((id(parent), body)) if known else None
        if node is None:
            node = Node(body, context=known)
            parent.children.append(node)
        if known:
            known_contexts[id(parent), body] = node
            stack.append(_Open(node, indent, flat=None))
        else:
            _remember_unknown(stack, node, indent)
    _mark(root)
    return root


def _remember_unknown(stack: list[_Open], node: Node, indent: int) -> None:
    """An unknown line may turn out a context: whatever is deeper than it, by indentation, stands below it."""
    if stack[-1].flat is not True:
        stack.append(_Open(node, indent, flat=False))


def _mark(node: Node) -> None:
    for child in node.children:
        child.context = child.context or bool(child.children)
        _mark(child)


def _closer(line: str) -> str:
    first, _, rest = line.partition(" ")
    if first == "vrf":
        return "exit-vrf"
    if first == "address-family":
        return "exit-address-family"
    if first == "vni" and rest.isdigit():
        return "exit-vni"
    return {"vrf-policy": "exit-vrf-policy", "link-params": "exit-link-params"}.get(first, "exit")


def _dump(node: Node, depth: int, out: list[str]) -> None:
    pad = " " * depth
    for child in node.children:
        if child.context and child.line.startswith("address-family"):
            out.append(f"{pad}!")
        out.append(pad + child.line)
        if child.context:
            _dump(child, depth + 1, out)
            out.append(pad + _closer(child.line))


def dump(root: Node) -> str:
    """The text of a tree in the style of ``show running-config``: one space a level, ``!`` between blocks."""
    out: list[str] = []
    last = ""
    for child in root.children:
        kind = child.line if child.context else " ".join(child.line.split()[:2])
        if out and (child.context or kind != last):
            out.append("!")
        _dump(Node("", [child]), 0, out)
        last = kind
    return "\n".join(out) + "\n" if out else ""
