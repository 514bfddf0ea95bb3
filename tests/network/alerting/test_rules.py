"""The rules of the intent, tried by Prometheus' own tool: what is alerted on, and above all what is not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from core.prometheus import configuration
from core.settings import load
from network.alerting.rules import End, PlannedDevice, PlannedLink, PlannedLoss, PlannedSession, rules, rules_text
from tests.network.alerting.promtool import promtool

_DEVICES = [PlannedDevice("cr01", "DC-ARTS"), PlannedDevice("ag01", "ST-GARE-DU-MIDI")]
_LINK = PlannedLink(
    "cr01-ag01",
    (
        End(
            "cr01",
            "to-ag01",
            "10.254.0.1",
            ospfv3=True,
            loss=PlannedLoss(5.2, "ag01", "to-cr01", sent_dbm=-1.0, cables=("C-1", "C-2")),
        ),
        End("ag01", "to-cr01", "10.254.0.0", ospfv3=True, loss=PlannedLoss(5.2, "cr01", "to-ag01")),
    ),
)
_SESSIONS = [PlannedSession("cr01", "10.255.0.3", "ag01"), PlannedSession("ag01", "10.255.0.1", "cr01")]

_HEARD = 'irisplane_lldp_neighbor{device="cr01",interface="to-ag01",remote_device="ag01",remote_interface="to-cr01"}'
_GOOD: Mapping[str, str] = {
    'irisplane_snmp_up{device="cr01"}': "1",
    'irisplane_snmp_up{device="ag01"}': "1",
    'irisplane_interface_up{device="cr01",interface="to-ag01"}': "1",
    'irisplane_interface_up{device="ag01",interface="to-cr01"}': "1",
    'irisplane_ospf_neighbor_full{device="cr01",version="2",neighbor="10.254.0.1"}': "1",
    'irisplane_ospf_neighbor_full{device="ag01",version="2",neighbor="10.254.0.0"}': "1",
    'irisplane_ospf_neighbor_full{device="cr01",version="3",interface="to-ag01",neighbor="10.255.0.3"}': "1",
    'irisplane_ospf_neighbor_full{device="ag01",version="3",interface="to-cr01",neighbor="10.255.0.1"}': "1",
    'irisplane_bgp_session_up{device="cr01",peer="10.255.0.3"}': "1",
    'irisplane_bgp_session_up{device="ag01",peer="10.255.0.1"}': "1",
    _HEARD: "1",
    'irisplane_lldp_neighbor{device="ag01",interface="to-cr01",remote_device="cr01",remote_interface="to-ag01"}': "1",
    'irisplane_interface_speed_bits{device="cr01",interface="to-ag01"}': "10000000000",
    'irisplane_interface_speed_bits{device="ag01",interface="to-cr01"}': "1000000000",
    'irisplane_interface_in_bits_per_second{device="cr01",interface="to-ag01"}': "100",
    'irisplane_interface_out_bits_per_second{device="cr01",interface="to-ag01"}': "300",
    'irisplane_interface_in_bits_per_second{device="ag01",interface="to-cr01"}': "200",
}


def _of(device: str) -> dict[str, str | None]:
    """Everything that a device tells of itself, gone."""
    return {name: None for name in _GOOD if f'{{device="{device}"' in name and "snmp_up" not in name}


def _received(device: str, interface: str) -> str:
    return f'irisplane_receive_power_dbm{{device="{device}",interface="{interface}"}}'


def _sent(device: str, interface: str) -> str:
    return f'irisplane_transmit_power_dbm{{device="{device}",interface="{interface}"}}'


SITUATIONS: Mapping[str, tuple[dict[str, str | None], set[tuple[str, str]]]] = {
    "all well": ({}, set()),
    "one does not answer": (
        {**_of("ag01"), 'irisplane_snmp_up{device="ag01"}': "0"},
        {("IrisplaneDeviceSilent", "ag01")},
    ),
    "nobody asks one": (
        {**_of("ag01"), 'irisplane_snmp_up{device="ag01"}': None},
        {("IrisplaneDeviceNotAsked", "ag01")},
    ),
    "nobody asks anybody": (
        dict.fromkeys(_GOOD),
        {("IrisplaneDeviceNotAsked", "ag01"), ("IrisplaneDeviceNotAsked", "cr01")},
    ),
    "one end sees no light": (
        {'irisplane_interface_up{device="cr01",interface="to-ag01"}': "0"},
        {("IrisplaneLinkDown", "cr01-ag01")},
    ),
    "one does not know its interface": (
        {'irisplane_interface_up{device="cr01",interface="to-ag01"}': None},
        {("IrisplaneInterfaceMissing", "cr01")},
    ),
    "a neighbour is gone": (
        {'irisplane_ospf_neighbor_full{device="cr01",version="2",neighbor="10.254.0.1"}': None},
        {("IrisplaneAdjacencyLost", "cr01")},
    ),
    "a neighbour is not full": (
        {'irisplane_ospf_neighbor_full{device="cr01",version="3",interface="to-ag01",neighbor="10.255.0.3"}': "0"},
        {("IrisplaneAdjacencyLost", "cr01")},
    ),
    "a session is down": (
        {'irisplane_bgp_session_up{device="ag01",peer="10.255.0.1"}': "0"},
        {("IrisplaneSessionLost", "ag01")},
    ),
    "another is heard": (
        {
            _HEARD: None,
            _HEARD.replace("ag01", "xx01").replace("to-xx01", "to-ag01"): "1",
        },
        {("IrisplaneLinkMiswired", "cr01")},
    ),
    "no LLDP at all accuses nobody": (
        {_HEARD: None},
        set(),
    ),
    "less light than the receiver hears": (
        {_received("cr01", "to-ag01"): "-15", _sent("ag01", "to-cr01"): "-12"},
        {("IrisplaneLinkDim", "cr01")},
    ),
    "enough light, and little of another port": (
        {_received("cr01", "to-ag01"): "-6.1", _received("cr01", "to-ag011"): "-30"},
        set(),
    ),
    "more is lost than planned of what the far end sends": (
        {_received("cr01", "to-ag01"): "-7.3", _sent("ag01", "to-cr01"): "-2"},
        {("IrisplaneLinkLossy", "cr01")},
    ),
    "a weak laser is no lossy fibre": (
        {_received("cr01", "to-ag01"): "-7.3", _sent("ag01", "to-cr01"): "-3"},
        set(),
    ),
    "more is lost than the far transceiver's data allow, and it does not tell": (
        {_received("cr01", "to-ag01"): "-6.3"},
        {("IrisplaneLinkLossy", "cr01")},
    ),
    "what the far end sends nobody knows": (
        {_received("ag01", "to-cr01"): "-14"},
        set(),
    ),
    "a dark fibre is down, and nothing else": (
        {
            'irisplane_interface_up{device="cr01",interface="to-ag01"}': "0",
            _received("cr01", "to-ag01"): "-40",
        },
        {("IrisplaneLinkDown", "cr01-ag01")},
    ),
    "one of several receivers does not tell": (
        {_received("cr01", "to-ag02"): "-5"},
        {("IrisplaneLevelMissing", "cr01")},
    ),
}  # fmt: skip


@pytest.mark.parametrize("situation", SITUATIONS)
def test_exactly_the_intended_alerts_are_raised(situation: str, tmp_path: Path) -> None:
    altered, wanted = SITUATIONS[situation]
    content = rules(_DEVICES, [_LINK], _SESSIONS, hold=60)
    (tmp_path / "rules.yml").write_text(rules_text(content))
    told = {**_GOOD, **altered}
    names = {rule["alert"] for group in content["groups"] for rule in group["rules"] if "alert" in rule}
    tests = [
        {"eval_time": "10m", "alertname": name, "exp_alerts": [
            {"exp_labels": rule["labels"], "exp_annotations": rule["annotations"]}
            for group in content["groups"] for rule in group["rules"]
            if rule.get("alert") == name and _subject(name, rule) in wanted and _meant(rule, altered)
        ]}
        for name in sorted(names)
    ]  # fmt: skip
    assert sum(len(one["exp_alerts"]) for one in tests) == len(wanted)
    unit = {
        "rule_files": ["rules.yml"],
        "evaluation_interval": "30s",
        "tests": [
            {
                "interval": "30s",
                "input_series": [
                    {"series": name, "values": f"{value}x30"} for name, value in told.items() if value is not None
                ],
                "alert_rule_test": tests,
            }
        ],
    }
    (tmp_path / "test.yml").write_text(yaml.safe_dump(unit))
    promtool("test", "rules", tmp_path / "test.yml")


def _subject(name: str, rule: Mapping[str, Any]) -> tuple[str, str]:
    labels = rule["labels"]
    return name, labels["link"] if name == "IrisplaneLinkDown" else labels["device"]


def _meant(rule: Mapping[str, Any], altered: Mapping[str, str | None]) -> bool:
    """Of several rules of one name about one device, the one about the version that was altered."""
    version = rule["labels"].get("version")
    return version is None or any(f'version="{version}"' in name for name in altered)


def test_a_links_load_is_its_busier_way_and_its_capacity_its_slower_end(tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text(rules_text(rules(_DEVICES, [_LINK], [])))
    unit = {
        "rule_files": ["rules.yml"],
        "tests": [
            {
                "interval": "30s",
                "input_series": [{"series": name, "values": f"{value}x10"} for name, value in _GOOD.items()],
                "promql_expr_test": [
                    {"expr": "irisplane:link_bits_per_second", "eval_time": "4m", "exp_samples": [
                        {"labels": 'irisplane:link_bits_per_second{link="cr01-ag01"}', "value": 300}]},
                    {"expr": "irisplane:link_capacity_bits", "eval_time": "4m", "exp_samples": [
                        {"labels": 'irisplane:link_capacity_bits{link="cr01-ag01"}', "value": 1e9}]},
                ],
            }
        ],
    }  # fmt: skip
    (tmp_path / "test.yml").write_text(yaml.safe_dump(unit))
    promtool("test", "rules", tmp_path / "test.yml")


def test_the_same_intent_gives_the_same_bytes_whatever_the_order() -> None:
    other = PlannedLink("aa", (End("cr01", "x"), End("ag01", "y")))
    assert rules_text(rules(_DEVICES, [_LINK, other], [])) == rules_text(rules(_DEVICES, [other, _LINK], []))


def test_nothing_planned_is_a_file_that_prometheus_takes(tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text(rules_text(rules([], [], [])))
    promtool("check", "rules", tmp_path / "rules.yml")


_NAMES = st.text(st.characters(blacklist_categories=("Cs", "Cc", "Cn")), min_size=1, max_size=20)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(_NAMES, _NAMES, _NAMES), min_size=1, max_size=4, unique_by=lambda one: one[0]))
def test_whatever_things_are_called_prometheus_takes_the_rules(
    tmp_path_factory: pytest.TempPathFactory, called: list[tuple[str, str, str]]
) -> None:
    path = tmp_path_factory.mktemp("rules") / "rules.yml"
    devices = [PlannedDevice(one, two) for one, two, _ in called]
    links = [PlannedLink(three, (End(one, two, "10.0.0.1", ospfv3=True), End(two, one))) for one, two, three in called]
    path.write_text(rules_text(rules(devices, links, [PlannedSession(*one) for one in called])), encoding="utf-8")
    promtool("check", "rules", path)


@pytest.mark.parametrize("tls", [False, True])
def test_prometheus_takes_its_configuration(tmp_path: Path, tls: bool) -> None:
    certificate = tmp_path / "c.pem"
    certificate.write_text("")
    more = (
        {
            "IRISPLANE_LISTEN": "0.0.0.0:8443",
            "IRISPLANE_TLS_CERT": str(certificate),
            "IRISPLANE_TLS_KEY": str(certificate),
        }
        if tls
        else {}
    )
    path = tmp_path / "prometheus.yml"
    (tmp_path / "prometheus").mkdir()
    (tmp_path / "prometheus" / "rules.yml").write_text(rules_text(rules([], [], [])))
    path.write_text(yaml.safe_dump(configuration(load({"IRISPLANE_STATE_DIR": str(tmp_path), **more}))))
    promtool("check", "config", path)
    assert ("https://127.0.0.1:8443/metrics/targets" in path.read_text()) == tls
