"""Rows of MIB tables, as agents give them: right, partly, and wrong."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from network.polling.tables import (
    COLUMNS,
    LldpNeighbour,
    OspfNeighbor,
    bgp_peers,
    interfaces,
    lldp_neighbours,
    ospf_neighbors,
    sensors,
)

GOOD: dict[str, dict[str, Any]] = {
    "ifName": {"1": b"lo", "3": b"to-ag01"},
    "ifAlias": {"3": b"fibre cr01-ag01"},
    "ifAdminStatus": {"1": 1, "3": 1},
    "ifOperStatus": {"1": 1, "3": 2},
    "ifHighSpeed": {"1": 10, "3": 10_000},
    "ifHCInOctets": {"1": 0, "3": 2**40},
    "ifHCOutOctets": {"1": 0, "3": 7},
}


def test_an_interface_has_its_alias_states_speed_and_64_bit_counters() -> None:
    found, said = interfaces(GOOD)
    assert [one.name for one in found] == ["lo", "to-ag01"]
    port = found[1]
    assert (port.alias, port.admin_up, port.up, port.status) == ("fibre cr01-ag01", True, False, "down")
    assert (port.speed, port.in_octets, port.out_octets, port.wide) == (10**10, 2**40, 7, True)
    assert not said


def test_without_64_bit_counters_the_32_bit_ones_are_taken_and_said_to_be() -> None:
    columns = {**GOOD, "ifHCInOctets": {}, "ifHCOutOctets": {}, "ifInOctets": {"3": 5}, "ifOutOctets": {"3": 6}}
    port = interfaces(columns)[0][1]
    assert (port.in_octets, port.out_octets, port.wide) == (5, 6, False)


def test_an_interface_without_a_row_for_its_state_is_unknown_not_up() -> None:
    found, _ = interfaces({**GOOD, "ifOperStatus": {"1": 1}})
    assert found[1].up is None
    assert found[1].status is None


def test_a_text_for_a_number_is_unknown_and_told() -> None:
    found, said = interfaces({**GOOD, "ifOperStatus": {"1": 1, "3": b"up"}, "ifHCInOctets": {"1": 0, "3": b"x"}})
    assert found[1].up is None
    assert found[1].in_octets is None
    assert said == ["ifOperStatus.3 is no number", "ifHCInOctets.3 is no number"]


def test_a_state_that_no_mib_knows_is_unknown_and_told() -> None:
    found, said = interfaces({**GOOD, "ifOperStatus": {"1": 1, "3": 99}})
    assert found[1].up is None
    assert said == ["ifOperStatus.3 is 99"]


def test_a_row_that_only_the_state_has_and_a_name_that_comes_twice_are_told() -> None:
    columns = {**GOOD, "ifOperStatus": {"1": 1, "3": 1, "9": 1}, "ifName": {**GOOD["ifName"], "4": b"to-ag01"}}
    found, said = interfaces(columns)
    assert [one.index for one in found] == [1, 3]
    assert said == ["two interfaces are called to-ag01", "interface 9 has no name"]


def test_a_speed_of_zero_is_not_known() -> None:
    assert interfaces({**GOOD, "ifHighSpeed": {"3": 0}, "ifSpeed": {"3": 0}})[0][1].speed is None
    assert interfaces({**GOOD, "ifHighSpeed": {}, "ifSpeed": {"3": 2**32 - 1}})[0][1].speed is None
    assert interfaces({**GOOD, "ifHighSpeed": {}, "ifSpeed": {"3": 10**9}})[0][1].speed == 10**9


def test_ospf_neighbours_of_both_versions_and_one_that_is_not_full() -> None:
    found, said = ospf_neighbors(
        {"ospfNbrState": {"10.254.0.1.0": 8, "10.254.0.4.0": 4}, "ospfv3NbrState": {"3.0.184483843": 8}}, {3: "to-ag01"}
    )
    assert found == [
        OspfNeighbor(2, "10.254.0.1", "", full=True),
        OspfNeighbor(2, "10.254.0.4", "", full=False),
        OspfNeighbor(3, "10.255.0.3", "to-ag01", full=True),
    ]
    assert not said


def test_a_bgp_peer_says_how_long_and_an_unknown_state_is_no_session() -> None:
    found, said = bgp_peers(
        {
            "bgpPeerState": {"10.255.0.2": 6, "10.255.0.3": 3, "10.255.0.4": 77},
            "bgpPeerFsmEstablishedTime": {"10.255.0.2": 9},
        }
    )
    assert [(one.address, one.established, one.seconds) for one in found] == [
        ("10.255.0.2", True, 9), ("10.255.0.3", False, None), ("10.255.0.4", None, None),
    ]  # fmt: skip
    assert said == ["bgpPeerState.10.255.0.4 is 77"]


def test_lldp_tells_ports_by_name_where_they_are_given_by_hardware_address() -> None:
    columns: dict[str, dict[str, Any]] = {
        "lldpRemSysName": {"0.3.1": b"ag01.example.org", "3000.4.2": b"cr02"},
        "lldpRemPortIdSubtype": {"0.3.1": 3, "3000.4.2": 5},
        "lldpRemPortId": {"0.3.1": b"\x92\x98\x85\xba\x47\x5b", "3000.4.2": b"Ethernet1"},
        "lldpRemPortDesc": {"0.3.1": b"to-cr01", "3000.4.2": b"uplink"},
        "lldpLocPortDesc": {"3": b"to-ag01"},
    }
    assert lldp_neighbours(columns, {4: "to-cr02"})[0] == [
        LldpNeighbour("to-ag01", "ag01", "to-cr01"),
        LldpNeighbour("to-cr02", "cr02", "Ethernet1"),
    ]


def test_levels_of_light_are_dbm_however_the_agent_gives_them() -> None:
    columns: dict[str, dict[str, Any]] = {
        "entPhysicalName": {"1": b"et-0/0/1 Rx optical power", "2": b"et-0/0/1 RX power", "3": b"Inlet", "4": b"Fan"},
        "entPhySensorType": {"1": 14, "2": 6, "3": 8, "4": 10},
        "entPhySensorScale": {"1": 9, "2": 7, "3": 9, "4": 9},
        "entPhySensorPrecision": {"1": 2, "2": 1, "3": 1, "4": 0},
        "entPhySensorValue": {"1": -712, "2": 5012, "3": 231, "4": 5400},
        "entPhySensorOperStatus": {"1": 1, "2": 1, "3": 1, "4": 1},
    }
    found, said = sensors(columns)
    assert [(one.unit, one.value) for one in found] == [("dBm", -7.12), ("dBm", -3.0), ("celsius", 23.1)]
    assert not said


def test_a_sensor_out_of_order_is_left_out_and_one_without_a_scale_is_told() -> None:
    columns: dict[str, dict[str, Any]] = {
        "entPhySensorType": {"1": 14, "2": 14},
        "entPhySensorScale": {"1": 9},
        "entPhySensorPrecision": {"1": 0, "2": 0},
        "entPhySensorValue": {"1": -40, "2": -5},
        "entPhySensorOperStatus": {"1": 3, "2": 1},
    }
    assert sensors(columns) == ([], ["sensor 2 gives no figure"])


_VALUES = st.one_of(st.none(), st.integers(-(2**65), 2**65), st.binary(max_size=12), st.text(max_size=12), st.floats())
_KEYS = st.one_of(st.text(alphabet="0123456789.", max_size=12), st.integers(0, 9).map(str))


@given(st.dictionaries(st.sampled_from(sorted(COLUMNS)), st.dictionaries(_KEYS, _VALUES, max_size=5), max_size=8))
def test_whatever_an_agent_says_it_is_read_and_nothing_is_up_that_does_not_say_so(
    told: dict[str, dict[str, Any]],
) -> None:
    found, _ = interfaces(told)
    names = {one.index: one.name for one in found}
    ospf_neighbors(told, names)
    bgp_peers(told)
    lldp_neighbours(told, names)
    sensors(told)
    for one in found:
        if one.up:
            assert told["ifOperStatus"][str(one.index)] in {1, 5}
