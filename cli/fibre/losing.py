"""What is lost, as it is named on the line: things by their codes, or a polygon from a file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from cli.asking import read_text
from cli.errors import WrongUse

__all__ = ["Losing"]

Codes = Annotated[list[str] | None, Parameter(negative="")]


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Losing:
    """Everything named is lost together; each may be given more than once.

    Attributes:
        cable: code of a cable.
        duct: code of a duct: every cable in it.
        strand: CABLE/NUMBER.
        node: code of a manhole, cabinet or building: every cable that passes it.
        site: code of a site: its building and its devices.
        device: name of a device.
        link: name of a link.
        feed: code of a power feed: devices of sites that have no other.
        polygon: a GeoJSON file: what lies in the ground inside it.
    """

    cable: Codes = None
    duct: Codes = None
    strand: Codes = None
    node: Codes = None
    site: Codes = None
    device: Codes = None
    link: Codes = None
    feed: Codes = None
    polygon: Path | None = None

    def body(self) -> dict[str, Any]:
        """The question, as the API takes it.

        Raises:
            WrongUse: nothing is named, or the file is no JSON.
        """
        kinds = ("cable", "duct", "strand", "node", "site", "device", "link", "feed")
        of = [{"kind": kind, "key": key} for kind in kinds for key in getattr(self, kind) or ()]
        if not of and self.polygon is None:
            raise WrongUse("Say what is lost.", hint="For instance --cable CODE, --duct CODE, or --polygon FILE.")
        return {"of": of} if self.polygon is None else {"of": of, "polygon": _polygon(self.polygon)}


def _polygon(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise WrongUse(f"{path} is not JSON: {error}.", hint="Give a GeoJSON Polygon, WGS84.") from None
    if not isinstance(found, dict):
        raise WrongUse(f"{path} holds no GeoJSON object.", hint="Give a GeoJSON Polygon, WGS84.")
    return found
