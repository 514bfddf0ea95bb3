"""The sizes of the catalogue's plans as the cloud's flavours: found by name, made where they are missing."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any, Final

from datacenter.hosting import cloud
from datacenter.hosting.cloud import speaking
from datacenter.hosting.errors import CloudRefused

__all__ = ["Size", "flavor_id", "forget"]


@dataclass(frozen=True, slots=True)
class Size:
    """What a plan gives: the flavour's name and its exact size."""

    flavor: str
    vcpus: int
    ram_mib: int
    disk_gib: int


_LOCK: Final = threading.Lock()
_known: dict[tuple[tuple[str, int, str], Size], str] = {}


def flavor_id(size: Size) -> str:
    """The id of the flavour with this name and size; made as administrator when the cloud has none of that name.

    Raises:
        CloudRefused: the cloud has one of that name with another size.
        CloudSilent, NoCloud: it cannot be asked.
    """
    key = (cloud.entry().seen, size)
    with _LOCK:
        if key not in _known:
            _known[key] = _find_or_make(size)
        return _known[key]


def forget() -> None:
    """Look again the next time: a flavour was not there any more."""
    with _LOCK:
        _known.clear()


def _find_or_make(size: Size) -> str:
    compute: Any = cloud.admin().compute
    with speaking(f"Looking for the size {size.flavor}"):
        found = _named(compute, size.flavor)
    if found is None:
        try:
            with speaking(f"Making the size {size.flavor}"):
                found = compute.create_flavor(
                    name=size.flavor, vcpus=size.vcpus, ram=size.ram_mib, disk=size.disk_gib, is_public=True
                )
        except CloudRefused:
            with speaking(f"Looking for the size {size.flavor}"):  # another worker made it meanwhile
                found = _named(compute, size.flavor)
            if found is None:
                raise
    there = (int(found.vcpus), int(found.ram), int(found.disk))
    if there != (size.vcpus, size.ram_mib, size.disk_gib):
        raise CloudRefused(
            f"In the cloud, {size.flavor} has {there[0]} processors, {there[1]} MiB and {there[2]} GiB; the plan has"
            f" {size.vcpus}, {size.ram_mib} and {size.disk_gib}.",
            hint="The region corrects the plan, or names another flavour in it.",
        )
    return str(found.id)


def _named(compute: Any, name: str) -> Any:
    return next((one for one in compute.flavors(get_extra_specs=False) if one.name == name), None)
