"""What devices told, as Prometheus wants it: only what is known, and only while it is fresh.

A figure that is not there is a gap: Prometheus marks a series that vanishes from a scrape as ended at once. Nothing is
repeated, and nothing that an agent does not say becomes a zero.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from network.polling.light import light
from network.polling.polled import Polled
from network.polling.tables import Interface

__all__ = ["families"]

_GAUGES: Final[Mapping[str, tuple[str, Callable[[Interface], float | None]]]] = {
    "irisplane_interface_up": ("ifOperStatus is up.", lambda one: None if one.up is None else float(one.up)),
    "irisplane_interface_admin_up": (
        "ifAdminStatus is up.", lambda one: None if one.admin_up is None else float(one.admin_up)
    ),
    "irisplane_interface_speed_bits": ("ifHighSpeed, in bit/s.", lambda one: one.speed),
}  # fmt: skip
_COUNTERS: Final[Mapping[str, str]] = {
    "in_octets": "ifHCInOctets, or ifInOctets.",
    "out_octets": "ifHCOutOctets, or ifOutOctets.",
    "in_errors": "ifInErrors.",
    "out_errors": "ifOutErrors.",
    "in_discards": "ifInDiscards.",
    "out_discards": "ifOutDiscards.",
}


def families(looks: Iterable[Polled]) -> Iterator[Metric]:
    """The figures of these devices; what is not fresh is left out."""
    fresh = [one for one in looks if one.fresh]
    answered = GaugeMetricFamily("irisplane_snmp_up", "Whether it answers over SNMP.", labels=["device"])
    seconds = GaugeMetricFamily("irisplane_snmp_seconds", "How long its answers took.", labels=["device"])
    missing = GaugeMetricFamily("irisplane_snmp_missing", "Columns it did not tell.", labels=["device"])
    wrong = GaugeMetricFamily("irisplane_snmp_complaints", "Values that cannot be right.", labels=["device"])
    uptime = GaugeMetricFamily("irisplane_snmp_uptime_seconds", "sysUpTime.", labels=["device", "description"])
    for one in fresh:
        look, name = one.look, [one.look.name]
        answered.add_metric(name, float(not look.error))
        if look.error:
            continue
        seconds.add_metric(name, look.seconds)
        missing.add_metric(name, len(look.missing))
        wrong.add_metric(name, len(look.complaints))
        if look.uptime is not None:
            uptime.add_metric([*name, look.description], look.uptime / 100)
    yield from (answered, seconds, missing, wrong, uptime)
    told = [one for one in fresh if not one.look.error]
    yield from _interfaces(told)
    yield from _neighbours(told)


def _interfaces(told: list[Polled]) -> Iterator[Metric]:
    labels = ["device", "interface"]
    every = [(one, port) for one in told for port in one.look.interfaces]
    for name, (about, figure) in _GAUGES.items():
        gauge = GaugeMetricFamily(name, about, labels=labels)
        _add(gauge, (([one.look.name, port.name], figure(port)) for one, port in every))
        yield gauge
    for field, about in _COUNTERS.items():
        counter: Any = CounterMetricFamily(f"irisplane_interface_{field}", about, labels=labels)
        _add(counter, (([one.look.name, port.name], getattr(port, field)) for one, port in every))
        yield counter
    for place, way in enumerate(("in", "out")):
        load = GaugeMetricFamily(
            f"irisplane_interface_{way}_bits_per_second",
            "Between the last two looks; absent where a counter was reset or cannot be told from a wrap.",
            labels=labels,
        )
        rates = ((one, port, one.rates.get(port.name, (None, None))[place]) for one, port in every)
        _add(load, (([one.look.name, port.name], None if rate is None else 8 * rate) for one, port, rate in rates))
        yield load


def _neighbours(told: list[Polled]) -> Iterator[Metric]:
    ospf = GaugeMetricFamily(
        "irisplane_ospf_neighbor_full", "The adjacency is full; a neighbour by its address (2) or router id (3).",
        labels=["device", "version", "interface", "neighbor"],
    )  # fmt: skip
    bgp = GaugeMetricFamily("irisplane_bgp_session_up", "Established.", labels=["device", "peer"])
    lldp = GaugeMetricFamily(
        "irisplane_lldp_neighbor", "Who is heard there.",
        labels=["device", "interface", "remote_device", "remote_interface"],
    )  # fmt: skip
    level = GaugeMetricFamily("irisplane_sensor", "A sensor's figure.", labels=["device", "sensor", "unit"])
    received, sent = (
        GaugeMetricFamily(
            f"irisplane_{way}_power_dbm",
            f"Light, {about}; of several lanes the weakest.",
            labels=["device", "interface"],
        )
        for way, about in (("receive", "as the interface receives it"), ("transmit", "as the interface sends it"))
    )
    for one in told:
        name, look = one.look.name, one.look
        _add(ospf, (([name, str(n.version), n.interface, n.address], None if n.full is None else float(n.full))
                    for n in look.ospf or ()))  # fmt: skip
        _add(bgp, (([name, p.address], None if p.established is None else float(p.established))
                   for p in look.bgp or ()))  # fmt: skip
        _add(lldp, (([name, n.interface, n.device, n.remote_interface], 1.0) for n in look.lldp or ()))
        _add(level, (([name, s.name, s.unit], s.value) for s in look.sensors))
        powers = light(look)
        _add(received, (([name, interface], power.received) for interface, power in powers.items()))
        _add(sent, (([name, interface], power.sent) for interface, power in powers.items()))
    yield from (ospf, bgp, lldp, level, received, sent)


def _add(family: Any, samples: Iterable[tuple[list[str], float | None]]) -> None:
    """``family``: a gauge's or a counter's; prometheus-client gives them no common type with ``add_metric``."""
    for labels, value in samples:
        if value is not None:
            family.add_metric(labels, float(value))
