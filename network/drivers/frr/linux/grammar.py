"""What the Linux half of a configuration may say: one line an object, in contexts that name a network namespace.

    linux main
     bridge b-port1
     port port1 master b-port1
     veth v-port1 master b-port1 to port1 namespace V1001
     vxlan vx20001 id 20001 local 10.255.0.5 remote 10.255.0.6 master b-port1
     shape port1 rate 100mbit
    exit
    linux namespace V1001
     address port1 192.0.2.1/24
     strict port1
     bridge br10001 address 02:00:0a:ff:00:05
     vxlan vx10001 id 10001 local 10.255.0.5 master br10001
    exit

A namespace is a routing table of its own; a ``veth`` is the cable between a bridge of ``main`` and a namespace; a
``port`` is an interface that is there already and joins a bridge; ``shape`` holds what leaves an interface to a rate,
``strict`` lets nothing in from addresses that are not reached over that interface (RFC 3704).
A link that is not raised ends in ``down``.
This module also runs on the router, as the account and as root.
"""

from __future__ import annotations

import re

__all__ = ["MAIN", "NotLinux", "parse", "written"]

MAIN = ""
"""The key of ``linux main`` among the namespaces."""

_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,14}"
_FOUR = r"\d{1,3}(?:\.\d{1,3}){3}"
_DOWN = r"(?P<down> down)?"
_LINES = {
    "bridge": re.compile(
        rf"bridge (?P<name>{_NAME})(?: address (?P<mac>[0-9a-f]{{2}}(?::[0-9a-f]{{2}}){{5}}))?{_DOWN}"
    ),
    "vxlan": re.compile(
        rf"vxlan (?P<name>{_NAME}) id (?P<id>\d{{1,8}}) local (?P<local>{_FOUR})"
        rf"(?: remote (?P<remote>{_FOUR}))?(?: master (?P<master>{_NAME}))?{_DOWN}"
    ),
    "veth": re.compile(
        rf"veth (?P<name>v-{_NAME})(?: master (?P<master>{_NAME}))?"
        rf" to (?P<peer>{_NAME}) namespace (?P<space>{_NAME}){_DOWN}"
    ),
    "port": re.compile(rf"port (?P<name>{_NAME}) master (?P<master>{_NAME}){_DOWN}"),
    "shape": re.compile(rf"shape (?P<name>{_NAME}) rate (?P<rate>[1-9]\d{{0,5}})mbit"),
    "strict": re.compile(rf"strict (?P<name>{_NAME})"),
    "address": re.compile(rf"address (?P<name>{_NAME}) (?P<address>[0-9a-f.:]+/\d{{1,3}})"),
}
_ONLY_IN_MAIN = ("port", "veth", "shape")
_ONLY_ELSEWHERE = ("address", "strict")
_CONTEXT = re.compile(rf"linux (?:main|namespace (?P<name>{_NAME}))")
# What a service has no business with: the loopback, the way in, the fibres.
_NOT_OURS = re.compile(r"lo$|mgmt\d+$|to-")
_LARGEST_ID = 2**24 - 1


class NotLinux(Exception):
    """A line that is no Linux half; ``line`` counts from 1."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


class Item:
    """One object: its kind, the words that describe it, and its line."""

    __slots__ = ("fields", "kind", "line")

    def __init__(self, kind: str, line: str, fields: dict[str, str | None]) -> None:
        self.kind = kind
        self.line = line
        self.fields = fields

    def __getitem__(self, name: str) -> str:
        return self.fields.get(name) or ""


def parse(text: str, *, judge: bool = True) -> dict[str, list[Item]]:
    """Namespace → its objects; ``main`` under :data:`MAIN`, only when it has any.

    Args:
        judge: whether to refuse what no service may touch; what somebody did by hand is read without.
    Raises:
        NotLinux: a line that the grammar does not know, or an interface that is not to be touched.
    """
    found: dict[str, list[Item]] = {}
    space: str | None = None
    for number, raw in enumerate(text.splitlines(), 1):
        line = " ".join(raw.split())
        if not line or line[0] == "!":
            continue
        if raw[0] not in " \t":
            if line == "exit":
                space = None
                continue
            opened = _CONTEXT.fullmatch(line)
            if opened is None:
                raise NotLinux(number, f"'{line}' opens no namespace")
            space = opened["name"] or MAIN
            found.setdefault(space, [])
            continue
        if space is None:
            raise NotLinux(number, f"'{line}' stands in no namespace")
        item = _item(number, line, space, judge=judge)
        if all(known.line != line for known in found[space]):
            found[space].append(item)
    if not found.get(MAIN, True):
        del found[MAIN]
    return found


def _item(number: int, line: str, space: str, *, judge: bool) -> Item:
    kind = line.split(" ", 1)[0]
    pattern = _LINES.get(kind)
    matched = pattern.fullmatch(line) if pattern else None
    if matched is None:
        if pattern and not judge:
            return Item(kind, line, {"name": line.split(" ", 2)[1]})
        raise NotLinux(number, f"unknown words: '{line}'")
    fields = matched.groupdict()
    if kind in (_ONLY_ELSEWHERE if space == MAIN else _ONLY_IN_MAIN):
        raise NotLinux(number, f"'{kind}' does not stand {'in main' if space == MAIN else 'in a namespace'}")
    if judge and _NOT_OURS.match(fields["name"]):
        raise NotLinux(number, f"the interface {fields['name']} is not a service's")
    if kind == "vxlan" and not 1 <= int(fields["id"]) <= _LARGEST_ID:
        raise NotLinux(number, f"a tunnel's id is 1 to {_LARGEST_ID}, not {fields['id']}")
    return Item(kind, line, fields)


def _key(line: str) -> tuple[object, ...]:
    return tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.split(r"(\d+)", line))


def written(spaces: dict[str, list[str]]) -> str:
    """The canonical text of namespaces and their lines: ``main`` first, then by name; lines in order."""
    out: list[str] = []
    for space in sorted(spaces, key=_key):
        if space == MAIN and not spaces[space]:
            continue
        out.append(f"linux namespace {space}" if space else "linux main")
        out.extend(f" {line}" for line in sorted(spaces[space], key=_key))
        out.append("exit")
    return "\n".join(out) + "\n" if out else ""
