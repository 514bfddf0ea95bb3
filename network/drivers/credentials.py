"""Host keys and log-in keys as the files that other people's libraries want, for as long as a connection lives.

The folder is the process's own (0700) and goes with the connection; nothing of the machine's ``known_hosts`` is read.
"""

from __future__ import annotations

import shutil
import tempfile
import weakref
from pathlib import Path

from network.drivers.protocol import Target
from network.errors import HostKeyUnknown

__all__ = ["CredentialFiles"]


class CredentialFiles:
    """``known_hosts``, an SSH client configuration that allows no other, and the private key when there is one."""

    def __init__(self, target: Target) -> None:
        """
        Raises:
            HostKeyUnknown: no host key was enrolled for the device.
        """
        if not target.host_keys:
            raise HostKeyUnknown(f"No host key is enrolled for {target.name}.", device=target.name)
        self._folder = Path(tempfile.mkdtemp(prefix="irisplane-ssh-"))
        # Also when nobody hangs up: at the latest when this process ends in an orderly way.
        self._remove = weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        self.known_hosts = self._folder / "known_hosts"
        names = f"{target.host},[{target.host}]:{target.port}"
        self.known_hosts.write_text("".join(f"{names} {key.strip()}\n" for key in target.host_keys))
        self.ssh_config = self._folder / "config"
        self.ssh_config.write_text(f"Host *\n  UserKnownHostsFile {self.known_hosts}\n  StrictHostKeyChecking yes\n")
        self.private_key: Path | None = None
        if target.private_key:
            self.private_key = self._folder / "key"
            self.private_key.touch(mode=0o600)
            self.private_key.write_text(target.private_key)

    def remove(self) -> None:
        """Take the files away."""
        self._remove()
