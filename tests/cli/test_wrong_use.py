"""A line that cannot be taken: one sentence, the help that fits, exit code 2, and never a traceback."""

from __future__ import annotations

import pytest

from cli.errors import exit_code
from cli.main import main
from core.errors import InvalidInput, NotFound

WRONG, MISSING = 2, exit_code(NotFound("x"))


@pytest.mark.parametrize(
    ("line", "sentence", "help_of"),
    [
        ("frobnicate", "Unknown command", "irisplane"),
        ("change show", "needs CHANGE", "irisplane change show"),
        ("config push", "needs --reason", "irisplane config push"),
        ("config push --select", "--select requires an argument", "irisplane config push"),
        ("config push --select all --reason x --sellect y", "Unknown option", "irisplane config push"),
        ("lab cut cr01", "needs B", "irisplane lab cut"),
        ("device list --limit abc", "Unknown option", "irisplane device list"),
    ],
)
def test_wrong_use_is_said_in_a_sentence(
    capsys: pytest.CaptureFixture[str], line: str, sentence: str, help_of: str
) -> None:
    assert main(line.split()) == WRONG
    said = capsys.readouterr().err
    assert sentence in said
    assert f"'{help_of} --help' shows how." in said
    assert "Traceback" not in said


@pytest.mark.parametrize("line", ["restore /no/where", "region import /no/where", "audit verify --file /no/where"])
def test_a_file_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str], line: str) -> None:
    assert main(line.split()) == MISSING
    said = capsys.readouterr().err
    assert "/no/where" in said
    assert "Name one that is there." in said


def test_what_the_machine_refuses_is_said_in_its_words(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_arguments: object) -> list[str]:
        raise PermissionError(13, "Permission denied", "/media/safe")

    monkeypatch.setattr("cli.session.take_options", refuse)
    assert main(["audit", "export", "/media/safe"]) == 1
    said = capsys.readouterr().err
    assert "/media/safe: Permission denied" in said
    assert "Mend what it names" in said


def test_wrong_use_and_wrong_input_end_alike() -> None:
    assert exit_code(InvalidInput("x")) == WRONG
