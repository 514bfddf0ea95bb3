"""What an expression of the rooms' sources may read as, without running it.

A name is followed to where the same function or module writes it, a call to a function of the same module to what it
returns, ``self.title`` to what the module's classes say. What comes from elsewhere is filled in and reads ``7``.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import chain, islice, product
from pathlib import Path
from typing import Final

__all__ = ["FILLED", "Source", "called", "sources"]

ROOT: Final = Path(__file__).resolve().parents[2]
FILLED: Final = "7"
"""What stands for a value that is filled in."""
_MOST: Final = 64
_DEEP: Final = 6
_UNALTERED: Final = frozenset({"capitalize", "removesuffix", "replace", "rstrip", "strip"})
"""Methods whose outcome has the same words."""

Texts = frozenset[str]
Bound = Mapping[str, Texts]
_ANY: Final[Texts] = frozenset({FILLED})
_NOTHING: Final[Bound] = {}


@dataclass
class Source:
    """One module: its tree, and who stands in whom."""

    path: str
    tree: ast.Module
    parents: dict[ast.AST, ast.AST] = field(default_factory=dict)
    functions: dict[str, ast.FunctionDef] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for node in ast.walk(self.tree):
            for child in ast.iter_child_nodes(node):
                self.parents[child] = node
            if isinstance(node, ast.FunctionDef):
                self.functions.setdefault(node.name, node)

    def texts(self, node: ast.expr, bound: Bound = _NOTHING, deep: int = 0) -> Texts:
        """What an expression may read as; ``{"7"}`` where nothing is known of it."""
        if deep > _DEEP:
            return _ANY
        if isinstance(node, ast.Constant):
            return frozenset({node.value}) if isinstance(node.value, str) else frozenset()
        if isinstance(node, ast.JoinedStr):
            return _joined(self._part(one, bound, deep) for one in node.values)
        if isinstance(node, ast.BinOp):
            return _joined([self.texts(node.left, bound, deep), self.texts(node.right, bound, deep)])
        if isinstance(node, ast.Name):
            return bound[node.id] if node.id in bound else self._named(node.id, node, deep)
        if isinstance(node, ast.Attribute):
            own = isinstance(node.value, ast.Name) and node.value.id == "self"
            return self._of_classes(node.attr) if own else _ANY
        if isinstance(node, ast.Call):
            return self._called(node, bound, deep)
        inner = _within(node)
        return _ANY if inner is None else _all(self.texts(one, bound, deep) for one in inner)

    def assigned(self, name: str, scope: ast.AST) -> Iterator[ast.expr]:
        """What is assigned to a name in a function or module."""
        for one in ast.walk(scope):
            value = one.value if isinstance(one, (ast.Assign, ast.AnnAssign)) else None
            if value is None or (scope is self.tree and self.parents[one] is not self.tree):
                continue
            for target in _targets(one):
                if isinstance(target, ast.Name) and target.id == name:
                    yield value
                elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
                    pairs = zip(target.elts, value.elts, strict=False)
                    yield from (to for place, to in pairs if isinstance(place, ast.Name) and place.id == name)

    def _part(self, node: ast.expr, bound: Bound, deep: int) -> Texts:
        if not isinstance(node, ast.FormattedValue):
            return self.texts(node, bound, deep)
        if node.conversion == ord("r"):
            return frozenset({repr(FILLED)})
        return self.texts(node.value, bound, deep + 1) or _ANY

    def _named(self, name: str, node: ast.AST, deep: int) -> Texts:
        function = node
        while not isinstance(function, (ast.FunctionDef, ast.Module)):
            function = self.parents[function]
        for scope in (function, self.tree):
            found = _all(self.texts(value, _NOTHING, deep + 1) for value in self.assigned(name, scope))
            if found:
                return found | self._lengthened(name, found, scope, deep)
        return _ANY

    def _lengthened(self, name: str, texts: Texts, scope: ast.AST, deep: int) -> Texts:
        for one in [found for found in ast.walk(scope) if isinstance(found, ast.AugAssign)]:
            if isinstance(one.op, ast.Add) and isinstance(one.target, ast.Name) and one.target.id == name:
                texts |= _joined([texts, self.texts(one.value, _NOTHING, deep + 1)])
        return texts

    def _of_classes(self, name: str) -> Texts:
        return _all(
            self.texts(value)
            for made in ast.walk(self.tree) if isinstance(made, ast.ClassDef)
            for one in made.body if (value := getattr(one, "value", None)) is not None
            for target in _targets(one) if isinstance(target, ast.Name) and target.id == name
        ) or _ANY  # fmt: skip

    def _called(self, node: ast.Call, bound: Bound, deep: int) -> Texts:
        if isinstance(node.func, ast.Attribute):
            return self.texts(node.func.value, bound, deep) if node.func.attr in _UNALTERED else _ANY
        name = called(node)
        if name in {"list", "str", "tuple"} and len(node.args) == 1:
            return self.texts(node.args[0], bound, deep)
        made = self.functions.get(name)
        if made is None:
            return _ANY
        names = [one.arg for one in made.args.args]
        given = {one: self.texts(to, bound, deep + 1) or _ANY for one, to in zip(names, node.args, strict=False)}
        returned = [one.value for one in ast.walk(made) if isinstance(one, ast.Return) and one.value is not None]
        if any(isinstance(one, ast.Tuple) for one in returned):  # a state and a sentence: the caller takes them apart
            return _ANY
        return _all(self.texts(one, given, deep + 1) for one in returned) or _ANY


def _within(node: ast.expr) -> list[ast.expr] | None:
    """What an expression is one of, or is made of, each for itself."""
    match node:
        case ast.IfExp():
            return [node.body, node.orelse]
        case ast.BoolOp() | ast.Dict():
            return node.values
        case ast.Tuple() | ast.List():
            return node.elts
        case ast.Starred() | ast.NamedExpr():
            return [node.value]
        case ast.Subscript(value=ast.Name() as table):
            return [table]
        case ast.GeneratorExp() | ast.ListComp():
            return [node.elt]
    return None


def _targets(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.Assign):
        return node.targets
    return [node.target] if isinstance(node, ast.AnnAssign) else []


def _all(found: Iterable[Texts]) -> Texts:
    return frozenset(chain.from_iterable(found))


def _joined(parts: Iterable[Texts]) -> Texts:
    return frozenset("".join(one) for one in islice(product(*parts), _MOST))


def called(node: ast.Call) -> str:
    """The name that a call calls, without what it is of."""
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


@cache
def sources(*rooms: str) -> tuple[Source, ...]:
    """The modules of some rooms."""
    paths = sorted(path for room in rooms for path in (ROOT / room).rglob("*.py"))
    return tuple(Source(str(path.relative_to(ROOT)), ast.parse(path.read_text(encoding="utf-8"))) for path in paths)
