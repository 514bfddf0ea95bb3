"""What an order of a service says, judged before anything is looked up: form, and what does not fit together."""

from __future__ import annotations

from ipaddress import ip_interface
from itertools import combinations
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

__all__ = ["Kind", "Order", "OrderedEnd", "Protection"]

Kind = Literal["l3vpn", "e-line", "internet"]
Protection = Literal["none", "protected", "diverse"]
"""``protected``: two ways without a common link between any two ends; ``diverse``: without a common device either, and,
where the plant knows the ways, without a common duct, building or power feed."""


def _gateway(value: str) -> str:
    if "/" not in value:
        raise ValueError("write the gateway's address with its length, e.g. 10.20.1.1/24")
    found = ip_interface(value)
    if found.network.num_addresses < 2:
        raise ValueError(f"{found} leaves no address for the customer")
    if found.version == 4 and found.network.prefixlen < 31 and found.ip in (found.network[0], found.network[-1]):
        raise ValueError(f"{found} is the network's own or its broadcast address; take one between")
    return str(found)


class OrderedEnd(BaseModel):
    """Where a service comes out: a port of a device, and for an L3VPN the gateway's address there.

    ``probe`` is an address of the customer's at that port that answers pings; verification asks it too.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    device: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    port: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,30}$")]
    address: Annotated[str, AfterValidator(_gateway)] | None = None
    probe: Annotated[str, StringConstraints(max_length=50)] | None = None

    @model_validator(mode="after")
    def _probe_is_inside(self) -> Self:
        if self.probe is None:
            return self
        if self.address is None:
            raise ValueError("a probe needs the address of its gateway")
        gateway = ip_interface(self.address)
        if "/" in self.probe or ip_interface(self.probe).ip not in gateway.network:
            raise ValueError(f"the probe {self.probe} is not in {gateway.network}")
        return self


class Order(BaseModel):
    """A service to be: its code, whose it is, what kind, how much, how safe, and where it comes out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{1,39}$")]
    tenant: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    kind: Kind
    bandwidth_mbps: Annotated[int, Field(ge=1, le=400_000)] | None = None
    protection: Protection = "none"
    ends: Annotated[tuple[OrderedEnd, ...], Field(min_length=1, max_length=100)]
    request: Annotated[UUID | None, Field(description="The change by which an administration asked for it.")] = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        places = [(end.device, end.port) for end in self.ends]
        if twice := next((place for place in places if places.count(place) > 1), None):
            raise ValueError(f"{twice[0]}:{twice[1]} is named twice")
        if self.kind != "internet" and len(self.ends) < 2:
            raise ValueError("it needs two ends at least: one alone has nobody to reach")
        if self.kind == "e-line":
            self._line()
        else:
            self._table()
        return self

    def _line(self) -> None:
        if len(self.ends) != 2 or self.ends[0].device == self.ends[1].device:
            raise ValueError("an E-Line has two ends, on two devices; for more, order an L3VPN")
        if any(end.address for end in self.ends):
            raise ValueError("an E-Line carries frames: its ends have no address of ours")

    def _table(self) -> None:
        if missing := next((end for end in self.ends if end.address is None), None):
            raise ValueError(f"the end {missing.device}:{missing.port} needs its gateway's address, e.g. 10.20.1.1/24")
        six = next((end for end in self.ends if ip_interface(str(end.address)).version == 6), None)
        if self.kind == "internet" and six:
            raise ValueError(f"{six.address} at {six.device}: internet access is offered with IPv4 addresses")
        for one, other in combinations(self.ends, 2):
            here, there = ip_interface(str(one.address)).network, ip_interface(str(other.address)).network
            if here.version == there.version and here.overlaps(there):
                raise ValueError(
                    f"{one.address} at {one.device} and {other.address} at {other.device} overlap: give each its own"
                )
