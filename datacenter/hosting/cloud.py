"""Connections to the private cloud: as its administrator, or as one project's own account; its errors as ours.

Everything goes through openstacksdk and one entry of a ``clouds.yaml``, so another cloud is another file. openstacksdk
costs a second to import, so it is imported when the cloud is first spoken to. Connections are kept for the life of the
process: each holds a token, which it renews by itself.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from core.errors import IrisplaneError
from core.masking import mask
from core.secrets import SecretValue
from core.settings import get_settings
from datacenter.hosting.errors import CloudLacks, CloudRefused, CloudSilent, NoCloud

if TYPE_CHECKING:
    from openstack.connection import Connection

__all__ = ["Entry", "admin", "as_account", "asked", "away", "entry", "forget", "id_of", "speaking", "tag_of"]

_ANSWER_SECONDS: Final = 20.0
"""How long one call may take; what takes longer goes on in the cloud and is looked for by its tag."""
_KNOCK_SECONDS: Final = 2.0
_BELIEVE_SECONDS: Final = {True: 30.0, False: 3.0}
"""How long an answer to a knock is believed, by whether somebody was at home: who goes away meanwhile is waited for."""
_TAG: Final = "irisplane-"
_TAGGED = re.compile(rf"{_TAG}([0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}})")
_VALUE = re.compile(r"\s*\bValue: .*", re.DOTALL)
"""Where an answer of the cloud repeats what it was sent: user data, for instance."""
_HTML = re.compile(r"<[^>]*>")
_SENTENCE_MOST: Final = 400


def tag_of(thing: UUID | str) -> str:
    """What marks a thing in the cloud as ours: a tag, or the description of what has no tags."""
    return f"{_TAG}{thing}"


def id_of(text: str | None) -> UUID | None:
    """The id of our row that a tag or a description names."""
    found = _TAGGED.fullmatch(text or "")
    return UUID(found[1]) if found else None


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of one ``clouds.yaml``, as it was read.

    Attributes:
        region: openstacksdk's description of the cloud, with the administrator's account.
        seen: file and time of change it was read at.
    """

    region: Any
    seen: tuple[str, int, str]
    connections: dict[str, Connection] = field(default_factory=dict)

    @property
    def auth_url(self) -> str:
        """Where Keystone listens."""
        return str(self.region.config["auth"]["auth_url"])

    @property
    def domain(self) -> str:
        """The domain that projects and their accounts belong to: id or name, as the entry says."""
        auth = self.region.config["auth"]
        return str(auth.get("project_domain_id") or auth.get("project_domain_name") or "default")


_LOCK: Final = threading.Lock()
_entries: dict[tuple[str, int, str], Entry] = {}
_knocked: dict[str, tuple[float, str]] = {}


def entry() -> Entry:
    """The entry that the settings name, read anew when the file was written anew.

    Raises:
        NoCloud: there is no such file, or nothing of that name in it.
    """
    settings = get_settings()
    path, name = Path(settings.clouds_file), settings.cloud_name
    try:
        seen = (str(path), path.stat().st_mtime_ns, name)
    except OSError:
        raise NoCloud("No private cloud is set up here, or it has not started yet.") from None
    with _LOCK:
        if seen not in _entries:
            _entries.clear()
            _entries[seen] = Entry(_read(path, name), seen)
        return _entries[seen]


def _read(path: Path, name: str) -> Any:
    from openstack import exceptions
    from openstack.config import OpenStackConfig

    try:
        loader = OpenStackConfig(config_files=[str(path)], secure_files=[], vendor_files=[], load_envvars=False)
        return loader.get_one(cloud=name, api_timeout=_ANSWER_SECONDS)
    except exceptions.SDKException:
        raise NoCloud(f"{path.name} names no cloud {name!r} that can be used.") from None
    except OSError:
        raise NoCloud(f"{path.name} cannot be read.") from None


def admin() -> Connection:
    """The administrator's connection: for projects, quotas, sizes and looking at everything at once."""
    here = entry()
    with _LOCK:
        if "" not in here.connections:
            here.connections[""] = _connect(here.region)
        return here.connections[""]


def as_account(user_id: str, project_id: str, password: SecretValue) -> Connection:
    """The connection of one project's own account.

    Args:
        user_id: the account's id in the cloud.
        project_id: the project's id in the cloud.
    """
    from keystoneauth1.identity import v3
    from openstack.config.cloud_region import CloudRegion

    here = entry()
    key = f"{user_id}/{project_id}"
    with _LOCK:
        if key not in here.connections:
            base = here.region
            region = CloudRegion(
                name=base.name,
                region_name=base.region_name,
                # What the administrator signs in with stays out of the other accounts' descriptions.
                config={**base.config, "auth": {"auth_url": here.auth_url}},
                auth_plugin=v3.Password(
                    auth_url=here.auth_url, user_id=user_id, password=password.reveal(), project_id=project_id
                ),
                # Where the services are and which versions they speak is the same for all.
                discovery_cache=base.get_session()._discovery_cache,  # noqa: SLF001 - keystoneauth shares it this way itself
            )
            here.connections[key] = _connect(region)
        return here.connections[key]


def _connect(region: Any) -> Connection:
    from openstack.connection import Connection

    return Connection(config=region)


def forget(user_id: str | None = None) -> None:
    """Drop the kept connections, or one account's: its password or its project has changed."""
    with _LOCK:
        for here in _entries.values():
            for key in [key for key in here.connections if user_id is None or key.startswith(f"{user_id}/")]:
                del here.connections[key]


def away() -> str:
    """Why the cloud cannot be spoken to just now, in a sentence; empty when it can. Asked anew every few seconds."""
    try:
        here = entry()
    except NoCloud as error:
        return error.message
    when, said = _knocked.get(here.auth_url, (float("-inf"), ""))
    if time.monotonic() - when < _BELIEVE_SECONDS[not said]:
        return said
    said = _knock(here)
    _knocked[here.auth_url] = (time.monotonic(), said)
    return said


def _knock(here: Entry) -> str:
    """Whether Keystone gives us a token, Nova answers, and it has a host on which a server could stand."""
    from keystoneauth1.exceptions import ClientException
    from openstack.exceptions import SDKException

    try:
        answer = admin().compute.get(
            "/os-availability-zone", timeout=_KNOCK_SECONDS, raise_exc=False, connect_retries=0
        )
        zones = answer.json()["availabilityZoneInfo"] if answer.ok else ()
    except (ClientException, SDKException, KeyError, ValueError):
        return f"The cloud at {here.auth_url} does not answer."
    if answer.status_code >= 500:
        return "The cloud's compute service is not ready."
    if answer.ok and not any(zone["zoneState"]["available"] for zone in zones):
        return "None of the cloud's compute hosts is up."
    return ""


@contextmanager
def speaking(doing: str) -> Iterator[None]:
    """Turns what openstacksdk raises into our own errors.

    Args:
        doing: what is being asked for, as the beginning of a sentence: ``"Creating the server"``.
    Raises:
        CloudSilent: no answer, or one that says nothing about what was asked (5xx, 429).
        CloudLacks: it is not there.
        CloudRefused: the cloud said no, with its own sentence as far as it helps.
    """
    from keystoneauth1 import exceptions as auth
    from openstack import exceptions as sdk

    try:
        yield
    except IrisplaneError:
        raise
    except sdk.HttpException as error:
        raise _from_status(doing, error.status_code, str(error.details or "")) from None
    except auth.HttpError as error:
        raise _from_status(doing, error.http_status, str(error.details or "")) from None
    except (auth.ClientException, sdk.SDKException, TimeoutError, ConnectionError) as error:
        # Their texts hold addresses and sometimes what was sent: the class says enough.
        raise CloudSilent(f"{doing}: the cloud gave no answer ({type(error).__name__}).") from None


def asked(service: Any, method: str, path: str, doing: str, **more: Any) -> dict[str, Any]:
    """One call of a service's API; its answer as JSON, ``{}`` where it has none.

    For what is asked often: openstacksdk's resources cost more than the call does. ``service`` is one of its adapters
    (``connection.compute``), so sign-in, addresses and versions are its own.

    Raises:
        CloudSilent, CloudLacks, CloudRefused: see :func:`speaking`.
    """
    from openstack.exceptions import raise_from_response

    with speaking(doing):
        answer = service.request(path, method, raise_exc=False, **more)
        raise_from_response(answer)
        return dict(answer.json()) if answer.content and "json" in answer.headers.get("Content-Type", "") else {}


def _from_status(doing: str, status: int | None, said: str) -> IrisplaneError:
    if status == 401:
        forget()
        return CloudSilent(f"{doing}: the cloud did not accept our account.", status=status)
    if status is None or status in {408, 429} or status >= 500:
        return CloudSilent(f"{doing}: the cloud answered {status or 'nothing'}.", status=status)
    sentence = _plainly(said)
    text = f"{doing}: {sentence}" if sentence else f"{doing}: the cloud answered {status}."
    return CloudLacks(text, status=status) if status == 404 else CloudRefused(text, status=status)


def _plainly(said: str) -> str:
    """The cloud's own sentence without markup, what it repeats of our request, and anything secret."""
    text = " ".join(_HTML.sub(" ", _VALUE.sub("", said)).split())
    return mask(text)[:_SENTENCE_MOST]
