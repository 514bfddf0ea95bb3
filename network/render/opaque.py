"""Opaque blocks put back where they came from."""

from __future__ import annotations

from collections.abc import Iterable

from network.device_model import OpaqueBlock
from network.drivers.frr.tree import Node, dump, parse

__all__ = ["with_opaque"]


def with_opaque(text: str, blocks: Iterable[OpaqueBlock], platform: str) -> str:
    """The text with each block's lines in its context; for platforms other than FRR, at the end, verbatim."""
    blocks = list(blocks)
    if not blocks:
        return text
    if platform != "frr":
        return text.rstrip("\n") + "\n" + "".join(block.text.rstrip("\n") + "\n" for block in blocks)
    root = parse(text)
    for block in blocks:
        node = root
        for line in block.context:
            node = _descend(node, line)
        _merge(node, _below(block))
    return dump(root)


def _below(block: OpaqueBlock) -> Node:
    """The block's lines, read inside the contexts they belong to."""
    lines = [" " * depth + line for depth, line in enumerate(block.context)]
    lines += [" " * len(block.context) + line for line in block.text.splitlines()]
    node = parse("\n".join(lines))
    for line in block.context:
        node = next(child for child in node.children if child.line == line)
    return node


def _descend(node: Node, line: str) -> Node:
    found = next((child for child in node.children if child.line == line), None)
    if found is None:
        found = Node(line)
        node.children.append(found)
    found.context = True
    return found


def _merge(target: Node, source: Node) -> None:
    for child in source.children:
        if child.context:
            _merge(_descend(target, child.line), child)
        elif all(child.line != have.line for have in target.children):
            target.children.append(child)
