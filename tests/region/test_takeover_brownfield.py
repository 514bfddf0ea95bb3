"""Three hand-made FRR configurations are taken over as they run: first push empty, then a change goes through."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lab.network import control
from tests.region.conftest import Region, eventually

pytestmark = pytest.mark.lab

_FOREIGN = Path(__file__).parent.parent / "network" / "parse" / "foreign"
_GIVEN: Mapping[str, str] = {
    "ac01": "flat_typed_by_hand.conf",
    "ac03": "indented_before_frr8.conf",
    "ac04": "data_centre_frr8.conf",
}
_SELECT = f"name={'|'.join(_GIVEN)}"


def _management(configuration: str) -> str:
    """The lines that make a router reachable, whoever wrote the rest."""
    return "interface mgmt0\n" + configuration.partition("interface mgmt0\n")[2].partition("exit\n")[0] + "exit\n"


@pytest.fixture
def foreign(region: Region) -> Iterator[Mapping[str, str]]:
    """Three routers that boot with what somebody else once wrote; what each makes of it. Theirs again afterwards."""
    kept = {name: region.console(name, "cat", "/etc/frr/frr.conf") for name in _GIVEN}
    before = region.everything()

    def boot(name: str, text: str) -> None:
        write = ["sh", "-c", "cat > /etc/frr/frr.conf"]
        assert control.execute(name, write, region.instance, stdin=text).returncode == 0
        control.power_off(name, region.instance)
        control.power_on(name, region.instance)

    def boot_all(texts: Mapping[str, str]) -> None:
        with ThreadPoolExecutor(len(texts)) as pool:
            list(pool.map(boot, texts, texts.values()))

    boot_all({name: _management(kept[name]) + (_FOREIGN / file).read_text() for name, file in _GIVEN.items()})
    try:
        yield {name: region.running(name) for name in _GIVEN}
    finally:
        if region.everything() != before:
            boot_all(kept)
        eventually(lambda: region.everything() == before, seconds=120)


def test_what_somebody_else_wrote_is_taken_over_and_goes_on_from_there(
    region: Region, foreign: Mapping[str, str]
) -> None:
    adopted = region.carried_out("network.adopt", {"select": _SELECT})
    assert adopted["state"] == "succeeded", adopted["outcome"]
    assert {name: region.running(name) for name in _GIVEN} == foreign
    assert all(one["in_sync"] for one in region.ask("config", "diff", "--select", _SELECT))

    nothing = region.submit("network.config", {"select": _SELECT})
    assert nothing["state"] == "succeeded", nothing
    assert not region.steps(nothing["id"])

    line = "ip prefix-list TAKENOVER seq 5 permit 10.69.0.0/16"
    pushed = region.carried_out("network.snippet", {"select": _SELECT, "template": f"{line}\n", "name": "first"})
    assert pushed["state"] == "succeeded", pushed["outcome"]
    for name, text in foreign.items():
        now = region.running(name)
        assert line in now
        assert [one for one in now.splitlines() if one != line] == text.splitlines()

    # And away again, in reverse order: what they run is foreign once more.
    for change in (pushed, adopted):
        answer = region.api("POST", f"/api/v1/changes/{change['id']}:undo", json={"reason": "as it was"})
        assert answer.status_code == 202, answer.text
        region.approve(answer.json())
        assert region.ended(answer.json()["id"])["state"] == "succeeded"
    assert {name: region.running(name) for name in _GIVEN} == foreign
    assert not any(one["in_sync"] for one in region.ask("config", "diff", "--select", _SELECT))
