"""The guest that boots in the lab's cloud: Debian's own cloud kernel and busybox, packed into one bootable disk.

Made without root rights and without loop devices: the kernel's package is fetched and unpacked, never installed. The
disk is one FAT volume with syslinux; it is stored as qcow2, because Glance takes a raw one for a disk with a suspicious
boot sector.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from lab.errors import CloudFailed
from lab.openstack.place import SOFTWARE
from lab.openstack.software import software_alone

__all__ = ["guest_image"]

_SOURCE: Final = Path(__file__).parent / "guest"
_META: Final = "linux-image-cloud-amd64"
_MODULES: Final = (
    "virtio_pci", "virtio_net", "virtio_blk", "virtio-rng", "button", "evdev",
    "ata_piix", "sr_mod", "isofs",  # the config drive is a CD
)  # fmt: skip
_SIZE_MIB: Final = 32
_SYSLINUX: Final = """\
SERIAL 0 115200
DEFAULT guest
PROMPT 0
LABEL guest
 KERNEL vmlinuz
 APPEND initrd=initrd.gz console=ttyS0 quiet panic=5 tsc=unstable
"""


def guest_image() -> Path:
    """The guest as a qcow2 file, made unless it is there. One at a time for all instances of this clone.

    Raises:
        CloudFailed: the kernel cannot be had, or a tool failed.
    """
    with software_alone():
        folder = SOFTWARE / "guest"
        wanted = _stamp()
        made = folder / f"irisplane-guest-{wanted}.qcow2"
        if not made.exists():
            folder.mkdir(mode=0o755, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder) as work:
                _make(Path(work), made)
            for old in folder.glob("irisplane-guest-*.qcow2"):
                if old != made:
                    old.unlink()
        return made


def _stamp() -> str:
    seen = hashlib.sha256(_SYSLINUX.encode() + repr((_MODULES, _SIZE_MIB)).encode())
    for path in (*sorted(_SOURCE.iterdir()), Path(__file__), Path("/bin/busybox")):
        if path.is_file():
            seen.update(path.read_bytes())
    return seen.hexdigest()[:16]


def _make(work: Path, target: Path) -> None:
    kernel = _kernel(work)
    version = next((kernel / "lib" / "modules").iterdir()).name
    _root(work / "root", kernel / "lib" / "modules" / version / "kernel")
    _archive(work / "root", work / "initrd.gz")
    (work / "syslinux.cfg").write_text(_SYSLINUX, encoding="utf-8")
    disk = work / "guest.img"
    with disk.open("wb") as file:
        file.truncate(_SIZE_MIB << 20)
    _run(["mformat", "-i", str(disk), "-h", "64", "-s", "32", "-T", str(_SIZE_MIB * 2048), "::"])
    parts = [str(kernel / "boot" / f"vmlinuz-{version}"), str(work / "initrd.gz"), str(work / "syslinux.cfg")]
    for part, name in zip(parts, ("vmlinuz", "initrd.gz", "syslinux.cfg"), strict=True):
        _run(["mcopy", "-i", str(disk), part, f"::{name}"])
    _run(["syslinux", "--install", str(disk)])
    draft = work / target.name
    _run(["qemu-img", "convert", "-f", "raw", "-O", "qcow2", "-c", str(disk), str(draft)])
    draft.rename(target)


def _kernel(work: Path) -> Path:
    """Debian's newest cloud kernel, unpacked."""
    said = _run(["apt-cache", "depends", _META])
    names = [line.split()[-1] for line in said.splitlines() if "Depends: linux-image-" in line]
    if not names:
        raise CloudFailed(f"apt knows no package {_META}; 'apt-get update' may help.", part="guest image")
    # apt's own user fetches where it may write; where the clone is closed to it, root does and apt says so
    _run(["apt-get", "-q", "download", names[0]], cwd=work)
    package = next(work.glob(f"{names[0]}_*.deb"))
    _run(["dpkg-deb", "--extract", str(package), str(work / "kernel")])
    package.unlink()
    return work / "kernel"


def _root(root: Path, modules: Path) -> None:
    """The guest's file system: busybox under all its names, the modules in the order they need, our scripts."""
    for name in ("bin", "proc", "sys", "dev", "run", "lib", "etc", "tmp", "root", "www/cgi-bin"):
        (root / name).mkdir(parents=True)
    busybox = shutil.which("busybox") or "/bin/busybox"
    shutil.copy(busybox, root / "bin" / "busybox")
    for applet in _run([busybox, "--list"]).split():
        if applet != "busybox":
            (root / "bin" / applet).symlink_to("busybox")
    files = {path.stem.replace("_", "-"): path for path in modules.rglob("*.ko")}
    ordered: list[Path] = []
    for name in _MODULES:
        _with_needed(name, files, ordered)
    for path in ordered:
        shutil.copy(path, root / "lib" / path.name)
    (root / "lib" / "order").write_text("".join(f"/lib/{path.name}\n" for path in ordered), encoding="utf-8")
    for name, place in (("init", "init"), ("udhcpc.sh", "etc/udhcpc.sh"), ("volume.cgi", "www/cgi-bin/volume")):
        shutil.copy(_SOURCE / name, root / place)
        (root / place).chmod(0o755)


def _with_needed(name: str, files: dict[str, Path], ordered: list[Path]) -> None:
    """Append a module after those it names as needed in its own file; what the kernel has built in has no file."""
    path = files.get(name.replace("_", "-"))
    if path is None or path in ordered:
        return
    for field in path.read_bytes().split(b"\0"):
        if field.startswith(b"depends="):
            for needed in field.removeprefix(b"depends=").decode().split(","):
                if needed:
                    _with_needed(needed, files, ordered)
            break
    ordered.append(path)


def _archive(root: Path, target: Path) -> None:
    names = sorted(str(path.relative_to(root)) for path in root.rglob("*"))
    done = subprocess.run(
        ["cpio", "--create", "--format=newc", "--owner=0:0", "--quiet"],
        input="\n".join(names).encode(),
        capture_output=True,
        cwd=root,
        check=False,
    )
    if done.returncode != 0:
        raise CloudFailed(f"cpio: {done.stderr.decode(errors='replace').strip()}", part="guest image")
    target.write_bytes(gzip.compress(done.stdout, 6))


def _run(line: list[str], cwd: Path | None = None) -> str:
    environment = {**os.environ, "LC_ALL": "C", "MTOOLS_SKIP_CHECK": "1"}
    done = subprocess.run(
        line, stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=cwd, env=environment, check=False
    )
    if done.returncode != 0:
        raise CloudFailed(f"{line[0]}: {(done.stderr or done.stdout).strip()[-500:]}", part="guest image")
    return done.stdout
