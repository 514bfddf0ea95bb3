"""A virt driver of ours, not of OpenStack: no machine runs, but its ports are real.

Nova's own driver for tests keeps the list of servers. Beyond it, each network interface becomes a port on this host's
own switch, so that OVN's controller claims it, Neutron calls it active, and Nova hears of it as from a real host. A
snapshot uploads a small image. A compute host can be stopped and started over the same database.
"""

from __future__ import annotations

import io
import os
import subprocess
from collections.abc import Iterable, Mapping
from typing import Any

from nova.compute import task_states
from nova.image import glance
from nova.virt import fake, node

SWITCH = os.environ.get("IRISPLANE_LAB_SWITCH", "")
"""The database of this compute host's switch, as ``ovs-vsctl --db`` takes it."""

_CONSOLE = (
    "This is the lab without machines: Nova, its scheduler and the network know this server, but nothing boots.\n"
    "Where QEMU can run (root, Debian's packages), IRISPLANE_LAB_CLOUD=qemu boots real ones.\n"
)
_Vif = Mapping[str, Any]


def _switch(*commands: list[str]) -> None:
    line = ["ovs-vsctl", f"--db={SWITCH}", "--timeout=10"]
    for command in commands:
        line += ["--", *command]
    if commands:
        subprocess.run(line, check=True, capture_output=True)


def _port(vif: _Vif) -> str:
    return str(vif.get("devname") or f"tap{vif['id'][:11]}")


def _plug(vifs: Iterable[_Vif] | None) -> None:
    commands = []
    for vif in vifs or ():
        port = _port(vif)
        commands.append(["--may-exist", "add-port", "br-int", port])
        facts = [f"external_ids:iface-id={vif['id']}", f'external_ids:attached-mac="{vif["address"]}"']
        commands.append(["set", "Interface", port, *facts])
    _switch(*commands)


def _unplug(vifs: Iterable[_Vif] | None) -> None:
    _switch(*(["--if-exists", "del-port", "br-int", _port(vif)] for vif in vifs or ()))


class PluggedDriver(fake.FakeLiveMigrateDriver):  # type: ignore[misc] # Nova publishes no types
    """See the module."""

    vcpus, memory_mb, local_gb = 128, 1 << 20, 50_000

    # ------------------------------------------------------------------------------------------------- who am I
    def get_nodenames_by_uuid(self, refresh: bool = False) -> dict[str, str]:  # noqa: FBT001, FBT002 - Nova's signature
        """One node, known by the identity that Nova keeps in the state folder; the base class invents one a start."""
        return {node.get_local_node_uuid(): self.get_available_nodes(refresh)[0]}

    def get_available_resource(self, nodename: str) -> dict[str, Any]:
        """The base class's figures under that identity."""
        return {**super().get_available_resource(nodename), "uuid": node.get_local_node_uuid()}

    # ------------------------------------------------------------------------------------------------- ports
    def plug_vifs(self, instance: Any, network_info: Any) -> None:
        """Called for each server when this host starts: it is remembered again."""
        if instance.uuid not in self.instances:
            self.instances[instance.uuid] = fake.FakeInstance(instance.name, instance.power_state, instance.uuid)
            flavor = instance.flavor
            self.resources.claim(vcpus=flavor.vcpus, mem=flavor.memory_mb, disk=flavor.root_gb)
        for vif in network_info or ():
            self._interfaces[vif["id"]] = vif
        _plug(network_info)

    def unplug_vifs(self, instance: Any, network_info: Any) -> None:
        """Take a server's ports off the switch."""
        _unplug(network_info)

    def spawn(
        self, context: Any, instance: Any, image_meta: Any, injected_files: Any, admin_password: Any,
        allocations: Any, network_info: Any = None, *more: Any, **named: Any,
    ) -> None:  # fmt: skip
        """A new server: remembered, its ports plugged."""
        super().spawn(
            context, instance, image_meta, injected_files, admin_password, allocations, network_info, *more, **named
        )
        _plug(network_info)

    def destroy(self, context: Any, instance: Any, network_info: Any, *more: Any, **named: Any) -> None:
        """Forget a server and its ports."""
        super().destroy(context, instance, network_info, *more, **named)
        for vif in network_info or ():
            self._interfaces.pop(vif["id"], None)
        _unplug(network_info)

    def attach_interface(self, context: Any, instance: Any, image_meta: Any, vif: _Vif) -> None:
        """One more port."""
        super().attach_interface(context, instance, image_meta, vif)
        _plug([vif])

    def detach_interface(self, context: Any, instance: Any, vif: _Vif) -> None:
        """One less."""
        super().detach_interface(context, instance, vif)
        _unplug([vif])

    # ------------------------------------------------------------------------------------------------- moving house
    def migrate_disk_and_power_off(
        self, context: Any, instance: Any, dest: Any, flavor: Any, network_info: Any, *more: Any, **named: Any
    ) -> Any:
        """Leave this host: the ports go first."""
        left = super().migrate_disk_and_power_off(context, instance, dest, flavor, network_info, *more, **named)
        _unplug(network_info)
        return left

    def finish_migration(
        self, context: Any, migration: Any, instance: Any, disk_info: Any, network_info: Any, *more: Any, **named: Any
    ) -> None:
        """Arrive."""
        super().finish_migration(context, migration, instance, disk_info, network_info, *more, **named)
        _plug(network_info)

    def finish_revert_migration(self, context: Any, instance: Any, network_info: Any, *more: Any, **named: Any) -> None:
        """Come back."""
        super().finish_revert_migration(context, instance, network_info, *more, **named)
        _plug(network_info)

    def pre_live_migration(
        self, context: Any, instance: Any, block_device_info: Any, network_info: Any, *more: Any, **named: Any
    ) -> Any:
        """The ports are here before the server is."""
        prepared = super().pre_live_migration(context, instance, block_device_info, network_info, *more, **named)
        _plug(network_info)
        return prepared

    # ------------------------------------------------------------------------------------------------- looking in
    def get_console_output(self, context: Any, instance: Any) -> str:
        """Says that there is nothing to see, and why."""
        return _CONSOLE

    def snapshot(self, context: Any, instance: Any, image_id: str, update_task_state: Any) -> None:
        """Upload an image of 64 KiB; the base class uploads none and leaves it waiting for ever."""
        update_task_state(task_state=task_states.IMAGE_PENDING_UPLOAD)
        images = glance.API()
        image = images.get(context, image_id)
        update_task_state(task_state=task_states.IMAGE_UPLOADING, expected_state=task_states.IMAGE_PENDING_UPLOAD)
        about = {
            "name": image.get("name"),
            "status": "active",
            "disk_format": "raw",
            "container_format": "bare",
            "properties": image.get("properties", {}),
        }
        images.update(context, image_id, about, io.BytesIO(bytes(65536)))
