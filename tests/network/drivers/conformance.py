"""What every :class:`~network.drivers.protocol.ConfigDriver` must do, whatever stands at the other end.

A driver's test module subclasses :class:`ConfigDriverContract` and provides the fixture ``device``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

import pytest

from network.drivers.protocol import Candidate, ConfigDriver, Mark, Timeouts
from network.errors import (
    AlreadyConfirmed,
    AuthenticationRefused,
    BaseMoved,
    ConfirmRefused,
    DeviceBusy,
    DeviceHangs,
    DeviceUnreachable,
    FencedOut,
    HostKeyChanged,
    HostKeyUnknown,
    NetworkError,
    NotPrepared,
    SessionLost,
    SyntaxRefused,
)

__all__ = ["ConfigDriverContract", "Device"]


class Device(Protocol):
    """A device under test, and what can be done to it behind the driver's back."""

    text: str  # the whole configuration it starts each test with, confirmed
    other: str  # another whole configuration, with the management as it is
    lines: str  # lines to merge that make ``text`` different
    bad: str  # a whole configuration whose line ``bad_line`` the device refuses
    bad_line: int
    cut_off: str  # a whole configuration without the management address
    secret: tuple[str, str]  # lines to merge with a secret in them, and the secret

    def driver(self, **changes: object) -> ConfigDriver:
        """A driver, not yet open; ``changes`` are fields of its Target."""

    def normalise(self, text: str) -> str:
        """A text as ``running()`` would give it back."""

    def epoch(self) -> int:
        """An epoch above all before."""

    def hang(self) -> None:
        """Accept connections, then say nothing."""

    def resume(self) -> None:
        """Speak again."""

    def power_cycle(self) -> None:
        """Lose the power, get it back."""

    def by_hand(self) -> None:
        """Change a line of the running configuration behind everybody's back."""


def within(seconds: float, question: Callable[[], bool]) -> bool:
    """Whether a question is answered with yes in time; a device that is away is asked again."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if question():
                return True
        except NetworkError:
            pass
        time.sleep(0.2)
    return False


def back(driver: ConfigDriver) -> bool:
    """Whether the device can be logged in to again."""
    driver.open()
    return True


def mark_for(device: Device, step: str = "step") -> Mark:
    """A mark that nobody used yet."""
    epoch = device.epoch()
    return Mark(f"change-{epoch}", step, epoch)


class ConfigDriverContract:
    """The contract, one behaviour a test."""

    # ------------------------------------------------------------------------------------------------------ reading
    def test_reading_twice_gives_the_same(self, device: Device, driver: ConfigDriver) -> None:
        assert driver.running() == driver.running() == device.normalise(device.text)
        assert driver.fingerprint() == driver.fingerprint()

    def test_opening_and_closing_twice_does_no_harm(self, device: Device) -> None:
        driver = device.driver()
        driver.close()
        driver.open()
        driver.open()
        assert driver.facts().hostname
        driver.close()
        driver.close()

    # ------------------------------------------------------------------------------------------------------ preparing
    def test_preparing_alters_nothing_and_shows_what_would_be(self, device: Device, driver: ConfigDriver) -> None:
        before = driver.running()
        prepared = driver.prepare(Candidate(device.other), mark_for(device))
        assert prepared.diff
        assert not prepared.nothing_to_do
        assert prepared.base == driver.fingerprint()
        assert device.normalise(prepared.reverse) == before
        assert driver.running() == before

    def test_preparing_what_already_runs_is_nothing_to_do(self, device: Device, driver: ConfigDriver) -> None:
        prepared = driver.prepare(Candidate(device.text), mark_for(device))
        assert prepared.nothing_to_do
        assert prepared.diff == ""
        assert prepared.commands == 0

    def test_bad_syntax_is_refused_with_its_line(self, device: Device, driver: ConfigDriver) -> None:
        mark = mark_for(device)
        with pytest.raises(SyntaxRefused) as refused:
            driver.prepare(Candidate(device.bad), mark)
        assert refused.value.fields["line"] == device.bad_line
        assert driver.running() == device.normalise(device.text)
        with pytest.raises(NotPrepared):
            driver.commit(mark, 30)

    def test_a_plan_for_another_base_is_refused(self, device: Device, driver: ConfigDriver) -> None:
        with pytest.raises(BaseMoved):
            driver.prepare(Candidate(device.other), mark_for(device), base="0" * 64)

    def test_a_base_that_moves_after_preparing_is_refused_at_commit(self, device: Device, driver: ConfigDriver) -> None:
        mark = mark_for(device)
        driver.prepare(Candidate(device.other), mark)
        device.by_hand()
        with pytest.raises(BaseMoved):
            driver.commit(mark, 30)

    def test_a_secret_never_shows_in_a_difference(self, device: Device, driver: ConfigDriver) -> None:
        lines, secret = device.secret
        prepared = driver.prepare(Candidate(lines, "merge"), mark_for(device))
        assert prepared.diff
        assert secret not in prepared.diff
        assert secret not in repr(prepared)

    # ----------------------------------------------------------------------------------------------------- committing
    def test_a_replace_gives_exactly_the_candidate(self, device: Device, driver: ConfigDriver) -> None:
        mark = mark_for(device)
        prepared = driver.prepare(Candidate(device.other), mark)
        pending = driver.commit(mark, 60)
        assert pending.state == "committed-pending"
        assert pending.remaining is not None
        assert 0 < pending.remaining <= 60
        assert driver.running() == device.normalise(device.other)
        assert driver.fingerprint() == prepared.wanted
        assert driver.confirm(mark).state == "confirmed"
        assert driver.running() == device.normalise(device.other)

    def test_a_merge_adds_its_lines_and_its_reverse_takes_them_back(self, device: Device, driver: ConfigDriver) -> None:
        mark = mark_for(device)
        prepared = driver.prepare(Candidate(device.lines, "merge"), mark)
        driver.commit(mark, 60)
        driver.confirm(mark)
        assert driver.running() != device.normalise(device.text)
        back = mark_for(device)
        driver.prepare(Candidate(prepared.reverse), back)
        driver.commit(back, 60)
        driver.confirm(back)
        assert driver.running() == device.normalise(device.text)

    def test_each_verb_asked_twice_works_once(self, device: Device, driver: ConfigDriver) -> None:
        mark = mark_for(device)
        assert driver.status(mark).state == "none"
        assert driver.prepare(Candidate(device.other), mark) == driver.prepare(Candidate(device.other), mark)
        assert driver.status(mark).state == "prepared"
        first = driver.commit(mark, 60)
        time.sleep(0.3)
        again = driver.commit(mark, 60)
        assert first.remaining is not None
        assert again.remaining is not None
        assert again.remaining < first.remaining  # the timer is not wound up again
        assert driver.confirm(mark).state == driver.confirm(mark).state == "confirmed"
        assert driver.commit(mark, 60).state == "confirmed"

    def test_rollback_gives_exactly_the_old(self, device: Device, driver: ConfigDriver) -> None:
        mark = mark_for(device)
        driver.prepare(Candidate(device.other), mark)
        driver.commit(mark, 60)
        assert driver.rollback(mark).state == "reverted"
        assert driver.rollback(mark).state == "reverted"
        assert driver.running() == device.normalise(device.text)
        with pytest.raises(ConfirmRefused):
            driver.confirm(mark)

    def test_what_is_confirmed_is_not_rolled_back(self, device: Device, driver: ConfigDriver) -> None:
        mark = mark_for(device)
        driver.prepare(Candidate(device.other), mark)
        driver.commit(mark, 60)
        driver.confirm(mark)
        with pytest.raises(AlreadyConfirmed):
            driver.rollback(mark)

    def test_a_prepared_candidate_can_be_forgotten(self, device: Device, driver: ConfigDriver) -> None:
        mark = mark_for(device)
        driver.prepare(Candidate(device.other), mark)
        assert driver.rollback(mark).state == "reverted"
        with pytest.raises(NotPrepared):
            driver.commit(mark, 30)
        driver.prepare(Candidate(device.other), mark)  # and prepared again
        assert driver.status(mark).state == "prepared"

    # ---------------------------------------------------------------------------------------- bad days, and the timer
    def test_without_confirmation_the_device_takes_it_back_by_itself(self, device: Device) -> None:
        mark = mark_for(device)
        lost = device.driver()
        lost.open()
        lost.prepare(Candidate(device.other), mark)
        lost.commit(mark, 5)
        lost.close()  # the worker is dead from here
        later = device.driver()
        later.open()
        assert within(60, lambda: later.status(mark).state == "reverted")
        assert later.status(mark).reason == "timer"
        assert later.running() == device.normalise(device.text)
        with pytest.raises(ConfirmRefused):
            later.confirm(mark)
        later.close()

    def test_a_change_that_cuts_off_the_management_is_taken_back(self, device: Device) -> None:
        mark = mark_for(device)
        driver = device.driver(command_timeout=8)
        driver.open()
        driver.prepare(Candidate(device.cut_off), mark)
        with pytest.raises((DeviceHangs, SessionLost)):
            driver.commit(mark, 10)
        driver.close()
        later = device.driver()
        assert within(90, lambda: back(later) and later.status(mark).state == "reverted")
        assert later.running() == device.normalise(device.text)
        later.close()

    def test_a_hanging_device_is_told_within_the_time_given(self, device: Device) -> None:
        talking = device.driver(command_timeout=8)
        talking.open()
        talking.running()
        device.hang()
        try:
            began = time.monotonic()
            with pytest.raises(DeviceHangs):
                talking.running()
            with pytest.raises(DeviceHangs):
                device.driver(timeouts=Timeouts(connect=5, banner=5, log_in=5)).open()
            assert time.monotonic() - began < 60
        finally:
            device.resume()
            talking.close()
        fresh = device.driver()
        fresh.open()
        assert fresh.running() == device.normalise(device.text)
        fresh.close()

    def test_a_power_loss_while_pending_boots_the_confirmed(self, device: Device) -> None:
        mark = mark_for(device)
        driver = device.driver()
        driver.open()
        driver.prepare(Candidate(device.other), mark)
        driver.commit(mark, 600)
        device.power_cycle()
        driver.close()
        later = device.driver()
        assert within(90, lambda: back(later))
        status = later.status(mark)
        assert (status.state, status.reason) == ("reverted", "restart")
        assert later.running() == device.normalise(device.text)
        later.close()

    def test_a_power_loss_after_confirmation_boots_the_new(self, device: Device) -> None:
        mark = mark_for(device)
        driver = device.driver()
        driver.open()
        driver.prepare(Candidate(device.other), mark)
        driver.commit(mark, 600)
        driver.confirm(mark)
        device.power_cycle()
        driver.close()
        later = device.driver()
        assert within(90, lambda: back(later))
        assert later.running() == device.normalise(device.other)
        assert later.status(mark).state == "confirmed"
        later.close()

    # -------------------------------------------------------------------------------------------------------- fencing
    def test_an_older_epoch_is_fenced_out_of_everything_that_alters(self, device: Device, driver: ConfigDriver) -> None:
        old = Mark("change", "step", device.epoch())
        driver.prepare(Candidate(device.other), old)
        new = Mark("change", "step", device.epoch())  # another worker took the change over
        driver.prepare(Candidate(device.other), new)
        with pytest.raises(FencedOut):
            driver.commit(old, 30)
        with pytest.raises(FencedOut):
            driver.prepare(Candidate(device.other), old)
        driver.commit(new, 60)
        with pytest.raises(FencedOut):
            driver.rollback(old)
        with pytest.raises(FencedOut):
            driver.confirm(old)
        assert driver.status(old).state == "committed-pending"  # asking is free
        assert driver.confirm(new).state == "confirmed"

    def test_a_newer_worker_goes_on_where_the_old_one_was(self, device: Device) -> None:
        old = mark_for(device)
        dead = device.driver()
        dead.open()
        dead.prepare(Candidate(device.other), old)
        dead.commit(old, 60)
        dead.close()
        heir = device.driver()
        heir.open()
        new = Mark(old.change_id, old.step_id, device.epoch())
        assert heir.status(new).state == "committed-pending"
        assert heir.confirm(new).state == "confirmed"
        assert heir.running() == device.normalise(device.other)
        heir.close()

    def test_a_second_change_waits_for_the_first(self, device: Device, driver: ConfigDriver) -> None:
        first = mark_for(device)
        second = Mark("another-change", "step", first.epoch)
        driver.prepare(Candidate(device.other), first)
        with pytest.raises(DeviceBusy) as busy:
            driver.prepare(Candidate(device.text), second)
        assert busy.value.fields["change_id"] == first.change_id
        driver.commit(first, 60)
        later = Mark("another-change", "step", device.epoch())
        with pytest.raises(DeviceBusy):  # pending: not even a newer epoch takes it
            driver.prepare(Candidate(device.text), later)
        driver.rollback(Mark(first.change_id, first.step_id, later.epoch))
        assert driver.prepare(Candidate(device.other), later).diff

    # ------------------------------------------------------------------------------------------------- who is it really
    def test_a_changed_host_key_is_refused_with_both_fingerprints(self, device: Device) -> None:
        other = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGvO5tYVuRPZMBBDPj0xLxbEFzjYDmRzVc8h8fGGZ5Bv"
        with pytest.raises(HostKeyChanged) as changed:
            device.driver(host_keys=(other,)).open()
        assert str(changed.value.fields["shown"]).startswith("SHA256:")
        enrolled = changed.value.fields["enrolled"]
        assert isinstance(enrolled, list)
        assert enrolled[0].startswith("SHA256:")

    def test_without_an_enrolled_host_key_nobody_logs_in(self, device: Device) -> None:
        with pytest.raises(HostKeyUnknown):
            device.driver(host_keys=()).open()

    def test_a_wrong_password_is_said_and_not_shown(self, device: Device) -> None:
        with pytest.raises(AuthenticationRefused) as refused:
            device.driver(password="not-the-password").open()
        assert "not-the-password" not in str(refused.value.as_dict())

    def test_nobody_there_is_unreachable(self, device: Device) -> None:
        with pytest.raises(DeviceUnreachable):
            device.driver(port=9).open()
