"""The rules in a file, where the instance's Prometheus reads them: written when the intent asks for others."""

from __future__ import annotations

import contextlib
import logging
import os
import urllib.error
import urllib.request
from pathlib import Path
from typing import Final

from core.db import Database
from core.prometheus import rules_file
from core.scope import EVERY_TENANT, Scope
from core.settings import get_settings
from network.alerting.planned import planned_rules
from network.alerting.rules import rules_text

__all__ = ["write", "write_file"]

_LOG: Final = logging.getLogger(__name__)
_SCOPE: Final = Scope(EVERY_TENANT, request_id="alerting", reason="rules for Prometheus")


def write(database: Database) -> None:
    """Bring the file of rules up to date, and have Prometheus read it; nothing where the instance has no Prometheus."""
    settings = get_settings()
    path = rules_file(settings)
    if not path.parent.is_dir():
        return
    with database.transaction("worker", _SCOPE) as tx:
        content = rules_text(planned_rules(tx))
    if write_file(path, content):
        _LOG.info("rules for Prometheus written")
        _reload(settings.prometheus_url)


def write_file(path: Path, content: str) -> bool:
    """Write a file whole or not at all; whether it differs from what was there."""
    with contextlib.suppress(OSError):
        if path.read_text(encoding="utf-8") == content:
            return False
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(content, encoding="utf-8")
    draft.replace(path)
    return True


def _reload(url: str) -> None:
    """One that does not run now reads the file when it starts."""
    request = urllib.request.Request(f"{url}/-/reload", method="POST")  # noqa: S310 - a setting that must be http
    with contextlib.suppress(urllib.error.URLError, OSError), urllib.request.urlopen(request, timeout=10):  # noqa: S310 - as above
        pass
