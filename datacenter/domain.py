"""How the data centre announces itself."""

from __future__ import annotations

from core.domain import Domain

__all__ = ["domain"]

domain = Domain(
    name="datacenter",
    kinds=(
        "datacenter.hosting.catalogue.importing:CatalogueImport",
        "datacenter.hosting.quota_changes:QuotaGrant",
        "datacenter.hosting.quota_changes:QuotaSplit",
        "datacenter.hosting.zones:ZoneEdit",
    ),
    router="api.hosting:router",
    periodic={
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
        "support_request",
        "maintenance",
    ),
    writable=("offering", "offering_plan", "price", "zone"),
    sealed=("terraform_state_version.sealed",),
)
