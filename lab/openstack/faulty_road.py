"""How is a faulty road put between Irisplane and a cloud? Started, entered in a ``clouds.yaml``, told what to break.

::

    with FaultyRoad(entry, instance, folder) as road:
        road.add("lose", method="POST", path=r".*/servers")     # created, and nobody hears of it
        ... IRISPLANE_CLOUDS_FILE=road.clouds_file ...
"""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit, urlunsplit

import yaml

from core.errors import Unavailable
from core.instance import ROOT, Instance
from lab.openstack.faults import Fault, Seen
from lab.openstack.place import LOOPBACK
from lab.openstack.waiting import listens

__all__ = ["FaultyRoad"]

_SERVICES: Final = {
    "identity": "3", "image": "2", "placement": "1", "compute": "2", "network": "2", "block_storage": "3",
}  # fmt: skip
"""Service to its API's version: with it openstacksdk takes an address as it is, instead of looking for another."""

_CONTROL: Final = 9
"""Ports after the instance's first of faulty roads: one for each service, and this one for orders."""
_PATIENCE: Final = 10.0


class FaultyRoad:
    """A running road; a context manager.

    Args:
        entry: one cloud of a ``clouds.yaml``, whose account is used.
        instance: whose ports are taken.
        folder: where the new ``clouds.yaml`` is written.
        name: what the cloud is called in there.
    """

    def __init__(self, entry: Mapping[str, Any], instance: Instance, folder: Path, name: str = "irisplane") -> None:
        self._entry = entry
        self._first = instance.cloud_port("faults")
        self._process: subprocess.Popen[bytes] | None = None
        self.clouds_file = folder / "clouds.yaml"
        self.name = name

    def __enter__(self) -> Self:
        roads = self._roads()
        words = [f"{port}={_origin(url)}" for port, url in roads.values()]
        line = [sys.executable, "-m", "lab.openstack.faults", str(self._first + _CONTROL), *words]
        self._process = subprocess.Popen(line, cwd=ROOT, stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + _PATIENCE
        while not listens(self._first + _CONTROL):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.__exit__()
                raise Unavailable("The faulty road did not start.", hint="Is one of its ports taken?")
            time.sleep(0.05)
        made = {**self._entry, "auth": {**self._entry["auth"]}}
        for service, (port, url) in roads.items():
            made[f"{service}_endpoint_override"] = _by_way_of(url, port)
            made[f"{service}_api_version"] = _SERVICES[service]
        made["auth"]["auth_url"] = _by_way_of(str(made["auth"]["auth_url"]), roads["identity"][0])
        self.clouds_file.write_text(yaml.safe_dump({"clouds": {self.name: made}}), encoding="utf-8")
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    # ------------------------------------------------------------------------------------------------------- orders
    def add(self, do: str, **fields: object) -> None:
        """Let something go wrong from now on.

        Args:
            do: ``answer``, ``delay``, ``hang`` or ``lose``.
            fields: ``method``, ``path``, ``status``, ``seconds``, ``times`` of :class:`lab.openstack.faults.Fault`.
        """
        self._order("POST", "/faults", {"do": do, **fields})

    def heal(self) -> None:
        """Let nothing go wrong any more, and let what is delayed go on."""
        self._order("DELETE", "/faults")

    def waiting(self) -> list[Fault]:
        """The faults that no request has met yet, or that more will meet."""
        return [Fault(**one) for one in self._order("GET", "/faults")]

    def seen(self, method: str = "*", containing: str = "") -> list[Seen]:
        """The requests that came by since :meth:`forget`."""
        found = [Seen(**one) for one in self._order("GET", "/seen")]
        return [one for one in found if method in {"*", one.method} and containing in one.path]

    def forget(self) -> None:
        """Forget what was seen."""
        self._order("DELETE", "/seen")

    # ------------------------------------------------------------------------------------------------------- inside
    def _order(self, method: str, path: str, content: object = None) -> Any:
        connection = http.client.HTTPConnection(LOOPBACK, self._first + _CONTROL, timeout=_PATIENCE)
        try:
            connection.request(method, path, body=None if content is None else json.dumps(content))
            answer = connection.getresponse()
            said = json.loads(answer.read())
        finally:
            connection.close()
        if answer.status >= 400:
            raise ValueError(f"the faulty road refused: {said['error']}")
        return said

    def _roads(self) -> dict[str, tuple[int, str]]:
        """Service to its port here and its address behind, as openstacksdk finds it."""
        import openstack

        with openstack.connect(load_yaml_config=False, load_envvars=False, **self._entry) as cloud:
            addresses = {service: str(getattr(cloud, service).get_endpoint_data().url) for service in _SERVICES}
        return {service: (self._first + place, url) for place, (service, url) in enumerate(addresses.items())}


def _origin(url: str) -> str:
    found = urlsplit(url)
    return f"{found.scheme}://{found.netloc}"


def _by_way_of(url: str, port: int) -> str:
    found = urlsplit(url)
    return urlunsplit((found.scheme, f"{LOOPBACK}:{port}", found.path.rstrip("/"), "", ""))
