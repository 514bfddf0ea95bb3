"""The intended configuration of devices, computed from the inventory: rows → typed model → text.

Three statements read everything for any number of devices; nothing here speaks to equipment. The model comes from the
inventory and the merged configuration contexts; ``pinned`` overlays (what an adoption kept) are laid on the model,
``opaque`` overlays are blocks of it, ``snippet`` overlays are typed into the rendered text, and a ``whole`` overlay (a
restored version) stands for everything before it (docs/decisions/0006).

Keys of the merged context that this reads::

    ntp.servers, name_servers, domain, banner            system
    syslog.servers[].host/.severity, syslog.level
    snmp.contact, snmp.agentx
    ospf.area, .hello, .dead, .reference_bandwidth, .log_adjacency, .spf_timers, .maximum_paths
    bgp.asn, .keepalive, .hold, .connect, .maximum_paths_ibgp, .reflectors (a role; its devices reflect routes),
        .evpn (services of tenants can be ordered)
    internet.prefixes, .probe, .exits                    the region's alone: see network/services/exits.py
    verbatim.<platform>                                  lines kept as they are written
    drift_policy                                         report | restore | adopt
    checks                                               engineers' own expectations (network/checks.py)
    driver                                               options for the drivers of bought equipment
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_interface
from typing import Any, Final
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import Connection, text

from core.errors import InvalidInput
from inventory.context import Context, in_order, merge
from network.device_model import (
    Bgp,
    BgpFamily,
    BgpNetwork,
    BgpPeer,
    DeviceModel,
    Interface,
    OpaqueBlock,
    Ospf,
    OspfInterface,
    PeerFamily,
    Snmp,
    StaticRoute,
    SyslogServer,
    System,
)
from network.drivers.frr.merge import merge as merge_frr
from network.pins import apply_pins
from network.render import PLATFORMS, normalise, render_unfilled

__all__ = ["Intended", "Overlay", "intended", "only_routers", "relaid"]


_OPAQUE: Final = TypeAdapter(OpaqueBlock)


@dataclass(frozen=True, slots=True)
class Overlay:
    """Something laid on what the inventory gives; ``id`` is absent while it is only planned."""

    kind: str
    name: str
    body: str
    id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Intended:
    """What one device should be.

    Attributes:
        bare: the model before overlays; ``model``: with pinned parts and opaque blocks.
        text: the whole configuration, normalised, with placeholders where secrets stand.
        neighbours: interface → name of the device at the other end of its link.
        context: the merged configuration context.
        facts: what a snippet may name, and what selection and policy look at.
    """

    device_id: UUID
    tenant_id: UUID
    name: str
    platform: str
    bare: DeviceModel
    model: DeviceModel
    text: str
    overlays: tuple[Overlay, ...]
    neighbours: Mapping[str, str]
    context: Mapping[str, Any]
    facts: Mapping[str, Any]


_DEVICES: Final = text("""
select d.id, d.tenant_id, d.name, d.role, d.platform, d.status, d.asn, d.site_id, s.code as site,
       s.name_fr as site_name, t.code as tenant, d.drift_policy, host(d.management_address) as management_address
from device d join site s on s.id = d.site_id join tenant t on t.id = d.tenant_id
where d.id = any(:ids) order by d.name
""")
_INTERFACES: Final = text("""
select i.device_id, i.name, i.kind, i.description, i.enabled, i.mtu, v.name as vrf,
       coalesce((select array_agg(a.address::text order by family(a.address), a.host) from address a
                 where a.interface_id = i.id and upper_inf(a.held)), '{}') as addresses,
       (select d2.name from link_end e join link l on l.id = e.link_id and l.status = 'active'
          join interface i2 on i2.id in (l.a_interface_id, l.b_interface_id) and i2.id <> i.id
          join device d2 on d2.id = i2.device_id where e.interface_id = i.id) as peer
from interface i left join vrf v on v.id = i.vrf_id
where i.device_id = any(:ids) order by i.name
""")
_CONTEXTS: Final = text("""
select name, scope, role, site_id, device_id, weight, data from config_context
where active and (scope = 'region' or role = any(:roles) or site_id = any(:sites) or device_id = any(:ids))
""")
_LOOPBACKS: Final = text("""
select d.id, d.name, d.role, host(a.address) as address, family(a.address) as family
from device d join interface i on i.device_id = d.id and i.kind = 'loopback' and i.vrf_id is null
     join address a on a.interface_id = i.id and upper_inf(a.held)
where d.status in ('active', 'maintenance', 'planned') and d.role in ('core', 'aggregation', 'access', 'edge')
order by d.name, a.host
""")
_SERVICES: Final = text("""
select p.site_id, p.cidr::text from prefix p join vrf v on v.id = p.vrf_id
where p.kind = 'assigned' and p.purpose = 'service' and v.name = 'global' and p.site_id = any(:sites) order by p.cidr
""")
_OVERLAYS: Final = text("""
select id, device_id, kind, name, body from config_overlay where device_id = any(:ids) order by device_id, ordinal
""")


def intended(tx: Connection, device_ids: Sequence[UUID], *, rendered: bool = True) -> dict[UUID, Intended]:
    """The intent of some devices; those that this scope does not see are absent.

    Args:
        rendered: whether the text is wanted too; it costs ten times the rest.
    Raises:
        TemplateError: see ``network.render``.
        InvalidInput: a configuration context of a device holds a value of the wrong form; names the device.
    """
    ids = list(device_ids)
    devices = tx.execute(_DEVICES, {"ids": ids}).mappings().all()
    sites = [row["site_id"] for row in devices]
    roles = list({row["role"] for row in devices})
    contexts = tx.execute(_CONTEXTS, {"ids": ids, "sites": sites, "roles": roles}).mappings().all()
    interfaces = _by("device_id", tx.execute(_INTERFACES, {"ids": ids}).mappings())
    services = _by("site_id", tx.execute(_SERVICES, {"sites": sites}).mappings())
    overlays = _by("device_id", tx.execute(_OVERLAYS, {"ids": ids}).mappings())
    loopbacks = tx.execute(_LOOPBACKS).mappings().all()
    found: dict[UUID, Intended] = {}
    for row in devices:
        try:
            found[row["id"]] = _one(
                row,
                _context_of(row, contexts),
                interfaces.get(row["id"], []),
                services.get(row["site_id"], []),
                overlays.get(row["id"], []),
                loopbacks,
                rendered=rendered,
            )
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            # People write contexts: a list where a mapping belongs must not stop the standing look at the others.
            raise InvalidInput(
                f"No intent can be computed for {row['name']}: {type(error).__name__}: {error}.",
                hint="A value in one of its configuration contexts has the wrong form: see 'irisplane context list'.",
                device=row["name"],
            ) from error
    return found


def only_routers(devices: Mapping[UUID, Intended]) -> dict[UUID, Intended]:
    """Without servers among others: nothing configures them but plays. Where there are only such, all stay."""
    found = {key: one for key, one in devices.items() if one.platform != "linux"}
    return found or dict(devices)


def relaid(intent: Intended, overlays: Sequence[Overlay]) -> Intended:
    """The same device with other overlays: what it would be after they are added, or taken away."""
    model = _laid(intent.bare, overlays)
    return replace(intent, model=model, text=_text(model, intent.platform, overlays), overlays=tuple(overlays))


def _laid(bare: DeviceModel, overlays: Sequence[Overlay]) -> DeviceModel:
    """The model of a device whose inventory says ``bare``, with these overlays on it."""
    model = bare
    for overlay in overlays:
        if overlay.kind == "pinned":
            model = apply_pins(model, overlay.body)
        elif overlay.kind == "opaque":
            model = replace(model, opaque=(*model.opaque, _OPAQUE.validate_json(overlay.body)))
    return model


def _text(model: DeviceModel, platform: str, overlays: Sequence[Overlay]) -> str:
    """The whole configuration: the model rendered, and what overlays add to or put in the place of text."""
    rendered = normalise(render_unfilled(model, platform), platform) if platform in PLATFORMS else ""
    for overlay in overlays:
        if overlay.kind == "whole":
            rendered = overlay.body
        elif overlay.kind == "snippet" and platform == "frr":
            rendered = normalise(merge_frr(rendered, overlay.body).text, platform)
    return rendered


def _by(key: str, rows: Iterable[Any]) -> dict[UUID, list[Any]]:
    found: dict[UUID, list[Any]] = {}
    for row in rows:
        found.setdefault(row[key], []).append(row)
    return found


def _context_of(device: Any, contexts: Sequence[Any]) -> dict[str, Any]:
    applying = [
        Context(row["name"], row["scope"], row["weight"], row["data"])
        for row in contexts
        if row["scope"] == "region"
        or row["role"] == device["role"]
        or row["site_id"] == device["site_id"]
        or row["device_id"] == device["id"]
    ]
    result: dict[str, Any] = {}
    for context in in_order(applying):
        result = merge(result, context.data)
    return result


def _one(
    device: Any,
    context: Mapping[str, Any],
    rows: Sequence[Any],
    services: Sequence[Any],
    overlays: Sequence[Any],
    loopbacks: Sequence[Any],
    *,
    rendered: bool,
) -> Intended:
    platform = device["platform"]
    own = {row["family"]: row["address"] for row in loopbacks if row["id"] == device["id"]}
    ospf, bgp = context.get("ospf") or {}, context.get("bgp") or {}
    prefixes = [row["cidr"] for row in services]
    model = DeviceModel(
        hostname=device["name"],
        platform=platform,
        role=device["role"],
        site=device["site"],
        system=_system(device, context),
        interfaces=tuple(_interface(row, ospf) for row in rows),
        static_routes=tuple(StaticRoute(prefix, discard="blackhole") for prefix in prefixes),
        ospf=_ospf(ospf, own.get(4)),
        ospfv3=_ospf(ospf, own.get(4)),
        bgp=_bgp(device, bgp, own, prefixes, loopbacks),
        opaque=_verbatim(context, platform),
    )
    laid = tuple(Overlay(row["kind"], row["name"], row["body"], row["id"]) for row in overlays)
    body = _laid(model, laid)
    neighbours = {row["name"]: row["peer"] for row in rows if row["peer"]}
    facts = {
        "name": device["name"],
        "role": device["role"],
        "site": device["site"],
        "site_name": device["site_name"],
        "tenant": device["tenant"],
        "platform": platform,
        "status": device["status"],
        "management_address": device["management_address"],
        "loopback": own.get(4, ""),
        "loopback6": own.get(6, ""),
        "interfaces": [{"name": r["name"], "peer": r["peer"] or "", "addresses": list(r["addresses"])} for r in rows],
        "drift_policy": device["drift_policy"] or context.get("drift_policy") or "report",
        "context": dict(context),
    }
    return Intended(
        device_id=device["id"],
        tenant_id=device["tenant_id"],
        name=device["name"],
        platform=platform,
        bare=model,
        model=body,
        text=_text(body, platform, laid) if rendered else "",
        overlays=laid,
        neighbours=neighbours,
        context=context,
        facts=facts,
    )


def _system(device: Any, context: Mapping[str, Any]) -> System:
    syslog, snmp = context.get("syslog") or {}, context.get("snmp") or {}
    return System(
        domain=context.get("domain", ""),
        name_servers=tuple(context.get("name_servers", ())),
        ntp_servers=tuple((context.get("ntp") or {}).get("servers", ())),
        syslog_servers=tuple(
            SyslogServer(one["host"], one.get("severity", "informational")) for one in syslog.get("servers", ())
        ),
        syslog_level=syslog.get("level"),
        banner=context.get("banner", ""),
        snmp=Snmp(
            location=f"{device['site']} {device['site_name']}",
            contact=snmp.get("contact", ""),
            agentx=bool(snmp.get("agentx", device["platform"] == "frr")),
        ),
    )


def _interface(row: Any, ospf: Mapping[str, Any]) -> Interface:
    routed = bool(row["addresses"]) and row["vrf"] is None and bool(ospf)
    loopback = row["kind"] == "loopback"
    four = tuple(a for a in row["addresses"] if ip_interface(a).version == 4)
    six = tuple(a for a in row["addresses"] if ip_interface(a).version == 6)
    igp = (
        OspfInterface(area=str(ospf.get("area", "0")))
        if loopback
        else OspfInterface(
            area=str(ospf.get("area", "0")), network="point-to-point", hello=ospf.get("hello"), dead=ospf.get("dead")
        )
    )
    return Interface(
        name=row["name"],
        description=row["description"],
        enabled=row["enabled"],
        mtu=row["mtu"],
        ipv4=four,
        ipv6=six,
        vrf=row["vrf"],
        ospf=igp if routed and four and (loopback or row["peer"]) else None,
        ospfv3=igp if routed and six and (loopback or row["peer"]) else None,
    )


def _ospf(ospf: Mapping[str, Any], router_id: str | None) -> Ospf | None:
    if not ospf or router_id is None:
        return None
    spf = ospf.get("spf_timers")
    return Ospf(
        router_id=router_id,
        reference_bandwidth=ospf.get("reference_bandwidth"),
        log_adjacency=bool(ospf.get("log_adjacency", False)),
        spf_timers=(spf[0], spf[1], spf[2]) if spf else None,
        maximum_paths=ospf.get("maximum_paths"),
    )


def _bgp(
    device: Any, bgp: Mapping[str, Any], own: Mapping[int, str], prefixes: Sequence[str], loopbacks: Sequence[Any]
) -> Bgp | None:
    """iBGP over loopbacks: devices of the reflecting role meet everyone, the others meet the reflectors (RFC 4456)."""
    asn = device["asn"] or bgp.get("asn")
    if asn is None or 4 not in own:
        return None
    reflecting = bgp.get("reflectors", "core")
    reflector = device["role"] == reflecting
    peers = [r for r in loopbacks if r["id"] != device["id"] and (reflector or r["role"] == reflecting)]

    def group(name: str, version: int) -> BgpPeer:
        family = PeerFamily(activate=True, route_reflector_client=name.startswith("CLIENTS"))
        return BgpPeer(
            name,
            remote_as=str(asn),
            update_source="lo",
            keepalive=bgp.get("keepalive"),
            hold=bgp.get("hold"),
            connect=bgp.get("connect"),
            ipv4=family if version == 4 else None,
            ipv6=family if version == 6 else None,
            # Not reflected: see decision 49.
            evpn=PeerFamily() if version == 4 and bgp.get("evpn") else None,
        )

    def group_of(peer: Any) -> str:
        clients = reflector and peer["role"] != reflecting
        return f"{'CLIENTS' if clients else 'REFLECTORS'}{peer['family']}"

    neighbors = tuple(
        BgpPeer(peer["address"], group=group_of(peer), description=peer["name"])
        for peer in peers
        if peer["family"] in own
    )
    names = sorted({n.group for n in neighbors if n.group})
    more = bgp.get("maximum_paths_ibgp")
    return Bgp(
        asn=int(asn),
        router_id=own[4],
        log_neighbor_changes=True,
        groups=tuple(group(name, int(name[-1])) for name in names),
        neighbors=neighbors,
        ipv4=BgpFamily(networks=tuple(BgpNetwork(p) for p in prefixes if ":" not in p), maximum_paths_ibgp=more),
        ipv6=BgpFamily(networks=tuple(BgpNetwork(p) for p in prefixes if ":" in p), maximum_paths_ibgp=more),
        advertise_all_vni=bool(bgp.get("evpn")),
    )


def _verbatim(context: Mapping[str, Any], platform: str) -> tuple[OpaqueBlock, ...]:
    lines = (context.get("verbatim") or {}).get(platform)
    if lines and not isinstance(lines, str):
        raise TypeError(f"verbatim.{platform} is one text of several lines, not a {type(lines).__name__}")
    return (OpaqueBlock("context", "configuration context", lines, platform=platform),) if lines else ()
