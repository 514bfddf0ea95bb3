"""Structured logs: one JSON object a line on standard output, tied together by request, Change and device.

``bind(request_id=…)`` at the edge; whatever is logged below in the same thread or task carries it. Secrets are masked
in every field and in the text of exceptions (``core.masking``).
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any, TextIO

import structlog

from core.masking import mask, mask_json

__all__ = ["bind", "configure", "get_logger"]

_QUIET = {
    "alembic": logging.WARNING,
    "asyncssh": logging.WARNING,
    "dbos": logging.WARNING,
    "httpx": logging.WARNING,
    "ncclient": logging.WARNING,
    "netmiko": logging.WARNING,
    "paramiko": logging.WARNING,
    "uvicorn.access": logging.WARNING,
}
"""Libraries that tell at ``info`` what we log ourselves, or show what goes over the wire at ``debug``."""


def configure(level: str = "info", stream: TextIO | None = None) -> None:
    """Send our own and every library's log lines through one pipeline.

    Args:
        level: least level, ``debug``, ``info``, ``warning`` or ``error``.
        stream: standard output when absent.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                _mask_fields,
                structlog.processors.JSONRenderer(ensure_ascii=False, default=_masked_repr),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name, least in _QUIET.items():
        logging.getLogger(name).setLevel(max(least, root.level))
    logging.captureWarnings(capture=True)


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """The logger of a module: ``get_logger("irisplane.network.push")``."""
    logger: structlog.stdlib.BoundLogger = structlog.get_logger(name)
    return logger


@contextmanager
def bind(**fields: object) -> Iterator[None]:
    """Every line logged inside carries these fields: ``request_id``, ``change_id``, ``device``."""
    with structlog.contextvars.bound_contextvars(**{name: str(value) for name, value in fields.items()}):
        yield


def _mask_fields(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name, value in event.items():
        try:
            event[name] = mask_json(value)
        except TypeError:
            event[name] = _masked_repr(value)
    return event


def _masked_repr(value: object) -> str:
    return mask(repr(value))
