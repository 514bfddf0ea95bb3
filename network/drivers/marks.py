"""Marks kept by us, for equipment that cannot keep them itself.

A FRR router of ours remembers who committed what; bought equipment does not. So what a mark did is remembered in this
process, and for the rest the device is asked whether a timed commit is pending. After a restart of the process a
mark that the device does not show is ``none``: the run then compares fingerprints, which is always true.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from threading import Lock
from typing import Final

from network.drivers.protocol import Candidate, Mark, MarkState, MarkStatus, Prepared, Target
from network.errors import AlreadyConfirmed, DeviceBusy, FencedOut, NotPrepared

__all__ = ["Held", "Marks"]


_KEPT_MARKS: Final = 8


@dataclass(slots=True)
class Held:
    """How far one mark came."""

    candidate: Candidate
    prepared: Prepared
    state: MarkState = "prepared"
    reason: str = ""
    deadline: float | None = None

    @property
    def remaining(self) -> float | None:
        """Seconds of the timer, as far as this end knows."""
        return None if self.deadline is None else max(0.0, self.deadline - time.monotonic())


@dataclass(slots=True)
class _Device:
    epoch: int = 0
    held: dict[tuple[str, str], Held] = field(default_factory=dict)


class Marks:
    """The marks of every device that this process spoke to, by address."""

    def __init__(self) -> None:
        self._devices: dict[tuple[str, int], _Device] = {}
        self._lock = Lock()

    def _device(self, target: Target) -> _Device:
        with self._lock:
            return self._devices.setdefault((target.host, target.port), _Device())

    def admit(self, target: Target, mark: Mark) -> None:
        """Refuse a mark of an older epoch than was seen, and one beside another that is pending or prepared.

        A newer epoch takes over what is only prepared.

        Raises:
            FencedOut, DeviceBusy
        """
        device = self._device(target)
        if mark.epoch < device.epoch:
            raise FencedOut(f"{target.name} has seen epoch {device.epoch}, this is {mark.epoch}.", device=target.name)
        for key, held in list(device.held.items()):
            if key == (mark.change_id, mark.step_id):
                continue
            if held.state == "committed-pending" or (held.state == "prepared" and mark.epoch == device.epoch):
                raise DeviceBusy(f"Another change holds {target.name}.", device=target.name, change_id=key[0])
            if held.state == "prepared":
                held.state, held.reason = "reverted", "discarded"
        device.epoch = mark.epoch

    def keep(self, target: Target, mark: Mark, held: Held) -> None:
        """Remember what was prepared.

        Raises:
            AlreadyConfirmed: this mark did its work.
        """
        device = self._device(target)
        before = device.held.get((mark.change_id, mark.step_id))
        if before is not None and before.state == "confirmed":
            raise AlreadyConfirmed(f"This step is confirmed on {target.name} already.", device=target.name)
        device.held[mark.change_id, mark.step_id] = held
        # Each holds two whole configurations, secrets included: what is over is not kept for as long as we run.
        over = [key for key, one in device.held.items() if one.state in ("confirmed", "reverted")]
        for key in over[:-_KEPT_MARKS]:
            del device.held[key]

    def find(self, target: Target, mark: Mark) -> Held | None:
        """What is known of a mark."""
        return self._device(target).held.get((mark.change_id, mark.step_id))

    def get(self, target: Target, mark: Mark) -> Held:
        """What is known of a mark that was prepared. Raises ``NotPrepared`` when nothing is, or it was forgotten."""
        held = self.find(target, mark)
        if held is None or (held.state == "reverted" and held.reason == "discarded"):
            raise NotPrepared(f"Nothing is prepared for this step on {target.name}.", device=target.name)
        return held

    def status(self, target: Target, mark: Mark) -> MarkStatus:
        """How far a mark came, as far as this process knows."""
        held, epoch = self.find(target, mark), self._device(target).epoch
        if held is None:
            return MarkStatus("none", epoch=epoch)
        return MarkStatus(held.state, held.remaining if held.state == "committed-pending" else None, held.reason, epoch)
