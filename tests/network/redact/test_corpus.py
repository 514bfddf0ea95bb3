"""The corpus: lines as devices print them, with the secrets marked by ``«…»``."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from network.redact import REDACTED, find_secrets, redact
from network.redact.platforms import GRAMMARS
from network.render import UnsupportedPlatform

CORPUS = Path(__file__).parent / "corpus"
_MARK = re.compile(r"«([^»]*)»")
CASES = [
    (platform, number, line)
    for platform in sorted(GRAMMARS)
    for number, line in enumerate((CORPUS / f"{platform}.txt").read_text().split("\n%%\n"), 1)
]


def _plain(marked: str) -> str:
    return _MARK.sub(r"\1", marked)


@pytest.mark.parametrize(("platform", "number", "marked"), CASES, ids=lambda value: str(value)[:12].strip())
def test_exactly_the_marked_words_are_secret(platform: str, number: int, marked: str) -> None:
    text = _plain(marked)
    assert redact(text, platform) == _MARK.sub(REDACTED, marked), f"{platform} case {number}"
    assert [text[span.start : span.end] for span in find_secrets(text, platform)] == _MARK.findall(marked)


@pytest.mark.parametrize("platform", sorted(GRAMMARS))
def test_a_whole_configuration_keeps_its_lines_and_loses_its_secrets(platform: str) -> None:
    marked = "\n".join(line for name, _, line in CASES if name == platform)
    done = redact(_plain(marked), platform)
    assert len(done.splitlines()) == len(marked.splitlines())
    assert redact(done, platform) == done
    for secret in _MARK.findall(marked):
        if len(secret) > 5:
            assert secret not in done


@pytest.mark.parametrize("platform", sorted(GRAMMARS))
def test_every_platform_has_a_corpus_worth_the_name(platform: str) -> None:
    mine = [line for name, _, line in CASES if name == platform]
    assert len(mine) >= 15
    assert sum(bool(_MARK.search(line)) for line in mine) >= 12
    assert sum(not _MARK.search(line) for line in mine) >= 2


def test_equal_secrets_are_not_seen_to_be_equal() -> None:
    done = redact("password one\nenable password one\npassword two\n", "frr")
    assert done == f"password {REDACTED}\nenable password {REDACTED}\npassword {REDACTED}\n"


def test_spans_carry_their_line() -> None:
    assert [span.line for span in find_secrets("hostname a\npassword b\n", "frr")] == [2]


def test_a_text_that_we_cannot_read_is_not_shown() -> None:
    with pytest.raises(UnsupportedPlatform, match="frr"):
        redact("password x", "vyos")
