"""SSH public keys: which ones are taken, how they are told apart, and how they come into the cloud.

A key belongs to an administration. Nova wants it with the account that makes a server, so ``ensure`` puts it there when
a server asks for it; its name in Nova holds the fingerprint, so another key of the same name is another key there.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_ssh_public_key

from datacenter.hosting import cloud
from datacenter.hosting.networks.errors import KeyRefused

if TYPE_CHECKING:
    from openstack.connection import Connection

__all__ = ["PublicKey", "ensure", "parse"]

_LEAST_RSA_BITS: Final = 2048
_MOST_RSA_BITS: Final = 16384
_LONGEST: Final = 8192
_LONGEST_COMMENT: Final = 256
_TYPES: Final = (
    "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa",
    "sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com",
)  # fmt: skip
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_WAY_OUT: Final = "Send the one line of the .pub file that 'ssh-keygen -t ed25519' makes."


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key that was taken.

    Attributes:
        line: type and base64, as OpenSSH writes them, without the comment.
        algorithm: ``ed25519``, ``ecdsa`` or ``rsa``.
        fingerprint: ``SHA256:…``, as ``ssh-keygen -l`` shows it.
    """

    line: str
    comment: str
    algorithm: str
    bits: int
    fingerprint: str


def parse(text: str) -> PublicKey:
    """A public key in the one-line form of OpenSSH.

    Raises:
        KeyRefused: it is a private key (which is never repeated), several keys, has options in front, or is too weak.
    """
    if "PRIVATE KEY" in text or text.lstrip().startswith(("-----BEGIN", "PuTTY-User-Key-File")):
        raise _refused("This is a private key, or not in the form of OpenSSH. Keep private keys to yourself.")
    line = text.strip(" \t\r\n")
    if not line:
        raise _refused("The key is empty.")
    if len(line) > _LONGEST:
        raise _refused(f"The key is longer than {_LONGEST} characters.")
    if "\n" in line or "\r" in line:
        raise _refused("There is more than one line; one key is one line.")
    if _CONTROL.search(line):
        raise _refused("The key holds characters that cannot be shown.")
    kind, _, rest = line.partition(" ")
    encoded, _, comment = rest.strip().partition(" ")
    if kind not in _TYPES:
        raise _refused(_about_kind(kind, rest))
    if len(comment.strip()) > _LONGEST_COMMENT:
        raise _refused(f"The comment is longer than {_LONGEST_COMMENT} characters.")
    blob = _decoded(encoded)
    algorithm, bits = _judged(f"{kind} {encoded}")
    digest = base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
    return PublicKey(f"{kind} {encoded}", comment.strip(), algorithm, bits, f"SHA256:{digest}")


def ensure(connection: Connection, name: str, key: PublicKey) -> str:
    """The name of the key in Nova for the account of this connection; it is put there when it is not.

    Raises:
        CloudSilent, CloudRefused: the cloud could not say, or said no.
    """
    from openstack import exceptions as sdk

    with cloud.speaking(f"Putting the SSH key {name!r} into the cloud"):
        called = in_cloud(name, key.fingerprint)
        if connection.compute.find_keypair(called, ignore_missing=True) is not None:
            return called
        try:
            connection.compute.create_keypair(name=called, public_key=key.line)
        except sdk.ConflictException:
            # Another order put it there meanwhile, or the cloud has no room for it: only the first is as we want it.
            if connection.compute.find_keypair(called, ignore_missing=True) is None:
                raise
        return called


def in_cloud(name: str, fingerprint: str) -> str:
    """What a key is called in Nova: readable, and never the name of another key."""
    plain = re.sub(r"[^A-Za-z0-9_-]", "_", name)[:64]
    return f"{plain}-{hashlib.sha256(fingerprint.encode()).hexdigest()[:12]}"


def _refused(sentence: str) -> KeyRefused:
    return KeyRefused(sentence, pointer="/public_key")


def _about_kind(kind: str, rest: str) -> str:
    if kind == "ssh-dss":
        return "DSA keys are too weak. " + _WAY_OUT
    if "-cert-v01@" in kind:
        return "This is a certificate, not a key. " + _WAY_OUT
    if any(f"{known} " in f"{rest} " or f" {known}" in f" {rest}" for known in _TYPES):
        return "There are options in front of the key; send type, key and comment alone."
    return f"The line does not begin with a known type of key ({', '.join(_TYPES)}). " + _WAY_OUT


def _decoded(encoded: str) -> bytes:
    try:
        blob = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        blob = b""
    if not blob or base64.b64encode(blob).decode() != encoded:
        raise _refused("The part after the type is not base64; it may have been cut off or wrapped.")
    return blob


def _judged(line: str) -> tuple[str, int]:
    """Algorithm and bits of a key that is strong enough."""
    try:
        key = load_ssh_public_key(line.encode("ascii"))
    except (ValueError, UnsupportedAlgorithm, TypeError):
        raise _refused("The key cannot be read: its parts do not fit together, or it was cut off.") from None
    if isinstance(key, ed25519.Ed25519PublicKey):
        return "ed25519", 256
    if isinstance(key, ec.EllipticCurvePublicKey):
        return "ecdsa", key.key_size
    if isinstance(key, rsa.RSAPublicKey):
        if not _LEAST_RSA_BITS <= key.key_size <= _MOST_RSA_BITS:
            raise _refused(
                f"An RSA key of {key.key_size} bits is not taken: from {_LEAST_RSA_BITS} to {_MOST_RSA_BITS} are."
            )
        return "rsa", key.key_size
    if isinstance(key, dsa.DSAPublicKey):
        raise _refused("DSA keys are too weak. " + _WAY_OUT)
    raise _refused("This kind of key is not taken. " + _WAY_OUT)
