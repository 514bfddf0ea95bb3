"""The faulty road: each thing that can go wrong between Irisplane and a cloud does, as often as it is told to."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import yaml
from keystoneauth1.exceptions import ClientException
from openstack import connect, exceptions

from lab.openstack import control
from lab.openstack.faulty_road import FaultyRoad
from tests.clouds import CloudForTests

_PATIENCE = 15
"""Seconds that the client waits for an answer: more than a busy machine takes, and less than a silence lasts."""
SILENT = (exceptions.SDKException, ClientException)
"""What openstacksdk raises where nobody answers; the second is of the library beneath it."""

pytestmark = pytest.mark.timeout(1200)  # the first to ask for the cloud waits until it runs


@pytest.fixture
def over(faulty_road: FaultyRoad) -> Iterator[Any]:
    """The cloud, spoken to over the faulty road."""
    entry = yaml.safe_load(faulty_road.clouds_file.read_text(encoding="utf-8"))["clouds"][faulty_road.name]
    with connect(
        load_yaml_config=False, load_envvars=False, api_timeout=_PATIENCE, status_code_retries=0, **entry
    ) as cloud:
        yield cloud


def test_an_undamaged_road_leads_to_every_service(over: Any, faulty_road: FaultyRoad) -> None:
    over.authorize()
    assert {flavor.name for flavor in over.compute.flavors()} >= {"SCS-1L-1-5"}
    assert over.image.find_image("irisplane-guest")
    assert over.network.find_network("public")
    assert list(over.block_storage.volumes()) == []
    assert list(over.placement.resource_providers())
    assert over.identity.find_domain("irisplane")
    assert {one.done for one in faulty_road.seen()} == {"passed"}
    assert all(faulty_road.seen(containing=path) for path in ("/flavors", "/images", "/networks", "/volumes", "/auth"))


def test_an_answer_in_the_apis_place_comes_so_often_and_no_more(over: Any, faulty_road: FaultyRoad) -> None:
    faulty_road.add("answer", path=".*/flavors/detail", status=503, times=2)
    for _ in range(2):
        with pytest.raises(exceptions.HttpException) as refused:
            list(over.compute.flavors())
        assert refused.value.status_code == 503
    assert list(over.compute.flavors())
    assert [one.status for one in faulty_road.seen(containing="/flavors/detail")] == [0, 0, 200]


def test_a_lost_answer_leaves_what_was_asked_for(over: Any, faulty_road: FaultyRoad) -> None:
    name = f"lost-{time.time_ns()}"
    faulty_road.add("lose", method="POST", path=".*/security-groups")
    with pytest.raises(SILENT):
        over.network.create_security_group(name=name)
    assert [one.status for one in faulty_road.seen("POST", "/security-groups")] == [201]
    found = over.network.find_security_group(name)
    assert found is not None
    over.network.delete_security_group(found)


def test_a_delay_is_as_long_as_said_and_silence_outlasts_patience(over: Any, faulty_road: FaultyRoad) -> None:
    list(over.compute.flavors())
    faulty_road.add("delay", path=".*/flavors/detail", seconds=1.0)
    begun = time.monotonic()
    assert list(over.compute.flavors())
    assert time.monotonic() - begun >= 1.0
    faulty_road.add("hang", path=".*/flavors/detail", seconds=300)
    begun = time.monotonic()
    with pytest.raises(SILENT):
        list(over.compute.flavors())
    assert time.monotonic() - begun > _PATIENCE - 0.5


def test_a_road_that_is_healed_breaks_nothing(over: Any, faulty_road: FaultyRoad) -> None:
    faulty_road.add("answer", times=0)
    faulty_road.heal()
    assert list(over.compute.flavors())


def test_healing_lets_go_on_what_is_delayed(over: Any, faulty_road: FaultyRoad) -> None:
    faulty_road.add("delay", path=".*/flavors/detail", seconds=300)
    with ThreadPoolExecutor(1) as pool:
        listed = pool.submit(lambda: list(over.compute.flavors()))
        deadline = time.monotonic() + 60
        while faulty_road.waiting():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert not listed.done()
        faulty_road.heal()
        assert listed.result()


def test_what_the_road_does_not_understand_is_refused(faulty_road: FaultyRoad) -> None:
    with pytest.raises(ValueError, match="refused"):
        faulty_road.add("answer", colour="blue")
    with pytest.raises(ValueError, match="refused"):
        faulty_road.add("answer", path="(")


def test_the_cloud_is_whole_again_after_its_messages_stopped(cloud: CloudForTests) -> None:
    if cloud.mode == "given":
        pytest.skip("a cloud that was given is not ours to break")
    control.stop_part("rabbitmq", cloud.instance)
    assert "rabbitmq" not in control.parts(cloud.instance)
    control.start_part("rabbitmq", cloud.instance)
    deadline = time.monotonic() + 240
    while not all(service.state == "up" for service in cloud.admin.compute.services()):
        assert time.monotonic() < deadline
        time.sleep(1)
