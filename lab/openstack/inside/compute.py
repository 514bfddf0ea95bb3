"""Start nova-compute with the lab's own virt driver within reach: arguments as ``nova-compute``.

Nova finds virt drivers below ``nova.virt`` only; this lengthens that package's search path by this folder, instead of
writing into the installed Nova. Where there are machines, two questions are asked where *they* are, not where this
program is: whether a serial port is free, and whether a network device is there already. Without, a nova-compute that
begins anew beside running machines would give their ports away again, and end over their devices.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import nova.virt
from nova.cmd.compute import main  # first: it chooses how Nova runs its threads

import namespace  # isort: skip
from nova.console import serial  # isort: skip
from vif_plug_ovs import ovs  # isort: skip

_verify = serial._verify_port  # noqa: SLF001 - Nova offers no other place to stand in


def _verify_among_the_machines(host: str, port: int) -> None:
    with namespace.among_the_machines():
        _verify(host, port)


def _is_there(device: str) -> bool:
    return Path("/sys/class/net", device).exists()  # this program's /sys is that of the machines' namespace


if __name__ == "__main__":
    Path(os.environ["IRISPLANE_LAB_MACHINES"]).mkdir(parents=True, exist_ok=True)  # Nova does not make it
    nova.virt.__path__.append(str(Path(__file__).parent))
    if namespace.NAME:
        serial._verify_port = _verify_among_the_machines  # noqa: SLF001 - as above
        ovs.ip_lib.exists = _is_there
    sys.exit(main())
