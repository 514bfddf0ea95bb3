"""A dead router carried away and a new one put in its place: same fibres, nothing else of the old one."""

from __future__ import annotations

import shutil

from core.instance import Instance
from lab.network.control import power_off, power_on
from lab.network.disk import format_disk, hash_password
from lab.network.layout import Layout
from lab.network.ssh_access import write_client_files
from lab.network.topology import plan

__all__ = ["exchange"]


def exchange(router: str, instance: Instance | None = None) -> str:
    """Exchange a router for one as the vendor delivers it; the host key that the new one's console shows.

    Raises:
        LabIsDown, NoSuchRouter: see ``lab.network.control``.
    """
    instance = instance or Instance.current()
    power_off(router, instance)
    layout = Layout(instance)
    with layout.lock():
        disk = layout.router(router)
        for part in ("etc/frr", "etc/ssh", "snmp", "log"):
            shutil.rmtree(disk / part, ignore_errors=True)
        (disk / "etc" / "machine-id").unlink(missing_ok=True)
        credentials = layout.credentials()
        hashes = {name: hash_password(credentials[name]["password"]) for name in ("irisplane", "admin", "ops")}
        topology = plan(layout.read_state().size)
        key = format_disk(layout, topology.router(router), credentials, hashes)
        credentials["host_keys"][router] = key
        layout.write_credentials(credentials)
        write_client_files(layout, topology)
    power_on(router, instance)
    return key
