"""What servers need of a cloud: few verbs, each safe to ask again where its docstring says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from core.secrets import SecretValue
from datacenter.hosting.servers.wire import Seen

__all__ = ["Action", "ImageSeen", "ServerCloud", "ServerOrder"]

Action = Literal["start", "stop", "soft-reboot", "hard-reboot", "confirm-resize", "revert-resize"]


@dataclass(frozen=True, slots=True)
class ServerOrder:
    """A server to be made; ids are the cloud's.

    Attributes:
        tag: what marks it as ours.
        user_data: as the person wrote it; encoded on the way.
    """

    tag: str
    name: str
    image: str
    flavor: str
    networks: tuple[str, ...]
    key_name: str = ""
    security_groups: tuple[str, ...] = ()
    user_data: SecretValue | None = None
    zone: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ImageSeen:
    """An image of the project's own."""

    id: str
    name: str
    status: str
    size: int
    made_at: str
    properties: Mapping[str, Any]


class ServerCloud(Protocol):
    """The servers of one project, as its own account sees them.

    Every verb raises ``CloudSilent`` (no answer: it may have happened), ``CloudLacks`` (it is not there) or
    ``CloudRefused`` (it did not happen; the sentence says why).
    """

    def find(self, tag: str) -> Sequence[Seen]:
        """Every server with this tag, the oldest first."""
        ...

    def get(self, server: str) -> Seen:
        """A server as it is now."""
        ...

    def create(self, order: ServerOrder) -> Seen:
        """Begin to make one. Not safe to ask again: look for its tag first."""
        ...

    def act(self, server: str, action: Action) -> None:
        """Begin something that the server's status shows."""
        ...

    def resize(self, server: str, flavor: str) -> None:
        """Begin to give it another size; it waits to be confirmed."""
        ...

    def rebuild(self, server: str, image: str) -> None:
        """Begin to make it anew from an image; addresses and name stay."""
        ...

    def rename(self, server: str, name: str) -> None:
        """Give it another name; safe to ask again."""
        ...

    def mark(self, server: str, tags: Sequence[str], metadata: Mapping[str, str]) -> None:
        """Let these be its tags and its metadata; safe to ask again."""
        ...

    def delete(self, server: str) -> None:
        """Begin to delete it; safe to ask again, and nothing when it is not there."""
        ...

    def interfaces(self, server: str) -> Mapping[str, str]:
        """Its ports by the id of their network."""
        ...

    def plug(self, server: str, network: str) -> None:
        """Attach it to a network. Not safe to ask again: look at its interfaces first."""
        ...

    def unplug(self, server: str, port: str) -> None:
        """Begin to detach a port; nothing when it is not there."""
        ...

    def console(self, server: str, lines: int) -> str:
        """The last lines that it wrote on its console."""
        ...

    def console_address(self, server: str) -> str:
        """An address where its serial console can be typed at; it holds a key of its own that runs out."""
        ...

    def snapshot(self, server: str, name: str, mark: str) -> str:
        """Begin to keep its disk as an image; gives the image's id. Not safe to ask again: look for the mark first."""
        ...

    def images(self, server: str | None = None) -> Sequence[ImageSeen]:
        """The project's own images, or those that were made of one server."""
        ...

    def delete_image(self, image: str) -> None:
        """Delete an image of the project's own; nothing when it is not there."""
        ...

    def image_id(self, chosen: Mapping[str, str]) -> str:
        """The newest usable image with these properties, or the one whose ``id`` is given.

        Raises:
            CloudLacks: there is none (any more).
        """
        ...
