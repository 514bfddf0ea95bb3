"""What Prometheus gets of a device: what is known, while it is fresh, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from prometheus_client import CollectorRegistry, Metric, generate_latest

from network.polling.exposition import families
from network.polling.looking import Look
from network.polling.polled import Polled, with_rates
from network.polling.tables import BgpPeer, Interface, LldpNeighbour, OspfNeighbor, Sensor

_HEARD = 'device="cr01",interface="to-ag01",remote_device="ag01",remote_interface="to-cr01"'


def _interface(octets: int | None, *, wide: bool = True) -> Interface:
    return Interface(3, "to-ag01", status="up", admin_up=True, speed=10**9, in_octets=octets, out_octets=0, wide=wide)


def _text(*looks: Polled) -> str:
    class Told:
        def collect(self) -> list[Metric]:
            return list(families(looks))

    registry = CollectorRegistry()
    registry.register(Told())
    return generate_latest(registry).decode()


def _polled(look: Look, before: Look | None = None, *, fresh: bool = True) -> Polled:
    return Polled(UUID(int=0), look, with_rates(before, look), datetime.now(UTC), fresh)


def test_a_device_tells_its_interfaces_neighbours_sessions_and_light() -> None:
    look = Look(
        "cr01", 100.0, 0.5, "FRR", 12_300, (_interface(5),), (OspfNeighbor(2, "10.0.0.1", "", full=True),),
        (BgpPeer("10.255.0.2", "active", 3),), (LldpNeighbour("to-ag01", "ag01", "to-cr01"),),
        (Sensor("to-ag01 rx", "dBm", -7.1),),
    )  # fmt: skip
    text = _text(_polled(look))
    for line in (
        'irisplane_snmp_up{device="cr01"} 1.0',
        'irisplane_snmp_uptime_seconds{description="FRR",device="cr01"} 123.0',
        'irisplane_interface_up{device="cr01",interface="to-ag01"} 1.0',
        'irisplane_interface_in_octets_total{device="cr01",interface="to-ag01"} 5.0',
        'irisplane_ospf_neighbor_full{device="cr01",interface="",neighbor="10.0.0.1",version="2"} 1.0',
        'irisplane_bgp_session_up{device="cr01",peer="10.255.0.2"} 0.0',
        f"irisplane_lldp_neighbor{{{_HEARD}}} 1.0",
        'irisplane_sensor{device="cr01",sensor="to-ag01 rx",unit="dBm"} -7.1',
        'irisplane_receive_power_dbm{device="cr01",interface="to-ag01"} -7.1',
    ):
        assert line in text


def test_what_is_not_known_has_no_sample() -> None:
    look = Look("cr01", 100.0, interfaces=(Interface(3, "to-ag01"),), bgp=(BgpPeer("10.255.0.2", None, None),))
    assert "{" not in "".join(
        line for line in _text(_polled(look)).splitlines() if line.startswith(("irisplane_interface", "irisplane_bgp"))
    )


def test_a_silent_device_is_down_and_tells_nothing_else() -> None:
    text = _text(_polled(Look("cr01", 100.0, error={"code": "NET-040", "message": "silent"})))
    assert [line for line in text.splitlines() if not line.startswith("#")] == ['irisplane_snmp_up{device="cr01"} 0.0']


def test_what_is_old_is_not_repeated() -> None:
    text = _text(_polled(Look("cr01", 100.0, interfaces=(_interface(5),)), fresh=False))
    assert not [line for line in text.splitlines() if not line.startswith("#")]


def test_a_load_is_the_rate_since_the_look_before_and_a_reset_is_a_gap() -> None:
    before = Look("cr01", 100.0, uptime=10_000, interfaces=(_interface(1000),))
    after = Look("cr01", 130.0, uptime=13_000, interfaces=(_interface(4000),))
    reset = Look("cr01", 130.0, uptime=13_000, interfaces=(_interface(10),))
    line = 'irisplane_interface_in_bits_per_second{device="cr01",interface="to-ag01"}'
    assert f"{line} 800.0" in _text(_polled(after, before))
    assert line not in _text(_polled(reset, before))
    assert 'irisplane_interface_out_bits_per_second{device="cr01",interface="to-ag01"} 0.0' in _text(
        _polled(reset, before)
    )
