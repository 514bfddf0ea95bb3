"""How the network room announces itself."""

from __future__ import annotations

from core.domain import Domain

__all__ = ["domain"]

domain = Domain(
    name="network",
    kinds=(
        "network.changes.config:ConfigPush",
        "network.changes.snippet:ConfigSnippet",
        "network.changes.restore:ConfigRestore",
        "network.changes.adopt:ConfigAdopt",
        "network.changes.enrol:HostKeyEnrolment",
        "network.changes.replace:RouterReplacement",
        "network.changes.upgrade:SoftwareUpgrade",
        "network.changes.play:HostPlay",
        "network.changes.design:NetworkDesign",
        "network.changes.service:ServiceOrder",
        "network.changes.service:ServiceRemove",
        "network.changes.request:ServiceRequest",
    ),
    routers=(
        "api.network:router",
        "api.telemetry:router",
        "api.incidents:router",
        "api.fibre:router",
        "api.plays:router",
        "api.services:router",
    ),
    periodic={
        "network.observing:look": 15.0,
        "network.backups:keep_all": 3600.0,
        "network.polling.polled:poll": 30.0,
        "network.alerting.writing:write": 60.0,
        "network.incidents.watching:watch": 0.2,
        "network.incidents.dimming:watch": 15.0,
    },
    metrics="network.telemetry:collect",
    context={"checks": "network.checks:wrong_in_context", "ansible": "network.plays.hosts:wrong_account"},
    tables=(
        "config_text",
        "config_version",
        "config_overlay",
        "device_state",
        "device_polled",
        "service",
        "service_end",
        "link_state",
        "incident",
        "incident_link",
        "incident_entry",
        "incident_notice",
        "incident_silence",
        "link_watch",
    ),
    sealed=("config_text.sealed",),
)
