"""A dead router is exchanged for a new one: its key is read at its console, the rest comes over the network."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from core.errors import InvalidInput
from lab.network.exchange import exchange
from network.errors import NotReady
from network.host_keys import key_fingerprint
from orchestrator.states import State
from tests.network.changes.small_region import SCOPE, SmallRegion

pytestmark = pytest.mark.lab


def test_a_new_router_in_a_dead_ones_place_is_taken_into_service(small: SmallRegion) -> None:
    before = small.everything()
    old = small.lab.credentials["host_keys"]["ac01"]
    key = exchange("ac01", small.lab.instance)
    assert key != old
    assert "router ospf" not in small.running("ac01")
    with pytest.raises(NotReady, match="shows the host key"):
        small.submit("network.config", {"select": "name=ac01"})
    with pytest.raises(InvalidInput, match="shows the key"):
        small.submit("network.replace", {"device": "ac01", "fingerprint": key_fingerprint(old)})
    done = small.carried_out("network.replace", {"device": "ac01", "fingerprint": key_fingerprint(key)})
    assert done.state is State.SUCCEEDED, (small.last, small.steps(done.id))
    small.lab.credentials["host_keys"]["ac01"] = key
    assert small.everything() == before
    with small.database.transaction("worker", SCOPE) as tx:
        enrolled = tx.execute(
            text("select host_key from device_access a join device d on d.id = a.device_id where d.name = 'ac01'")
        )
        assert enrolled.scalar_one() == key
    after = small.carried_out("network.snippet", {"select": "name=ac01", "template": "log syslog errors\n"})
    assert after.state is State.SUCCEEDED
    assert small.taken_back(after.id).state is State.SUCCEEDED
    assert small.everything() == before
