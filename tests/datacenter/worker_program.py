"""A worker with the installed kinds and without the leader's duties: ``python -m tests.datacenter.worker_program``."""

from __future__ import annotations

import logging

from core.settings import get_settings
from orchestrator.worker import Worker, serve

logging.basicConfig(level="INFO", format="%(asctime)s %(threadName)s %(levelname)s %(message)s")
serve(Worker(get_settings(), duties=False))
