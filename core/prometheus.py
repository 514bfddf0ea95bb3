"""The Prometheus beside a region: Debian's, unmodified, told only where to ask whom it should scrape.

Whom, and under which names, the API says (HTTP service discovery); what to alert on is written by the worker, from the
intent, into a file of rules that is read again when it changes.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit

from core.settings import Settings

__all__ = ["RULES_NAME", "Prometheus", "rules_file", "scraped_address"]

RULES_NAME: Final = "rules.yml"
_EVERY: Final = "30s"
"""Devices are asked every half minute: more often would scrape the same figures twice."""
_KEPT: Final = "400d"
"""A year to look back on, and the month before to compare with."""


def scraped_address(settings: Settings) -> str:
    """Where a Prometheus on this machine reaches the API, as host:port."""
    host = settings.reached_host
    return f"[{host}]:{settings.listen_port}" if ":" in host else f"{host}:{settings.listen_port}"


def rules_file(settings: Settings) -> Path:
    """Where the worker writes the rules."""
    return settings.state_dir / "prometheus" / RULES_NAME


@dataclass(frozen=True, slots=True)
class Prometheus:
    """A Prometheus of an instance.

    Attributes:
        command: program and arguments.
        config_file: where its configuration is to be placed.
        configuration: what is to stand there. YAML; JSON is YAML.
    """

    command: tuple[str, ...]
    config_file: Path
    configuration: str

    @classmethod
    def of(cls, settings: Settings) -> Self | None:
        """The instance's own; nothing where none is installed, or another one was named."""
        program = shutil.which("prometheus")
        place = settings.place
        listen = f"127.0.0.1:{place.prometheus_port}"
        if program is None or urlsplit(settings.prometheus_url).netloc != listen:
            return None
        config = place.runtime_dir / "prometheus.yml"
        command = (
            program,
            f"--config.file={config}",
            f"--storage.tsdb.path={settings.state_dir / 'prometheus' / 'data'}",
            f"--storage.tsdb.retention.time={_KEPT}",
            f"--web.listen-address={listen}",
            "--web.enable-lifecycle",  # the worker says when there are other rules
            "--log.format=json",
        )
        return cls(command, config, json.dumps(configuration(settings), indent=1) + "\n")


def configuration(settings: Settings, *, every: str = _EVERY) -> dict[str, Any]:
    """What Prometheus is told: ask the API whom to scrape.

    Args:
        every: between two scrapes, and two looks at the rules.
    """
    scheme = "https" if settings.tls_cert else "http"
    # Our own server, reached by address: its certificate names a host. No secret travels on this way.
    reach: dict[str, Any] = {"tls_config": {"insecure_skip_verify": True}} if settings.tls_cert else {}
    discovery = {"url": f"{scheme}://{scraped_address(settings)}/metrics/targets", "refresh_interval": every, **reach}
    return {
        "global": {"scrape_interval": every, "evaluation_interval": every},
        "rule_files": [str(rules_file(settings))],
        "scrape_configs": [
            {"job_name": "irisplane", "scheme": scheme, "http_sd_configs": [discovery], **reach},
        ],
    }
