"""Master keys: a file outside the database with several AES-256 keys by id, one of them current.

Every sealed value names its key, so a rotation can go on while everything runs. The associated data binds a value to
its place: a row copied to another tenant, name or version does not open.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core.errors import IrisplaneError, Misconfigured

__all__ = ["KeyFile", "KeyMissing", "Keyring", "Unreadable", "key_of"]

_NONCE: Final = 12
_MAGIC: Final = b"irs1"


class Unreadable(IrisplaneError):
    """A sealed value does not open: altered, moved, or sealed with another key."""

    code = "CORE-121"
    title = "Secret does not open"
    hint = "Set it again with 'irisplane secret set'; if many fail, put the right key file back (docs/secrets.md)."


class KeyMissing(Misconfigured):
    """The key that sealed a value is not in the key file."""

    code = "CORE-122"
    title = "Key missing"
    hint = "Put back the key file that was saved with the backup ('irisplane backup --keys-to')."


@dataclass(frozen=True, slots=True)
class Keyring:
    """The keys of one reading of the file: what seals and opens.

    Attributes:
        path: the file they come from.
        current: id of the key that seals.
    """

    path: Path
    current: str
    _keys: dict[str, bytes] = field(repr=False)

    @classmethod
    def load(cls, path: Path) -> Keyring:
        """Read the key file.

        Raises:
            KeyMissing: there is none.
            Misconfigured: it is readable by others, or it is no key file.
        """
        try:
            mode = stat.S_IMODE(path.stat().st_mode)
            content = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise KeyMissing(f"There is no key file at {path}.", path=str(path)) from None
        except PermissionError:
            raise Misconfigured(
                f"The key file {path} cannot be read by this user.", hint="Run this as the user Irisplane runs as."
            ) from None
        if mode & 0o077:
            raise Misconfigured(f"The key file {path} is open to others (mode {mode:04o}).", hint=f"chmod 600 {path}")
        try:
            data = json.loads(content)
            keys = {name: base64.b64decode(entry["key"], validate=True) for name, entry in data["keys"].items()}
            current = data["current"]
        except (ValueError, KeyError, TypeError, AttributeError):
            raise Misconfigured(
                f"{path} is no key file.", hint="Put back the one saved with the backup; do not make a new one."
            ) from None
        if current not in keys or any(len(key) != 32 for key in keys.values()):
            raise Misconfigured(f"{path} is damaged.", hint="Put back the one saved with the backup.")
        return cls(path, current, keys)

    @property
    def ids(self) -> frozenset[str]:
        """Ids of the keys in the file."""
        return frozenset(self._keys)

    def encrypt(self, plain: bytes, aad: bytes) -> tuple[str, bytes, bytes]:
        """Seal under the current key: its id, the nonce, the sealed bytes."""
        nonce = secrets.token_bytes(_NONCE)
        return self.current, nonce, AESGCM(self._keys[self.current]).encrypt(nonce, plain, aad)

    def decrypt(self, key_id: str, nonce: bytes, sealed: bytes, aad: bytes) -> bytes:
        """Open.

        Raises:
            KeyMissing: that key is not in the file.
            Unreadable: it was altered or moved.
        """
        key = self._keys.get(key_id)
        if key is None:
            raise KeyMissing(f"The master key {key_id} is not in {self.path}.", key_id=key_id)
        try:
            return AESGCM(key).decrypt(nonce, sealed, aad)
        except (InvalidTag, ValueError):  # ValueError: cut so short that no nonce is left
            raise Unreadable("A sealed value does not open: it was altered, or moved from where it belongs.") from None

    def seal(self, plain: bytes, aad: str) -> bytes:
        """Seal into one self-describing value, for a ``bytea`` column of any room.

        Name the column in ``Domain.sealed``, so that a rotation seals it anew, and touch its table in the transaction
        before asking ``KeyFile.ring()``: then no key is dropped between sealing and writing.

        Args:
            aad: where it belongs, ``config:<device id>``; the same text opens it.
        """
        context = aad.encode()
        key_id, nonce, sealed = self.encrypt(plain, _MAGIC + context)
        name = key_id.encode()
        return b"".join([_MAGIC, bytes([len(name)]), name, len(context).to_bytes(2, "big"), context, nonce, sealed])

    def unseal(self, value: bytes, aad: str) -> bytes:
        """Open what ``seal`` made.

        Raises:
            KeyMissing, Unreadable: see ``decrypt``; also when it belongs elsewhere.
        """
        key_id, context, nonce, sealed = _parts(value)
        if context != aad.encode():
            raise Unreadable("A sealed value was found where it does not belong.")
        return self.decrypt(key_id, nonce, sealed, _MAGIC + context)

    def reseal(self, value: bytes) -> bytes:
        """The same content under the current key; unchanged when it already is."""
        key_id, context, nonce, sealed = _parts(value)
        if key_id == self.current:
            return value
        return self.seal(self.decrypt(key_id, nonce, sealed, _MAGIC + context), context.decode())


class KeyFile:
    """The key file of an instance (mode 0600, in a folder of mode 0700).

    Args:
        path: ``Settings.key_file``.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read: tuple[tuple[int, int], Keyring] | None = None

    def ensure(self) -> Keyring:
        """The keyring; the first call on an instance makes the file. An existing one is never overwritten.

        Raises:
            Misconfigured: a file is there and is no good.
        """
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._alone():
            if not self.path.exists():
                new = _new_id()
                self._write(new, {new: _new_key()})
        return self.ring()

    def ring(self) -> Keyring:
        """The keyring as the file is now: another process may have rotated it since we last looked.

        Raises:
            KeyMissing: there is no file.
            Misconfigured: it is readable by others, or damaged.
        """
        try:
            status = self.path.stat()
        except FileNotFoundError:
            raise KeyMissing(f"There is no key file at {self.path}.", path=str(self.path)) from None
        seen = (status.st_ino, status.st_mtime_ns)
        if self._read is None or self._read[0] != seen:
            self._read = (seen, Keyring.load(self.path))
        return self._read[1]

    def seal(self, plain: bytes, aad: str) -> bytes:
        """See ``Keyring.seal``; with the key that is current now."""
        return self.ring().seal(plain, aad)

    def unseal(self, value: bytes, aad: str) -> bytes:
        """See ``Keyring.unseal``."""
        return self.ring().unseal(value, aad)

    def add_key(self) -> Keyring:
        """Put a new current key into the file; the old ones stay."""
        with self._alone():
            new = _new_id()
            self._write(new, {**self._entries(), new: _new_key()})
        return self.ring()

    def drop_keys(self, used: frozenset[str]) -> Keyring:
        """Take out every key that is neither current nor used. The caller makes sure that nobody is sealing with it."""
        with self._alone():
            keep = used | {self.ring().current}
            entries = self._entries()
            if entries.keys() - keep:
                self._write(self.ring().current, {name: entry for name, entry in entries.items() if name in keep})
        return self.ring()

    def _entries(self) -> dict[str, dict[str, str]]:
        self.ring()  # says in our words what is wrong with the file, if anything
        entries = json.loads(self.path.read_text(encoding="utf-8"))["keys"]
        assert isinstance(entries, dict)
        return entries

    def _write(self, current: str, keys: dict[str, dict[str, str]]) -> None:
        """Replace the file in one move, flushed first: a key that sealed something must survive a power cut."""
        beside = self.path.with_suffix(f".{secrets.token_hex(4)}.new")
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            json.dump({"current": current, "keys": keys}, out, indent=2)
            out.flush()
            os.fsync(out.fileno())
        beside.replace(self.path)
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        handle = os.open(self.path.with_suffix(".lock"), os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


def key_of(value: bytes) -> str:
    """Id of the key that sealed a self-describing value."""
    return _parts(value)[0]


def _parts(value: bytes) -> tuple[str, bytes, bytes, bytes]:
    if value[:4] != _MAGIC or len(value) < 8 + _NONCE:
        raise Unreadable("That is no sealed value.")
    end = 5 + value[4]
    start = end + 2 + int.from_bytes(value[end : end + 2], "big")
    nonce_end = start + _NONCE
    return value[5:end].decode("ascii", "replace"), value[end + 2 : start], value[start:nonce_end], value[nonce_end:]


def _new_id() -> str:
    return f"{datetime.now(UTC):%Y%m%d}-{secrets.token_hex(4)}"


def _new_key() -> dict[str, str]:
    return {"key": base64.b64encode(secrets.token_bytes(32)).decode(), "made_at": datetime.now(UTC).isoformat()}
