"""What a Terraform state says of itself: serial, lineage, version; its contents are nobody's business here.

Only the outermost object is looked at, and written anew only where a restored version gets a new serial: every value
below keeps the bytes that Terraform sent. A state that OpenTofu encrypted has the same three members and passes.
"""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass
from typing import Final, Self

import msgspec

from datacenter.hosting.terraform_state.errors import NoState

__all__ = ["Document", "unpacked"]

_LARGEST_SERIAL: Final = 2**63 - 1


class _Outermost(msgspec.Struct):
    serial: int
    lineage: str
    version: int | None = None
    terraform_version: str | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """One state as it was sent, ready to be sealed.

    Attributes:
        content: the bytes that were sent, and are given back.
        packed: the same, compressed: what is sealed.
        md5: digest of ``content``, as ``Content-MD5`` carries it.
        serial: counts the alterations of a lineage.
        lineage: tells states apart that never met.
        terraform_version: of the program that wrote it, where it says so.
    """

    content: bytes
    packed: bytes
    md5: bytes
    serial: int
    lineage: str
    terraform_version: str | None

    @classmethod
    def of(cls, content: bytes) -> Self:
        """Read what was sent.

        Raises:
            NoState: it is no state; says what is wrong and never repeats any of it.
        """
        try:
            content.decode("utf-8")
            outermost = msgspec.json.decode(content, type=_Outermost)
        except UnicodeDecodeError:
            raise NoState("The body is not text in UTF-8.") from None
        except msgspec.ValidationError as error:
            raise NoState(f"The body is no Terraform state: {_said(error)}.") from None
        except (msgspec.DecodeError, RecursionError):
            raise NoState("The body is not JSON, or not all of it arrived.") from None
        if not 0 <= outermost.serial < _LARGEST_SERIAL:
            raise NoState("The body is no Terraform state: its serial is out of range.")
        if not 0 < len(outermost.lineage) <= 100 or len(outermost.terraform_version or "") > 50:
            raise NoState("The body is no Terraform state: its lineage or version is none.")
        # whatever becomes a column of text; a state's own strings may hold it
        if "\x00" in outermost.lineage or "\x00" in (outermost.terraform_version or ""):
            raise NoState("The body is no Terraform state: its lineage or version holds a NUL character.")
        digest = hashlib.md5(content, usedforsecurity=False).digest()
        return cls(
            content, zlib.compress(content), digest, outermost.serial, outermost.lineage, outermost.terraform_version
        )

    def with_serial(self, serial: int) -> Self:
        """The same under another serial.

        Terraform believes that a saved plan is fresh while serial and lineage are those it was made on: so what is
        restored must not repeat a serial that was used for something else.
        """
        members = msgspec.json.decode(self.content, type=dict[str, msgspec.Raw])
        members["serial"] = msgspec.Raw(str(serial).encode())
        return self.of(msgspec.json.encode(members))


def unpacked(packed: bytes) -> bytes:
    """The content that was kept."""
    return zlib.decompress(packed)


def _said(error: msgspec.ValidationError) -> str:
    """Which member is missing or of another type; msgspec names types and members, never values."""
    return str(error).replace("Object missing required field", "it lacks").rstrip(".")
