"""`irisplane web`: a browser is signed in as the profile, by a link that is good once."""

from __future__ import annotations

import json
import webbrowser
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI

from cli.main import main
from tests.api.people import Hire, Person
from tests.api.serving import serve


def test_the_link_opens_the_pages_once(
    app: FastAPI, engineer: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    opened: list[str] = []

    def remember(address: str) -> bool:
        opened.append(address)
        return True

    monkeypatch.setattr(webbrowser, "open", remember)
    with serve(app) as url:
        monkeypatch.setenv("IRISPLANE_URL", url)
        monkeypatch.setenv("IRISPLANE_TOKEN", engineer.token)
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
        assert main(("web",)) == 0
        printed = capsys.readouterr().out.strip()
        assert opened == [printed]
        assert main(("web", "--no-open")) == 0
        capsys.readouterr()
        assert main(("web", "--json")) == 0
        assert len(opened) == 1
        told = json.loads(capsys.readouterr().out)
        assert told["url"].startswith(f"{url}/enter/")
        with httpx2.Client(follow_redirects=True, trust_env=False) as browser:
            assert "Today" in browser.post(printed).text
        with httpx2.Client(follow_redirects=True, trust_env=False) as late:
            assert late.post(printed).status_code == 401


def test_a_token_that_opens_no_browser_says_why(
    app: FastAPI, hire: Hire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    narrow = hire("narrow-cli", "engineer", scopes=("change:read",))
    with serve(app) as url:
        monkeypatch.setenv("IRISPLANE_URL", url)
        monkeypatch.setenv("IRISPLANE_TOKEN", narrow.token)
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
        assert main(("web", "--no-open")) == 3
    assert "--scope '*'" in capsys.readouterr().err
