"""Recording and alerting rules from the intent: a planned link expects two ends up, a neighbour, sessions, light.

Pure: what is planned in, the content of a file of rules out. Three habits keep unknown from looking like good or bad:

* A figure that is zero is an alert. A figure that is absent while its device answers is one too: the device was asked,
  and does not know the interface, the neighbour or the session.
* A device that does not answer is one alert, *silent*, and nothing is said of its links from its own end.
* A device that nobody asks is another, because silence about everything would look like peace.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import yaml

__all__ = [
    "LEAST_DBM", "End", "PlannedDevice", "PlannedLink", "PlannedLoss", "PlannedSession", "rules", "rules_text",
]  # fmt: skip

LEAST_DBM: Final = -14.4
"""Least average power a 10GBASE-LR receiver is promised to read (IEEE 802.3, clause 52)."""

Rule = dict[str, Any]


@dataclass(frozen=True, slots=True)
class PlannedDevice:
    """A device that is asked over SNMP."""

    name: str
    site: str


@dataclass(frozen=True, slots=True)
class PlannedLoss:
    """What light may lose on its way to an end of a link.

    Attributes:
        most_db: as the plant has it, with what readings may be off.
        device: who sends it, with ``interface``; ``sent_dbm``: how much by its transceiver's data, where somebody said.
        cables: that it comes through.
    """

    most_db: float
    device: str
    interface: str
    sent_dbm: float | None = None
    cables: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class End:
    """One end of a link.

    Attributes:
        neighbor: the far end's IPv4 address where OSPFv2 should run over the link.
        ospfv3: whether OSPFv3 should.
        least_dbm: of received light; ``None``: no fibre.
        loss: on the way to it; ``None``: nobody knows.
    """

    device: str
    interface: str
    neighbor: str | None = None
    ospfv3: bool = False
    least_dbm: float | None = LEAST_DBM
    loss: PlannedLoss | None = None


@dataclass(frozen=True, slots=True)
class PlannedLink:
    """A link that should carry traffic; ends at devices that are asked."""

    name: str
    ends: tuple[End, ...]


@dataclass(frozen=True, slots=True)
class PlannedSession:
    """A BGP session that should be established."""

    device: str
    peer: str
    peer_name: str


def rules(
    devices: Iterable[PlannedDevice],
    links: Iterable[PlannedLink],
    sessions: Iterable[PlannedSession],
    *,
    hold: int = 60,
) -> dict[str, Any]:
    """The content of a file of rules.

    Args:
        hold: seconds something must last before it is an alert. LLDP is given three times as long: it is heard every
            half minute.
    """
    known = sorted(links, key=lambda link: link.name)
    groups = {
        "irisplane-devices": [rule for device in devices for rule in _device(device, hold)],
        "irisplane-links": [rule for link in known for rule in _link(link, hold)],
        "irisplane-sessions": [_session(one, hold) for one in sessions],
        "irisplane-load": [rule for link in known for rule in _load(link)],
    }
    return {"groups": [{"name": name, "rules": found} for name, found in groups.items() if found]}


def rules_text(content: dict[str, Any]) -> str:
    """As a file: YAML, one order, so that the same intent gives the same bytes."""
    head = "# Written by Irisplane from the intent; what is altered here by hand is lost.\n"
    return head + yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=1000)


def _device(device: PlannedDevice, hold: int) -> Iterator[Rule]:
    of = f"device={_quoted(device.name)}"
    labels = {"device": device.name, "site": device.site}
    yield _alert("IrisplaneDeviceSilent", f"irisplane_snmp_up{{{of}}} == 0", hold, {"severity": "warning", **labels},
                 f"{device.name} does not answer over SNMP: its figures are unknown.")  # fmt: skip
    yield _alert("IrisplaneDeviceNotAsked", f"absent(irisplane_snmp_up{{{of}}})", 3 * hold,
                 {"severity": "warning", **labels}, f"Nobody asks {device.name}: nothing is known of it.")  # fmt: skip


def _link(link: PlannedLink, hold: int) -> Iterator[Rule]:
    labels = {"link": link.name}
    up = " or ".join(f"irisplane_interface_up{{{_of(end)}}}" for end in link.ends)
    yield _alert("IrisplaneLinkDown", f"min({up}) == 0", hold, {"severity": "critical", **labels},
                 f"The link {link.name} is down.")  # fmt: skip
    for end in link.ends:
        here = {"device": end.device, "interface": end.interface, **labels}
        yield _alert("IrisplaneInterfaceMissing", _expected(end.device, f"irisplane_interface_up{{{_of(end)}}}"), hold,
                     {"severity": "warning", **here},
                     f"{end.device} answers, and tells nothing of {end.interface}.")  # fmt: skip
        if far := next((other for other in link.ends if other is not end), None):
            told = f"irisplane_lldp_neighbor{{device={_quoted(end.device)}}}"
            heard = (
                f"irisplane_lldp_neighbor{{{_of(end)},remote_device={_quoted(far.device)}"
                f",remote_interface={_quoted(far.interface)}}}"
            )
            yield _alert("IrisplaneLinkMiswired",
                         f"(irisplane_interface_up{{{_of(end)}}} == 1 and on (device) {told})"
                         f" unless on (device, interface) {heard}", 3 * hold, {"severity": "warning", **here},
                         f"{end.device}:{end.interface} does not hear {far.device}:{far.interface}.")  # fmt: skip
        yield from _routing(link, end, hold)
        yield from _light(link, end, hold)


def _light(link: PlannedLink, end: End, hold: int) -> Iterator[Rule]:
    """Of an end of a fibre that is up: what is dark is down, and that is another alert."""
    if end.least_dbm is None:
        return
    here = {"severity": "warning", "device": end.device, "interface": end.interface, "link": link.name}
    name = f"{end.device}:{end.interface}"
    level = f"irisplane_receive_power_dbm{{{_of(end)}}}"
    up = f"irisplane_interface_up{{{_of(end)}}} == 1"
    yield _alert("IrisplaneLinkDim", f"{level} < {end.least_dbm:g} and on (device, interface) ({up})", hold, here,
                 f"{name} receives less than {end.least_dbm:g} dBm.")  # fmt: skip
    # A device that tells of no light at all has none to tell of: only a gap among its levels is one.
    told = f"irisplane_receive_power_dbm{{device={_quoted(end.device)}}}"
    yield _alert("IrisplaneLevelMissing", f"({up} and on (device) {told}) unless on (device, interface) {level}",
                 hold, here, f"{name} is up, and does not tell how much light it receives.")  # fmt: skip
    if (loss := end.loss) is not None:
        far = f"irisplane_transmit_power_dbm{{device={_quoted(loss.device)},interface={_quoted(loss.interface)}}}"
        sent = f"max({far})" + ("" if loss.sent_dbm is None else f" or vector({loss.sent_dbm:g})")
        lossy = f"{level} < on () group_left () (({sent}) - {loss.most_db:g})"
        through = f" through {', '.join(loss.cables)}" if loss.cables else ""
        labels = {**here, **({"cable": ",".join(loss.cables)} if loss.cables else {})}
        yield _alert("IrisplaneLinkLossy", f"({lossy}) and on (device, interface) ({up})", hold, labels,
                     f"{name} receives what {loss.device}:{loss.interface} sends{through} by more than "
                     f"{loss.most_db:g} dB weaker: more is lost than planned.")  # fmt: skip


def _routing(link: PlannedLink, end: End, hold: int) -> Iterator[Rule]:
    of = f"device={_quoted(end.device)}"
    for version, wanted in (
        (2, f"neighbor={_quoted(end.neighbor)}" if end.neighbor else ""),
        (3, f"interface={_quoted(end.interface)}" if end.ospfv3 else ""),
    ):
        if wanted:
            full = f'irisplane_ospf_neighbor_full{{{of},version="{version}",{wanted}}} == 1'
            labels = {"severity": "warning", "device": end.device, "interface": end.interface, "link": link.name,
                      "version": str(version)}  # fmt: skip
            yield _alert("IrisplaneAdjacencyLost", _expected(end.device, full), hold, labels,
                         f"{end.device} has no full OSPFv{version} neighbour on {end.interface}.")  # fmt: skip


def _session(one: PlannedSession, hold: int) -> Rule:
    up = f"irisplane_bgp_session_up{{device={_quoted(one.device)},peer={_quoted(one.peer)}}} == 1"
    labels = {"severity": "warning", "device": one.device, "peer": one.peer}
    return _alert("IrisplaneSessionLost", _expected(one.device, up), hold, labels,
                  f"The BGP session of {one.device} with {one.peer_name} ({one.peer}) is not established.")  # fmt: skip


def _load(link: PlannedLink) -> Iterator[Rule]:
    ends = [_of(end) for end in link.ends]
    both = " or ".join(f'{{__name__=~"irisplane_interface_(in|out)_bits_per_second",{end}}}' for end in ends)
    speed = " or ".join(f"irisplane_interface_speed_bits{{{end}}}" for end in ends)
    yield {"record": "irisplane:link_bits_per_second", "expr": f"max({both})", "labels": {"link": link.name}}
    yield {"record": "irisplane:link_capacity_bits", "expr": f"min({speed})", "labels": {"link": link.name}}


def _expected(device: str, standing: str) -> str:
    """The device answers, and this does not stand."""
    return f"(irisplane_snmp_up{{device={_quoted(device)}}} == 1) unless on (device) ({standing})"


def _alert(name: str, expression: str, hold: int, labels: dict[str, str], summary: str) -> Rule:
    rule: Rule = {"alert": name, "expr": expression, "labels": labels, "annotations": {"summary": _plain(summary)}}
    return {**rule, "for": f"{hold}s"} if hold else rule


def _of(end: End) -> str:
    return f"device={_quoted(end.device)},interface={_quoted(end.interface)}"


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _regular(value: str) -> str:
    """A name within a regular expression, as RE2 reads it: it knows fewer escapes than Python writes."""
    return re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", value)


def _plain(text: str) -> str:
    """Annotations are templates of Prometheus: a name must not be one."""
    return text.replace("{{", "{ {")
