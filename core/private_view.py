"""How a system user reads a clone that lies below somebody's closed home: a mount namespace of its own.

Run by root as ``python -m core.private_view [--need PATH]… USER -- COMMAND…``: it becomes COMMAND, under USER, with no
capability left and no way to gain one. In between it enters a new mount namespace. Where USER may not pass a folder on
the way to a PATH it needs (``/root`` of mode 0700), that folder is covered by an empty read-only tmpfs, which shows the
needed PATHs and nothing else. A ``/tmp`` that USER may not write (programs as ``ovsdb-server`` ask the C library for a
file there, which heeds no ``TMPDIR``) is covered too, by one that may be written. Neither mode nor owner is altered
on disk, and nothing of it is visible from outside: the mounts die with the last process of the namespace.

The needed folders are opened before they are covered; ``/proc/self/fd`` then leads behind the cover.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import stat
import sys
from argparse import REMAINDER, ArgumentParser
from collections.abc import Iterable
from pathlib import Path
from typing import Final

__all__ = ["closed_ancestor", "covers_for", "main"]

_TEMPORARY: Final = Path("/tmp")  # noqa: S108 - where P_tmpdir of <stdio.h> points
_CLONE_NEWNS: Final = 0x00020000
_MS_RDONLY: Final = 0x1
_MS_NOSUID: Final = 0x2
_MS_NODEV: Final = 0x4
_MS_REMOUNT: Final = 0x20
_MS_BIND: Final = 0x1000
_MS_REC: Final = 0x4000
_MS_SLAVE: Final = 0x80000


def _may(about: os.stat_result, wanted: int, uid: int, groups: set[int]) -> bool:
    """Do the mode bits give the user ``wanted`` (an octal digit: 4 read, 1 pass)?"""
    shift = 6 if about.st_uid == uid else 3 if about.st_gid in groups else 0
    return (about.st_mode >> shift) & wanted == wanted


def closed_ancestor(path: Path, uid: int, gids: Iterable[int]) -> Path | None:
    """The topmost folder on the way to ``path`` that the user may not pass; ``None`` when the way is open.

    Args:
        path: absolute.
        uid: the user.
        gids: every group the user is in.
    """
    groups = set(gids)
    for folder in reversed(path.parents):
        if not _may(folder.stat(), 1, uid, groups):
            return folder
    return None


def covers_for(
    paths: Iterable[Path], uid: int, gids: Iterable[int], *, temporary: Path = _TEMPORARY
) -> dict[Path, list[Path]]:
    """Which folders must be covered, and what must be seen below each.

    A path that lies below another needed path comes with it and is not listed again.

    Args:
        paths: what must be reached, absolute.
        uid: the user.
        gids: every group the user is in.
        temporary: the folder that the user must be able to write; covered when it is not.
    """
    gids = list(gids)
    covers: dict[Path, list[Path]] = {}
    if temporary.is_dir() and not _may(temporary.stat(), 3, uid, set(gids)):
        covers[temporary] = []
    for path in sorted(set(paths)):
        below = temporary in covers and path.is_relative_to(temporary)
        closed = temporary if below else closed_ancestor(path, uid, gids)
        if closed is None:
            continue
        shown = covers.setdefault(closed, [])
        if not any(path.is_relative_to(other) for other in shown):
            shown.append(path)
    return covers


class _Kernel:
    """The two system calls that Python 3.11 does not offer."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)

    def unshare_mounts(self) -> None:
        """Leave for a mount namespace of our own; what is mounted outside still arrives here, not the other way."""
        self._check(self._libc.unshare(_CLONE_NEWNS), "unshare")
        self.mount("none", "/", "", _MS_REC | _MS_SLAVE)

    def mount(self, source: str, target: str, kind: str, flags: int, data: str = "") -> None:
        """mount(2)."""
        result = self._libc.mount(
            source.encode(), os.fsencode(target), kind.encode(), ctypes.c_ulong(flags), data.encode() or None
        )
        self._check(result, f"mount on {target}")

    @staticmethod
    def _check(result: int, what: str) -> None:
        if result != 0:
            number = ctypes.get_errno()
            raise OSError(number, f"{what}: {os.strerror(number)}")


def _cover(kernel: _Kernel, covers: dict[Path, list[Path]]) -> None:
    opened = {path: os.open(path, os.O_PATH | os.O_CLOEXEC) for shown in covers.values() for path in shown}
    for closed, shown in covers.items():
        how = "mode=1777,size=64m" if closed == _TEMPORARY else "mode=0755,size=64k,nr_inodes=1k"
        kernel.mount("irisplane", str(closed), "tmpfs", _MS_NOSUID | _MS_NODEV, how)
        for path in shown:
            behind = f"/proc/self/fd/{opened[path]}"
            if stat.S_ISDIR(os.fstat(opened[path]).st_mode):
                path.mkdir(parents=True, exist_ok=True)
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()
            kernel.mount(behind, str(path), "", _MS_BIND | _MS_REC)
        if closed != _TEMPORARY:
            kernel.mount("none", str(closed), "", _MS_REMOUNT | _MS_RDONLY | _MS_NOSUID | _MS_NODEV)
    for descriptor in opened.values():
        os.close(descriptor)


def main() -> None:
    """Enter the namespace, cover what must be covered, drop every privilege, become the command."""
    parser = ArgumentParser(description="Run a command as a system user, in a mount namespace of its own.")
    parser.add_argument("--need", action="append", default=[], type=Path, help="a path the command must reach")
    parser.add_argument("--die-with-parent", action="store_true", help="interrupt the command when its parent dies")
    parser.add_argument("--cwd", type=Path, help="where the command starts")
    parser.add_argument("user")
    parser.add_argument("command", nargs=REMAINDER)
    asked = parser.parse_args()
    command = asked.command[1:] if asked.command[:1] == ["--"] else asked.command

    entry = pwd.getpwnam(asked.user)
    gids = os.getgrouplist(entry.pw_name, entry.pw_gid)
    os.umask(0o022)
    for path in asked.need:
        if not _may(path.stat(), 5 if path.is_dir() else 4, entry.pw_uid, set(gids)):
            sys.exit(
                f"{path} itself is closed to user {asked.user}: 'chmod -R o+rX {path}' opens it (was umask 077 set?)"
            )
    covers = covers_for((path.absolute() for path in asked.need), entry.pw_uid, gids)
    if covers:
        kernel = _Kernel()
        kernel.unshare_mounts()
        _cover(kernel, covers)
    os.umask(0o027)
    if asked.cwd:
        os.chdir(asked.cwd)  # again, by name: the folder we came from may lie behind a cover now
    drop = ["setpriv", f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--init-groups"]
    drop += ["--inh-caps=-all", "--ambient-caps=-all", "--bounding-set=-all", "--no-new-privs"]
    drop += ["--pdeathsig=INT"] if asked.die_with_parent else []
    os.execvp(drop[0], [*drop, "--", *command])


if __name__ == "__main__":
    try:
        main()
    except OSError as error:
        sys.exit(f"private view: {error}")
