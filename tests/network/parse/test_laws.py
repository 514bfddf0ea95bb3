"""Laws of tree, normal form, parser and redaction, for any configuration."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from network.drivers.frr.tree import dump
from network.drivers.frr.tree import parse as tree
from network.parse import adopt, parse
from network.redact import find_secrets, redact
from network.render import normalise, render, render_unfilled
from tests.network.render.models import CASES

_LINES = {
    "": (
        "hostname r1", "log syslog informational", "agentx", "no ip forwarding", "ip route 10.1.0.0/16 blackhole",
        "ip route 10.1.0.0/16 10.0.0.1 tag 4 20", "ip route 10.2.0.0/16 eth0", "ip route 10.3.0.0/16 10.0.0.1 label 5",
        "ipv6 route fd00:1::/64 fd00::1 eth0 5", "ip prefix-list P seq 5 permit any",
        "ip prefix-list P description d x",
        "ip prefix-list P seq 7 deny 10.0.0.0/8 ge 9 le 30", "ipv6 prefix-list P seq 5 permit any",
        "password hunter2 x",
        "access-list A seq 5 permit any", "debug bgp updates in", "strange top line", "service password-encryption",
    ),
    "interface eth0": (
        "description some text", "ip address 10.0.0.1/24", "ip address 10.0.0.9/24", "ipv6 address fd00::1/64",
        "shutdown",
        "ip ospf area 0", "ip ospf cost 7", "ip ospf message-digest-key 3 md5 abc",
        "ip ospf authentication message-digest",
        "ip ospf network broadcast", "ip ospf passive", "ipv6 ospf6 area 0.0.0.1", "ipv6 ospf6 priority 0",
        "mpls enable",
        "ip ospf dead-interval minimal hello-multiplier 4", "no link-detect",
    ),
    "interface eth1 vrf red": ("ip address 10.7.0.1/24", "ip ospf area 0"),
    "vrf red": ("ip route 10.8.0.0/16 10.7.0.2", "vni 7"),
    "route-map M permit 10": (
        "match ip address prefix-list P", "set metric 4", "set community 1:2 3:4 additive", "set community none",
        "on-match next", "description text here", "set local-preference 9", "match tag 4",
    ),
    "route-map M deny 20": (),
    "router ospf": (
        "ospf router-id 1.1.1.1", "redistribute static metric 5", "redistribute connected metric-type 1",
        "auto-cost reference-bandwidth 100000", "timers throttle spf 1 2 3", "default-information originate always",
        "passive-interface default", "area 1 stub", "network 10.0.0.0/8 area 0",
    ),
    "router ospf6": ("ospf6 router-id 1.1.1.1", "log-adjacency-changes", "area 1 stub"),
    "router bgp 64512": (
        "bgp router-id 1.1.1.1", "no bgp ebgp-requires-policy", "no bgp default ipv4-unicast", "neighbor G peer-group",
        "neighbor G remote-as internal", "neighbor G password two words", "neighbor 10.0.0.9 peer-group G",
        "neighbor 10.0.0.8 remote-as 65001", "neighbor 10.0.0.8 timers 3 9", "neighbor 10.0.0.8 timers connect 4",
        "neighbor fd00::8 remote-as external", "neighbor eth0 interface remote-as 65009", "bgp graceful-restart",
        "neighbor 10.0.0.7 ttl-security hops 1",
    ),
    "router bgp 64512 vrf red": ("bgp router-id 2.2.2.2", "no bgp ebgp-requires-policy"),
    "router isis X": ("net 49.0001.0000.0000.0001.00", "is-type level-1"),
    "line vty": ("access-class A", "exec-timeout 5 0"),
}  # fmt: skip
_FAMILY = (
    "network 10.5.0.0/16", "network 10.4.0.0/16 route-map M", "redistribute static", "redistribute bgp metric-type 1",
    "neighbor G activate", "no neighbor G activate", "neighbor 10.0.0.8 activate", "neighbor 10.0.0.8 maximum-prefix 5",
    "neighbor 10.0.0.8 maximum-prefix 5 80 warning-only", "neighbor G route-reflector-client", "maximum-paths 4",
    "neighbor 10.0.0.8 prefix-list P in", "neighbor 10.0.0.8 route-map M out", "aggregate-address 10.0.0.0/8",
    "neighbor 10.0.0.9 next-hop-self force",
)  # fmt: skip


@st.composite
def configurations(draw: st.DrawFn) -> str:
    """A configuration of lines and contexts in any order, some twice, with or without ``exit``."""
    blocks: list[str] = []
    closing = draw(st.booleans())
    for context, lines in _LINES.items():
        if context and not draw(st.booleans()):
            continue
        chosen = draw(st.lists(st.sampled_from(lines), max_size=len(lines))) if lines else []
        if not context:
            blocks += chosen
            continue
        body = [context, *(f" {line}" for line in chosen)]
        if context.startswith("router bgp"):
            for family in draw(st.sets(st.sampled_from(["ipv4 unicast", "ipv6 unicast", "l2vpn evpn"]))):
                inner = draw(st.lists(st.sampled_from(_FAMILY), min_size=1))
                body += [f" address-family {family}", *(f"  {line}" for line in inner), " exit-address-family"]
        blocks.append("\n".join([*body, *(["exit-vrf" if context.startswith("vrf") else "exit"] if closing else [])]))
    return "\n!\n".join(draw(st.permutations(blocks))) + "\n"


@given(configurations())
def test_a_tree_says_what_its_text_says(text: str) -> None:
    assert dump(tree(dump(tree(text)))) == dump(tree(text))


@given(configurations())
def test_normalising_twice_is_normalising_once(text: str) -> None:
    once = normalise(text, "frr")
    assert normalise(once, "frr") == once


@given(configurations())
def test_normalising_keeps_every_line(text: str) -> None:
    lines = {line.strip() for line in text.splitlines()} - {"", "!", "exit", "exit-vrf", "exit-address-family"}
    kept = {line.strip() for line in normalise(text, "frr").splitlines()}
    assert lines <= kept


@settings(max_examples=200)
@given(configurations())
def test_rendering_what_was_parsed_gives_it_back(text: str) -> None:
    parsed = parse(text)
    rendered = render(parsed.model, "frr", lambda secret: parsed.secrets[secret.name])
    assert normalise(rendered, "frr") == normalise(text, "frr")


@given(st.sampled_from(sorted(CASES)), configurations())
def test_an_adopted_configuration_renders_to_itself(case: str, text: str) -> None:
    adoption = adopt(CASES[case](), text)
    rendered = render(adoption.model, "frr", lambda secret: adoption.secrets.get(secret.name, "value"))

    def blind(one: str) -> str:  # values kept by reference may differ
        return redact(normalise(one, "frr"), "frr")

    if "hostname" in text:
        assert sorted(blind(rendered).splitlines()) == sorted(blind(text).splitlines())


@given(configurations())
def test_redacting_keeps_the_structure_and_is_done_once(text: str) -> None:
    done = redact(text, "frr")
    assert len(done.splitlines()) == len(text.splitlines())
    assert redact(done, "frr") == done
    assert find_secrets(done, "frr") == []


@given(st.sampled_from(["frr", "eos", "junos", "iosxr", "nxos", "ios"]), st.text(max_size=300))
def test_redacting_any_text_keeps_its_lines(platform: str, text: str) -> None:
    done = redact(text, platform)
    assert len(done.split("\n")) == len(text.split("\n"))
    assert redact(done, platform) == done


def test_our_own_intent_parses_back_to_itself() -> None:
    model = CASES["core"]()
    text = render_unfilled(model, "frr")
    again = adopt(model, text)
    assert again.adopted == ()
    assert again.model == model
