"""Which API, as whom, shown how: what ``--url``, ``--profile``, ``--json`` and the environment say.

These options stand anywhere on the line, also at its end. A profile is looked up in the person's own file
(``~/.config/irisplane/cli.json``) and then in that of the instance on this machine.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cli.errors import WrongUse
from core.errors import Denied, Unauthenticated
from core.instance import Instance

__all__ = ["Access", "Session", "access_of", "current", "take_options"]

_DEFAULT_PROFILE = "engineer"
_WITH_VALUE = {"--profile": "profile", "--url": "url"}
_FLAGS = {"--json": "as_json", "--no-color": "plain", "--quiet": "quiet"}


@dataclass(slots=True)
class Session:
    """The options of this run."""

    profile: str = ""
    url: str = ""
    as_json: bool = False
    plain: bool = False
    quiet: bool = False
    line: tuple[str, ...] = ()
    """The command without these options, as it was typed."""


@dataclass(frozen=True, slots=True)
class Access:
    """Where the API is and what opens it."""

    url: str
    token: str
    profile: str
    authority: str = ""
    """File with the certificate to trust beside those of this system: the profile's ``ca``."""

    def __repr__(self) -> str:
        return f"<access to {self.url} as {self.profile}>"


current = Session()
"""The options of the command that runs now."""


def take_options(arguments: Sequence[str]) -> list[str]:
    """Take the options that every command knows off the line; what follows ``--`` is left alone.

    Raises:
        WrongUse: an option lacks its value.
    """
    current.profile, current.url, current.as_json, current.plain, current.quiet = "", "", False, False, False
    rest: list[str] = []
    waiting = list(arguments)
    while waiting:
        word = waiting.pop(0)
        name, equals, value = word.partition("=")
        if word == "--":
            rest += [word, *waiting]
            break
        if word in _FLAGS:
            setattr(current, _FLAGS[word], True)
        elif name in _WITH_VALUE:
            if not equals:
                if not waiting:
                    raise WrongUse(f"{name} needs a value.")
                value = waiting.pop(0)
            setattr(current, _WITH_VALUE[name], value)
        else:
            rest.append(word)
    current.line = tuple(rest)
    return rest


def access_of(session: Session) -> Access:
    """Where to go and as whom.

    Raises:
        Unauthenticated: no token for that profile is known here.
        Denied: the file with the profiles belongs to somebody else.
        WrongUse: the address is no web address, or would carry the token in the open.
    """
    name = session.profile or os.environ.get("IRISPLANE_PROFILE") or _DEFAULT_PROFILE
    url = session.url or os.environ.get("IRISPLANE_URL") or ""
    token = "" if session.profile else os.environ.get("IRISPLANE_TOKEN") or ""
    authority = ""
    if not token or not url:
        known = _profile(name, must=not token)
        token = token or str(known.get("token", ""))
        url = url or str(known.get("url", ""))
        authority = str(known.get("ca", ""))
    if not url:
        url = f"http://127.0.0.1:{Instance.current().api_port}"
    _check(url)
    return Access(url.rstrip("/"), token, name, authority)


def files() -> list[Path]:
    """Where profiles are looked for, first one first."""
    home = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return [home / "irisplane" / "cli.json", Instance.current().state_dir / "credentials" / "cli.json"]


def _profile(name: str, *, must: bool) -> dict[str, Any]:
    known: list[str] = []
    for path in files():
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            continue
        except PermissionError:
            if not must:
                continue
            raise Denied(
                f"{path} cannot be read by this user.",
                hint="Use the user who ran 'make up', or set IRISPLANE_URL and IRISPLANE_TOKEN.",
            ) from None
        except ValueError:
            raise WrongUse(f"{path} is no file of profiles.", hint="'irisplane up' writes it anew.") from None
        profiles = content.get("profiles", {})
        if name in profiles:
            return {"url": content.get("url", ""), "ca": content.get("ca", ""), **profiles[name]}
        known += profiles
    if not must:
        return {}
    there = f"There are: {', '.join(sorted(set(known)))}." if known else "'irisplane up' makes the first ones here."
    raise Unauthenticated(
        f"No profile {name!r} is known on this machine.", hint=f"{there} Or set IRISPLANE_URL and IRISPLANE_TOKEN."
    )


def _check(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise WrongUse(f"{url!r} is no web address.", hint="For example https://irisplane.example.org.")
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise WrongUse(f"{url} would carry the token in the open.", hint="Use https beyond this machine.")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
