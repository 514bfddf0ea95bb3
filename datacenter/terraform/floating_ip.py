"""`irisplane_floating_ip`: an address by which a server is reached from outside."""

from __future__ import annotations

from typing import Any, ClassVar

from datacenter.terraform.fields import Field, known, length
from datacenter.terraform.noun import ID, PROJECT, Noun, State

__all__ = ["FloatingIp"]


class FloatingIp(Noun):
    """A floating address: kept by the project, and leading to one server at a time."""

    name: ClassVar = "floating_ip"
    collection: ClassVar = "/api/v1/floating-addresses"
    description: ClassVar = "A public address of a project, which leads to one of its servers."
    fields: ClassVar = (
        ID,
        PROJECT,
        Field("description", "text", "What it is for; another one for each address of a configuration.", "must",
              replace=True, check=length(1, 200)),
        Field("server", "text", "Id of the server that it leads to.", "may", api="server_id", sent=False),
        Field("address", "text", "The address itself."),
        Field("fixed_address", "text", "The server's own address that it stands for.", volatile=True),
        Field("status", "text", "As the cloud sees it.", volatile=True),
    )  # fmt: skip

    def order(self, planned: State) -> dict[str, Any]:
        """The server, too, where it is there already."""
        body = super().order(planned)
        if known(planned.get("server")):
            body["server"] = planned["server"]
        return body

    def find_named(self, name: str) -> dict[str, Any] | None:
        """By the address itself."""
        for one in self.session.api.items(self.collection, address=name):
            return one
        return None

    def alter(self, current: State, planned: State) -> None:
        """Let it lead elsewhere, or nowhere."""
        here, there = current.get("server"), planned.get("server")
        if here and here != there:
            self.session.orders.do("POST", f"{self.address(current['id'])}:detach", {})
        if known(there) and there != here:
            self.session.orders.do("POST", f"{self.address(current['id'])}:attach", {"server": there})
