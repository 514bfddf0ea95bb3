"""Fingerprints of host keys, as people compare them."""

from __future__ import annotations

import pytest

from network.host_keys import key_fingerprint


def test_a_fingerprint_is_the_one_that_openssh_shows() -> None:
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl comment"
    assert key_fingerprint(key) == "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU"


@pytest.mark.parametrize("key", ["ssh-ed25519", "ssh-ed25519 A", "ssh-rsa \u00e9"])
def test_what_is_no_key_is_said_to_be_none(key: str) -> None:
    assert key_fingerprint(key) == "no readable key"
