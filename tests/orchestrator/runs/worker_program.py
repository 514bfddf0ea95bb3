"""A worker that knows the test's kind only: ``python -m tests.orchestrator.runs.worker_program [SHAPE]``."""

from __future__ import annotations

import logging
import sys

from core.settings import get_settings
from orchestrator.durable import SHAPE
from orchestrator.registry import Registry
from orchestrator.worker import Worker, serve
from tests.orchestrator.runs.device_kind import domain

logging.basicConfig(level="INFO", format="%(asctime)s %(threadName)s %(levelname)s %(message)s")
serve(
    Worker(
        get_settings(), registry=Registry((domain,)), shape=SHAPE if len(sys.argv) < 2 else sys.argv[1], duties=False
    )
)
