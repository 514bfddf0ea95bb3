"""How the data centre announces itself."""

from __future__ import annotations

from core.domain import Domain

__all__ = ["domain"]

domain = Domain(
    name="datacenter",
    kinds=(),
    router="api.hosting:router",
    tables=("project", "quota", "offering", "offering_plan", "price", "zone", "cloud_network", "server"),
    writable=("offering", "offering_plan", "price", "zone"),
)
