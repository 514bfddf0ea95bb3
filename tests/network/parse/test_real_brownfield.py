"""Brownfield on a real router: what FRR makes of a foreign configuration is taken over, and the first push is empty."""

from __future__ import annotations

from pathlib import Path

import pytest

from network.device_model import DeviceModel
from network.parse import adopt, parse
from network.render import normalise, render
from tests.network.render import real_frr

FOREIGN = sorted((Path(__file__).parent / "foreign").glob("*.conf"))

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(not real_frr.available, reason="FRR is not installed here, or we are not root"),
]


@pytest.mark.parametrize("path", FOREIGN, ids=lambda path: path.stem)
def test_what_a_real_router_runs_is_taken_over_and_loads_again_as_it_was(path: Path) -> None:
    interfaces = ("eth0", "eth1", "swp1", "to-core")
    _, running = real_frr.load(path.read_text(), "brown", interfaces)
    assert "interface " in running
    adoption = adopt(DeviceModel("brown", "frr"), running)
    rendered = render(adoption.model, "frr", lambda secret: adoption.secrets[secret.name])
    assert normalise(rendered, "frr") == normalise(running, "frr")
    assert parse(running).opaque_count == adoption.opaque_count > 0
    _, again = real_frr.load(rendered, "brown", interfaces)
    assert normalise(again, "frr") == normalise(running, "frr")
