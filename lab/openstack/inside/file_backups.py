"""Cinder's own backups into a folder, by a process without privileges."""

from __future__ import annotations

import unprivileged  # noqa: F401 - what it does when it is imported is what is wanted
from cinder.backup.drivers.posix import PosixBackupDriver

__all__ = ["FileBackupDriver"]


class FileBackupDriver(PosixBackupDriver):  # type: ignore[misc] # Cinder publishes no types
    """As its base: a name that Cinder finds here."""
