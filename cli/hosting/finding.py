"""Which thing is meant: by its id, or by its name in a project of one's own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from cli.client import Client
from cli.errors import ApiProblem, WrongUse
from core.errors import NotFound

__all__ = ["FLOATING_ADDRESS", "KEY", "NETWORK", "PROJECT", "SECURITY_GROUP", "SERVER", "SNAPSHOT", "VOLUME",
           "Noun", "find", "is_id", "project_of"]  # fmt: skip

_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Noun:
    """A kind of thing in a project.

    Attributes:
        word: as the command line calls it.
        said: as a sentence calls it.
        path: of its list in the API.
        name: which field holds the name that people use.
        in_project: whether its names are unique in a project only.
    """

    word: str
    said: str
    path: str
    name: str = "name"
    in_project: bool = True

    @property
    def several(self) -> str:
        """More than one, or none."""
        return self.said + ("es" if self.said.endswith("s") else "s")

    def at(self, found: dict[str, Any]) -> str:
        """The address of one."""
        return f"{self.path}/{quote(str(found['id']), safe='')}"


PROJECT: Final = Noun("project", "project", "/api/v1/projects", "code", in_project=False)
SERVER: Final = Noun("server", "server", "/api/v1/servers")
VOLUME: Final = Noun("volume", "volume", "/api/v1/volumes")
SNAPSHOT: Final = Noun("snapshot", "snapshot", "/api/v1/snapshots")
NETWORK: Final = Noun("network", "network", "/api/v1/networks")
SECURITY_GROUP: Final = Noun("security-group", "security group", "/api/v1/security-groups")
FLOATING_ADDRESS: Final = Noun("floating-ip", "floating address", "/api/v1/floating-addresses", "address")
KEY: Final = Noun("key", "SSH key", "/api/v1/ssh-keys")


def is_id(given: str) -> bool:
    """Whether this is an id rather than a name."""
    return _UUID.fullmatch(given) is not None


def project_of(found: Mapping[str, Any]) -> str:
    """Code of the project in which a thing stands."""
    project = found.get("project")
    return str(project.get("code") if isinstance(project, Mapping) else project or "")


def find(client: Client, noun: Noun, given: str, *, project: str | None = None, **filters: Any) -> dict[str, Any]:
    """The one that is meant.

    Args:
        given: an id, or a name.
        project: code of the project in which to look; in all of one's own when absent.
        filters: of the list, beside the name.
    Raises:
        NotFound: there is none, or it is somebody else's.
        WrongUse: several have this name.
    """
    if is_id(given):
        try:
            one: dict[str, Any] = client.get(f"{noun.path}/{given.lower()}")
        except ApiProblem as problem:
            if problem.status == 404:
                raise _none(noun, given) from None
            raise
        return one
    asked: dict[str, Any] = {noun.name: given, **filters}
    asked |= {"project": project} if noun.in_project else {}
    found: list[dict[str, Any]] = [one for one in client.items(noun.path, **asked) if str(one[noun.name]) == given]
    found = [one for one in found if one.get("status") != "vanished"] or found  # what is lost keeps no name
    if not found:
        raise _none(noun, given)
    if len(found) > 1:
        places = ", ".join(sorted({project_of(one) for one in found}))
        raise WrongUse(
            f"{len(found)} {noun.several} are named {given!r} (projects: {places}).",
            hint="Say which with --project, or name its id.",
        )
    return found[0]


def _none(noun: Noun, given: str) -> NotFound:
    return NotFound(
        f"There is no {noun.said} {given!r}, or it is not yours.", hint=f"'irisplane {noun.word} list' shows yours."
    )
