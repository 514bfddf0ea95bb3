"""Where a lab's cloud keeps its things, and under whom it runs: one instance's folders, secrets, and progress."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final, Literal, cast

from core.errors import Misconfigured
from core.instance import ROOT, Instance
from core.service_user import NAME as SERVICE_NAME
from core.service_user import ServiceUser, service_user
from lab.errors import CloudElsewhere

__all__ = ["DOMAIN", "LOOPBACK", "REGION", "SOFTWARE", "USER", "Mode", "Place", "Progress", "State", "lay_folder"]

Mode = Literal["qemu", "fake"]
State = Literal["stopped", "starting", "running", "failed"]

USER: Final = "irisplane-cloud"
"""The system user of the cloud's programs when root starts them: what agencies could do to them ends there."""

DOMAIN: Final = "irisplane"
"""The Keystone domain of the tenants' projects and users, and of the account that Irisplane itself uses."""

REGION: Final = "RegionOne"
LOOPBACK: Final = "127.0.0.1"
SOFTWARE: Final = ROOT / ".cloud"
"""What is installed once for all instances of this clone: the environment, the guest's image, empty schemas."""

_OF_CLOUD: Final = ("log", "mysql", "rabbit", "ovn", "glance", "neutron", "cinder", "lock", "home", "tmp")
_SECRETS: Final = ("admin", "service", "irisplane", "rabbit", "database", "metadata")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the cloud is, as its starter wrote it down.

    Attributes:
        state: what it is, or is becoming.
        part: what is being started, or failed.
        since: seconds since the epoch.
        mode: real machines or none; empty while no cloud was made yet.
        words: what failed, in its own last words.
        starter: process id and birth of the one that brings it up.
    """

    state: State = "stopped"
    part: str = ""
    since: float = 0.0
    mode: str = ""
    words: str = ""
    starter: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """The cloud of one instance: folders, users, addresses.

    Attributes:
        instance: whose cloud.
        user: who runs what needs no privilege.
        readers: the group that may read the account Irisplane uses; the caller's own when all run as one user.
    """

    instance: Instance
    user: ServiceUser
    readers: int

    @classmethod
    def of(cls, instance: Instance, *, create: bool = False) -> Place:
        """The cloud of that instance.

        Args:
            create: make the system users when they are absent (root only).
        """
        if os.geteuid() != 0:
            me = service_user()
            return cls(instance, me, me.gid)
        service = service_user(create=create, name=SERVICE_NAME)
        return cls(instance, service_user(create=create, name=USER), service.gid)

    # ------------------------------------------------------------------------------------------------------ folders
    @property
    def base(self) -> Path:
        """What survives a restart."""
        return self.instance.cloud_dir

    @property
    def runtime(self) -> Path:
        """Sockets and process ids."""
        return self.instance.cloud_runtime_dir

    @property
    def etc(self) -> Path:
        """The configuration files, written anew at each start."""
        return self.base / "etc"

    @property
    def log(self) -> Path:
        """What each program says."""
        return self.base / "log"

    @property
    def out(self) -> Path:
        """What programs print; opened by who starts them, so no program of the cloud may write here itself."""
        return self.base / "out"

    @property
    def starter_log(self) -> Path:
        """What the starter tells."""
        return self.base / "cloud.log"

    @property
    def clouds_file(self) -> Path:
        """The ``clouds.yaml`` with the account that Irisplane uses."""
        return self.base / "clouds.yaml"

    @property
    def people_file(self) -> Path:
        """The ``clouds.yaml`` with the cloud ``admin``, for who brought the cloud up."""
        return self.instance.state_dir / "credentials" / "clouds.yaml"

    @property
    def socket(self) -> Path:
        """Where MariaDB listens."""
        return self.runtime / "mysqld.sock"

    def url(self, service: str, path: str = "") -> str:
        """Where a service of ``core.instance.CLOUD_PORTS`` answers."""
        return f"http://{LOOPBACK}:{self.instance.cloud_port(service)}{path}"

    def chassis(self, host: str) -> Path:
        """The sockets of a compute host's switch."""
        return self.runtime / host

    def lay(self) -> None:
        """Make the folders with the owners and modes they must have. Idempotent.

        Raises:
            Misconfigured: a folder stands there that is another user's.
        """
        caller = (os.geteuid(), os.getegid())
        cloud = (self.user.uid, self.user.gid)
        shared = (caller[0], self.user.gid)
        if self.user.apart:
            lay_folder(self.runtime.parent, caller, 0o755)
        # passable for Irisplane's user, who must reach clouds.yaml and nothing else
        lay_folder(self.base, shared, 0o751 if self.user.apart else 0o700)
        lay_folder(self.etc, shared, 0o750)
        lay_folder(self.out, caller, 0o750)
        for name in _OF_CLOUD:
            lay_folder(self.base / name, cloud, 0o750)
        lay_folder(self.instance.state_dir / "credentials", caller, 0o700)
        lay_folder(self.runtime, shared, 0o1770 if self.user.apart else 0o700)
        lay_folder(self.runtime / "pids", caller, 0o755)

    def empty(self) -> None:
        """Remove what a cloud stored, all but its passwords and logs."""
        for name in ("mysql", "rabbit", "ovn", "glance", "neutron", "cinder", "nova", "home", "tmp", "libvirt"):
            shutil.rmtree(self.base / name, ignore_errors=True)
        self.bootstrapped.unlink(missing_ok=True)

    def place(self, path: Path, text: str) -> None:
        """Write a file that the cloud's programs may read and not alter."""
        if path.parent != self.base:
            lay_folder(path.parent, (os.geteuid(), self.user.gid), 0o750)
        self.give(path, text, self.user.gid)

    @staticmethod
    def give(path: Path, text: str, group: int, mode: int = 0o640) -> None:
        """Write a file of ours whole or not at all, readable by a group."""
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                os.fchown(file.fileno(), os.geteuid(), group)
                os.fchmod(file.fileno(), mode)
            draft.replace(path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise

    # ------------------------------------------------------------------------------------------------------ secrets
    def secrets(self) -> dict[str, str]:
        """The cloud's passwords, made when first asked for; for the eyes of who starts it only."""
        path = self.base / "secrets.json"
        try:
            return cast("dict[str, str]", json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            made = {name: secrets.token_urlsafe(24).replace("-", "x").replace("_", "y") for name in _SECRETS}
            self.give(path, json.dumps(made), os.getegid(), 0o600)
            return made

    # ----------------------------------------------------------------------------------------------------- progress
    def progress(self) -> Progress:
        """What the starter last wrote down.

        Raises:
            PermissionError: this is another user's instance.
        """
        try:
            found = json.loads((self.base / "progress.json").read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return Progress()
        starter = found.pop("starter")
        return Progress(**found, starter=(starter[0], starter[1]) if starter else None)

    def note(self, **values: object) -> Progress:
        """Write down how far we are."""
        made = replace(self.progress(), **values)  # type: ignore[arg-type] # the callers, all in this package, name its fields
        self.give(self.base / "progress.json", json.dumps(asdict(made)), os.getegid(), 0o600)
        return made

    @property
    def bootstrapped(self) -> Path:
        """Stands there once accounts, catalogue and stock were made; holds the versions that the schemas are of."""
        return self.base / "bootstrapped"

    @contextmanager
    def alone(self, *, wait: bool = True) -> Iterator[bool]:
        """One ``up`` or ``down`` at a time; gives whether it is ours.

        Args:
            wait: until the other has ended.
        """
        self.base.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.base, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError:
                yield False
            else:
                yield True
        finally:
            os.close(descriptor)

    # -------------------------------------------------------------------------------------------------------- claim
    def claim(self) -> None:
        """See that no other folder's cloud uses this instance's names.

        Raises:
            CloudElsewhere: one does.
        """
        owner = self.runtime / "owner"
        try:
            holder = owner.read_text(encoding="utf-8")
        except FileNotFoundError:
            self.give(owner, str(self.base), self.user.gid)
            return
        if holder != str(self.base):
            raise CloudElsewhere(
                f"The cloud of instance {self.instance.name} runs from {holder}.",
                instance=self.instance.name,
                folder=holder,
            )


def lay_folder(path: Path, owner: tuple[int, int], mode: int) -> None:
    """Make a folder with that owner (user, group) and mode, following no link.

    Raises:
        Misconfigured: something else stands there.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise Misconfigured(
            f"{path} cannot be used: {error.strerror}.",
            hint="Move what stands there, or choose another IRISPLANE_STATE_DIR.",
        ) from error
    try:
        about = os.fstat(descriptor)
        if (about.st_uid, about.st_gid) != owner:
            os.fchown(descriptor, *owner)
        if about.st_mode & 0o7777 != mode:
            os.fchmod(descriptor, mode)
    finally:
        os.close(descriptor)
