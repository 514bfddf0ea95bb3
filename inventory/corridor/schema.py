"""The shape of the corridor's objects as people write them: the entries of ``inventory.schema`` for it."""

from __future__ import annotations

from inventory.fields import InputModel, Provenance, Ref, Text
from inventory.plant.schema import Code, Located, Metres, Path, PlaceLatitude, PlaceLongitude

__all__ = ["CORRIDOR"]


class CorridorNodeIn(Located):
    """A corner: where stretches meet or end."""

    tenant: Ref | None = None
    code: Code
    lon: PlaceLongitude
    lat: PlaceLatitude
    provenance: Provenance = "derived"
    source: Text = ""


class CorridorIn(InputModel):
    """A stretch between two corners; ``path`` as its source draws it, ``[[lon, lat], …]``."""

    tenant: Ref | None = None
    code: Code
    kind: Text = ""
    a_node: Ref
    b_node: Ref
    length_m: Metres
    path: Path | None = None
    provenance: Provenance = "derived"
    source: Text = ""


CORRIDOR: dict[str, type[InputModel]] = {"corridor_node": CorridorNodeIn, "corridor": CorridorIn}
"""Input models by type."""
