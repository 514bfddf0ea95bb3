"""A fibre is cut after a plain ``make up``: its cable is named, who is hit was foretold, what is protected goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from lab.network import customers, plan
from tests.region.conftest import Region, eventually

pytestmark = [pytest.mark.lab, pytest.mark.timeout(900)]

CABLE = "LAB-ac01-ag01"
HALLS = {"ac01": 1, "ac03": 3}


def reaches(region: Region) -> bool:
    """Whether the host at ac01 reaches the one at ac03."""
    asked = ["ping", "-c1", "-W1", f"10.20.{HALLS['ac03']}.10"]
    return customers.execute("ac01", "port1", asked, region.instance).returncode == 0


@pytest.fixture
def halls(region: Region) -> Iterator[str]:
    """A protected service between hosts of two town halls; its code."""
    ends = []
    for name, number in HALLS.items():
        customers.give(name, "port1", f"10.20.{number}.10/24", f"10.20.{number}.1", region.instance)
        ends.append({"device": name, "port": "port1", "address": f"10.20.{number}.1/24", "probe": f"10.20.{number}.10"})
    order = {"code": "halls", "tenant": "commune-21001", "kind": "l3vpn", "protection": "protected", "ends": ends}
    made = region.carried_out("network.service.order", order, options={"atomic": True})
    assert made["state"] == "succeeded", made["outcome"]
    yield "halls"
    made = region.carried_out("network.service.remove", {"code": "halls"}, options={"atomic": True})
    assert made["state"] == "succeeded", made["outcome"]


def test_a_cut_fibre_is_an_incident_that_names_its_cable_and_does_what_was_foretold(
    region: Region, halls: str, record_property: Callable[[str, object], None]
) -> None:
    fibres = str(len(plan(12).fibres))
    eventually(lambda: region.sql("select count(*) from link_state where state = 'up'") == [[fibres]], seconds=240)
    eventually(lambda: region.ask("incident", "list") == [], seconds=180)
    eventually(lambda: reaches(region), seconds=60)
    foretold = region.ask("fibre", "impact", "--cable", CABLE)
    assert foretold["links"] == [{"name": "ac01-ag01", "state": "down"}]
    assert foretold["unknown"]["links_without_circuit"] == 0
    assert [(one["code"], one["state"]) for one in foretold["services"]] == [(halls, "protected")]

    region.run("lab", "cut", "ac01", "ag01")
    began = time.monotonic()
    try:
        (one,) = eventually(lambda: region.ask("incident", "list"), seconds=60)
        record_property("seconds_to_incident", round(time.monotonic() - began, 1))
        assert (one["kind"], one["name"]) == ("plant", f"cable {CABLE}")
        assert {"kind": "strand", "code": f"{CABLE}/1"} in one["suspects"]
        assert [link["link"] for link in one["links"]] == ["ac01-ag01"]
        assert "commune-21001" in one["told"]
        assert region.ask("incident", "show", str(one["number"]))["impact"] == foretold
        eventually(lambda: reaches(region), seconds=60)
        eventually(lambda: _all_answer(region, halls), seconds=60)
    finally:
        region.run("lab", "mend", "ac01", "ag01")
    eventually(lambda: region.ask("incident", "list") == [], seconds=180)
    over = region.ask("incident", "show", str(one["number"]))
    story = [line["kind"] for line in over["story"]]
    assert (over["state"], over["name"]) == ("closed", f"cable {CABLE}")
    assert (story[0], story[-1]) == ("opened", "closed")
    assert "told" in story
    notices = region.sql("select n.state, n.mailed from incident_notice n join tenant t on t.id = n.tenant_id"
                         f" where t.code = 'commune-21001' and n.number = {over['number']}")  # fmt: skip
    assert notices == [["protected", "t"]]


def _all_answer(region: Region, service: str) -> bool:
    return region.run("service", "test", service, code=None).returncode == 0
