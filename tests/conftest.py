"""Fixtures for every room: a PostgreSQL server for the session, a database for each module, and who may run what."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import hypothesis
import pytest
import structlog
from _pytest.runner import runtestprotocol

from core.db import Database
from core.instance import ROOT
from core.migrations import upgrade
from core.postgres import Role
from core.postgres_temporary import TemporaryPostgres
from tests import documented, lanes
from tests.clouds import cloud, faulty_road, qemu_cloud

__all__ = [
    "answers_conform",
    "cloud",
    "database",
    "database_dsn",
    "faulty_road",
    "fresh_database",
    "pg",
    "qemu_cloud",
    "shots",
]

os.environ.setdefault("IRISPLANE_INSTANCE", "test")
# structlog draws every local of every frame of an exception in boxes: minutes for one of the web framework
structlog.configure(processors=[
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
])  # fmt: skip
# How fast a machine is while others work on it is no property of ours.
hypothesis.settings.register_profile("shared", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("shared")
# A developer's own settings must not steer the tests towards a real database or another instance's folders.
for _name in ("IRISPLANE_DATABASE_URL", "IRISPLANE_STATE_DIR", "IRISPLANE_RUNTIME_DIR", "IRISPLANE_LISTEN"):
    os.environ.pop(_name, None)
# A cloud takes a minute and two gigabytes: it comes up where a test asks for it (tests/clouds.py), not with a region.
os.environ["IRISPLANE_LAB_CLOUD"] = "off"


_ON_CLOUD: Final = frozenset({"cloud", "faulty_road", "qemu_cloud", "story_cloud"})
_REASONS: Final = 4
_WAY_UP: Final = 1500
"""Seconds more for a test on a cloud: whoever comes first waits until it is up, and its region with it."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip by name what this machine or this run is not for, and put them into their lanes."""
    needs_root = pytest.mark.skip(reason="the lab needs root and network namespaces")
    only_long = pytest.mark.skip(reason="runs in 'make test-long' only")
    for item in items:
        used = set(getattr(item, "fixturenames", ()))
        if item.get_closest_marker("lab") and os.geteuid() != 0:
            item.add_marker(needs_root)
        if item.get_closest_marker("long") and os.environ.get("IRISPLANE_LONG") != "1":
            item.add_marker(only_long)
        if {"database", "pg"} & used:
            item.add_marker(pytest.mark.db)
        if _ON_CLOUD & used:
            item.add_marker(pytest.mark.cloud)
            marked = item.get_closest_marker("timeout")
            seconds = float(marked.args[0] if marked else item.config.getini("timeout"))
            item.add_marker(pytest.mark.timeout(seconds + _WAY_UP), append=False)
    items[:] = lanes.in_order(items) if "PYTEST_XDIST_WORKER" in os.environ else items


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """A lane's last test is like the last of all: routers, regions and clouds go with it and do not run idle."""
    if not lanes.ends(item, nextitem):
        return None
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    runtestprotocol(item, nextitem=None)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> lanes.Lanes:
    """Several at once (``-n 3 --dist loadscope``) run in lanes."""
    return lanes.Lanes(config, log)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Iterator[None]:
    """Below everything else: why tests could not be set up, each reason once; in the summary's lines is no room."""
    yield
    reasons: dict[str, list[str]] = {}
    for report in terminalreporter.getreports("error"):
        crash = getattr(report.longrepr, "reprcrash", None)
        reasons.setdefault(str(crash.message if crash else report.longrepr), []).append(report.nodeid)
    if reasons:
        terminalreporter.section("what tests could not be set up for", sep="=")
    for reason, tests in list(reasons.items())[:_REASONS]:
        terminalreporter.write_line(f"{len(tests)} × {tests[0]}{' …' if len(tests) > 1 else ''}")
        lines = [line.rstrip()[:400] for line in reason.splitlines() if line.strip()]
        for line in lines if len(lines) <= 12 else [*lines[:6], "…", *lines[-6:]]:
            terminalreporter.write_line(f"    {line}")


@pytest.fixture(autouse=True)
def answers_conform() -> Iterator[None]:
    """Every successful answer that a test gets is one that the OpenAPI document describes."""
    yield
    wrong = documented.taken()
    assert not wrong, "\n\n".join(f"{operation}: {what}" for operation, what in sorted(wrong.items()))


@pytest.fixture(scope="session")
def pg() -> Iterator[TemporaryPostgres]:
    """A server whose database ``irisplane`` is migrated and stays untouched: a template to copy from."""
    with TemporaryPostgres() as server:
        upgrade(server.dsn("owner"))
        yield server


@pytest.fixture(scope="module")
def database_dsn(pg: TemporaryPostgres) -> Iterator[Callable[[Role], str]]:
    """The URLs, by role, of a migrated database of this module's own."""
    with pg.copy() as name:
        yield lambda role: pg.dsn(role, name)


@pytest.fixture(scope="module")
def database(database_dsn: Callable[[Role], str]) -> Iterator[Database]:
    """A migrated database of this module's own."""
    opened = Database(database_dsn)
    yield opened
    opened.close()


@pytest.fixture
def fresh_database(pg: TemporaryPostgres) -> Iterator[Database]:
    """A migrated database of this one test's own (costs a tenth of a second)."""
    with pg.copy() as name:
        opened = Database(lambda role: pg.dsn(role, name))
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def shots() -> Path:
    """Where pictures of pages go, for people who look at them: ``IRISPLANE_TEST_SHOTS``, else ``var/shots``."""
    folder = Path(os.environ.get("IRISPLANE_TEST_SHOTS") or ROOT / "var" / "shots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
