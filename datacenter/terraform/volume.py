"""`irisplane_volume`: a disk that outlives servers."""

from __future__ import annotations

from typing import Any, ClassVar

from datacenter.terraform.fields import Field, known, length, whole
from datacenter.terraform.noun import ID, PROJECT, Noun, State

__all__ = ["Volume"]


class Volume(Noun):
    """A volume: it grows, and is attached to one server at a time."""

    name: ClassVar = "volume"
    collection: ClassVar = "/api/v1/volumes"
    description: ClassVar = "A disk of its own, which can be attached to a server."
    fields: ClassVar = (
        ID,
        PROJECT,
        Field("name", "text", "Unique in the project.", "must", check=length(1, 63)),
        Field("size_gib", "number", "GiB; it grows, and never shrinks.", "must", check=whole(1, 65536)),
        Field("description", "text", "For people.", "may", check=length(0, 200)),
        Field("snapshot", "text", "Id or name of the snapshot that it begins as.", "may", replace=True),
        Field("image", "text", "Code of the image that it begins as.", "may", replace=True),
        Field("server", "text", "Id of the server that it is attached to.", "may", api="server_id", sent=False),
        Field("device", "text", "As what the server sees it: `/dev/vdb`.", volatile=True),
        Field("status", "text", "As the cloud sees it.", volatile=True),
    )

    def impossible(self, current: State, planned: State) -> list[tuple[str, str, str]]:
        """It never becomes smaller."""
        if not known(planned["size_gib"]) or planned["size_gib"] >= current["size_gib"]:
            return []
        sentence = f"A volume of {int(current['size_gib'])} GiB cannot become smaller."
        hint = "Order another one and copy what is on it; 'terraform apply -replace' makes an empty one in its place."
        return [("size_gib", sentence, hint)]

    def create(self, ctx: Any, planned: State) -> State | None:
        """Order it, then attach it; when that fails, it is there and says where it is not attached."""
        made = super().create(ctx, planned)
        if made is None or not known(planned.get("server")):
            return made
        return self.update(ctx, made, planned)

    def alter(self, current: State, planned: State) -> None:
        """Detach first, grow while nobody has it or online, attach last."""
        here, there = current.get("server"), planned.get("server")
        if here and here != there:
            self._detach(current["id"], here)
        at, orders = self.address(current["id"]), self.session.orders
        words = {name: planned[name] or "" for name in ("name", "description") if planned[name] != current[name]}
        if words:
            orders.do("PATCH", at, words, match="*")
        if planned["size_gib"] != current["size_gib"]:
            orders.do("POST", f"{at}:extend", {"size_gib": int(planned["size_gib"])})
        if known(there) and there != here:
            self.session.orders.do(
                "POST", f"/api/v1/servers/{there}:attach-volume", {"volume": current["id"]}, match="*"
            )

    def give_back(self, current: State) -> None:
        """Detach it, then give it back."""
        found = self.session.api.get(self.address(current["id"]))
        if found.get("server_id"):
            self._detach(current["id"], str(found["server_id"]))
        super().give_back(current)

    def _detach(self, volume: str, server: str) -> None:
        self.session.orders.do("POST", f"/api/v1/servers/{server}:detach-volume", {"volume": volume})
