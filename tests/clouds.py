"""A cloud for tests: one for the whole session, brought up when a test first asks for it.

``cloud`` is the lab's OpenStack without machines (its ports, quotas, volumes and failures are real), or the one that
``IRISPLANE_TEST_CLOUD`` names by the path of its ``clouds.yaml``, and ``IRISPLANE_TEST_CLOUD_NAME`` in there.
``qemu_cloud`` boots real machines, under an instance name of its own (``qemu``, or that of ``IRISPLANE_TEST_QEMU``),
for the few tests that need one. Where a cloud cannot run, the tests that ask for it are skipped with the reason.
``IRISPLANE_TEST_KEEP=1`` leaves it for the next run: while one writes tests, seconds instead of a minute.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
import yaml

from core.errors import IrisplaneError
from core.instance import Instance
from core.settings import load
from lab.errors import CloudFailed
from lab.openstack import control
from lab.openstack.faulty_road import FaultyRoad
from lab.openstack.place import Place
from lab.openstack.software import missing

if TYPE_CHECKING:
    from openstack.connection import Connection

__all__ = ["FLAVOUR", "IMAGE", "CloudForTests", "a_tenant", "cloud", "cloud_of", "faulty_road", "qemu_cloud"]

GIVEN = "IRISPLANE_TEST_CLOUD"
GIVEN_NAME = "IRISPLANE_TEST_CLOUD_NAME"
QEMU_INSTANCE = "IRISPLANE_TEST_QEMU"
IMAGE = "irisplane-guest"
FLAVOUR = "SCS-1L-1-5"


@dataclass(frozen=True, slots=True)
class CloudForTests:
    """A cloud that is up.

    Attributes:
        clouds_file: its ``clouds.yaml``, as ``IRISPLANE_CLOUDS_FILE`` takes it.
        name: the cloud that Irisplane uses in there, as ``IRISPLANE_CLOUD_NAME`` takes it.
        mode: ``fake``, ``qemu``, or ``given`` for one of which nothing is known.
        admin: a connection as its administrator.
        instance: whose cloud it is, for the verbs of ``lab.openstack.control``; nothing when it was given.
    """

    clouds_file: Path
    name: str
    mode: str
    admin: Connection
    instance: Instance | None

    def connect(self, name: str | None = None) -> Connection:
        """A new connection under an account of ``clouds_file``: Irisplane's own, unless another is named."""
        import openstack

        text = self.clouds_file.read_text(encoding="utf-8")
        chosen: dict[str, Any] = yaml.safe_load(text)["clouds"][name or self.name]
        return openstack.connect(load_yaml_config=False, load_envvars=False, **chosen)


@contextmanager
def a_tenant(cloud: CloudForTests) -> Iterator[Any]:
    """A connection into a new project, as Irisplane's account enters every project of its domain; gone afterwards."""
    ours: Any = cloud.connect()
    domain = ours.current_project.domain_id or ours.identity.find_domain(ours.current_project.domain_name).id
    project = ours.identity.create_project(name=f"test-{uuid4().hex[:8]}", domain_id=domain)
    inside = ours.connect_as_project(project)
    try:
        yield inside
    finally:
        _empty(inside, project.id)
        ours.identity.delete_project(project)
        inside.close()
        ours.close()


def _empty(inside: Any, project: str) -> None:
    from openstack.exceptions import NotFoundException

    for server in list(inside.compute.servers()):
        with suppress(NotFoundException):  # on its way out already
            inside.compute.delete_server(server, force=True)
        inside.compute.wait_for_delete(server, interval=0.2, wait=180)
    storage, network = inside.block_storage, inside.network
    for volume in list(storage.volumes()):
        storage.delete_volume(volume)
    for address in list(network.ips(project_id=project)):
        network.delete_ip(address)
    for router in list(network.routers(project_id=project)):
        for port in list(network.ports(device_id=router.id, device_owner="network:router_interface")):
            network.remove_interface_from_router(router, port=port.id)
        network.delete_router(router)
    for port in list(network.ports(project_id=project)):
        network.delete_port(port)
    for each in list(network.networks(project_id=project)):
        network.delete_network(each)


@pytest.fixture(scope="session")
def cloud() -> Iterator[CloudForTests]:
    """The session's cloud; no machines run in it."""
    given = os.environ.get(GIVEN, "")
    if given:
        yield from _given(Path(given).resolve())
    else:
        yield from _made("fake", Instance.current())


@pytest.fixture
def faulty_road(cloud: CloudForTests, tmp_path: Path) -> Iterator[FaultyRoad]:
    """A way to the session's cloud on which everything can go wrong; nothing does until it is told to."""
    text = cloud.clouds_file.read_text(encoding="utf-8")
    entry: dict[str, Any] = yaml.safe_load(text)["clouds"][cloud.name]
    with FaultyRoad(entry, Instance.current(), tmp_path) as road:
        yield road


@pytest.fixture(scope="session")
def qemu_cloud() -> Iterator[CloudForTests]:
    """A cloud in which real machines boot; only on the lab's own network, as root."""
    yield from _made("qemu", Instance.named(os.environ.get(QEMU_INSTANCE) or "qemu"))


def _given(file: Path) -> Iterator[CloudForTests]:
    names = list(yaml.safe_load(file.read_text(encoding="utf-8"))["clouds"])
    name = os.environ.get(GIVEN_NAME) or ("irisplane" if "irisplane" in names else names[0])
    made = CloudForTests(file, name, "given", None, None)  # type: ignore[arg-type] # completed in the next lines
    admin = made.connect("admin" if "admin" in names else name)
    yield CloudForTests(file, name, "given", admin, None)
    admin.close()


def _made(mode: str, instance: Instance) -> Iterator[CloudForTests]:
    reason = missing("qemu" if mode == "qemu" else "fake")
    if reason:
        pytest.skip(f"the lab's cloud cannot run here: {reason}")
    settings = load({"IRISPLANE_INSTANCE": instance.name, "IRISPLANE_LAB_CLOUD": mode})
    keep = bool(os.environ.get("IRISPLANE_TEST_KEEP"))
    if not (keep and control.status(instance).mode == mode):
        try:
            control.forget(instance)
        except Exception as error:
            raise CloudFailed(f"What was left of the {mode} cloud {instance.name} stays: {_said(error)}") from error
    told: list[str] = []
    try:
        try:
            control.bring_up(told.append, settings)
        except Exception as error:
            raise CloudFailed(f"{_where(mode, instance)}: {_said(error)}\n" + "\n".join(told)) from error
        except BaseException as error:  # out of time, or interrupted
            error.add_note(_where(mode, instance) + "\n" + "\n".join(told))
            raise
        yield from cloud_of(instance, mode)
    finally:
        if not keep:
            control.forget(instance)
            with suppress(OSError):
                (instance.state_dir / "credentials").rmdir()
                instance.state_dir.rmdir()


def cloud_of(instance: Instance, mode: str) -> Iterator[CloudForTests]:
    """The lab's cloud of an instance, which runs; it is left as it is."""
    from lab.openstack.accounts import administrator

    place = Place.of(instance)
    with administrator(place) as admin:
        yield CloudForTests(place.clouds_file, "irisplane", mode, admin, instance)


def _where(mode: str, instance: Instance) -> str:
    """How far a cloud came, and what the machine was at."""
    part = control.status(instance).part or "its end"
    free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1024**3
    load = " ".join(f"{each:.1f}" for each in os.getloadavg())
    return f"The {mode} cloud {instance.name} did not come up; it was at '{part}' (load {load}, {free:.1f} GiB free)"


def _said(error: BaseException) -> str:
    return error.message if isinstance(error, IrisplaneError) else f"{type(error).__name__}: {error}"
