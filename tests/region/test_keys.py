"""A new master key while everything runs."""

from __future__ import annotations

import json

import pytest

from tests.region.conftest import Region

pytestmark = pytest.mark.lab


def test_after_a_rotation_every_secret_opens_with_the_new_key_alone(region: Region) -> None:
    file = region.instance.state_dir / "keys" / "master.json"
    before = json.loads(file.read_text())["current"]
    region.run("secret", "rotate", "--reason", "a test of the region")
    after = json.loads(file.read_text())
    assert after["current"] != before
    assert list(after["keys"]) == [after["current"]]
    assert {row[0] for row in region.sql("select distinct key_id from secret")} == {after["current"]}
    # The routers' password is one of those secrets, and kept configurations are sealed with the same key.
    assert all(one["in_sync"] for one in region.ask("config", "diff", "--all"))
    assert "hostname ac01" in region.run("config", "show", "ac01").stdout
