"""A Cinder driver of ours, not of OpenStack: each volume is a sparse file that holds what was written to it.

Machines get the file itself as their disk: to os-brick and Nova it is announced as a path of a shared file system
(type ``gpfs``, whose connector does nothing but pass a path on), because here every host is this one. Copies are made
with ``cp``, which shares blocks where the file system can and keeps holes where it cannot.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import unprivileged  # noqa: F401 - what it does when it is imported is what is wanted
from cinder import exception
from cinder.image import image_utils
from cinder.volume import configuration, driver, volume_utils
from oslo_concurrency import processutils
from oslo_config import cfg

_OPTIONS = [cfg.StrOpt("irisplane_volumes", help="The folder of the volumes' files.")]
cfg.CONF.register_opts(_OPTIONS, group=configuration.SHARED_CONF_GROUP)

_GIB = 1 << 30


class FileVolumeDriver(driver.VolumeDriver):  # type: ignore[misc] # Cinder publishes no types
    """See the module."""

    VERSION = "1.0"

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.configuration.append_config_values(_OPTIONS)
        self._folder = Path(self.configuration.irisplane_volumes)

    @staticmethod
    def get_driver_options() -> list[Any]:
        """The options that this driver knows."""
        return _OPTIONS

    def check_for_setup_error(self) -> None:
        """See that the folder can be written."""
        self._folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        if not os.access(self._folder, os.W_OK):
            raise exception.VolumeBackendAPIException(data=f"{self._folder} cannot be written")

    def get_volume_stats(self, refresh: bool = False) -> dict[str, Any]:  # noqa: FBT001, FBT002 - Cinder's signature
        """What is free: of the disk below, many times over, since the files are sparse."""
        disk = shutil.disk_usage(self._folder)
        return {
            "volume_backend_name": self.configuration.safe_get("volume_backend_name") or "files",
            "vendor_name": "Irisplane lab",
            "driver_version": self.VERSION,
            "storage_protocol": "file",
            "total_capacity_gb": disk.total / _GIB,
            "free_capacity_gb": disk.free / _GIB,
            "provisioned_capacity_gb": 0,
            "reserved_percentage": 0,
            "max_over_subscription_ratio": 200.0,
            "thin_provisioning_support": True,
            "multiattach": False,
            "QoS_support": False,
        }

    # ----------------------------------------------------------------------------------------------------- volumes
    def create_volume(self, volume: Any) -> None:
        """An empty one, all holes."""
        path = self._path(volume.name)
        with path.open("xb") as file:
            file.truncate(volume.size * _GIB)
        self._open_to_machines(path)

    def delete_volume(self, volume: Any) -> None:
        """Gone, with everything in it."""
        self._path(volume.name).unlink(missing_ok=True)

    def extend_volume(self, volume: Any, new_size: int) -> None:
        """Longer by a hole."""
        os.truncate(self._path(volume.name), new_size * _GIB)

    def create_cloned_volume(self, volume: Any, src_vref: Any) -> None:
        """A copy of another volume, as it is now."""
        self._copy(src_vref.name, volume.name)
        os.truncate(self._path(volume.name), volume.size * _GIB)

    def create_volume_from_snapshot(self, volume: Any, snapshot: Any) -> None:
        """A copy of a snapshot."""
        self._copy(snapshot.name, volume.name)
        os.truncate(self._path(volume.name), volume.size * _GIB)

    def create_snapshot(self, snapshot: Any) -> None:
        """A copy that is kept."""
        self._copy(snapshot.volume_name, snapshot.name)

    def delete_snapshot(self, snapshot: Any) -> None:
        """No longer kept."""
        self._path(snapshot.name).unlink(missing_ok=True)

    def revert_to_snapshot(self, context: Any, volume: Any, snapshot: Any) -> None:
        """The volume as it was then."""
        self._copy(snapshot.name, volume.name)

    # ------------------------------------------------------------------------------------------------------ images
    def copy_image_to_volume(
        self,
        context: Any,
        volume: Any,
        image_service: Any,
        image_id: str,
        disable_sparse: bool = False,  # noqa: FBT001, FBT002 - Cinder's signature
    ) -> None:
        """Fill a volume from an image of any format that qemu-img knows."""
        path = self._path(volume.name)
        image_utils.fetch_to_raw(
            context, image_service, image_id, str(path), self.configuration.volume_dd_blocksize,
            size=volume.size, run_as_root=False, disable_sparse=disable_sparse,
        )  # fmt: skip
        os.truncate(path, volume.size * _GIB)
        self._open_to_machines(path)

    def copy_volume_to_image(self, context: Any, volume: Any, image_service: Any, image_meta: Any) -> None:
        """Upload a volume as an image."""
        volume_utils.upload_volume(
            context, image_service, image_meta, str(self._path(volume.name)), volume, run_as_root=False
        )

    # ----------------------------------------------------------------------------------------------------- machines
    def initialize_connection(self, volume: Any, connector: Any) -> dict[str, Any]:
        """Where a compute host finds the volume."""
        return {
            "driver_volume_type": "gpfs",
            "data": {"device_path": str(self._path(volume.name)), "name": volume.name, "format": "raw"},
        }

    def terminate_connection(self, volume: Any, connector: Any, **named: Any) -> None:
        """Nothing was set up."""

    def ensure_export(self, context: Any, volume: Any) -> None:
        """Nothing to set up."""

    def create_export(self, context: Any, volume: Any, connector: Any) -> None:
        """Nothing to set up."""

    def remove_export(self, context: Any, volume: Any) -> None:
        """Nothing was set up."""

    def local_path(self, volume: Any) -> str:
        """The volume's file."""
        return str(self._path(volume.name))

    # ------------------------------------------------------------------------------------------------------ inside
    def _path(self, name: str) -> Path:
        return self._folder / name

    def _copy(self, source: str, target: str) -> None:
        draft = self._path(f".{target}")
        processutils.execute("cp", "--reflink=auto", "--sparse=always", str(self._path(source)), str(draft))
        self._open_to_machines(draft)
        # in place, so that a machine that has the file open sees what it holds now
        if self._path(target).exists():
            processutils.execute("cp", "--sparse=never", str(draft), str(self._path(target)))
            draft.unlink()
        else:
            draft.rename(self._path(target))

    @staticmethod
    def _open_to_machines(path: Path) -> None:
        # QEMU runs as another user, in our group
        path.chmod(0o660)
