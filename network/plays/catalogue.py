"""Which plays are there, what each takes, and for which hosts it is.

A play that is offered is a playbook of ``playbooks/`` with one role, whose ``meta/argument_specs.yml`` (Ansible's own
form) says what it takes. The role's name stands before each of its variables there; who asks leaves it out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from core.errors import InvalidInput
from core.instance import ROOT

__all__ = ["PLAYBOOKS", "Play", "play", "plays"]

PLAYBOOKS: Final = ROOT / "playbooks"


@dataclass(frozen=True, slots=True)
class Play:
    """A play that is offered.

    Attributes:
        hosts: the pattern over the inventory's groups that says which hosts it is for.
        options: what it takes, by name without the role before it, in the form of Ansible's argument specs.
        digest: SHA-256 over the playbook and all files of its role: what a plan was made with.
    """

    name: str
    title: str
    summary: str
    hosts: str
    role: str
    digest: str
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        """The playbook."""
        return PLAYBOOKS / f"{self.name}.yml"


@cache
def plays() -> tuple[Play, ...]:
    """Every play that is offered, by name."""
    return tuple(filter(None, (_read(path) for path in sorted(PLAYBOOKS.glob("*.yml")))))


def play(name: str, *, pointer: str = "/intent/play") -> Play:
    """A play by its name.

    Raises:
        InvalidInput: there is none of that name.
    """
    for one in plays():
        if one.name == name:
            return one
    known = ", ".join(one.name for one in plays())
    raise InvalidInput(f"There is no play {name!r}.", hint=f"There is: {known}.", pointer=pointer)


def _read(path: Path) -> Play | None:
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(content, list) or len(content) != 1 or len(content[0].get("roles") or ()) != 1:
        return None
    role = str(content[0]["roles"][0]["role"])
    folder = PLAYBOOKS / "roles" / role
    told = yaml.safe_load((folder / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"][
        "main"
    ]
    return Play(
        name=path.stem,
        title=str(content[0]["name"]),
        summary=str(told["short_description"]),
        hosts=str(content[0]["hosts"]),
        role=role,
        digest=_digest(path, folder),
        options={name.removeprefix(f"{role}_"): option for name, option in told["options"].items()},
    )


def _digest(playbook: Path, role: Path) -> str:
    found = hashlib.sha256()
    for path in (playbook, *sorted(one for one in role.rglob("*") if one.is_file())):
        content = path.read_bytes()
        found.update(f"{path.relative_to(PLAYBOOKS)} {len(content)}\n".encode() + content)
    return found.hexdigest()
