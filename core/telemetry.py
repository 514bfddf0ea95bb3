"""Figures for Prometheus: counters of this process, and what the database knows when it is scraped.

A domain adds its own through ``Domain.metrics``; a collector that fails leaves the others standing and is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Final
from urllib.parse import unquote, urlsplit

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily
from sqlalchemy import Connection, text
from sqlalchemy.pool import QueuePool

from core.db import Database
from core.domain import domains
from core.errors import Unavailable
from core.logs import configure, get_logger
from core.masking import remember
from core.scope import EVERY_TENANT, Scope
from core.settings import Settings

__all__ = ["CONTENT_TYPE", "REGISTRY", "REQUESTS", "REQUEST_SECONDS", "configure_logs", "metrics_text"]

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

REGISTRY: Final = CollectorRegistry()
"""Where every room puts its counters: ``Counter("irisplane_…", "…", registry=REGISTRY)``."""

REQUESTS: Final = Counter(
    "irisplane_requests", "Requests answered.", ["method", "route", "status"], registry=REGISTRY
)  # fmt: skip
REQUEST_SECONDS: Final = Histogram(
    "irisplane_request_seconds", "Time to answer.", ["route"], registry=REGISTRY,
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0),
)  # fmt: skip
_FAILED: Final = Counter("irisplane_collector_failures", "Collectors that failed.", ["collector"], registry=REGISTRY)
_DATABASE_UP: Final = Gauge("irisplane_database_up", "1: the database answers.", registry=REGISTRY)
ProcessCollector(registry=REGISTRY)

_log = get_logger("irisplane.telemetry")

Collector = Callable[[Connection], Iterable[Metric]]


def configure_logs(settings: Settings) -> None:
    """Log as the settings say; once, at the start of a program. The database's password is masked from here on."""
    configure(settings.log_level)
    for url in (settings.database_url, settings.smtp_url):
        password = urlsplit(url.get_secret_value()).password if url else None
        if password:
            remember(unquote(password))


def metrics_text(database: Database) -> bytes:
    """Everything this process and the database have to say, in Prometheus' text format.

    A database that is away is a figure, not an error.
    """
    scraped = CollectorRegistry()
    scraped.register(_Scrape([*_pools(database), *_from_database(database)]))
    return bytes(generate_latest(REGISTRY)) + bytes(generate_latest(scraped))


class _Scrape:
    """A registry wants an object; this one has its figures already."""

    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        """The figures."""
        return self._metrics


def _pools(database: Database) -> Iterable[Metric]:
    size = GaugeMetricFamily("irisplane_database_pool", "Connections of this process.", labels=["role", "state"])
    for role, engine in database.open_engines().items():
        if isinstance(engine.pool, QueuePool):
            size.add_metric([role, "in_use"], engine.pool.checkedout())
            size.add_metric([role, "idle"], engine.pool.checkedin())
    yield size


def _from_database(database: Database) -> list[Metric]:
    collectors: dict[str, Collector] = {"journal": _journal, "orchestrator": _orchestrator}
    for domain in domains():
        if domain.metrics:
            collectors[domain.name] = _load(domain.metrics)
    out: list[Metric] = []
    _DATABASE_UP.set(1)
    for name, collect in collectors.items():
        try:
            with database.transaction("platform", Scope(EVERY_TENANT)) as tx:
                tx.execute(text("set local statement_timeout = '2s'"))
                out += collect(tx)
        except Unavailable:
            _DATABASE_UP.set(0)
            break
        except Exception as error:  # noqa: BLE001 - one collector's defect must not take every figure away
            _FAILED.labels(name).inc()
            _log.warning("collector_failed", collector=name, error=type(error).__name__, detail=str(error))
    return out


def _load(reference: str) -> Collector:
    module, _, name = reference.partition(":")
    found: Collector = getattr(import_module(module), name)
    return found


def _journal(tx: Connection) -> Iterable[Metric]:
    row = tx.execute(
        text(
            "select (select coalesce(max(seq), 0) from journal_chain) as seq, count(*) as waiting,"
            " coalesce(extract(epoch from clock_timestamp() - min(j.at)), 0)::float as lag"
            " from journal_pending p join journal j on j.id = p.journal_id"
        )
    ).one()
    yield GaugeMetricFamily("irisplane_journal_seq", "Number of the newest journal entry.", row.seq)
    yield GaugeMetricFamily("irisplane_journal_waiting", "Journal entries that wait for their number.", row.waiting)
    yield GaugeMetricFamily("irisplane_journal_lag_seconds", "Age of the oldest entry without a number.", row.lag)


def _orchestrator(tx: Connection) -> Iterable[Metric]:
    """Changes and workers. Named here because every instance has them, whatever domains are installed."""
    changes = GaugeMetricFamily("irisplane_changes", "Changes that have not ended, by state.", labels=["state"])
    open_states = "('waiting'), ('approved'), ('running'), ('rolling_back')"
    rows = tx.execute(
        text(
            f"select s.state, count(c.id) as n from (values {open_states}) s(state)"  # noqa: S608 - a constant
            " left join change c on c.state = s.state group by s.state"
        )
    )
    for row in rows:
        changes.add_metric([row.state], row.n)
    yield changes
    counts = tx.execute(
        text(
            "select (select count(*) from executor_lease where lost_at is null) as workers,"
            " (select coalesce(max(extract(epoch from now() - beat_at)), 0)::float from executor_lease"
            "   where lost_at is null) as silence, (select count(*) from target_lock) as locks"
        )
    ).one()
    yield GaugeMetricFamily("irisplane_workers", "Workers that hold a lease.", counts.workers)
    yield GaugeMetricFamily("irisplane_worker_silence_seconds", "Longest silence of a worker.", counts.silence)
    yield GaugeMetricFamily("irisplane_locks", "Targets that a run holds.", counts.locks)
