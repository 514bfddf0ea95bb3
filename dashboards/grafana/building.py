"""Panels of a Grafana dashboard as plain JSON values: what all of ours have in common is said once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

__all__ = ["POSTGRESQL", "PROMETHEUS", "Panel", "Query", "dashboard"]

POSTGRESQL: Final = {"type": "grafana-postgresql-datasource", "uid": "irisplane-postgresql"}
PROMETHEUS: Final = {"type": "prometheus", "uid": "irisplane-prometheus"}
_COLUMNS: Final = 24
_SCHEMA: Final = 39
"""Of Grafana 11; later ones bring it up to theirs when they read it."""

Form = Literal["time_series", "table"]


@dataclass(frozen=True, slots=True)
class Query:
    """What a panel asks: SQL, in the form that it shows, or PromQL with the legend of its lines."""

    text: str
    sql: bool = True
    form: Form = "time_series"
    legend: str = "__auto"

    def target(self, letter: str) -> dict[str, Any]:
        """As a panel has it."""
        if self.sql:
            return {"refId": letter, "datasource": POSTGRESQL, "editorMode": "code", "format": self.form,
                    "rawQuery": True, "rawSql": self.text}  # fmt: skip
        return {"refId": letter, "datasource": PROMETHEUS, "editorMode": "code", "expr": self.text,
                "legendFormat": self.legend, "range": True}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel.

    Attributes:
        about: where its figures come from: shown beside its title.
        unit: as Grafana names it: ``none``, ``percentunit``, ``s``, ``decmbytes`` …
        wide: of 24 columns.
    """

    title: str
    about: str
    queries: tuple[Query, ...]
    kind: Literal["timeseries", "stat", "table"] = "timeseries"
    unit: str = "none"
    wide: int = 12
    high: int = 8

    def as_json(self, number: int, x: int, y: int) -> dict[str, Any]:
        """As a dashboard has it."""
        defaults: dict[str, Any] = {"unit": self.unit, "min": 0}
        if self.unit == "percentunit":
            defaults |= {"max": 1, "thresholds": {"mode": "absolute", "steps": [
                {"color": "blue", "value": None}, {"color": "orange", "value": 0.8}, {"color": "red", "value": 1},
            ]}}  # fmt: skip
        return {
            "id": number, "type": self.kind, "title": self.title, "description": self.about,
            "datasource": POSTGRESQL if self.queries[0].sql else PROMETHEUS,
            "gridPos": {"x": x, "y": y, "w": self.wide, "h": self.high},
            "fieldConfig": {"defaults": {} if self.kind == "table" else defaults, "overrides": []},
            "options": _OPTIONS[self.kind],
            "targets": [query.target(chr(ord("A") + place)) for place, query in enumerate(self.queries)],
        }  # fmt: skip


_OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "timeseries": {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "stat": {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}, "graphMode": "area",
        "colorMode": "value", "textMode": "auto", "justifyMode": "auto", "orientation": "auto",
    },
    "table": {"showHeader": True, "cellHeight": "sm"},
}  # fmt: skip


def dashboard(uid: str, title: str, about: str, since: str, panels: Sequence[Panel]) -> dict[str, Any]:
    """A dashboard whose panels stand side by side, row by row, in their order.

    Args:
        since: the time it shows at first: ``now-90d``.
    """
    made, x, y, high = [], 0, 0, 0
    for number, panel in enumerate(panels, start=1):
        if x + panel.wide > _COLUMNS:
            x, y, high = 0, y + high, 0
        made.append(panel.as_json(number, x, y))
        x, high = x + panel.wide, max(high, panel.high)
    return {
        "uid": uid, "title": title, "description": about, "tags": ["irisplane"], "schemaVersion": _SCHEMA,
        "editable": False, "timezone": "Europe/Brussels", "time": {"from": since, "to": "now"}, "refresh": "1m",
        "panels": made,
    }  # fmt: skip
