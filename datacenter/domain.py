"""How the data centre announces itself."""

from __future__ import annotations

from core.domain import Domain

__all__ = ["domain"]

domain = Domain(
    name="datacenter",
    kinds=(),
    router="api.hosting:router",
    periodic={"datacenter.hosting.terraform_state.store:sweep": 3600.0},
    tables=("project", "quota", "offering", "offering_plan", "price", "zone", "cloud_network", "server"),
    writable=("offering", "offering_plan", "price", "zone"),
    sealed=("terraform_state_version.sealed",),
)
