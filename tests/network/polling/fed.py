"""A real Prometheus that was given a past: nobody scrapes, nothing is added."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest
import yaml

from tests.network.alerting.promtool import promtool

__all__ = ["fed"]


@contextmanager
def fed(folder: Path, lines: Iterable[str]) -> Iterator[str]:
    """The address of a Prometheus that holds these lines of OpenMetrics."""
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("Prometheus is not installed")
    (folder / "fed.om").write_text("\n".join([*lines, "# EOF", ""]))
    (folder / "data").mkdir()
    promtool("tsdb", "create-blocks-from", "openmetrics", folder / "fed.om", folder / "data")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "prometheus.yml").write_text(yaml.safe_dump({"scrape_configs": []}))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [program, f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
             "--storage.tsdb.retention.time=400d", f"--web.listen-address=127.0.0.1:{port}"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    try:
        end = time.monotonic() + 120
        while not _ready(url):
            assert time.monotonic() < end, (folder / "log").read_text()
            time.sleep(0.2)
        yield url
    finally:
        process.kill()
        process.wait()


def _ready(url: str) -> bool:
    try:
        with urlopen(f"{url}/-/ready", timeout=5) as answer:  # noqa: S310 - ours, on loopback
            return bool(answer.status == 200)
    except OSError:
        return False
