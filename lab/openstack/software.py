"""What a cloud needs on this machine, what is missing, and the installation of its own Python environment."""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from core.instance import ROOT
from core.settings import Settings
from lab.errors import CloudElsewhere, CloudFailed, CloudImpossible
from lab.openstack.configuration import VENV
from lab.openstack.place import SOFTWARE, Mode, Place

__all__ = ["choose", "install", "installed", "missing", "software_alone", "versions"]

_PATH: Final = os.pathsep.join(("/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/local/bin", "/usr/bin", "/bin"))
_LOCK: Final = ROOT / "requirements" / "openstack.txt"
_LEAST_MEMORY: Final = 4 * 1024**3
_PROGRAMS: Final[tuple[tuple[str, str], ...]] = (
    ("mariadbd", "mariadb-server"),
    ("epmd", "rabbitmq-server"),
    ("/usr/lib/rabbitmq/bin/rabbitmq-server", "rabbitmq-server"),
    ("ovn-northd", "ovn-central"),
    ("ovn-controller", "ovn-host"),
    ("ovs-vswitchd", "openvswitch-switch"),
    ("qemu-img", "qemu-utils"),
)
_PROGRAMS_OF_MACHINES: Final[tuple[tuple[str, str], ...]] = (
    ("libvirtd", "libvirt-daemon-system"),
    ("qemu-system-x86_64", "qemu-system-x86"),
    ("genisoimage", "genisoimage"),
    ("busybox", "busybox-static"),
    ("syslinux", "syslinux"),
    ("mformat", "mtools"),
    ("cpio", "cpio"),
    ("ethtool", "ethtool"),
)


def missing(mode: Mode) -> str | None:
    """Why a cloud of that mode cannot run here, or nothing if it can."""
    if sys.platform != "linux":
        return "the lab's cloud needs Linux"
    if mode == "qemu":
        if os.geteuid() != 0:
            return "real machines need root, for their network devices"
        if not Path("/dev/net/tun").exists():
            return "this kernel has no /dev/net/tun"
        if not _has_guest():
            return "the guest is made of Debian's cloud kernel for amd64, which this system does not offer"
    programs = _PROGRAMS + (_PROGRAMS_OF_MACHINES if mode == "qemu" else ())
    absent = sorted({package for program, package in programs if not _there(program)})
    if mode == "qemu" and not list(Path("/usr/lib/python3/dist-packages").glob("libvirtmod.*")):
        absent.append("python3-libvirt")
    if absent:
        return f"not installed: {', '.join(absent)}"
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if memory < _LEAST_MEMORY:
        return f"this machine has {memory / 1024**3:.1f} GiB of memory; the cloud needs 4"
    return None


def choose(settings: Settings, place: Place | None = None) -> Mode | None:
    """Which cloud the settings ask for here: what was made stays what it is, else the first that can run.

    Returns:
        The mode, or nothing where no cloud is wanted.
    Raises:
        CloudImpossible: what is asked for cannot run here.
        CloudElsewhere: the state is of a cloud of the other mode.
    """
    wanted = settings.lab_cloud
    if wanted == "off" or (wanted == "auto" and settings.lab == "off"):
        return None
    made = place.progress().mode if place else ""
    if wanted == "auto":
        order: tuple[Mode, ...] = ("qemu", "fake")
        if made in order:
            order = ("qemu",) if made == "qemu" else ("fake",)
        reasons = {mode: missing(mode) for mode in order}
        for mode, reason in reasons.items():
            if reason is None:
                return mode
        raise CloudImpossible(f"The lab's cloud cannot run here: {list(reasons.values())[-1]}.")
    reason = missing(wanted)
    if reason:
        raise CloudImpossible(f"The lab's cloud cannot run here as {wanted}: {reason}.", mode=wanted)
    if made and made != wanted:
        raise CloudElsewhere(
            f"The cloud of this instance was made as {made}, and is asked for as {wanted}.",
            hint="'irisplane lab cloud forget' removes it with everything in it; or set IRISPLANE_LAB_CLOUD back.",
            mode=made,
        )
    return wanted


def installed() -> bool:
    """Is the Python environment there, of the versions that the lock file names?"""
    try:
        return (VENV / ".made-from").read_text(encoding="utf-8") == versions()
    except OSError:
        return False


def install(tell: Callable[[str], None]) -> None:
    """Install the Python environment unless it is there. One at a time for all instances of this clone.

    Raises:
        CloudFailed: the packages cannot be had.
    """
    with software_alone():
        if installed():
            return
        tell("installing OpenStack's Python packages")
        before = os.umask(0o022)  # the cloud's user must be able to read what is made here
        try:
            _make()
        finally:
            os.umask(before)
        (VENV / ".made-from").write_text(versions(), encoding="utf-8")


@contextmanager
def software_alone() -> Iterator[None]:
    """One at a time in the folder that all instances of this clone share."""
    SOFTWARE.mkdir(mode=0o755, exist_ok=True)
    descriptor = os.open(SOFTWARE, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _make() -> None:
    shutil.rmtree(VENV, ignore_errors=True)
    uv = str(Path(sys.executable).parent / "uv")
    _run([uv, "venv", "--quiet", "--system-site-packages", "--python", str(_base()), str(VENV)])
    python = str(VENV / "bin" / "python")
    line = [
        uv,
        "pip",
        "install",
        "--quiet",
        "--python",
        python,
        "--compile-bytecode",
        "--require-hashes",
        "-r",
        str(_LOCK),
    ]
    try:
        _run(line)
    except CloudFailed:
        # pip knows the mirrors and certificates that its own configuration names
        _run(
            [
                sys.executable,
                "-m",
                "pip",
                "--python",
                python,
                "install",
                "--quiet",
                "--require-hashes",
                "-r",
                str(_LOCK),
            ]
        )


def _base() -> Path:
    """Debian's own Python, which knows libvirt; ours where that is too old or absent."""
    theirs = Path("/usr/bin/python3")
    asked = [str(theirs), "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]
    if theirs.exists() and subprocess.run(asked, check=False, capture_output=True).returncode == 0:
        return theirs
    return Path(sys.executable).resolve()


def _run(line: list[str]) -> None:
    done = subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=ROOT, check=False)
    if done.returncode != 0:
        said = "\n".join(done.stderr.strip().splitlines()[-5:])
        raise CloudFailed(f"OpenStack's Python packages could not be installed: {said}", part="packages")


def versions() -> str:
    """Changes when another version of anything is to be installed."""
    seen = hashlib.sha256(_LOCK.read_bytes())
    seen.update(str(_base().resolve()).encode())
    return seen.hexdigest()


def _has_guest() -> bool:
    """Is the guest's image made, or can its kernel be had here?"""
    if any((SOFTWARE / "guest").glob("irisplane-guest-*.qcow2")):
        return True
    with suppress(OSError):
        return os.uname().machine == "x86_64" and platform.freedesktop_os_release().get("ID") == "debian"
    return False


def _there(program: str) -> bool:
    return Path(program).exists() if program.startswith("/") else shutil.which(program, path=_PATH) is not None
