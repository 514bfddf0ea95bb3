"""The lab's cloud with real machines: they boot, read what they were given, hold data, and come back."""

from __future__ import annotations

import base64
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from core.settings import load
from lab.openstack import control
from tests.clouds import FLAVOUR, IMAGE, CloudForTests, a_tenant

pytestmark = [pytest.mark.timeout(1200), pytest.mark.slow]

_SCRIPT = b"#!/bin/sh\necho this is $(hostname)\n"


@pytest.fixture(scope="module")
def tenant(qemu_cloud: CloudForTests) -> Iterator[Any]:
    """A tenant's project with a network that leads outside, and rules that let ping in and nothing else."""
    with a_tenant(qemu_cloud) as inside:
        network = inside.network.create_network(name="private")
        subnet = inside.network.create_subnet(network_id=network.id, ip_version=4, cidr="10.30.0.0/24")
        outside = inside.network.find_network("public")
        router = inside.network.create_router(name="out", external_gateway_info={"network_id": outside.id})
        inside.network.add_interface_to_router(router, subnet=subnet.id)
        group = inside.network.create_security_group(name="web")
        inside.network.create_security_group_rule(security_group_id=group.id, direction="ingress", protocol="icmp")
        yield inside


@pytest.fixture(scope="module")
def web1(tenant: Any) -> Any:
    """A machine with a key and a script."""
    key = Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    pair = tenant.compute.create_keypair(name=f"anna-{time.time_ns()}", public_key=f"{key} anna@commune")
    return _boot(tenant, "web1", key_name=pair.name, user_data=base64.b64encode(_SCRIPT).decode())


def test_a_machine_reads_name_key_and_script_from_its_config_drive(tenant: Any, web1: Any) -> None:
    said = _eventually(lambda: _console(tenant, web1, "user data: done"), 120)
    assert "config drive: host name 'web1'" in said
    assert "anna@commune" in said
    assert "user-data: this is web1" in said
    assert f"guest: eth0 {web1.addresses['private'][0]['addr']}/24" in said


def test_its_floating_address_answers_what_the_rules_let_in(tenant: Any, web1: Any) -> None:
    address = _float(tenant, web1)
    _eventually(lambda: _pings(address), 60)
    assert _get(address) is None
    _open_web(tenant)
    assert "hello from web1" in _eventually(lambda: _get(address), 60)


def test_what_is_typed_at_its_serial_port_is_answered(tenant: Any, web1: Any) -> None:
    _eventually(lambda: _console(tenant, web1, "user data: done"), 120)
    url = _serial(tenant, web1)
    with connect(url, subprotocols=[Subprotocol("binary")]) as port:
        assert "42 on web1" in _typed(port, "echo $((6*7)) on $(hostname)", "42 on web1")
    assert "42 on web1" in _console(tenant, web1, "42 on web1")  # what is said there is kept as before


def test_only_its_token_opens_a_serial_port_and_no_log_repeats_it(
    qemu_cloud: CloudForTests, tenant: Any, web1: Any
) -> None:
    url = _serial(tenant, web1)
    token = url.partition("token=")[2]
    assert len(token) > 20
    with connect(url, subprotocols=[Subprotocol("binary")]) as port:
        _typed(port, "echo in", "in")
    with pytest.raises(ConnectionClosed), connect(url.replace(token, "0" * len(token))) as port:
        port.recv(timeout=20)
    assert qemu_cloud.instance is not None
    logs = [path for name in ("log", "out") for path in (qemu_cloud.instance.cloud_dir / name).iterdir()]
    assert any(b"token=..." in path.read_bytes() for path in logs)
    assert not [path.name for path in logs if token.encode() in path.read_bytes()]


def test_a_compute_host_that_begins_anew_gives_no_serial_port_away_twice(
    qemu_cloud: CloudForTests, tenant: Any, web1: Any
) -> None:
    control.stop_part("nova-compute1", qemu_cloud.instance)
    control.start_part("nova-compute1", qemu_cloud.instance)
    begun = datetime.now(UTC)
    _eventually(lambda: _beats_since(qemu_cloud, begun), 240)
    web3 = _boot(tenant, "web3")
    with connect(_serial(tenant, web3)) as port:
        assert "I am web3" in _typed(port, "echo I am $(hostname)", "I am web3")
    with connect(_serial(tenant, web1)) as port:
        assert "I am web1" in _typed(port, "echo I am $(hostname)", "I am web1")
    tenant.compute.delete_server(web3)
    tenant.compute.wait_for_delete(web3, interval=0.2, wait=60)


def test_what_one_machine_wrote_another_reads(tenant: Any, web1: Any) -> None:
    storage, compute = tenant.block_storage, tenant.compute
    volume = storage.wait_for_status(storage.create_volume(size=1, name="data"), status="available", interval=0.2)
    first = _float(tenant, web1)
    _open_web(tenant)
    compute.create_volume_attachment(web1, volume_id=volume.id)
    storage.wait_for_status(volume, status="in-use", interval=0.2, wait=60)
    _eventually(lambda: _get(first, "/cgi-bin/volume", b"from web1") == "from web1", 60)
    compute.delete_volume_attachment(web1, volume.id)
    storage.wait_for_status(volume, status="available", interval=0.2, wait=60)
    assert _get(first, "/cgi-bin/volume") == "no volume\n"

    script = base64.b64encode(b"#!/bin/sh\necho read: $(dd if=/dev/vdb bs=512 count=1 2>/dev/null | tr -d '\\000')\n")
    web2 = _boot(tenant, "web2", user_data=script.decode(), volume=volume.id)
    said = _eventually(lambda: _console(tenant, web2, "user data: done"), 120)
    assert "user-data: read: from web1" in said
    compute.delete_server(web2)
    compute.wait_for_delete(web2, interval=0.2, wait=60)


def test_machines_and_their_addresses_come_back_with_the_cloud(
    qemu_cloud: CloudForTests, tenant: Any, web1: Any
) -> None:
    address = _float(tenant, web1)
    _open_web(tenant)
    assert control.down(qemu_cloud.instance)
    assert control.status(qemu_cloud.instance).state == "stopped"
    assert _get(address) is None
    assert qemu_cloud.instance is not None
    settings = load({"IRISPLANE_INSTANCE": qemu_cloud.instance.name, "IRISPLANE_LAB_CLOUD": "qemu"})
    control.bring_up(lambda _line: None, settings)
    assert "hello from web1" in _eventually(lambda: _get(address), 120)
    assert tenant.compute.get_server(web1.id).status == "ACTIVE"


def test_a_machine_powers_off_when_it_is_told_to(tenant: Any, web1: Any) -> None:
    begun = time.monotonic()
    tenant.compute.stop_server(web1)
    tenant.compute.wait_for_server(web1, status="SHUTOFF", interval=0.2, wait=180)
    assert time.monotonic() - begun < 120  # by ACPI; Nova would pull the plug only after its own patience


# ------------------------------------------------------------------------------------------------------------- inside
def _boot(tenant: Any, name: str, *, volume: str = "", **more: Any) -> Any:
    disks = {}
    if volume:
        image = tenant.image.find_image(IMAGE).id
        root = {"boot_index": 0, "uuid": image, "source_type": "image", "destination_type": "local",
                "delete_on_termination": True}  # fmt: skip
        data = {"boot_index": -1, "uuid": volume, "source_type": "volume", "destination_type": "volume"}
        disks = {"block_device_mapping": [root, data]}
    made = tenant.compute.create_server(
        name=name,
        flavor_id=tenant.compute.find_flavor(FLAVOUR).id,
        image_id=tenant.image.find_image(IMAGE).id,
        networks=[{"uuid": tenant.network.find_network("private").id}],
        security_groups=[{"name": "web"}],
        **disks,
        **more,
    )
    return tenant.compute.wait_for_server(made, status="ACTIVE", interval=0.2, wait=120)


def _float(tenant: Any, server: Any) -> str:
    port = next(tenant.network.ports(device_id=server.id))
    there = list(tenant.network.ips(port_id=port.id))
    outside = tenant.network.find_network("public")
    made = there[0] if there else tenant.network.create_ip(floating_network_id=outside.id, port_id=port.id)
    return str(made.floating_ip_address)


def _open_web(tenant: Any) -> None:
    group = tenant.network.find_security_group("web")
    if not any(rule["port_range_min"] == 80 for rule in group.security_group_rules):
        tenant.network.create_security_group_rule(
            security_group_id=group.id, direction="ingress", protocol="tcp", port_range_min=80, port_range_max=80
        )


def _console(tenant: Any, server: Any, until: str) -> str:
    said = str(tenant.compute.get_server_console_output(server)["output"])
    return said if until in said else ""


def _beats_since(cloud: CloudForTests, moment: datetime) -> bool:
    """Has the compute host told that it lives, after that moment? What is ordered before, Nova gives up."""
    (host,) = cloud.admin.compute.services(binary="nova-compute")
    return datetime.fromisoformat(str(host.updated_at)).replace(tzinfo=UTC) >= moment


def _serial(tenant: Any, server: Any) -> str:
    """The address of its serial port, once Nova gives it."""
    body = {"remote_console": {"protocol": "serial", "type": "serial"}}

    def asked() -> str:
        answer = tenant.compute.post(f"/servers/{server.id}/remote-consoles", json=body, microversion="2.8")
        return str(answer.json()["remote_console"]["url"]) if answer.status_code == 200 else ""

    return str(_eventually(asked, 60))


def _typed(port: ClientConnection, line: str, until: str) -> str:
    """What is to be seen after a line was typed; ``until`` must not be a part of the line itself."""
    seen, end = "", time.monotonic() + 60
    port.send(b"\n")
    while "/ #" not in seen and time.monotonic() < end:
        seen += str(port.recv(timeout=60, decode=True))
    port.send(f"{line}\n".encode())
    while f"\n{until}" not in seen and time.monotonic() < end:
        seen += str(port.recv(timeout=60, decode=True))
    return seen


def _pings(address: str) -> bool:
    return subprocess.run(["ping", "-c", "1", "-W", "1", address], capture_output=True, check=False).returncode == 0


def _get(address: str, path: str = "/", data: bytes | None = None) -> str | None:
    try:
        with urllib.request.urlopen(f"http://{address}{path}", data=data, timeout=3) as answer:
            return str(answer.read().decode())
    except OSError:
        return None


def _eventually(question: Callable[[], Any], seconds: float) -> Any:
    deadline = time.monotonic() + seconds
    while not (answer := question()):
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s"
        time.sleep(0.3)
    return answer
