"""Run the lab's identity provider: its packages, its configuration, its process.

``oidc-provider`` from npm, on Node 18 or newer; ``npm ci`` brings its packages once, into a folder that git ignores.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from core.errors import Unavailable
from core.instance import ROOT

__all__ = ["FOLDER", "Clients", "absent", "configuration", "install", "listens", "ready"]

FOLDER: Final = ROOT / "lab" / "oidc"
PEOPLE: Final = FOLDER / "people.json"

_OLDEST_NODE: Final = 18
_PATIENCE: Final = 30.0
_INSTALLING: Final = 300.0


@dataclass(frozen=True, slots=True)
class Clients:
    """What the provider knows of Irisplane.

    Attributes:
        urls: where people reach Irisplane; each gets its callback.
        machines: client id → secret, for access tokens by client credentials.
        resource: the audience of machines' tokens.
        scopes: of Irisplane, that machines may ask for.
    """

    urls: Sequence[str]
    secret: str
    machines: Mapping[str, str]
    resource: str
    scopes: Sequence[str]


def absent() -> str | None:
    """Why the provider cannot run here, or ``None``."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return f"{'node' if node is None else 'npm'} is not installed"
    said = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=30, check=False).stdout.strip()
    major = said.removeprefix("v").partition(".")[0]
    if not major.isdecimal() or int(major) < _OLDEST_NODE:
        return f"node is {said or 'of no version'}; the identity provider needs {_OLDEST_NODE} or newer"
    return None


def install() -> bool:
    """Bring the provider's packages, unless they are what the lock file says; give whether anything was brought.

    Raises:
        Unavailable: npm could not.
    """
    lock = FOLDER / "package-lock.json"
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    stamp = FOLDER / "node_modules" / ".made-from"
    with lock.open("rb") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)  # two at once wait for each other
        if stamp.is_file() and stamp.read_text(encoding="ascii") == wanted:
            return False
        line = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"]
        try:
            done = subprocess.run(
                line,
                cwd=FOLDER,
                capture_output=True,
                text=True,
                timeout=_INSTALLING,
                check=False,
                stdin=subprocess.DEVNULL,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Unavailable(f"npm could not bring the identity provider: {error}") from error
        if done.returncode != 0:
            raise Unavailable(f"npm could not bring the identity provider: {done.stderr.strip()[-1000:]}")
        stamp.write_text(wanted, encoding="ascii")
        return True


def configuration(port: int, clients: Clients, people: Path, *, access_token_seconds: int = 600) -> dict[str, Any]:
    """What ``server.mjs`` reads."""
    issuer = f"http://127.0.0.1:{port}"
    web = {
        "client_id": "irisplane",
        "client_secret": clients.secret,
        "redirect_uris": [f"{url}/sign-in/lab/callback" for url in clients.urls],
        "post_logout_redirect_uris": [f"{url}/sign-in" for url in clients.urls],
        "backchannel_logout_uri": f"{clients.urls[0]}/sign-in/lab/signed-out",
        "backchannel_logout_session_required": True,
        "grant_types": ["authorization_code"],
        "response_types": ["code"],
    }
    machines = [
        {"client_id": name, "client_secret": secret, "redirect_uris": [], "response_types": [],
         "grant_types": ["client_credentials"]}
        for name, secret in clients.machines.items()
    ]  # fmt: skip
    return {
        "port": port,
        "issuer": issuer,
        "people": str(people),
        "resources": [clients.resource, f"{issuer}/another-resource"],
        "resource_scopes": " ".join(clients.scopes),
        "access_token_seconds": access_token_seconds,
        "clients": [web, *machines],
    }


def issuers_file(port: int, clients: Clients, secret_file: Path) -> str:
    """The file that makes Irisplane take this provider's word: JSON is YAML as well."""
    entry = {
        "name": "lab",
        "label": "the lab",
        "issuer": f"http://127.0.0.1:{port}",
        "client_id": "irisplane",
        "client_secret_file": str(secret_file),
        "scopes": ["openid", "profile", "email", "groups"],
        "resource": clients.resource,
        "tenants": {"21009": "commune-21009", "21016": "commune-21016", "region": "paradigm"},
        "roles": {
            "irisplane-engineers": "engineer",
            "irisplane-leads": "network-lead",
            "irisplane-platform": "platform-manager",
            "agency-admins": "agency-admin",
            "agency-users": "agency-user",
        },
    }
    return json.dumps({"issuers": [entry]}, indent=2) + "\n"


def new_secret() -> str:
    """A client's secret."""
    return secrets.token_urlsafe(32)


def listens(port: int) -> bool:
    """Whether something listens there."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def ready(port: int, alive: Callable[[], bool], log: Path) -> None:
    """Wait until the provider listens.

    Raises:
        Unavailable: it ended, or took too long; with the end of its log.
    """
    until = time.monotonic() + _PATIENCE
    while alive() and time.monotonic() < until:
        if listens(port):
            return
        time.sleep(0.05)
    said = log.read_text(encoding="utf-8", errors="replace")[-1000:] if log.is_file() else ""
    raise Unavailable(f"The identity provider does not listen on port {port}. {said}".strip())


def command(config: Path) -> list[str]:
    """The command line of the provider."""
    return [shutil.which("node") or "node", "--no-deprecation", str(FOLDER / "server.mjs"), str(config)]


def environment() -> dict[str, str]:
    """Its environment: nothing of ours."""
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": "/nonexistent", "LANG": "C.UTF-8"}
