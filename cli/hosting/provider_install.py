"""Lay the Terraform provider where Terraform finds it: a filesystem mirror, and an environment of its own beside it.

What lies in the mirror is the same on every machine of one version, for Terraform keeps its hash in a configuration's
lock file: neither paths nor compiled files are in it.
"""

from __future__ import annotations

import hashlib
import platform
import shutil
import subprocess
import sys
import venv
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

from core.errors import Unavailable
from core.instance import ROOT

__all__ = ["ADDRESS", "Laid", "lay"]

ADDRESS: Final = "registry.terraform.io/brussels/irisplane"

_LOCK: Final = ROOT / "requirements" / "terraform.txt"
_CODE: Final = ROOT / "datacenter"
_MACHINES: Final = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}

_PROGRAM: Final = """\
#!/bin/sh
# Starts the provider of Irisplane {version}. Its environment lies beside the mirror.
here=$(dirname -- "$(readlink -f -- "$0")")
python=$here/../../../../../../python
if [ ! -x "$python/bin/python" ]; then
  echo "The provider's environment is not at $python: run 'irisplane terraform install-provider' again." >&2
  exit 1
fi
# Its certificate for Terraform is kept below HOME, which pipelines do not always have.
[ -w "${{HOME:-/nowhere}}" ] || export HOME=$python
export IRISPLANE_PROVIDER_VERSION={version}
exec "$python/bin/python" -I -X pycache_prefix="$python/pycache" "$here/code" "$@"
"""

_CONFIGURATION: Final = """\
provider_installation {{
  filesystem_mirror {{
    path    = "{mirror}"
    include = ["brussels/irisplane"]
  }}
  direct {{
    exclude = ["brussels/irisplane"]
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class Laid:
    """What was laid.

    Attributes:
        mirror: the folder that Terraform is told of.
        configuration: what goes into Terraform's own configuration file.
    """

    version: str
    mirror: Path
    configuration: str


def lay(folder: Path) -> Laid:
    """Lay provider and environment below a folder; again is no error, and quick while nothing has changed.

    Raises:
        Unavailable: the packages could not be installed, or this machine is none that Terraform runs on.
    """
    folder = folder.expanduser().resolve()
    _environment(folder / "python")
    number = version("irisplane")
    mirror = folder / "mirror"
    package = mirror / ADDRESS / number / _platform()
    shutil.rmtree(package, ignore_errors=True)
    code = package / "code"
    inside = code / "datacenter" / "terraform"
    inside.mkdir(parents=True)
    shutil.copy(_CODE / "__init__.py", code / "datacenter")
    for module in sorted((_CODE / "terraform").glob("*.py")):
        shutil.copy(module, inside)
    (code / "__main__.py").write_text("from datacenter.terraform.__main__ import main\n\nmain()\n", encoding="utf-8")
    program = package / f"terraform-provider-irisplane_v{number}"
    program.write_text(_PROGRAM.format(version=number), encoding="utf-8")
    program.chmod(0o755)
    return Laid(number, mirror, _CONFIGURATION.format(mirror=mirror))


def _environment(folder: Path) -> None:
    """Make the environment from the hashed lock file, unless it was made from this very file."""
    wanted = hashlib.sha256(_LOCK.read_bytes() + sys.version.encode()).hexdigest()
    stamp = folder / ".made-from"
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return
    shutil.rmtree(folder, ignore_errors=True)
    python = folder / "bin" / "python"
    uv = Path(sys.prefix) / "bin" / "uv"
    if uv.exists():
        venv.create(folder, with_pip=False)
        command = [str(uv), "pip", "install", "--python", str(python), "--quiet"]
    else:
        venv.create(folder, with_pip=True)
        command = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--quiet"]
    done = subprocess.run(
        [*command, "--require-hashes", "-r", str(_LOCK)],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode != 0:
        shutil.rmtree(folder, ignore_errors=True)
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        raise Unavailable(
            f"The provider's packages could not be installed: {' '.join(last)}",
            hint="It needs the package index that this machine installs from; run it again when that answers.",
        )
    stamp.write_text(wanted, encoding="utf-8")


def _platform() -> str:
    machine = _MACHINES.get(platform.machine().lower())
    system = platform.system().lower()
    if machine is None or system not in {"linux", "darwin"}:
        raise Unavailable(
            f"The provider is not made for {platform.system()} on {platform.machine()}.",
            hint="Run Terraform on Linux or macOS, on an x86-64 or ARM machine.",
        )
    return f"{system}_{machine}"
