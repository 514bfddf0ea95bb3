"""Running configuration to device model: for drift, adoption and brownfield."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from network.device_model import DeviceModel
from network.parse.adopt import Adopted, Adoption, adopt
from network.parse.frr import FOREIGN, model_of
from network.parse.secrets_out import without_secrets
from network.render.errors import UnsupportedPlatform

__all__ = ["FOREIGN", "Adopted", "Adoption", "Parsed", "adopt", "parse"]


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a configuration says.

    Attributes:
        model: the device; secrets are references.
        secrets: values by reference name, for the secret store and nothing else.
    """

    model: DeviceModel
    secrets: Mapping[str, str] = field(repr=False)

    @property
    def opaque_count(self) -> int:
        """How many named blocks could not be understood."""
        return len(self.model.opaque)


def parse(text: str, platform: str = "frr", *, prefix: str = "device") -> Parsed:
    """The model of a running configuration, such that rendering it gives the same configuration back.

    Args:
        text: what the device prints.
        platform: only ``frr`` is read back into a model.
        prefix: first part of the names of secrets found, usually the device's name.
    Raises:
        UnsupportedPlatform: no parser for this platform.
    """
    if platform != "frr":
        raise UnsupportedPlatform(f"There is no parser for {platform!r}; there is for frr.")
    bare, secrets = without_secrets(text, platform, prefix)
    return Parsed(model_of(bare), secrets)
