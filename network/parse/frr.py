"""FRR running configuration to a device model, exactly: what is not understood is kept, named and counted.

The result proves itself: it is rendered, and compared with what was read. Lines that are missing become opaque
blocks; a context whose rendering says something that was not read is kept whole as an opaque block. So rendering a
parsed configuration gives the configuration back, whatever it holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from network.device_model import DeviceModel, OpaqueBlock, Snmp, System, Vrf
from network.drivers.frr.tree import Node, Path, dump, parse
from network.parse import frr_interfaces, frr_policy, frr_routing
from network.parse.lines import Lines
from network.render import normalise, render_unfilled

__all__ = ["FOREIGN", "model_of"]

FOREIGN = "foreign"
_Line = tuple[Path, str]


def model_of(text: str) -> DeviceModel:
    """The model of a configuration whose secrets are placeholders already."""
    text = normalise(text, "frr")
    root = parse(text)
    wanted = _lines(root)
    skip: set[str] = set()
    while True:
        model = _typed(root, skip)
        invented = [line for line in _lines(parse(render_unfilled(model, "frr"))) if line not in wanted]
        more = {path[0] if path else line for path, line in invented} - skip
        if not more:
            break
        skip |= more
    return _with_rest(model, root)


def _lines(root: Node) -> dict[_Line, None]:
    return {(path, node.line): None for path, node in root.walk()}


def _typed(root: Node, skip: set[str]) -> DeviceModel:
    """What the model has fields for, contexts and lines in ``skip`` left alone."""
    nodes = [node for node in root.children if node.line not in skip]
    lines = Lines(nodes)
    contexts = [node for node in nodes if node.context]
    by_line = {node.line: node for node in contexts}
    hostname = lines.text(r"hostname (\S+)") or ""
    system = System(
        syslog_level=lines.text(r"log syslog (\S+)"),
        snmp=Snmp(agentx=lines.flag("agentx")),
        ipv4_forwarding=not lines.flag("no ip forwarding"),
        ipv6_forwarding=not lines.flag("no ipv6 forwarding"),
    )
    default_bgp = next((n for n in contexts if re.fullmatch(r"router bgp \d+", n.line)), None)
    plain = [node.line for node in nodes if not node.context]
    routes = [frr_interfaces.static_route(line, None) for line in plain if re.match(r"ip(v6)? route ", line)]
    for node in contexts:
        if node.line.startswith("vrf "):
            routes += [frr_interfaces.static_route(child.line, node.line.split()[1]) for child in node.children]
    interfaces = [frr_interfaces.interface(node) for node in contexts if node.line.startswith("interface ")]
    return DeviceModel(
        hostname=hostname,
        platform="frr",
        system=system,
        interfaces=tuple(found for found in interfaces if found is not None),
        vrfs=tuple(_vrf(node, contexts) for node in contexts if re.fullmatch(r"vrf \S+", node.line)),
        static_routes=tuple(found for found in routes if found is not None),
        prefix_lists=frr_policy.prefix_lists(plain),
        route_maps=frr_policy.route_maps(contexts),
        ospf=frr_routing.ospf(by_line["router ospf"]) if "router ospf" in by_line else None,
        ospfv3=frr_routing.ospf(by_line["router ospf6"]) if "router ospf6" in by_line else None,
        bgp=frr_routing.bgp(default_bgp) if default_bgp else None,
    )


def _vrf(node: Node, contexts: Iterable[Node]) -> Vrf:
    name = node.line.split()[1]
    instance = next((n for n in contexts if re.fullmatch(rf"router bgp \d+ vrf {re.escape(name)}", n.line)), None)
    return Vrf(name, bgp=frr_routing.bgp(instance) if instance else None)


def _with_rest(model: DeviceModel, root: Node) -> DeviceModel:
    """The model with an opaque block for each context in which lines are left."""
    have = _lines(parse(render_unfilled(model, "frr")))
    groups: dict[tuple[Path, str], list[Node]] = {}
    covered: set[Path] = set()
    for path, node in root.walk():
        if (path, node.line) in have or any(path[: len(above)] == above for above in covered):
            continue
        if node.context:
            covered.add((*path, node.line))
        groups.setdefault((path, _topic(path, node)), []).append(node)
    blocks = [
        OpaqueBlock(name=_name(path, topic), owner=FOREIGN, text=_verbatim(nodes), context=path)
        for (path, topic), nodes in groups.items()
    ]
    names: dict[str, int] = {}
    unique: list[OpaqueBlock] = []
    for block in blocks:
        names[block.name] = names.get(block.name, 0) + 1
        suffix = f" #{names[block.name]}" if names[block.name] > 1 else ""
        unique.append(OpaqueBlock(block.name + suffix, block.owner, block.text, block.context))
    return replace(model, opaque=tuple(unique))


def _topic(path: Path, node: Node) -> str:
    """Foreign lines of one context are one block; at the top, one block a context or kind of line."""
    if node.context:
        return node.line
    return "" if path else " ".join(node.line.split()[: 3 if "-list" in node.line else 2])


def _name(path: Path, topic: str) -> str:
    return " / ".join((*path, topic)) if topic else " / ".join(path)


def _verbatim(nodes: list[Node]) -> str:
    return "\n".join(line for line in dump(Node("", list(nodes))).splitlines() if line.strip(" !"))
