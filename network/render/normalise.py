"""One spelling for texts that mean the same: what running configuration and intent are compared in."""

from __future__ import annotations

import re

from network.drivers.frr.tree import Node, dump, parse
from network.render.frr_order import order

__all__ = ["normalise"]

# Printed or not for reasons outside the configuration: version, defaults profile, vtysh's own file handling.
_FRR_NOISE = re.compile(r"(?:frr version \S+|frr defaults traditional|(?:no )?service integrated-vtysh-config)$")
_FREE_TEXT = re.compile(r"(?:neighbor \S+ )?description |banner ")
_NOISE = {
    "eos": re.compile(r"(?:!.*|end|\s*)$"),
    "iosxr": re.compile(r"(?:!!.*|!|end|Building configuration.*|\s*)$"),
    "ios": re.compile(r"(?:!.*|end|Building configuration.*|Current configuration.*|\s*)$"),
    "nxos": re.compile(r"(?:!.*|end|\s*)$"),
    "junos": re.compile(r"(?:##.*|version \S+;|\s*)$"),
}


def normalise(text: str, platform: str) -> str:
    """The text without noise and in canonical order; ``normalise`` of its own result is the same text.

    For FRR contexts and lines are ordered as FRR prints them (its own order depends on history for neighbours that
    changed their group, prefix lists, route maps and VRFs; ours does not). For the other platforms comments and
    blank lines go, order stays: their own diff is the judge.
    """
    if platform != "frr":
        noise = _NOISE.get(platform, re.compile(r"\s*$"))
        return "".join(f"{line.rstrip()}\n" for line in text.splitlines() if not noise.match(line))
    root = parse(text)
    root.children = [child for child in root.children if not _FRR_NOISE.match(child.line)]
    _spell(root)
    order(root)
    return dump(root)


def _spell(node: Node) -> None:
    """Inner runs of spaces are one space, except in free text; a line said twice (by two daemons) is said once."""
    kept: list[Node] = []
    said: set[str] = set()
    for child in node.children:
        if not _FREE_TEXT.match(child.line):
            child.line = " ".join(child.line.split())
        if child.context or child.line not in said:
            kept.append(child)
        said.add(child.line)
        _spell(child)
    node.children = kept
