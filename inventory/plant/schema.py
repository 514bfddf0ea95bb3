"""The shape of the fibre plant's objects as people write them: the entries of ``inventory.schema`` for it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from inventory.fields import InputModel, Latitude, Longitude, Period, Provenance, Ref, Text
from inventory.plant.geometry import LARGEST_PATH, misplaced

__all__ = ["PLANT", "CableType", "Code", "Located", "Metres", "Path", "PlaceLatitude", "PlaceLongitude"]

NodeKind = Literal["building", "manhole", "handhole", "cabinet", "pole", "closure-point"]
DuctKind = Literal["duct", "subduct", "trench", "gallery", "tunnel", "aerial"]
CableType = Literal["G.652.B", "G.652.D", "G.653", "G.654.E", "G.655", "G.656", "G.657.A1", "G.657.A2", "G.657.B3"]
Status = Literal["planned", "active", "retired"]
Side = Literal["a", "b"]
SpliceKind = Literal["fusion", "mechanical", "express"]

Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")]


class _Misplaced:
    """A coordinate of a place that cannot be, with what is wrong with it: the field's validator says so."""

    def __init__(self, told: str) -> None:
        self.told = told


def _in_place(value: Any) -> Any:
    if isinstance(value, _Misplaced):
        raise ValueError(value.told)  # noqa: TRY004 - pydantic takes a ValueError for a refusal
    return value


def _number(value: Any) -> float | None:
    try:
        return float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else None
    except ValueError:
        return None


def _centimetres(value: float) -> float:
    return round(value, 2)


def _path(value: list[list[float]]) -> list[list[float]]:
    for number, (lon, lat) in enumerate(value):
        wrong = misplaced(lon, lat)
        if wrong:
            raise ValueError(f"point {number}: {wrong}")
    return [[round(lon, 6), round(lat, 6)] for lon, lat in value]


PlaceLongitude = Annotated[Longitude, BeforeValidator(_in_place)]
PlaceLatitude = Annotated[Latitude, BeforeValidator(_in_place)]
Metres = Annotated[float, Field(gt=0, le=1_000_000, allow_inf_nan=False), AfterValidator(_centimetres)]
Position = Annotated[list[Annotated[float, Field(allow_inf_nan=False)]], Field(min_length=2, max_length=2)]
Path = Annotated[list[Position], Field(min_length=2, max_length=LARGEST_PATH), AfterValidator(_path)]


class Located(InputModel):
    """What lies at a place of this country."""

    @model_validator(mode="before")
    @classmethod
    def _of_this_country(cls, data: Any) -> Any:
        if isinstance(data, dict):
            lon, lat = _number(data.get("lon")), _number(data.get("lat"))
            if lon is not None and lat is not None and (wrong := misplaced(lon, lat)):
                return {**data, "lon": _Misplaced(wrong), "lat": 0.0}
        return data


class PowerFeedIn(InputModel):
    """What a site's power comes from: sites on one feed go dark together."""

    tenant: Ref | None = None
    code: Code
    name: Text = ""
    provenance: Provenance = "synthetic"
    source: Text = ""


class PlantNodeIn(Located):
    """Where the plant can be entered: a building, manhole, handhole, cabinet, pole, or the place of a closure."""

    tenant: Ref | None = None
    code: Code
    kind: NodeKind
    site: Ref | None = None
    feed: Ref | None = None
    lon: PlaceLongitude
    lat: PlaceLatitude
    provenance: Provenance = "synthetic"
    source: Text = ""


class SiteFeedIn(InputModel):
    """A power feed that a site hangs on."""

    site: Ref
    feed: Ref


class DuctIn(InputModel):
    """A way between two nodes that cables can lie in; ``path`` from a to b as ``[[lon, lat], …]``, absent: straight."""

    tenant: Ref | None = None
    code: Code
    kind: DuctKind = "duct"
    a_node: Ref
    b_node: Ref
    length_m: Metres
    path: Path | None = None
    owner: Text = ""
    provenance: Provenance = "synthetic"
    source: Text = ""


class CableIn(InputModel):
    """A cable with its strands: numbered through, ``strands_per_tube`` to a tube."""

    tenant: Ref | None = None
    code: Code
    type: CableType = "G.652.D"
    strands: Annotated[int, Field(ge=1, le=6912)]
    strands_per_tube: Annotated[int, Field(ge=1, le=288)] = 12
    a_node: Ref
    b_node: Ref
    length_m: Metres
    status: Status = "active"
    provenance: Provenance = "synthetic"
    source: Text = ""


class CableDuctIn(InputModel):
    """A duct that a cable lies in: the ``position``-th from its a; ``reversed``: walked from the duct's b."""

    cable: Ref
    duct: Ref
    position: Annotated[int, Field(ge=1, le=10_000)]
    reversed: bool = False


class StrandIn(InputModel):
    """A strand of a cable. It comes with its cable; tube and colours follow from its number."""

    cable: Ref
    number: Annotated[int, Field(ge=1)]
    tube: int | None = None
    position: int | None = None
    tube_colour: str | None = None
    colour: str | None = None


class ClosureIn(InputModel):
    """A box in which strands are spliced."""

    tenant: Ref | None = None
    code: Code
    node: Ref
    trays: Annotated[int, Field(ge=1, le=200)] = 1


class SpliceIn(InputModel):
    """Two strand ends joined in a closure; ``loss_db`` as measured. ``express``: not cut, only led through."""

    closure: Ref
    tray: Annotated[int, Field(ge=1, le=200)] | None = None
    a_strand: Ref
    a_side: Side
    b_strand: Ref
    b_side: Side
    kind: SpliceKind = "fusion"
    loss_db: Annotated[float, Field(ge=-1, le=20, allow_inf_nan=False)] | None = None


class PanelIn(InputModel):
    """A patch panel."""

    tenant: Ref | None = None
    code: Code
    site: Ref
    rack: Ref | None = None
    ports: Annotated[int, Field(ge=1, le=10_000)]


class PanelPortIn(InputModel):
    """A port in use: at its back a strand's end (``strand``, ``side``), at its front an interface or a patch cord."""

    panel: Ref
    number: Annotated[int, Field(ge=1, le=10_000)]
    connector: Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[^\x00-\x1f]+$")] = "LC/APC"
    strand: Ref | None = None
    side: Side | None = None
    interface: Ref | None = None


class PatchCordIn(InputModel):
    """A cord between the fronts of two ports."""

    code: Code
    a_port: Ref
    b_port: Ref
    length_m: Annotated[float, Field(ge=0, le=10_000, allow_inf_nan=False), AfterValidator(_centimetres)] = 0.0


class TransceiverIn(InputModel):
    """What lights an interface: its type, wavelength, and the powers it sends and takes, in dBm."""

    interface: Ref
    type: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
    wavelength_nm: Annotated[float, Field(ge=600, le=2000, allow_inf_nan=False)]
    tx_power_dbm: Annotated[float, Field(ge=-60, le=40, allow_inf_nan=False)] | None = None
    rx_sensitivity_dbm: Annotated[float, Field(ge=-80, le=20, allow_inf_nan=False)] | None = None
    rx_overload_dbm: Annotated[float, Field(ge=-40, le=40, allow_inf_nan=False)] | None = None
    rx_power_dbm: Annotated[float, Field(ge=-80, le=40, allow_inf_nan=False)] | None = None


class StrandHoldIn(InputModel):
    """Who may use a strand, and until when."""

    tenant: Ref | None = None
    strand: Ref
    purpose: Text = ""
    during: Period | None = None


class CircuitIn(InputModel):
    """A lit way between two ends, each an interface or a panel's port; ``link`` is what rides on it."""

    tenant: Ref | None = None
    code: Code
    name: Text = ""
    status: Status = "active"
    protection: Literal["none", "protected", "diverse"] = "none"
    a_interface: Ref | None = None
    a_port: Ref | None = None
    b_interface: Ref | None = None
    b_port: Ref | None = None
    link: Ref | None = None


class CircuitStrandIn(InputModel):
    """A strand that a circuit lights, the ``position``-th from its a, on its working or its protecting way."""

    circuit: Ref
    strand: Ref
    role: Literal["working", "protecting"] = "working"
    position: Annotated[int, Field(ge=1, le=10_000)]
    during: Period | None = None


PLANT: dict[str, type[InputModel]] = {
    "power_feed": PowerFeedIn,
    "plant_node": PlantNodeIn,
    "site_feed": SiteFeedIn,
    "duct": DuctIn,
    "cable": CableIn,
    "cable_duct": CableDuctIn,
    "strand": StrandIn,
    "closure": ClosureIn,
    "splice": SpliceIn,
    "panel": PanelIn,
    "panel_port": PanelPortIn,
    "patch_cord": PatchCordIn,
    "transceiver": TransceiverIn,
    "strand_hold": StrandHoldIn,
    "circuit": CircuitIn,
    "circuit_strand": CircuitStrandIn,
}
"""Input models of the plant by type."""
