"""How the data centre announces itself."""

from __future__ import annotations

from core.domain import Domain

__all__ = ["domain"]

domain = Domain(
    name="datacenter",
    kinds=(
        "datacenter.hosting.catalogue.importing:CatalogueImport",
        "datacenter.hosting.key_changes:KeyCreate",
        "datacenter.hosting.key_changes:KeyDelete",
        "datacenter.hosting.networks.address_changes:AddressAssign",
        "datacenter.hosting.networks.address_changes:AddressCreate",
        "datacenter.hosting.networks.address_changes:AddressDelete",
        "datacenter.hosting.networks.address_changes:AddressRelease",
        "datacenter.hosting.networks.group_changes:GroupAlter",
        "datacenter.hosting.networks.group_changes:GroupCreate",
        "datacenter.hosting.networks.group_changes:GroupDelete",
        "datacenter.hosting.metering.months:MonthClose",
        "datacenter.hosting.metering.months:ChargeCorrect",
        "datacenter.hosting.networks.network_changes:NetworkCreate",
        "datacenter.hosting.networks.network_changes:NetworkDelete",
        "datacenter.hosting.quota_changes:QuotaGrant",
        "datacenter.hosting.quota_changes:QuotaSplit",
        "datacenter.hosting.spending:SpendLimitSet",
        "datacenter.hosting.zones:ZoneEdit",
    ),
    router="api.hosting:router",
    periodic={
        "datacenter.hosting.metering.collecting:meter_due": 60.0,
        "datacenter.hosting.notices:write_due": 2.0,
        "datacenter.hosting.support.maintenance:announce_due": 60.0,
        "datacenter.hosting.terraform_state.store:sweep": 3600.0,
        "datacenter.hosting.zones:look": 60.0,
    },
    tables=(
        "project",
        "quota",
        "offering",
        "offering_plan",
        "price",
        "zone",
        "cloud_network",
        "server",
        "ssh_key",
        "security_group",
        "security_group_rule",
        "floating_ip",
        "volume",
        "volume_snapshot",
        "backup_schedule",
        "closed_month",
        "correction",
        "spend_limit",
        "support_request",
        "maintenance",
    ),
    writable=("offering", "offering_plan", "price", "zone", "ssh_key", "closed_month", "correction", "spend_limit"),
    sealed=("terraform_state_version.sealed",),
)
