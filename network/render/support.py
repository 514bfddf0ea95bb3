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
        found += _policy(model, platform)
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
    for vrf in model.vrfs:
        if vrf.rd or vrf.import_targets or vrf.export_targets or vrf.description:
            yield f"vrf {vrf.name}: description, route distinguisher and targets are not rendered"
    declared = {vrf.name for vrf in model.vrfs}
    for route in model.static_routes:
        if route.vrf and route.vrf not in declared:
            yield f"static route {route.prefix}: its VRF {route.vrf} is not in the model"


def _policy(model: DeviceModel, platform: str) -> Iterator[str]:
    """What the templates of the other platforms leave to an engineer."""
    if model.system.snmp.agentx:
        yield f"system.snmp.agentx: {platform} needs no sub-agent"
    for interface in model.interfaces:
        if interface.ospfv3 is not None and interface.ospfv3.auth_key is not None:
            yield f"interface {interface.name}: OSPFv3 authentication is not rendered"
    for name, bgp in ((vrf.name, vrf.bgp) for vrf in model.vrfs if vrf.bgp):
        yield from _vrf_bgp(name, bgp)


def _vrf_bgp(name: str, bgp: Bgp | None) -> Iterator[str]:
    if bgp is not None and (bgp.groups or bgp.neighbors):
        yield f"vrf {name}: BGP neighbours inside a VRF are not rendered"
