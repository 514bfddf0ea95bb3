"""What a new cloud has to offer: flavours, one image, and the external network; looked up before it is made.

The image says what it is. In a cloud with real machines it is Debian's kernel with busybox; without, it is a file of
zeros that nothing boots from. What agencies order as ``debian`` is found by the property ``irisplane_offering``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lab.openstack.accounts import administrator
from lab.openstack.place import Mode, Place
from lab.openstack.switch import GATEWAY

__all__ = ["FLAVOURS", "IMAGE", "NETWORK", "ZONES", "Flavour", "make_stock", "make_zones"]

IMAGE: Final = "irisplane-guest"
NETWORK: Final = "public"
_FIRST_FLOATING: Final = 10
ZONES: Final = ("arts", "siamu")
"""Availability zones, a host each: the sites where the region's cloud would stand."""


@dataclass(frozen=True, slots=True)
class Flavour:
    """A size of servers, named after SCS-0100."""

    name: str
    vcpus: int
    ram: int
    disk: int
    properties: Mapping[str, str]


FLAVOURS: Final = tuple(
    Flavour(name, vcpus, ram, disk, {"scs:name-v2": name, "scs:cpu-type": kind, "scs:disk0-type": "network"})
    for name, vcpus, ram, disk, kind in (
        ("SCS-1L-1-5", 1, 1024, 5, "crowded-core"),
        ("SCS-1V-2-10", 1, 2048, 10, "shared-core"),
        ("SCS-2V-4-20", 2, 4096, 20, "shared-core"),
        ("SCS-4V-8-50", 4, 8192, 50, "shared-core"),
        ("SCS-8V-16-100", 8, 16384, 100, "shared-core"),
    )
)


def make_stock(place: Place, mode: Mode, image: Path | None) -> None:
    """See that flavours, image and external network are there.

    Args:
        image: the guest's image as qcow2; nothing in a cloud without machines.
    """
    with administrator(place) as cloud:
        compute: Any = cloud.compute
        there = {flavor.name: flavor for flavor in compute.flavors()}
        for wanted in FLAVOURS:
            made = there.get(wanted.name) or compute.create_flavor(
                name=wanted.name, vcpus=wanted.vcpus, ram=wanted.ram, disk=wanted.disk, is_public=True
            )
            compute.create_flavor_extra_specs(made, dict(wanted.properties))
        _image(cloud.image, mode, image)
        _network(place, cloud.network)


def make_zones(place: Place, hosts: Sequence[str]) -> None:
    """Let each host stand in a zone of its own, as far as there are hosts; one that holds servers stays where it is."""
    from openstack.exceptions import ConflictException

    with administrator(place) as cloud:
        compute: Any = cloud.compute
        there = {aggregate.name: aggregate for aggregate in compute.aggregates()}
        for zone, host in zip(ZONES, hosts, strict=False):
            found = there.get(zone) or compute.create_aggregate(name=zone, availability_zone=zone)
            if host not in (found.hosts or ()):
                with suppress(ConflictException):
                    compute.add_host_to_aggregate(found, host)


def _image(images: Any, mode: Mode, file: Path | None) -> None:
    found = images.find_image(IMAGE)
    if found and found.status == "active":
        return
    if found:  # an upload that was cut off
        images.delete_image(found)
    properties = {
        "os_distro": "debian",
        "os_type": "linux",
        "irisplane_offering": "debian",
        "hw_rng_model": "virtio",
        "hw_disk_bus": "virtio",
    }
    if mode == "qemu":
        assert file is not None
        properties |= {
            "os_version": "12",
            "irisplane_what": "Debian's cloud kernel with busybox as its only program; reads the config drive.",
        }
        data, disk_format = file.read_bytes(), "qcow2"
    else:
        properties["irisplane_what"] = "A placeholder: this cloud has no machines, so nothing boots from it."
        data, disk_format = bytes(1 << 20), "raw"
    made = images.create_image(
        name=IMAGE, disk_format=disk_format, container_format="bare", visibility="public", min_disk=1, min_ram=256,
        data=data, validate_checksum=False, **properties,
    )  # fmt: skip
    images.wait_for_status(made, status="active", interval=0.2, wait=300)


def _network(place: Place, network: Any) -> None:
    public = network.find_network(NETWORK) or network.create_network(
        name=NETWORK, is_router_external=True, is_shared=False, provider_network_type="flat",
        provider_physical_network="public", description="The outside: floating addresses.",
    )  # fmt: skip
    if not list(network.subnets(network_id=public.id)):
        addresses = place.instance.cloud_network
        network.create_subnet(
            network_id=public.id,
            name=NETWORK,
            ip_version=4,
            cidr=str(addresses),
            gateway_ip=str(addresses[GATEWAY]),
            enable_dhcp=False,
            allocation_pools=[{"start": str(addresses[_FIRST_FLOATING]), "end": str(addresses[-2])}],
        )
