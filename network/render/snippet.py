"""Engineers' own templated snippets, rendered in a sandbox with limits of size and time."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterable, Mapping
from types import FrameType
from typing import TYPE_CHECKING, Any, Literal

import jinja2
from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.exceptions import SecurityError
from jinja2.filters import do_round
from jinja2.sandbox import ImmutableSandboxedEnvironment

from network.render.environment import explain
from network.render.errors import TemplateError

if TYPE_CHECKING:
    from _typeshed import TraceFunction

__all__ = ["MAX_OUTPUT", "MAX_SECONDS", "MAX_TEMPLATE", "render_snippet"]

MAX_TEMPLATE = 64 * 1024
MAX_OUTPUT = 512 * 1024
MAX_SECONDS = 2.0
_MAX_NUMBER = 100_000
_MAX_DIGITS = 15
_NAME = "snippet"
_NO_TEXT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_GROWING = frozenset(
    ("format", "format_map", "center", "ljust", "rjust", "zfill", "expandtabs", "translate",
     "replace", "join"))  # fmt: skip
# Filters that cannot make much out of little; padding, wrapping and formatting ones can.
_FILTERS = frozenset(
    (
        "abs", "attr", "capitalize", "count", "d", "default", "dictsort", "first", "float", "groupby",
        "int", "items", "last", "length", "list", "lower", "map", "max", "min", "reject", "rejectattr",
        "reverse", "round", "select", "selectattr", "sort", "title", "trim",
        "unique", "upper",
    )
)  # fmt: skip


class _TooLong(Exception):
    """The time is up; raised by the tracer inside the template's own code."""


class _Sandbox(ImmutableSandboxedEnvironment):
    """Nothing may reach Python's inside, alter what it was given, or build something huge in one operation."""

    intercepted_binops = frozenset(("*", "**", "+", "%"))

    def call_binop(self, context: jinja2.runtime.Context, operator: str, left: Any, right: Any) -> Any:
        if operator == "**" or (operator == "%" and isinstance(left, str)):
            raise SecurityError(f"the operator {operator!r} is not allowed in a snippet")
        if operator == "*" and not (isinstance(left, int | float) and isinstance(right, int | float)):
            raise SecurityError("only numbers may be multiplied in a snippet")
        result = super().call_binop(context, operator, left, right)
        return _bounded_value(result)

    def call(__self, __context: Any, __obj: Any, /, *args: Any, **kwargs: Any) -> Any:  # noqa: N805 - as Jinja2 names it
        if any(isinstance(arg, int) and abs(arg) > _MAX_NUMBER for arg in (*args, *kwargs.values())):
            raise SecurityError(f"an argument is larger than {_MAX_NUMBER}")
        if getattr(__obj, "__name__", "") in _GROWING:
            raise SecurityError("methods that pad, join or format strings are not allowed in a snippet; use filters")
        # One call may make a few times as much as it was given (encoding, splitting); a loop of them stops here.
        return _bounded_value(super().call(__context, __obj, *args, **kwargs))

    def concatenate(self, parts: tuple[object, ...]) -> str:
        """What ``a ~ b`` means: scalars only, and not too many."""
        return _joined(parts, "")


class _Code(CodeGenerator):
    """Jinja2's own compiler, but for ``~``, whose result would otherwise be checked by nobody."""

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:  # noqa: N802 - as Jinja2 names it
        self.write("environment.concatenate((")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write("))")


def _bounded_value(value: Any) -> Any:
    if isinstance(value, int) and abs(value) > 2**64:
        raise SecurityError("a number grows too large")
    if isinstance(value, str | bytes | list | tuple | dict) and len(value) > MAX_OUTPUT:
        raise SecurityError("a value grows too large")
    return value


def _scalar(value: object) -> object:
    """Only scalars may become text: printing nested lists can cost more than the time limit sees."""
    if isinstance(value, str | int | float | jinja2.Undefined) or value is None:
        return value
    raise SecurityError(f"a {type(value).__name__} cannot be printed; join or loop over it")


def _joined(parts: Iterable[object], separator: str = "") -> str:
    texts: list[str] = []
    size = 0
    for part in parts:
        texts.append(str(_scalar(part)))
        size += len(texts[-1]) + len(separator)
        if size > MAX_OUTPUT:
            raise SecurityError("a value grows too large")
    return separator.join(texts)


def _replaced(text: str, old: str, new: str) -> str:
    text, old, new = str(_scalar(text)), str(old), str(new)
    if len(text) + text.count(old) * len(new) > MAX_OUTPUT:
        raise SecurityError("a value grows too large")
    return text.replace(old, new)


def _rounded(value: float, precision: int = 0, method: Literal["common", "ceil", "floor"] = "common") -> float:
    """Jinja2's own computes ten to the power of ``precision``: a number of any size, in one operation."""
    if abs(precision) > _MAX_DIGITS:
        raise SecurityError(f"numbers are rounded to at most {_MAX_DIGITS} digits")
    return do_round(value, precision, method)


def _environment() -> _Sandbox:
    env = _Sandbox(undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
    env.code_generator_class = _Code
    env.finalize = _scalar
    env.filters = {name: function for name, function in env.filters.items() if name in _FILTERS}
    env.filters.update(join=_joined, replace=_replaced, round=_rounded)
    env.globals = {"range": env.globals["range"], "namespace": env.globals["namespace"]}
    return env


def render_snippet(template_text: str, facts: Mapping[str, object], *, name: str = _NAME) -> str:
    """The snippet for one device.

    Args:
        template_text: Jinja2, at most :data:`MAX_TEMPLATE` bytes.
        facts: what the snippet may name; plain data (strings, numbers, lists, mappings).
        name: how errors call the template, usually its file's name.
    Raises:
        TemplateError: syntax, an undefined variable, something the sandbox forbids, a control character in the result,
            more than :data:`MAX_OUTPUT` characters or :data:`MAX_SECONDS`; with file, line and variable.
    """
    if len(template_text.encode("utf-8", "surrogatepass")) > MAX_TEMPLATE:
        raise TemplateError(f"the template is larger than {MAX_TEMPLATE} bytes", file=name)
    deadline = time.monotonic() + MAX_SECONDS
    before = sys.gettrace()
    try:
        template = _environment().from_string(template_text)
        sys.settrace(_tracer(deadline))
        return _bounded(template, facts, name)
    except _TooLong as error:
        raise TemplateError(f"rendering takes longer than {MAX_SECONDS:g} seconds", file=name) from error
    except TemplateError:
        raise
    except Exception as error:
        raise explain(error, name) from error
    finally:
        sys.settrace(before)


def _bounded(template: jinja2.Template, facts: Mapping[str, object], name: str) -> str:
    parts: list[str] = []
    size = 0
    for part in template.generate(dict(facts)):
        size += len(part)
        if size > MAX_OUTPUT:
            raise TemplateError(f"the result is larger than {MAX_OUTPUT} characters", file=name)
        parts.append(part)
    text = "".join(parts)
    strange = _NO_TEXT.search(text)
    if strange:
        raise TemplateError(
            f"line {text.count(chr(10), 0, strange.start()) + 1} of the result holds the character"
            f" U+{ord(strange[0]):04X}, which no configuration may hold",
            file=name,
        )
    return text


def _tracer(deadline: float) -> TraceFunction:
    """A trace function for this thread: a template becomes Python code, and at its lines time can be looked at."""

    def trace(_frame: FrameType, _event: str, _arg: object) -> TraceFunction:
        if time.monotonic() > deadline:
            raise _TooLong
        return trace

    return trace
