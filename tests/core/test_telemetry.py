"""Figures: what one collector cannot say takes nothing else away."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection

from core.db import Database
from core.telemetry import metrics_text


def test_a_collector_that_fails_leaves_the_others_standing(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_tx: Connection) -> None:
        raise KeyError("a defect")

    monkeypatch.setattr("core.telemetry._journal", fails)
    text = metrics_text(database).decode()
    assert "irisplane_workers " in text
    assert 'irisplane_collector_failures_total{collector="journal"} 1.0' in text
