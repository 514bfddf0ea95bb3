"""What is refused about servers. Codes 120 to 139.

::

    NotFound
    └── NoSuchServer         HST-120  no such server, or not yours
    Conflict
    ├── WrongStatus          HST-121  as it is now, this cannot be done with it
    ├── Protected            HST-122  it is protected against deletion
    └── NoConsole            HST-127  its console cannot be had here
    InvalidInput
    ├── NameRefused          HST-123  a name that is no host name
    ├── UserDataTooLong      HST-124  more user data than the cloud takes
    ├── NoSuchNetwork        HST-125  the project has no such network
    └── NothingToImport      HST-128  nothing of that id stands in the project without being known here
"""

from __future__ import annotations

from core.errors import Conflict, InvalidInput, NotFound

__all__ = [
    "NameRefused",
    "NoConsole",
    "NoSuchNetwork",
    "NoSuchServer",
    "NothingToImport",
    "Protected",
    "UserDataTooLong",
    "WrongStatus",
]


class NoSuchServer(NotFound):
    """No such server, or not yours."""

    code = "HST-120"
    title = "No such server"
    hint = "'irisplane server list' shows yours."


class WrongStatus(Conflict):
    """As the server is now, this cannot be done with it."""

    code = "HST-121"
    title = "Not in this status"
    hint = "Wait until it is in the status that the sentence names, or bring it there, and ask again."


class Protected(Conflict):
    """The server is protected against deletion."""

    code = "HST-122"
    title = "Protected"
    hint = "'irisplane server unprotect' lifts it; then ask again."


class NameRefused(InvalidInput):
    """A server's name is a host name: 1 to 63 of a-z, 0-9 and '-', neither first nor last a '-'."""

    code = "HST-123"
    title = "Not a host name"
    hint = "Use 1 to 63 of a-z, 0-9 and '-', and begin and end with a letter or a digit: web-1."


class UserDataTooLong(InvalidInput):
    """More user data than the cloud takes: 49,149 bytes before they are encoded."""

    code = "HST-124"
    title = "Too much user data"
    hint = "Keep a short script that fetches the rest, or put the rest into an image."


class NoSuchNetwork(InvalidInput):
    """The project has no such network."""

    code = "HST-125"
    title = "No such network"
    hint = "'irisplane network list' shows those of the project; each has 'private'."


class NoConsole(Conflict):
    """The server's console cannot be had here."""

    code = "HST-127"
    title = "No console"
    hint = "'irisplane server console' shows what it wrote there; not every cloud offers an address to type at."


class NothingToImport(InvalidInput):
    """Nothing of that id stands in the project without being known here already."""

    code = "HST-128"
    title = "Nothing to import"
    hint = "'irisplane project show' lists the servers in the cloud that are not ours, seen a minute ago at most."
