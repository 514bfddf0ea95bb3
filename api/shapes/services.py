"""Services of tenants, as they are answered."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from api.shapes import Code, Shape, Time

__all__ = ["Service", "ServiceTest"]


class ServiceEnd(Shape):
    """Where a service comes out."""

    device: str
    site: str
    port: str
    address: Annotated[
        str | None, Field(description="The gateway's, with its length; null in an E-Line and of an exit.")
    ]
    probe: Annotated[str | None, Field(description="An address of the customer's that answers pings.")]
    exit: Annotated[bool, Field(description="Whether it is no customer's port, but the region's way to the internet.")]


class Service(Shape):
    """A service that is in force."""

    id: UUID
    code: str
    tenant: Code
    kind: Literal["l3vpn", "e-line", "internet"]
    bandwidth_mbps: int | None
    protection: Literal["none", "protected", "diverse"]
    table_number: Annotated[int | None, Field(description="VRF `V…`, route target `ASN:…`; null for an E-Line.")]
    tunnel_number: Annotated[int, Field(description="VXLAN network identifier, or pseudowire id.")]
    change_id: Annotated[UUID | None, Field(description="The change that brought it.")]
    created_at: Time
    ends: list[ServiceEnd]


class ServiceTest(Shape):
    """What packets did on one device of a service, just now."""

    device: str
    status: Annotated[Literal["ok", "failed", "unknown"], Field(description="What could not be seen is `unknown`.")]
    evidence: list[str]
