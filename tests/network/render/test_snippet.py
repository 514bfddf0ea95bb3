"""Engineers' snippets: what they may do, and how they fail."""

from __future__ import annotations

import sys
import time

import pytest

from network.render import TemplateError, render_snippet
from network.render.snippet import MAX_OUTPUT, MAX_SECONDS, MAX_TEMPLATE


def test_facts_are_there_by_name() -> None:
    text = "{% for name in interfaces | sort %}\ninterface {{ name }}\n ip ospf cost {{ cost + 1 }}\n{% endfor %}\n"
    facts = {"interfaces": ["b", "a"], "cost": 4}
    assert render_snippet(text, facts) == "interface a\n ip ospf cost 5\ninterface b\n ip ospf cost 5\n"


def test_text_is_joined_within_bounds() -> None:
    assert (
        render_snippet("{{ 'a' ~ 1 ~ b }} {{ [1, 2] | join(',') }} {{ 'xy' | replace('x', 'z') }}", {"b": "c"})
        == "a1c 1,2 zy"
    )


def test_an_undefined_variable_is_named_with_file_and_line() -> None:
    with pytest.raises(TemplateError) as caught:
        render_snippet("one\ntwo {{ missing }}\n", {}, name="mtu.j2")
    assert caught.value.fields == {"file": "mtu.j2", "line": 2, "variable": "missing"}
    assert "mtu.j2, line 2" in str(caught.value)


def test_an_undefined_attribute_is_named() -> None:
    with pytest.raises(TemplateError) as caught:
        render_snippet("\n\n{{ device.colour }}", {"device": {}})
    assert caught.value.fields == {"file": "snippet", "line": 3, "variable": "colour"}


def test_a_syntax_error_has_its_line() -> None:
    with pytest.raises(TemplateError) as caught:
        render_snippet("fine\n{% for x in %}\n", {}, name="bad.j2")
    assert (caught.value.fields["file"], caught.value.fields["line"]) == ("bad.j2", 2)


@pytest.mark.parametrize(
    "text",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ 'a' * 100000000 }}",
        "{{ 9 ** 999999 }}",
        "{{ 1.5 | round(99999999999, 'ceil') }}",
        "{{ [1.5] | map('round', 99999999999, 'floor') | list }}",
        "{% set n = namespace(x='ab') %}{% for i in range(40) %}{% set n.x = n.x.encode().hex() %}{% endfor %}",
        "{{ '%999999999d' % 1 }}",
        "{{ 'a'.center(99999999) }}",
        "{{ 'a'.ljust(99999) }}",
        "{{ '{:9999999}'.format(1) }}",
        "{{ range(10000000) | list }}",
        "{% include '/etc/passwd' %}",
        "{% import 'os' as os %}",
        "{{ 'a' | center(9) }}",
        "{% set _ = facts.append(1) %}",
        "{% set n = namespace(a='xx') %}{% for i in range(60) %}{% set n.a = n.a ~ n.a %}{% endfor %}",
        "{% set n = namespace(a='xx') %}{% for i in range(60) %}{% set n.a = n.a | replace('x', n.a) %}{% endfor %}",
        "{% set n = namespace(a='xx') %}{% for i in range(60) %}{% set n.a = [n.a, n.a] | join %}{% endfor %}",
        "{% set n = namespace(a='xx') %}{% for i in range(60) %}{% set n.a = [n.a, n.a] %}{% endfor %}{{ n.a }}",
    ],
)
def test_the_sandbox_refuses(text: str) -> None:
    with pytest.raises(TemplateError):
        render_snippet(text, {"facts": [0]})


@pytest.mark.parametrize("text", ["fine\n{{ '\\x00' }}", "fine\n{{ '\\ud800' }}", "fine\na\x1b[2J", "fine\n\ud800"])
def test_what_no_configuration_may_hold_is_refused_with_its_line(text: str) -> None:
    """A lone surrogate or a NUL would be refused by the database, an escape sequence would speak to a terminal."""
    with pytest.raises(TemplateError, match=r"line 2 of the result holds the character U\+"):
        render_snippet(text, {})


@pytest.mark.parametrize(
    "text",
    [
        "{{ " + "(" * 30_000 + "1" + ")" * 30_000 + " }}",
        "{{ " + "-" * 60_000 + "1 }}",
        "{% if 1 %}" * 3_000 + "{% endif %}" * 3_000,
        "{{ " + "9" * 60_000 + " }}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{{ 1e400 | int }}",
        "{{ 1 / 0 }}",
    ],
)
def test_a_hostile_shape_is_a_template_error(text: str) -> None:
    with pytest.raises(TemplateError):
        render_snippet(text, {})


def test_a_loop_without_end_is_stopped() -> None:
    text = "{% for a in range(90000) %}{% for b in range(90000) %}{% endfor %}{% endfor %}"
    start = time.monotonic()
    with pytest.raises(TemplateError, match="longer than"):
        render_snippet(text, {})
    assert time.monotonic() - start < MAX_SECONDS + 30


def test_too_much_output_is_stopped() -> None:
    with pytest.raises(TemplateError, match="larger than"):
        render_snippet("{% for a in range(90000) %}" + "x" * 100 + "{% endfor %}", {})
    assert MAX_OUTPUT < 90000 * 100


def test_too_large_a_template_is_refused_before_it_is_read() -> None:
    with pytest.raises(TemplateError, match="larger than"):
        render_snippet("x" * (MAX_TEMPLATE + 1), {})


def test_the_tracer_is_gone_afterwards() -> None:
    before = sys.gettrace()
    render_snippet("x", {})
    with pytest.raises(TemplateError):
        render_snippet("{{ x }}", {})
    assert sys.gettrace() is before
