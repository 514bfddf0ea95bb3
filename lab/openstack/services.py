"""OpenStack's own programs: their schemas, their APIs, and what works behind them, each by its command line."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from lab.openstack.configuration import HOSTS, VENV
from lab.openstack.place import LOOPBACK, REGION, Mode, Place, lay_folder
from lab.openstack.processes import Program, Programs
from lab.openstack.waiting import answers_http, listens, patiently

__all__ = [
    "APIS", "SERIAL_PROXY", "Api", "await_conductor", "bootstrap_identity", "compute_program", "make_schemas",
    "serial_proxy_program", "start_apis",
    "start_compute", "start_serial_proxy", "start_workers", "worker_programs",
]  # fmt: skip

INSIDE: Final = Path(__file__).parent / "inside"
SERIAL_PROXY: Final = "nova-serialproxy"
NAMESPACE: Final = "IRISPLANE_LAB_NAMESPACE"
"""The variable that tells ``inside/namespace.py`` where the machines are."""

_THREADS: Final = 8
_CONDUCTOR: Final = 60.0

_SEES_DEVICES: Final = """\
exec 6</proc/self/ns/net
space=$1; shift
exec nsenter --net=/run/netns/$space unshare --mount --propagation slave sh -c '
  mount -t sysfs sysfs /sys && exec nsenter --net=/proc/self/fd/6 "$@"' - "$@"
"""
"""Start a program that speaks on this machine's loopback, and sees in /sys the network devices of namespace $1."""


@dataclass(frozen=True, slots=True)
class Api:
    """One of OpenStack's APIs.

    Attributes:
        name: the service; also of its account and its port.
        kind: what the catalogue calls it.
        module: where its WSGI application is.
        path: what follows the port in the catalogue.
        alive: a path that answers without a token.
    """

    name: str
    kind: str
    module: str
    path: str = ""
    alive: str = "/"


APIS: Final = (
    Api("keystone", "identity", "keystone.wsgi.api", "/v3", "/v3"),
    Api("placement", "placement", "placement.wsgi.api"),
    Api("glance", "image", "glance.wsgi.api", alive="/versions"),
    Api("neutron", "network", "neutron.wsgi.api"),
    Api("cinder", "block-storage", "cinder.wsgi.api", "/v3"),
    Api("nova", "compute", "nova.wsgi.osapi_compute", "/v2.1"),
)


def make_schemas(place: Place) -> None:
    """Every service's tables. Two chains at a time: this is Python starting, mostly."""
    cell0 = f"mysql+pymysql://openstack:{place.secrets()['database']}@localhost/nova_cell0?unix_socket={place.socket}"
    etc = place.etc
    neutron = [f"--config-file={etc / 'neutron' / name}" for name in ("neutron.conf", "ml2_conf.ini")]
    chains = (
        (
            Program(
                "schema-nova",
                [_python(), _inside("nova_schemas.py"), str(etc / "nova" / "nova.conf")],
                # the address carries a password, and everybody on the machine can read arguments
                {"OS_NOVA_DISABLE_EVENTLET_PATCHING": "1", "IRISPLANE_LAB_CELL0": f"{cell0}&charset=utf8mb4"},
            ),
            Program("schema-placement", _manage("placement", "placement.conf", "db", "sync", etc=etc)),
        ),
        (
            Program("schema-keystone", _manage("keystone", "keystone.conf", "db_sync", etc=etc)),
            Program("schema-glance", _manage("glance", "glance-api.conf", "db_sync", etc=etc)),
            Program("schema-neutron", [str(VENV / "bin" / "neutron-db-manage"), *neutron, "upgrade", "heads"]),
            Program("schema-cinder", _manage("cinder", "cinder.conf", "db", "sync", etc=etc)),
        ),
    )
    programs = Programs(place)

    def carry_out(chain: Sequence[Program]) -> None:
        for program in chain:
            programs.run(program)

    with ThreadPoolExecutor(max_workers=len(chains)) as pool:
        list(pool.map(carry_out, chains))


def bootstrap_identity(place: Place) -> None:
    """Keystone's keys, its first administrator, and its own entry in the catalogue."""
    programs = Programs(place)
    keys = place.base / "home" / "keys"
    folders = [str(keys / name) for name in ("fernet", "receipts", "credentials")]
    programs.run(Program("keystone-keys", [_python(), _inside("seal.py"), *folders]))
    line = _manage("keystone", "keystone.conf", "bootstrap", etc=place.etc)
    line += [f"--bootstrap-region-id={REGION}"]
    line += [f"--bootstrap-{face}-url={place.url('keystone', '/v3')}" for face in ("admin", "internal", "public")]
    programs.run(Program("keystone-bootstrap", line, {"OS_BOOTSTRAP_PASSWORD": place.secrets()["admin"]}))


def start_apis(place: Place, names: Sequence[str], *, wait: bool = True) -> None:
    """Start some of the APIs, all at once, and wait until each answers."""
    programs = Programs(place)
    chosen = [api for api in APIS if api.name in names]
    for api in chosen:
        programs.start(api_program(place, api))
    if wait:
        for api in chosen:
            port = place.instance.cloud_port(api.name)
            patiently(place, api.name, lambda port=port, path=api.alive: answers_http(port, path))  # type: ignore[misc] # mypy: no lambda with defaults


def api_program(place: Place, api: Api) -> Program:
    """One API under waitress."""
    etc, folder = place.etc, place.base / "tmp" / api.name
    more = [f"--config-file={etc / 'cinder' / 'cinder.conf'}"] if api.name == "cinder" else []
    port = str(place.instance.cloud_port(api.name))
    return Program(
        api.name,
        [_python(), _inside("serve.py"), api.module, LOOPBACK, port, str(_THREADS), *more],
        {
            "TMPDIR": str(folder),  # emptied at each start: Neutron marks its first worker by a file in it
            "ASGI_WORKERS": "1",  # how Neutron learns the number of its API processes; else OVN's events get lost
            "OS_KEYSTONE_CONFIG_FILES": str(etc / "keystone" / "keystone.conf"),
            "OS_KEYSTONE_CONFIG_DIR": str(etc / "keystone"),
            "OS_PLACEMENT_CONFIG_DIR": str(etc / "placement"),
            "OS_GLANCE_CONFIG_DIR": str(etc / "glance"),
            "OS_NEUTRON_CONFIG_DIR": str(etc / "neutron"),
            "OS_NEUTRON_CONFIG_FILES": "neutron.conf;ml2_conf.ini",
            "OS_NOVA_CONFIG_DIR": str(etc / "nova"),
            "OS_NOVA_CONFIG_FILES": "api-paste.ini;nova.conf",  # the first is taken for the paste file
        },
    )


def start_workers(place: Place) -> list[str]:
    """What works behind the APIs, but for the compute hosts; gives what had to be started."""
    programs = Programs(place)
    return [program.name for program in worker_programs(place) if programs.start(program)]


def worker_programs(place: Place) -> list[Program]:
    """Neutron's, Nova's and Cinder's workers."""
    etc = place.etc
    settings = {
        "neutron": [f"--config-file={etc / 'neutron' / name}" for name in ("neutron.conf", "ml2_conf.ini")],
        "nova": [f"--config-file={etc / 'nova' / 'nova.conf'}"],
        "cinder": [f"--config-file={etc / 'cinder' / 'cinder.conf'}"],
    }
    wanted = (
        ("neutron", "neutron-periodic-workers"),
        ("neutron", "neutron-ovn-maintenance-worker"),
        ("nova", "nova-conductor"),
        ("nova", "nova-scheduler"),
        ("cinder", "cinder-scheduler"),
        ("cinder", "cinder-volume"),
        ("cinder", "cinder-backup"),
    )
    return [
        Program(
            name,
            [str(VENV / "bin" / name), *settings[service], f"--log-file={place.log / f'{name}.log'}"],
            {"PYTHONPATH": str(INSIDE)} if service == "cinder" else {},
        )
        for service, name in wanted
    ]


def await_conductor(place: Place, begun: float) -> None:
    """Wait until the conductor takes calls: a compute host that comes first waits ten seconds for an answer."""
    log = place.log / "nova-conductor.log"
    start = datetime.fromtimestamp(begun).isoformat(" ")  # noqa: DTZ006 - the log's stamps are local time
    deadline = time.monotonic() + _CONDUCTOR
    while time.monotonic() < deadline:
        with suppress(OSError):
            lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
            if any("Starting conductor node" in line and line[:23] >= start[:23] for line in lines):
                return
        time.sleep(0.1)


def start_compute(place: Place, mode: Mode) -> None:
    """Every compute host's nova-compute."""
    for host in HOSTS[mode]:
        Programs(place).start(compute_program(place, mode, host))


def compute_program(place: Place, mode: Mode, host: str) -> Program:
    """One compute host's nova-compute; as root where it has real machines."""
    etc = place.etc / "nova"
    # with real machines root writes here, so nobody else may
    owner = os.geteuid() if mode == "qemu" else place.user.uid
    lay_folder(place.base / "nova", (owner, place.user.gid), 0o750)
    settings = [f"--config-file={etc / 'nova.conf'}", f"--config-file={etc / f'{host}.conf'}"]
    name = f"nova-{host}"
    line = [_python(), _inside("compute.py"), *settings, f"--log-file={place.log / f'{name}.log'}"]
    if mode == "qemu":
        line = ["sh", "-c", _SEES_DEVICES, "-", place.instance.cloud_namespace, *line]
    return Program(
        name,
        line,
        {
            **({NAMESPACE: place.instance.cloud_namespace} if mode == "qemu" else {}),
            "IRISPLANE_LAB_SWITCH": f"unix:{place.chassis(host) / 'db.sock'}",
            "IRISPLANE_LAB_MACHINES": str(place.base / "nova" / host / "instances"),
        },
        privileged=mode == "qemu",
    )


def start_serial_proxy(place: Place) -> None:
    """What leads from a WebSocket to a machine's serial port; waits until it listens."""
    Programs(place).start(serial_proxy_program(place))
    patiently(place, SERIAL_PROXY, lambda: listens(place.instance.cloud_port("serial-proxy")))


def serial_proxy_program(place: Place) -> Program:
    """nova-serialproxy; as root, because the serial ports are in the machines' namespace."""
    return Program(
        SERIAL_PROXY,
        [_python(), _inside("serial_proxy.py"), f"--config-file={place.etc / 'nova' / 'nova.conf'}"],
        {NAMESPACE: place.instance.cloud_namespace},
        privileged=True,
    )


def _python() -> str:
    return str(VENV / "bin" / "python")


def _inside(name: str) -> str:
    return str(INSIDE / name)


def _manage(service: str, settings: str, *verb: str, etc: Path) -> list[str]:
    return [str(VENV / "bin" / f"{service}-manage"), f"--config-file={etc / service / settings}", *verb]
