"""`irisplane fibre trace | loss | locate | splice-plan | export`: for people, for programs, as files."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from fastapi import FastAPI
from pypdf import PdfReader

from cli.main import main
from core.db import Database
from tests.api.people import Person
from tests.api.serving import serve
from tests.inventory.plant.conftest import planted


def test_ways_losses_places_plans_and_files(
    app: FastAPI,
    database: Database,
    engineer: Person,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    planted(database)
    with serve(app) as url:
        monkeypatch.setenv("IRISPLANE_URL", url)
        monkeypatch.setenv("IRISPLANE_TOKEN", engineer.token)
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))

        def said(*words: str) -> str:
            assert main(("fibre", *words)) == 0
            return capsys.readouterr().out

        assert json.loads(said("trace", "--circuit", "X1", "--json"))["strands"] == 2
        told = said("trace", "--strand", "C1/1")
        assert "A to M, tube blue, blue, lit by X1" in " ".join(told.split())
        told = said("loss", "--interface", "ra:f1", "--rx", "-12")
        assert "worse than planned" in told
        told = said("locate", "--strand", "C1/1", "--from", "A", "--metres", "900")
        assert "C2, 300 m from M" in told
        assert "D2, 280 m from its a" in told
        assert "13-24" in said("splice-plan", "K1")
        drawing, sheets = tmp_path / "k1.svg", tmp_path / "k1.pdf"
        said("splice-plan", "K1", "--svg", str(drawing), "--pdf", str(sheets), "--language", "fr")
        assert "Cassette 1" in drawing.read_text()
        assert "Cassette 1" in PdfReader(sheets).pages[0].extract_text()
        chart, tables = tmp_path / "plant.geojson", tmp_path / "plant.zip"
        said("export", "--geojson", str(chart), "--csv", str(tables))
        assert json.loads(chart.read_text())["type"] == "FeatureCollection"
        assert "splices.csv" in zipfile.ZipFile(tables).namelist()
        assert main(("fibre", "trace")) == 2
        assert main(("fibre", "trace", "--strand", "C1/99")) == 4
        assert main(("fibre", "export")) == 2
        assert main(("fibre", "splice-plan", "K1", "--svg", str(tmp_path / "no" / "folder.svg"))) != 0
