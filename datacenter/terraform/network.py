"""`irisplane_network`: a private network of a project."""

from __future__ import annotations

from typing import ClassVar

from datacenter.terraform.fields import Field, length, private_range
from datacenter.terraform.noun import ID, PROJECT, Noun

__all__ = ["Network"]


class Network(Noun):
    """A private network. It is never altered: other addresses are another network."""

    name: ClassVar = "network"
    collection: ClassVar = "/api/v1/networks"
    description: ClassVar = "A private network of a project; a router leads from it to the outside."
    fields: ClassVar = (
        ID,
        PROJECT,
        Field("name", "text", "What servers call it by.", "must", replace=True, check=length(1, 63)),
        Field("cidr", "text", "Its range, `10.20.0.0/24`; a free one when absent.", "either", replace=True,
              check=private_range),
        Field("routed", "bool", "Whether a router leads to the public network.", "may", default=True, replace=True),
        Field("status", "text", "As the cloud sees it.", volatile=True),
    )  # fmt: skip
