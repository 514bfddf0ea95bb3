"""`irisplane figures`: the numbers of the API, and the page for the board as a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fastapi import FastAPI
from pypdf import PdfReader

from cli.main import main
from tests.api.people import Hire
from tests.api.serving import serve


def test_figures_are_listed_and_the_board_gets_its_page(
    app: FastAPI, hire: Hire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    board = hire("board", "management")
    with serve(app) as url:
        monkeypatch.setenv("IRISPLANE_URL", url)
        monkeypatch.setenv("IRISPLANE_TOKEN", board.token)
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
        assert main(("figures", "list", "--json")) == 0
        found = json.loads(capsys.readouterr().out)
        assert {"servers", "devices", "month"} <= {one["code"] for one in found["items"]}
        assert main(("figures", "list")) == 0
        assert "0 of 14 days kept" in capsys.readouterr().out
        assert main(("figures", "list", "--csv")) == 0
        assert capsys.readouterr().out.startswith("figure,subject,unit,day,value,capacity")
        file = tmp_path / "board.pdf"
        assert main(("figures", "board", "--output", str(file), "--language", "nl")) == 0
        assert len(PdfReader(file).pages) == 1
        assert main(("figures", "board", "--output", str(tmp_path / "no" / "folder.pdf"))) != 0
