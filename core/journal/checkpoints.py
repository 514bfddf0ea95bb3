"""Signed checkpoints of the chain, kept in a file outside the database.

Whoever can rewrite the database can rewrite the chain from any point on; he cannot rewrite what was signed (Ed25519)
to a file that only the service's user may write, better still one that is copied elsewhere. A checkpoint says: at this
time, entry ``seq`` had this hash. Each line also holds the hash of the line before, so a line cannot be taken out of
the middle.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from core.errors import Misconfigured
from core.settings import Settings

__all__ = ["Checkpoint", "CheckpointFile", "Signer", "public_keys"]

CheckpointKind = Literal["checkpoint", "restore"]
_FIRST: Final = "0" * 64


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One signed line.

    Attributes:
        kind: ``checkpoint``; or ``restore``: from here on the chain continues after ``seq``, older lines beyond it are
            history that a restored backup did not have.
        previous: SHA-256 (hex) of the line before.
        key: id of the signing key.
    """

    seq: int
    hash: str
    at: str
    kind: CheckpointKind
    previous: str
    key: str
    signature: str

    def signed_text(self) -> bytes:
        """What the signature is over."""
        data = {name: value for name, value in asdict(self).items() if name != "signature"}
        return json.dumps(data, sort_keys=True, separators=(",", ":")).encode()

    def line(self) -> str:
        """The line as it stands in the file."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))

    def genuine(self, keys: Mapping[str, Ed25519PublicKey]) -> bool:
        """Whether one of our keys signed it."""
        key = keys.get(self.key)
        try:
            if key is not None:
                key.verify(base64.b64decode(self.signature), self.signed_text())
                return True
        except (InvalidSignature, ValueError):
            pass
        return False


class Signer:
    """The key that signs checkpoints: a file of mode 0600 beside the master key.

    Args:
        path: made by the first call; an existing one is never overwritten.
    Raises:
        Misconfigured: it is no key file.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            _write_new(path, json.dumps({"ed25519": base64.b64encode(os.urandom(32)).decode()}))
        try:
            raw = base64.b64decode(json.loads(path.read_text(encoding="utf-8"))["ed25519"], validate=True)
            self._key = Ed25519PrivateKey.from_private_bytes(raw)
        except (ValueError, KeyError, TypeError):
            raise Misconfigured(f"{path} is no signing key.", hint="Put back the one saved with the backup.") from None
        self.public = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.id = hashlib.sha256(self.public).hexdigest()[:16]

    def sign(self, text: bytes) -> str:
        """The signature, base64."""
        return base64.b64encode(self._key.sign(text)).decode()


class CheckpointFile:
    """``<state>/audit/checkpoints.jsonl``, and beside it the public keys that verify it.

    Args:
        path: the file; made when the first line is written.
        signer: ``None``: read only.
    """

    def __init__(self, path: Path, signer: Signer | None = None) -> None:
        self.path = path
        self._signer = signer

    @classmethod
    def of(cls, settings: Settings, *, signing: bool = False) -> CheckpointFile:
        """The checkpoints of an instance; ``signing`` opens, or makes, the key that signs them."""
        signer = Signer(settings.key_file.with_name("journal.json")) if signing else None
        return cls(settings.state_dir / "audit" / "checkpoints.jsonl", signer)

    @property
    def keys_path(self) -> Path:
        """Where the public keys are."""
        return self.path.with_name("journal-keys.json")

    def read(self) -> list[Checkpoint]:
        """Every complete line, oldest first. A torn last line (power cut while writing) was never a checkpoint.

        Raises:
            Misconfigured: a line is no checkpoint.
        """
        if not self.path.exists():
            return []
        out = []
        for number, line in enumerate(self._whole_lines(), start=1):
            try:
                out.append(Checkpoint(**json.loads(line)))
            except (ValueError, TypeError):
                raise Misconfigured(
                    f"Line {number} of {self.path} is no checkpoint.", hint="Compare the file with its copy elsewhere."
                ) from None
        return out

    def append(self, seq: int, hash_: bytes, *, kind: CheckpointKind = "checkpoint") -> Checkpoint:
        """Sign and append; on disk when this returns."""
        assert self._signer is not None, "opened for reading only"
        self.path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        self._publish_key()
        with self.path.open("ab+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            lines = self._whole_lines()
            file.truncate(sum(len(line) + 1 for line in lines))
            unsigned = Checkpoint(
                seq=seq,
                hash=hash_.hex(),
                at=datetime.now(UTC).isoformat(),
                kind=kind,
                previous=hashlib.sha256(lines[-1]).hexdigest() if lines else _FIRST,
                key=self._signer.id,
                signature="",
            )
            made = Checkpoint(**{**asdict(unsigned), "signature": self._signer.sign(unsigned.signed_text())})
            file.write(made.line().encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        return made

    def faults(self, keys: Mapping[str, Ed25519PublicKey]) -> list[str]:
        """What is wrong with the file itself: forged lines, lines taken out."""
        out, previous = [], _FIRST
        for number, line in enumerate(self._whole_lines() if self.path.exists() else [], start=1):
            point = Checkpoint(**json.loads(line))
            if not point.genuine(keys):
                out.append(f"checkpoint line {number} (entry {point.seq}) was not signed by a key of ours")
            if point.previous != previous:
                out.append(f"a line before checkpoint line {number} (entry {point.seq}) was altered or taken out")
            previous = hashlib.sha256(line).hexdigest()
        return out

    def _whole_lines(self) -> list[bytes]:
        return self.path.read_bytes().split(b"\n")[:-1]

    def _publish_key(self) -> None:
        assert self._signer is not None
        known = json.loads(self.keys_path.read_text(encoding="utf-8")) if self.keys_path.exists() else {}
        if self._signer.id not in known:
            known[self._signer.id] = base64.b64encode(self._signer.public).decode()
            beside = self.keys_path.with_suffix(".new")
            beside.write_text(json.dumps(known, indent=2), encoding="utf-8")
            beside.replace(self.keys_path)


def public_keys(path: Path) -> dict[str, Ed25519PublicKey]:
    """The public keys of ``journal-keys.json``; nothing when there is no such file.

    Raises:
        Misconfigured: it is no such file, or a key does not belong to its id.
    """
    if not path.exists():
        return {}
    try:
        given = {name: base64.b64decode(key) for name, key in json.loads(path.read_text(encoding="utf-8")).items()}
        keys = {name: Ed25519PublicKey.from_public_bytes(key) for name, key in given.items()}
    except (ValueError, AttributeError, TypeError):
        raise Misconfigured(f"{path} holds no public keys.") from None
    if any(hashlib.sha256(key).hexdigest()[:16] != name for name, key in given.items()):
        raise Misconfigured(f"{path} was altered: a key does not belong to its id.")
    return keys


def _write_new(path: Path, content: str) -> None:
    """Make a file whole or not at all; when somebody else was quicker, theirs stays."""
    beside = path.with_suffix(f".{secrets.token_hex(4)}.new")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        with suppress(FileExistsError):
            os.link(beside, path)  # unlike a move, never over one that is there
    finally:
        beside.unlink()
