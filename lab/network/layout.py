"""Where a lab keeps its things on disk: folders, state, credentials."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Literal, TypedDict, cast

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from core.instance import Instance

__all__ = ["Credentials", "Cut", "Layout", "LogIn", "Snmp", "State", "host_key_in", "write_whole"]


def write_whole(path: Path, text: str, mode: int = 0o644, owner: tuple[int, int] | None = None) -> None:
    """Write a file so that a reader sees the old text or the new one, never half, and never with wider rights."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        if owner is not None:
            os.fchown(descriptor, *owner)
        os.fchmod(descriptor, mode)
        file.write(text)
    draft.replace(path)


class LogIn(TypedDict):
    """An account on every router of the lab."""

    username: str
    password: str


class Snmp(TypedDict):
    """How every router of the lab answers SNMP: v2c by community, v3 by SHA-256 and AES."""

    community: str
    v3_user: str
    v3_auth: str
    v3_privacy: str


class Credentials(TypedDict):
    """What opens the lab's routers; random per lab. Kept in ``<state>/lab/credentials.json``, mode 0600.

    ``irisplane`` is the account drivers use (a shell), ``admin`` is for people (``vtysh``), ``ops`` is the one of plays
    (a shell and sudo). ``host_keys`` holds each router's and each host's public host key as in a ``known_hosts`` file,
    without the name.
    """

    irisplane: LogIn
    admin: LogIn
    ops: LogIn
    snmp: Snmp
    host_keys: dict[str, str]


@dataclass(frozen=True, slots=True)
class Cut:
    """A fibre that somebody cut: with loss of light (``dark``), or so that neither end notices (``silent``); or only
    ``bent``, so that it loses ``loss_db`` more."""

    a: str
    b: str
    how: Literal["dark", "silent", "bent"] = "dark"
    loss_db: float = 0.0


@dataclass(frozen=True, slots=True)
class State:
    """What the lab should look like: its size, and the faults put into it."""

    size: int = 0
    cuts: tuple[Cut, ...] = field(default=())
    off: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Layout:
    """The folders of one instance's lab."""

    instance: Instance

    @property
    def base(self) -> Path:
        """Everything of the lab lies below it."""
        return self.instance.state_dir / "lab"

    @property
    def credentials_file(self) -> Path:
        """See :class:`Credentials`."""
        return self.base / "credentials.json"

    def router(self, name: str) -> Path:
        """A router's own folder: its disk (``etc``, ``log``, ``snmp``) and the script that starts it."""
        return self.base / "routers" / name

    def host(self, name: str) -> Path:
        """A lab host's own folder: its disk (``etc``, ``var``, ``log``) and the script that starts it."""
        return self.base / "hosts" / name

    # ------------------------------------------------------------------------------------------------------- state
    def read_state(self) -> State:
        """The wanted state; of size 0 when there is no lab."""
        try:
            raw = json.loads((self.base / "network.json").read_text())
        except FileNotFoundError:
            return State()
        return State(raw["size"], tuple(Cut(**cut) for cut in raw["cuts"]), tuple(raw["off"]))

    def write_state(self, state: State) -> None:
        """Remember the wanted state."""
        write_whole(self.base / "network.json", json.dumps(asdict(state), indent=1) + "\n")

    def forget_state(self) -> None:
        """There is no lab any more."""
        (self.base / "network.json").unlink(missing_ok=True)

    def change_state(self, **values: object) -> State:
        """Replace fields of the wanted state and remember it."""
        state = replace(self.read_state(), **values)  # type: ignore[arg-type] # names and types are checked by the frozen dataclass's callers, which are all in this package
        self.write_state(state)
        return state

    @contextmanager
    def lock(self) -> Iterator[None]:
        """One up, down or fault at a time."""
        self.base.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.base / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    # ------------------------------------------------------------------------------------------------- credentials
    def credentials(self) -> Credentials:
        """The lab's credentials, made when first asked for.

        Raises:
            PermissionError: asked by somebody who may not know them.
        """
        try:
            known: dict[str, object] = json.loads(self.credentials_file.read_text())
        except FileNotFoundError:
            known = {
                "irisplane": {"username": "irisplane", "password": secrets.token_urlsafe(18)},
                "admin": {"username": "admin", "password": secrets.token_urlsafe(18)},
                "snmp": {
                    "community": secrets.token_urlsafe(12),
                    "v3_user": "irisplane",
                    "v3_auth": secrets.token_urlsafe(18),
                    "v3_privacy": secrets.token_urlsafe(18),
                },
                "host_keys": {},
            }
        made = cast("Credentials", known)
        if "ops" not in known:  # a new lab, or one that was made before there were plays
            made["ops"] = {"username": "ops", "password": secrets.token_urlsafe(18)}
            self.write_credentials(made)
        return made

    def write_credentials(self, credentials: Credentials) -> None:
        """Keep the credentials, for the eyes of this user only."""
        write_whole(self.credentials_file, json.dumps(credentials, indent=1) + "\n", 0o600)

    def host_key(self, router: str) -> tuple[str, str]:
        """A router's own SSH host key, private (OpenSSH) and public; made once, then it stays."""
        return host_key_in(self.router(router) / "etc")


def host_key_in(etc: Path) -> tuple[str, str]:
    """The SSH host key of whoever has this ``/etc``, private (OpenSSH) and public; made once, then it stays."""
    path = etc / "ssh" / "ssh_host_ed25519_key"
    public_path = path.with_suffix(".pub")
    if path.exists() and public_path.exists():
        return path.read_text(), public_path.read_text().strip()
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    write_whole(path, private, 0o600)
    write_whole(public_path, public + "\n")
    return private, public
