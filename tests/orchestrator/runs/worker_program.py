"""A worker that knows the test's kind only: ``python -m tests.orchestrator.runs.worker_program [SHAPE]``."""

from __future__ import annotations

import logging
import os
import sys

from core.settings import get_settings
from orchestrator.durable import SHAPE
from orchestrator.registry import Registry
from orchestrator.runs import forward, phases, taking_back
from orchestrator.worker import Worker, serve
from tests.orchestrator.runs.device_kind import domain

if os.environ.get("IRISPLANE_LONG") != "1":
    # The devices of these tests are on this machine: what waits for a real one's answer may wait a quarter of the time.
    for module, names in (
        (forward, ("_GRACE_SECONDS", "_CALL_SECONDS")),
        (phases, ("_PREPARE_SECONDS",)),
        (taking_back, ("_CALL_SECONDS", "_GRACE_SECONDS", "_PATIENCE_UNALTERED")),
    ):
        vars(module).update({name: vars(module)[name] / 4 for name in names})

logging.basicConfig(level="INFO", format="%(asctime)s %(threadName)s %(levelname)s %(message)s")
serve(
    Worker(
        get_settings(), registry=Registry((domain,)), shape=SHAPE if len(sys.argv) < 2 else sys.argv[1], duties=False
    )
)
