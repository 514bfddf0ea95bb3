"""``python -m dashboards.grafana`` writes the dashboards' files anew; a test compares."""

from __future__ import annotations

import json
from pathlib import Path

from dashboards.grafana.written import DASHBOARDS

FOLDER = Path(__file__).parent


def main() -> None:
    """Write each."""
    for name, content in DASHBOARDS.items():
        (FOLDER / name).write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
