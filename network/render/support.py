"""What a platform's text cannot hold, said aloud: nothing of an intent is lost in silence."""

from __future__ import annotations

from collections.abc import Iterator

from network.device_model import Bgp, DeviceModel, Interface

__all__ = ["unsupported"]


def unsupported(model: DeviceModel, platform: str) -> list[str]:
    """The parts of the model that the text for ``platform`` leaves out, one sentence each.

    An empty list means that the rendered text holds the whole model.
    """
    found = list(_opaque(model, platform))
    if platform == "frr":
        found += _frr(model)
    else:
        found += _elsewhere(model, platform)
    if platform in ("iosxr", "junos"):
        found += [f"interface {i.name}: switched ports are not rendered" for i in model.interfaces if _switched(i)]
    return found


def _opaque(model: DeviceModel, platform: str) -> Iterator[str]:
    for block in model.opaque:
        if block.platform != platform:
            yield f"opaque block {block.name!r}: written for {block.platform}"


def _switched(interface: Interface) -> bool:
    return interface.access_vlan is not None or bool(interface.trunk_vlans)


def _frr(model: DeviceModel) -> Iterator[str]:
    system = model.system
    for name, value in (
        ("system.domain", system.domain),
        ("system.name_servers", system.name_servers),
        ("system.ntp_servers", system.ntp_servers),
        ("system.syslog_servers", system.syslog_servers),
        ("system.banner", system.banner),
        ("system.users", system.users),
        ("system.snmp.communities", system.snmp.communities),
        ("system.snmp.users", system.snmp.users),
        ("system.snmp.location", system.snmp.location),
        ("system.snmp.contact", system.snmp.contact),
        ("vlans", model.vlans),
    ):
        if value:
            yield f"{name}: FRR has no such setting; the host under it does"
    for interface in model.interfaces:
        if interface.mtu is not None:
            yield f"interface {interface.name}: the MTU is the kernel's"
        if _switched(interface) or interface.vlan_id is not None:
            yield f"interface {interface.name}: VLANs are the kernel's"
        if interface.ospfv3 is not None and interface.ospfv3.auth_key is not None:
            yield f"interface {interface.name}: OSPFv3 authentication is not rendered"
        if interface.ospfv3 is not None and interface.ospfv3.network not in (None, "broadcast", "point-to-point"):
            yield f"interface {interface.name}: FRR 8.4 has no OSPFv3 network type {interface.ospfv3.network}"
    for vrf in model.vrfs:
        if vrf.rd or vrf.import_targets or vrf.export_targets or vrf.description:
            yield f"vrf {vrf.name}: description, route distinguisher and targets are not rendered"
    declared = {vrf.name for vrf in model.vrfs}
    for route in model.static_routes:
        if route.vrf and route.vrf not in declared:
            yield f"static route {route.prefix}: its VRF {route.vrf} is not in the model"


def _elsewhere(model: DeviceModel, platform: str) -> Iterator[str]:
    """What the templates of the other platforms leave to an engineer."""
    if model.system.snmp.agentx:
        yield f"system.snmp.agentx: {platform} needs no sub-agent"
    for interface in model.interfaces:
        if interface.ospfv3 is not None and interface.ospfv3.auth_key is not None:
            yield f"interface {interface.name}: OSPFv3 authentication is not rendered"
    yield from _processes(model, platform)
    for found in model.prefix_lists:
        if platform == "iosxr" and any(entry.action == "deny" for entry in found.entries):
            yield f"prefix list {found.name}: a prefix set has no deny entries; they are not rendered"
    if model.bgp is not None:
        yield from _sessions(model.bgp, platform)
    for vrf in model.vrfs:
        if vrf.bgp is not None and (vrf.bgp.groups or vrf.bgp.neighbors):
            yield f"vrf {vrf.name}: BGP neighbours inside a VRF are not rendered"
        if vrf.bgp is not None and platform == "junos":
            yield f"vrf {vrf.name}: networks and redistribution of its BGP are not rendered for junos"


def _processes(model: DeviceModel, platform: str) -> Iterator[str]:
    for name, process in (("ospf", model.ospf), ("ospfv3", model.ospfv3)):
        if process is not None:
            left = [field for field in _PROCESS[platform, name] if getattr(process, field)]
            yield from (f"{name}.{field}: not rendered for {platform}" for field in left)
            if platform == "junos" and any(s.metric is not None or s.route_map for s in process.redistribute):
                yield f"{name}.redistribute: metric and route map are not rendered for junos"


_PROCESS: dict[tuple[str, str], tuple[str, ...]] = {
    ("eos", "ospf"): (),
    ("eos", "ospfv3"): ("reference_bandwidth", "log_adjacency", "spf_timers", "maximum_paths", "passive_default",
                        "default_originate", "default_originate_always"),
    ("junos", "ospf"): ("spf_timers", "maximum_paths", "default_originate", "default_originate_always"),
    ("junos", "ospfv3"): ("spf_timers", "maximum_paths", "default_originate", "default_originate_always"),
    ("iosxr", "ospf"): ("maximum_paths",),
    ("iosxr", "ospfv3"): ("maximum_paths",),
}  # fmt: skip
_SESSION = {"eos": ("connect",), "junos": ("connect", "keepalive", "shutdown"), "iosxr": ("connect",)}
_IN_FAMILY = {
    "eos": ("soft_reconfiguration",),
    "junos": ("soft_reconfiguration", "next_hop_self", "default_originate"),
    "iosxr": (),
}


def _sessions(bgp: Bgp, platform: str) -> Iterator[str]:
    if bgp.advertise_all_vni:
        yield f"bgp.evpn: the EVPN family of sessions is not rendered for {platform}"
    for peer in (*bgp.groups, *bgp.neighbors):
        for field in _SESSION[platform]:
            if getattr(peer, field):
                yield f"bgp neighbour {peer.name}: {field} is not rendered for {platform}"
        for family in (peer.ipv4, peer.ipv6):
            for field in _IN_FAMILY[platform]:
                if family is not None and getattr(family, field):
                    yield f"bgp neighbour {peer.name}: {field} is not rendered for {platform}"
    if platform == "junos" and (
        bgp.ipv4.networks or bgp.ipv6.networks or bgp.ipv4.redistribute or bgp.ipv6.redistribute
    ):
        yield "bgp: networks and redistribution are export policies in Junos and are not rendered"
