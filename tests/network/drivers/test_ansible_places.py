"""Few plays run at once; who waits too long for a place begins none."""

from __future__ import annotations

import threading

import pytest

from network.drivers import ansible
from network.drivers.protocol import Target
from network.errors import PlayFailed

_TARGET = Target("r1", "192.0.2.1", "u", password="geheim", host_keys=("ssh-ed25519 AAAA",))


def test_a_play_that_waited_too_long_is_never_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    places = threading.Semaphore(0)
    monkeypatch.setattr(ansible, "_AT_ONCE", places)
    with pytest.raises(PlayFailed, match="was not begun") as failed:
        ansible.run_play("frr_upgrade", _TARGET, {"version": "1"}, seconds=0.2)
    assert "lower concurrency" in str(failed.value.hint)
    assert not places.acquire(blocking=False)  # and it gives back no place that it never had
