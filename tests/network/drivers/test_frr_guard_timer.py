"""The timer on the router: nothing that can go wrong there ends it before the commit is taken back."""

from __future__ import annotations

import errno
from types import TracebackType
from typing import Any, Self

import pytest

from network.drivers.frr.onrouter import guard, vty


class _Lock:
    def __init__(self, patience: float | None = 10.0) -> None:
        assert patience is None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return


class _Memory:
    record: dict[str, Any] = {}  # noqa: RUF012 - what is on the router's disk: every process reads the same

    def mark(self, name: str) -> dict[str, Any]:
        assert name == "change/step"
        return self.record


def test_the_timer_goes_on_trying_when_the_router_is_in_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    _Memory.record = {"state": "committed", "deadline": 1.0}
    troubles: list[Exception] = [
        vty.Refused("zebra does not run"),
        OSError(errno.ENOSPC, "no space left on device"),
        FileNotFoundError("/run/frr"),
        BlockingIOError(errno.EAGAIN, "fork"),
    ]
    waited: list[float] = []

    def settle(_memory: _Memory, _lock: _Lock) -> None:
        if troubles:
            raise troubles.pop()
        _Memory.record["state"] = "reverted"

    monkeypatch.setattr(guard, "Memory", _Memory)
    monkeypatch.setattr(guard, "Lock", _Lock)
    monkeypatch.setattr(guard, "_settle", settle)
    monkeypatch.setattr("time.sleep", waited.append)
    guard._wait_and_revert("change/step", 1.0)
    assert _Memory.record["state"] == "reverted"
    assert len(waited) == 4
