"""In which order does a cloud come up? Each part after what it needs, and both processors kept busy.

What runs already stays as it is, so the same way leads from nothing, from a stored state, and from a cloud of which a
part has died.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import stamina

from lab.openstack import accounts, backing, services, stock, switch
from lab.openstack.configuration import HOSTS, write
from lab.openstack.guest_image import guest_image
from lab.openstack.machines import start_hypervisor
from lab.openstack.place import Mode, Place
from lab.openstack.software import install, versions
from lab.openstack.waiting import patiently

__all__ = ["WayUp"]

_BUSY: Final = 300.0
_HEARTBEAT: Final = 600.0
"""Long: where others take both processors, a first start was seen to take six minutes."""


class WayUp:
    """One way up, part by part.

    Args:
        empty: takes a half-made cloud down and away.
        tell: gets a line for each part.
        begun: seconds since the epoch.
    """

    def __init__(
        self, place: Place, mode: Mode, empty: Callable[[], None], tell: Callable[[str], None], begun: float
    ) -> None:
        self._empty = empty
        self.place = place
        self.mode = mode
        self.first = not place.bootstrapped.exists()
        self.begun = begun
        self._tell = tell

    def part(self, name: str) -> None:
        """Say what comes now."""
        self.place.note(part=name)
        self._tell(f"[{time.time() - self.begun:5.1f} s] {name}")

    def all(self) -> None:
        """Everything, in the order in which one needs the other."""
        place, mode = self.place, self.mode
        install(self.part)
        if self.first:
            # an attempt that was cut off may have left half a schema, which no migration mends
            self._empty()
        write(place, mode)
        self.part("database, messages, switch")
        backing.start_messages(place, wait=False)
        switch.start_controller(place)
        if mode == "qemu":
            switch.lay_cable(place)
        switch.start_chassis(place, mode)
        if mode == "qemu":
            switch.plug_cable(place)
        backing.start_database(place)
        if self.first or not self._made_by_these_versions():
            self.part("schemas")
            services.make_schemas(place)
        if self.first:
            self.part("first accounts")
            services.bootstrap_identity(place)
        backing.start_messages(place)
        self.part("keystone")
        services.start_apis(place, ["keystone"])
        # Python that starts is what takes the time: both cores are kept busy from here on
        services.start_apis(place, ["placement", "glance", "neutron", "cinder", "nova"], wait=False)
        if self.first:
            _again(lambda: accounts.make_accounts(place))
        started = services.start_workers(place)
        self.part("placement glance neutron cinder nova")
        services.start_apis(place, ["placement", "glance", "neutron", "cinder", "nova"])
        if self.first:
            self.part("flavours, image, external network")
            image = guest_image() if mode == "qemu" else None
            _again(lambda: stock.make_stock(place, mode, image))
        self.part("compute hosts")
        if "nova-conductor" in started:
            services.await_conductor(place, self.begun)
        if mode == "qemu":
            start_hypervisor(place)
        services.start_compute(place, mode)
        if mode == "qemu":
            services.start_serial_proxy(place)
        place.give(place.bootstrapped, versions(), os.getegid(), 0o600)
        self.part("compute hosts answer")
        self._await_hosts()
        _again(lambda: stock.make_zones(place, HOSTS[mode]))
        # last: who reads it orders at once, in a zone
        accounts.write_clouds(place)

    def _made_by_these_versions(self) -> bool:
        return self.place.bootstrapped.read_text(encoding="utf-8") == versions()

    def _await_hosts(self) -> None:
        from openstack.exceptions import SDKException

        wanted = set(HOSTS[self.mode])
        with accounts.administrator(self.place) as cloud:

            def all_there() -> bool:
                try:
                    beating = {
                        each.host
                        for each in cloud.compute.services(binary="nova-compute")
                        if each.state == "up" and _later(each.updated_at, self.begun)
                    }
                    # without details: for those Nova would ask each host, which may not answer yet
                    return wanted <= beating and len(list(cloud.compute.hypervisors())) >= len(wanted)
                except SDKException:
                    return False

            for host in HOSTS[self.mode]:
                patiently(self.place, f"nova-{host}", all_there, _HEARTBEAT)


def _again(make: Callable[[], None]) -> None:
    """Make something that is looked up before it is made, again when an API was too busy to answer: 5xx, or silence."""
    from keystoneauth1.exceptions import ClientException
    from openstack.exceptions import HttpException

    def busy(error: Exception) -> bool:
        status = getattr(error, "status_code", None) or getattr(error, "http_status", None)
        return isinstance(error, (HttpException, ClientException)) and (not status or int(status) >= 500)

    for attempt in stamina.retry_context(on=busy, attempts=6, timeout=_BUSY, wait_initial=1.0, wait_max=20.0):
        with attempt:
            make()


def _later(stamp: str | None, begun: float) -> bool:
    return bool(stamp) and datetime.fromisoformat(str(stamp)).replace(tzinfo=UTC).timestamp() >= begun - 1
