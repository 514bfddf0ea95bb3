"""`irisplane_ssh_key`: a public key that opens servers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from datacenter.terraform.fields import Field, length, public_line
from datacenter.terraform.noun import ID, Noun, State

__all__ = ["SshKey"]


class SshKey(Noun):
    """A public key of the administration. It is never altered: another key is another thing."""

    name: ClassVar = "ssh_key"
    collection: ClassVar = "/api/v1/ssh-keys"
    description: ClassVar = "A public SSH key of the administration, for servers in any of its projects."
    fields: ClassVar = (
        ID,
        Field("name", "text", "What servers call it by.", "must", replace=True, check=length(1, 64)),
        Field("public_key", "text", "The one line of a `.pub` file.", "must", replace=True, check=public_line),
        Field("algorithm", "text", "`ed25519`, `ecdsa` or `rsa`."),
        Field("bits", "number", "Length of the key."),
        Field("fingerprint", "text", "As `ssh-keygen -l` shows it."),
        Field("comment", "text", "What stands behind the key in its line."),
    )

    def state(self, found: Mapping[str, Any], before: State) -> State:
        """The line as the configuration has it while it is the same key: Irisplane keeps its comment apart."""
        told = super().state(found, before)
        if _key(str(before.get("public_key") or "")) == _key(str(found["public_key"])):
            told["public_key"] = before["public_key"]
        elif found.get("comment"):
            told["public_key"] = f"{found['public_key']} {found['comment']}"
        return told


def _key(line: str) -> list[str]:
    return line.split()[:2]
