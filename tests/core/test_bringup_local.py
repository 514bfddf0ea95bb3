"""The verbs that act on this machine, where nothing was started yet, and with a log at hand."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from cli import local
from core.errors import Conflict, NotFound
from core.instance import ROOT
from core.settings import get_settings


@pytest.fixture(autouse=True)
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An instance that was never brought up."""
    monkeypatch.setenv("IRISPLANE_INSTANCE", "bench")  # other tests may use "test" meanwhile
    monkeypatch.setenv("IRISPLANE_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("IRISPLANE_RUNTIME_DIR", str(tmp_path / "run"))
    monkeypatch.setenv("IRISPLANE_LAB", "off")
    get_settings.cache_clear()
    yield tmp_path / "state"
    get_settings.cache_clear()


def test_before_the_first_up_every_part_is_stopped() -> None:
    states = {part.name: part.state for part in local.status()}
    assert states == {
        "postgres": "stopped", "mail": "stopped", "worker": "stopped", "api": "stopped", "sequencer": "stopped",
        "lab": "skipped", "cloud": "skipped", **({"prometheus": "stopped"} if shutil.which("prometheus") else {}),
    }  # fmt: skip
    assert all(isinstance(part.as_dict()["detail"], str) for part in local.status())


def test_down_and_clean_do_nothing_where_nothing_is(fresh: Path) -> None:
    said: list[str] = []
    assert not local.down(said.append)
    local.clean(said.append)
    assert not fresh.exists()


def test_clean_forgets_this_instance_but_no_other(fresh: Path) -> None:
    (fresh / "postgres").mkdir(parents=True)
    (fresh / "instances" / "other").mkdir(parents=True)
    local.clean(lambda _line: None)
    assert [entry.name for entry in fresh.iterdir()] == ["instances"]


def test_an_unknown_log_names_those_there_are(fresh: Path) -> None:
    (fresh / "log").mkdir(parents=True)
    (fresh / "log" / "api.log").write_text("one\ntwo\nthree\n")
    with pytest.raises(NotFound) as refused:
        list(local.logs("../../etc/passwd"))
    assert "api" in refused.value.hint
    assert list(local.logs("api", lines=2)) == ["two\n", "three\n"]


def test_a_followed_log_goes_on_after_it_was_rotated(fresh: Path) -> None:
    (fresh / "log").mkdir(parents=True)
    path = fresh / "log" / "api.log"
    path.write_text("one\n")
    lines = local.logs("api", follow=True)
    assert next(lines) == "one\n"
    path.rename(path.with_suffix(".log.1"))
    path.write_text("two\n")
    assert list(islice(lines, 1)) == ["two\n"]
    lines.close()  # type: ignore[attr-defined]  # a generator, said to be an iterator


@pytest.mark.parametrize("place", [ROOT, ROOT.parent, Path.home()])
def test_clean_touches_no_folder_that_holds_more_than_an_instance(monkeypatch: pytest.MonkeyPatch, place: Path) -> None:
    stopped: list[str] = []
    monkeypatch.setattr(local, "down", stopped.append)
    monkeypatch.setattr("shutil.rmtree", stopped.append)
    monkeypatch.setattr(Path, "unlink", stopped.append)
    monkeypatch.setenv("IRISPLANE_STATE_DIR", str(place))
    get_settings.cache_clear()
    with pytest.raises(Conflict, match="holds more than"):
        local.clean(stopped.append)
    assert stopped == []
