"""A region is imported, designed and looked at from the command line, against a really served API."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from cli.main import main
from tests.api.people import Person
from tests.api.serving import serve
from tests.network.design.test_change import OPEN_DATA, small_town

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def address(app: FastAPI) -> Iterator[str]:
    with serve(app) as url:
        yield url


@pytest.fixture
def run(
    address: str, engineer: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    known = {engineer.handle: {"token": engineer.token, "handle": engineer.handle}}
    file = tmp_path / "credentials" / "cli.json"
    file.parent.mkdir()
    file.write_text(json.dumps({"url": address, "profiles": known}))
    monkeypatch.setenv("IRISPLANE_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))

    def run_one(*arguments: str) -> tuple[int, str, str]:
        code = main([*arguments, "--profile", engineer.handle])
        told = capsys.readouterr()
        return code, told.out, told.err

    return run_one


def _json(run: Run, *arguments: str) -> object:
    code, out, err = run(*arguments, "--json")
    assert code == 0, err
    return json.loads(out)


def _changes(run: Run) -> list[dict[str, Any]]:
    found = _json(run, "change", "list")
    assert isinstance(found, list)
    return found


def test_a_town_is_designed_drawn_taken_out_brought_in_again_and_grown(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "town"
    folder.mkdir()
    for file in small_town():
        (folder / file.name).write_bytes(file.content)
    assert run("region", "import", str(folder))[0] == 0

    code, out, _ = run("network", "design", "--dry-run")
    assert code == 0
    assert "47" in out
    assert "assumptions, not offers" in out
    assert run("fibre", "path", "ST-0", "ST-1")[0] == 4  # nothing was made

    picture = tmp_path / "plant.svg"
    code, out, err = run("network", "design", "--yes", "--svg", str(picture))
    assert code == 0, err
    assert "km" in out
    assert picture.read_text().count("<circle") > 47
    assert "nothing to do" in run("network", "design")[1]

    before, after = tmp_path / "before", tmp_path / "after"
    assert run("region", "export", str(before))[0] == 0
    made = next(one["id"] for one in _changes(run) if one["kind"] == "network.design")
    code, out, err = run("change", "undo", made, "--reason", "to import it again")
    assert code == 0, err
    assert run("fibre", "path", "ST-0", "ST-1")[0] == 4  # it is gone
    code, out, err = run("region", "import", str(before))
    assert code == 0, err
    assert "ducts.json" in out
    assert run("region", "export", str(after))[0] == 0
    files = {path.name: path.read_bytes() for path in before.iterdir()}
    assert files["cables.json"].count(b"\n") > 47
    assert {path.name: path.read_bytes() for path in after.iterdir()} == files
    assert "nothing to do" in run("network", "design")[1]

    school = ["code=SC-NEW", "kind=school", "name_fr=École neuve", "name_nl=Nieuwe school", "lon=4.3647", "lat=50.8671",
              'facts={"level_guess": "secondary"}']  # fmt: skip
    fields = [word for one in school for word in ("--set", one)]
    code, out, err = run("site", "add", *fields, "--reason", "a school was built", "--yes")
    assert code == 0, err
    assert "Create site SC-NEW" in out
    assert "+ site SC-NEW" in out
    code, out, err = run("network", "design", "--yes")
    assert code == 0, err
    assert "1 more; 47 are in the network, and stay as they are" in out
    assert "circuits  AC.SC-NEW\n" in out
    fields[1], fields[9], fields[11] = "code=SC-FAR", "lon=5.3", "lat=50.4"
    assert run("site", "add", *fields, "--reason", "a school in the fields", "--yes")[0] == 0
    assert run("network", "design")[1] == (
        "There is nothing to lay.\nNot in the network, no street leads to it: SC-FAR\n"
    )
    assert run("region", "export", str(after))[0] == 0
    grown = {path.name: path.read_bytes().splitlines() for path in after.iterdir()}
    rows = {name: {line.rstrip(b",") for line in content.splitlines()} for name, content in files.items()}
    assert all(lines <= {line.rstrip(b",") for line in grown[name]} for name, lines in rows.items())

    code, out, _ = run("fibre", "path", "ST-0", "ST-1", "--diverse")
    assert code == 0
    assert "They share no duct, no manhole or building between their ends. No pair is better." in out
    found = _json(run, "fibre", "path", "ST-0", "ST-1", "--k", "3", "--by", "loss")
    assert isinstance(found, dict)
    losses = [way["loss_db"] for way in found["paths"]]
    assert len(losses) == 3
    assert losses == sorted(losses)
    assert "single points of failure for 48 sites" in run("fibre", "weak-points")[1]


def test_prices_come_from_a_file_and_one_that_is_none_is_refused(run: Run, tmp_path: Path) -> None:
    prices = tmp_path / "prices.json"
    prices.write_text('{"gold": 3.5}')
    code, _, err = run("network", "design", "--costs", str(prices))
    assert code == 2
    assert "no unit price 'gold'" in err
    prices.write_text("[1]")
    code, _, err = run("network", "design", "--costs", str(prices))
    assert code == 2
    assert "is not a JSON object of prices" in err


@pytest.mark.slow
@pytest.mark.skipif(not OPEN_DATA.is_dir(), reason="the region's open data is not beside this clone")
def test_brussels_is_imported_and_designed_and_a_diverse_pair_shares_no_duct(run: Run, tmp_path: Path) -> None:
    assert run("region", "import", str(OPEN_DATA))[0] == 0
    told = _json(run, "network", "design", "--dry-run")
    assert isinstance(told, dict)
    assert 400 <= told["site_count"] <= 500  # the town of the other test is in it already
    code, _, err = run("network", "design", "--yes", "--svg", str(tmp_path / "brussels.svg"))
    assert code == 0, err
    found = _json(run, "fibre", "path", "ST-GARE-DU-MIDI", "TH-21009", "--diverse")
    assert isinstance(found, dict)
    one, other = ({duct["code"] for duct in way["ducts"]} for way in found["paths"])
    assert found["exact"]
    assert one.isdisjoint(other)
