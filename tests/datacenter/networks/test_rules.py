"""Rules of a security group: their one form, what is refused, and the same set in Neutron's words."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from datacenter.hosting.networks.errors import RangeRefused, RuleRefused
from datacenter.hosting.networks.ranges import private_range
from datacenter.hosting.networks.rules import CloudRule, Rule, RuleIn, cloud_rules, difference, distinct


@pytest.mark.parametrize(
    ("given_rule", "said"),
    [
        ({"protocol": "icmp", "port_min": 8}, "icmp has no ports"),
        ({"protocol": "any", "port_min": 1, "port_max": 2}, "any has no ports"),
        ({"protocol": "tcp", "port_max": 80}, "port_max without port_min"),
        ({"protocol": "tcp", "port_min": 90, "port_max": 80}, "above"),
        ({"protocol": "tcp", "port_min": 0}, "greater than or equal to 1"),
        ({"protocol": "tcp", "port_min": 65536}, "less than or equal to 65535"),
        ({"protocol": "tcp", "port_min": "80; drop"}, "valid integer"),
        ({"protocol": "TCP"}, "Input should be"),
        ({"protocol": "6"}, "Input should be"),
        ({"direction": "both"}, "Input should be"),
        ({"remote": "10.0.0.5/8"}, "write 10.0.0.0/8"),
        ({"remote": "10.0.0.5"}, "write 10.0.0.5/32"),
        ({"remote": "10.0.0.0/255.0.0.0"}, "write 10.0.0.0/8"),
        ({"remote": "2001:DB8::/32"}, "write 2001:db8::/32"),
        ({"remote": "::ffff:10.0.0.0/104"}, "write ::ffff:"),
        ({"remote": "10.0.0.0/33"}, "neither a range"),
        ({"remote": "010.0.0.0/8"}, "neither a range"),
        ({"remote": "fe80::1%eth0/64"}, "write fe80::/64"),
        ({"remote": "١٠.0.0.0/8"}, "neither a range"),
        ({"remote": "' or 1=1 --"}, "neither a range"),
        ({"remote": ""}, "neither a range"),
        ({"remote": "group:"}, "name of a security group"),
        ({"remote": "x" * 81}, "at most 80"),
        ({"remote_group_id": "abc"}, "Extra inputs"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_with_what_to_write(given_rule: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        RuleIn.model_validate(given_rule)


def test_the_same_rule_twice_is_refused_by_its_place() -> None:
    with pytest.raises(RuleRefused, match="Rules 0 and 2 are the same") as refused:
        distinct(
            [
                RuleIn(protocol="tcp", port_min=80),
                RuleIn(protocol="udp", port_min=80),
                RuleIn(protocol="tcp", port_min=80, port_max=80),
            ]
        )
    assert refused.value.pointer == "/rules/2"


def test_more_rules_than_a_group_can_have_are_refused() -> None:
    with pytest.raises(RuleRefused, match="500 rules are more than the 100"):
        distinct([RuleIn(protocol="tcp", port_min=port) for port in range(1, 501)])


def test_the_difference_names_what_comes_and_what_goes() -> None:
    before = distinct([RuleIn(protocol="icmp"), RuleIn(protocol="tcp", port_min=22, remote="10.0.0.0/8")])
    after = distinct([RuleIn(protocol="icmp"), RuleIn(protocol="tcp", port_min=80, port_max=90)])
    assert difference(before, after) == "- in tcp 22 from 10.0.0.0/8\n+ in tcp 80-90 from anywhere"
    assert difference(after, after) == ""


def test_anywhere_is_both_families_however_it_is_written() -> None:
    anywhere = cloud_rules([Rule("ingress", "icmp", 0, 0, "")], {})
    written = cloud_rules([Rule("ingress", "icmp", 0, 0, "0.0.0.0/0"), Rule("ingress", "icmp", 0, 0, "::/0")], {})
    assert anywhere == written
    assert {rule.family for rule in anywhere if rule.direction == "ingress"} == {"IPv4", "IPv6"}


def test_everything_goes_out_until_a_rule_says_what_may() -> None:
    assert {rule for rule in cloud_rules([], {}) if rule.direction == "egress"} == {
        CloudRule("egress", "IPv4", "any", "", "", ""),
        CloudRule("egress", "IPv6", "any", "", "", ""),
    }
    only = cloud_rules([Rule("egress", "tcp", 443, 443, "192.0.2.0/24")], {})
    assert only == {CloudRule("egress", "IPv4", "tcp", "443-443", "192.0.2.0/24", "")}


_RULES = st.builds(
    Rule,
    st.sampled_from(["ingress", "egress"]),
    st.sampled_from(["tcp", "udp", "sctp"]),
    st.integers(1, 100),
    st.integers(100, 65535),
    st.sampled_from(["", "10.0.0.0/8", "2001:db8::/32", "0.0.0.0/0", "group:web"]),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # other tests may want both cores
@given(st.lists(_RULES, max_size=6))
def test_what_neutron_shows_of_a_rule_that_we_asked_for_is_that_rule(rules: list[Rule]) -> None:
    for wanted in cloud_rules(rules, {"web": "the-group"}):
        body = wanted.body("own")
        shown = {
            "direction": body["direction"], "ethertype": body["ethertype"], "protocol": body.get("protocol"),
            "port_range_min": body.get("port_range_min"), "port_range_max": body.get("port_range_max"),
            "remote_ip_prefix": body.get("remote_ip_prefix"), "remote_group_id": body.get("remote_group_id"),
        }  # fmt: skip
        assert CloudRule.of(shown) == wanted


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # other tests may want both cores
@given(_RULES)
def test_a_rule_as_it_is_shown_can_be_asked_for_again(rule: Rule) -> None:
    assert Rule.of(RuleIn.model_validate(rule.as_dict())) == rule


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("10.1.2.3/24", "names an address"),
        ("10.1.2.0", "names an address"),
        ("10.1.2.0/255.255.255.0", "another way"),
        ("fd00::/64", "IPv6"),
        ("0.0.0.0/0", "not a private range"),
        ("8.8.8.0/24", "not a private range"),
        ("127.0.0.0/24", "not a private range"),
        ("169.254.0.0/24", "not a private range"),
        ("100.64.0.0/24", "not a private range"),
        ("10.0.0.0/8", "not between"),
        ("10.0.0.0/29", "not between"),
        ("172.16.0.0/11", "names an address"),
        ("hello", "no range"),
        ("", "no range"),
        ("10.0.0.0/24/24", "no range"),
    ],
)
def test_a_range_that_no_private_network_can_have_is_refused(text: str, said: str) -> None:
    with pytest.raises(RangeRefused, match=said) as refused:
        private_range(text)
    assert refused.value.pointer == "/cidr"


def test_a_private_range_is_taken() -> None:
    assert str(private_range(" 10.20.0.0/24")) == "10.20.0.0/24"
