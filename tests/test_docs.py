"""What the documentation names is there: files it links to, commands it tells people to type."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.main import _application

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")] + sorted(ROOT.glob("docs/**/*.md"))

_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
_TYPED = re.compile(r"^(?:\$ |    )irisplane ((?:--profile \S+ )?)([a-z-]+)(?: ([a-z][a-z-]*))?", re.MULTILINE)


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def _links() -> Iterator[tuple[Path, str]]:
    for page in PAGES:
        for target in _LINK.findall(page.read_text(encoding="utf-8")):
            if not re.match(r"[a-z]+:", target):
                yield page, target


def test_every_link_leads_to_a_file_of_the_repository() -> None:
    assert [f"{_name(page)}: {target}" for page, target in _links() if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_command_that_is_to_be_typed_exists(page: Path) -> None:
    app = _application()
    for _, noun, verb in _TYPED.findall(page.read_text(encoding="utf-8")):
        assert noun in app, f"{_name(page)}: irisplane {noun}"
        verbs = [name for name in app[noun] if not name.startswith("-")]
        assert not verbs or verb in verbs, f"{_name(page)}: irisplane {noun} {verb}"


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs/README.md").read_text(encoding="utf-8")
    pages = [page.name for page in ROOT.glob("docs/*.md") if page.name != "README.md"]
    assert [name for name in pages if name not in index] == []
