"""A difference side by side: who takes whose place, which words are marked, what is folded; and equal ones together."""

from __future__ import annotations

import pytest

from dashboards.diffs import alike, named, opened
from dashboards.rendering import environment
from dashboards.sides import Row, Words, sides_of

_UNIFIED = """--- running
+++ intended
@@ -10,4 +10,4 @@
 interface eth1
-  ip ospf cost 10
+  ip ospf cost 20
   mtu 9000
   no shutdown
@@ -40,2 +40,3 @@
 line vty
+  exec-timeout 5
   end"""


def _said(words: Words | None) -> str:
    return "".join(text for _, text in words or ())


def _rows(diff: str) -> list[Row]:
    return [row for part in sides_of(diff).parts for row in part.rows]


def test_a_replaced_line_shares_a_row_and_only_the_word_that_differs_is_marked() -> None:
    [replaced] = [row for row in _rows(_UNIFIED) if row.kind == "replaced"]
    assert replaced.left is not None
    assert replaced.right is not None
    assert [text for differs, text in replaced.left.words if differs] == ["10"]
    assert [text for differs, text in replaced.right.words if differs] == ["20"]
    assert (replaced.left.number, replaced.right.number) == (11, 11)


def test_lines_keep_their_numbers_and_what_is_left_out_is_counted() -> None:
    parts = sides_of(_UNIFIED).parts
    assert [part.skipped for part in parts if part.kind == "gap"] == [9, 26]
    [added] = [row for row in _rows(_UNIFIED) if row.kind == "added"]
    assert added.left is None
    assert added.right is not None
    assert (added.right.number, _said(added.right.words)) == (41, "  exec-timeout 5")


def test_nothing_is_lost_whatever_the_form() -> None:
    for diff in (
        _UNIFIED,
        "interface eth1\n-  ip ospf cost 10\n+  ip ospf cost 20\nrouter bgp 65000\n+  neighbour 10.0.0.1",
        "[edit system]\n-  host-name a;\n+  host-name b;\n+  services;",
        "~ web: 2 -> 4 vCPU, 4096 -> 8192 MiB",
        "-- what begins with two\n++ what begins with two",
    ):
        left, right = [], []
        for row in _rows(diff):
            left += [_said(row.left.words)] if row.left and row.kind in {"removed", "replaced"} else []
            right += [_said(row.right.words)] if row.right and row.kind in {"added", "replaced"} else []
        lines = [line for line in diff.splitlines() if not line.startswith(("--- ", "+++ "))]
        assert left == [line[1:] for line in lines if line.startswith("-")]
        assert right == [line[1:] for line in lines if line.startswith("+")]


def test_lines_that_begin_differently_do_not_stand_for_each_other() -> None:
    rows = _rows("-ip route 10.0.0.0/8 blackhole\n+ntp server 192.0.2.1\n+ip route 10.0.0.0/8 Null0")
    assert [row.kind for row in rows] == ["added", "replaced"]
    assert [row.kind for row in _rows("-hostname a\n+hostname b")] == ["replaced"]
    many = "\n".join(f"-  a {n}" for n in range(60)) + "\n" + "\n".join(f"+  a {n} more" for n in range(60))
    assert len(_rows(many)) == 60


def test_long_stretches_of_equal_lines_are_folded_between_two_that_stay() -> None:
    diff = "@@ -1,13 +1,14 @@\n+first\n" + "\n".join(f" line {n}" for n in range(12)) + "\n-last"
    kinds = [(part.kind, len(part.rows)) for part in sides_of(diff).parts]
    assert kinds == [("shown", 1), ("shown", 2), ("folded", 8), ("shown", 2), ("shown", 1)]


def test_equal_differences_stand_together_wherever_their_lines_are() -> None:
    moved = _UNIFIED.replace("@@ -10,4 +10,4 @@", "@@ -17,4 +17,4 @@")
    other = "+ntp server 192.0.2.1"
    groups = alike([{"name": name, "diff": diff} for name, diff in (("x", other), ("a", _UNIFIED), ("b", moved))])
    assert [(group.number, group.names, group.numbered) for group in groups] == [
        (1, ("a", "b"), False),
        (2, ("x",), True),
    ]
    assert [(group.added, group.removed) for group in groups] == [(2, 1), (1, 0)]
    assert [group.number for group in named(groups, " X ")] == [2], "and keeps its number"
    assert named(groups, "nobody") == []


def test_so_many_lines_are_in_the_page_and_at_least_one_difference() -> None:
    long = "\n".join(f"+line {n}" for n in range(500))
    groups = alike([{"name": f"r{n}", "diff": f"{long}{n}"} for n in range(3)])
    assert opened(groups, 6) == {1}
    assert opened(alike([{"name": f"r{n}", "diff": f"+{n}"} for n in range(9)]), 6) == {1, 2, 3, 4, 5, 6}


@pytest.mark.parametrize("language", ["en", "fr", "nl"])
def test_markup_in_a_line_stays_text(language: str) -> None:
    made = environment(language).from_string("{% import 'parts.html.j2' as part %}{{ part.sides(found, 'x') }}")
    shown = made.render(found=sides_of("-a <b> 1 <script>\n+a <b> 2 <script>"))
    assert "<script>" not in shown
    assert "<mark>2</mark>" in shown


def test_four_hundred_differences_stay_apart() -> None:
    targets = [{"name": f"r{n}", "diff": _UNIFIED.replace("exec-timeout 5", f"exec-timeout {n}")} for n in range(400)]
    groups = alike(targets)
    for group in groups:
        assert group.sides.parts
    assert len(groups) == 400
