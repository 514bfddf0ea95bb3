"""A real OpenStack under tests: what every test needs in it, and what a test leaves there removed."""

from __future__ import annotations

import io
from contextlib import suppress
from typing import Any

__all__ = ["IMAGE", "IMAGE_MARK", "CloudUnderTest"]

IMAGE = "irisplane-test-guest"
IMAGE_MARK = "test-guest"
_PUBLIC = "public"


class CloudUnderTest:
    """The cloud as its administrator sees it."""

    def __init__(self, path: str, name: str) -> None:
        from openstack.config import OpenStackConfig
        from openstack.connection import Connection

        loader = OpenStackConfig(config_files=[path], secure_files=[], vendor_files=[], load_envvars=False)
        self.path, self.name = path, name
        self.admin: Any = Connection(config=loader.get_one(cloud=name, api_timeout=60))

    def furnish(self) -> None:
        """A public network and an image that the catalogue can choose, unless they are there."""
        if not list(self.admin.network.networks(is_router_external=True)):
            made = self.admin.network.create_network(
                name=_PUBLIC, is_router_external=True, provider_network_type="flat", provider_physical_network="public"
            )
            self.admin.network.create_subnet(
                network_id=made.id, name=_PUBLIC, ip_version=4, cidr="172.24.0.0/20", is_dhcp_enabled=False
            )
        if not list(self.admin.image.images(name=IMAGE)):
            self.admin.image.create_image(
                name=IMAGE, visibility="public", disk_format="qcow2", container_format="bare", min_disk=0,
                data=io.BytesIO(b"QFI\xfb\x00\x00\x00\x03" + b"\0" * 65528), irisplane_offering=IMAGE_MARK,
                validate_checksum=False, wait=True,
            )  # fmt: skip

    def servers(self, project_id: str) -> list[Any]:
        """Every server of a project."""
        return list(self.admin.compute.servers(all_projects=True, project_id=project_id))

    def clear(self, project_id: str, user_id: str | None) -> None:
        """Remove a project with all that stands in it."""
        from openstack.exceptions import SDKException

        admin = self.admin
        for server in self.servers(project_id):
            with suppress(SDKException):
                admin.compute.delete_server(server, force=True)
        for server in self.servers(project_id):
            with suppress(SDKException):
                admin.compute.wait_for_delete(server, wait=180)
        for image in admin.image.images(owner=project_id):
            with suppress(SDKException):
                admin.image.delete_image(image)
        for address in admin.network.ips(project_id=project_id):
            with suppress(SDKException):
                admin.network.delete_ip(address)
        for router in admin.network.routers(project_id=project_id):
            for port in admin.network.ports(device_id=router.id):
                for fixed in port.fixed_ips:
                    with suppress(SDKException):
                        admin.network.remove_interface_from_router(router, subnet=fixed["subnet_id"])
            with suppress(SDKException):
                admin.network.delete_router(router)
        for kind in ("port", "network", "security_group"):
            for one in getattr(admin.network, f"{kind}s")(project_id=project_id):
                with suppress(SDKException):
                    getattr(admin.network, f"delete_{kind}")(one)
        with suppress(SDKException):
            admin.identity.delete_project(project_id)
        if user_id:
            with suppress(SDKException):
                admin.identity.delete_user(user_id)
