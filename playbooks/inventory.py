#!/usr/bin/env python3
"""Ansible dynamic inventory: asks Irisplane which devices there are.

    export IRISPLANE_URL=http://127.0.0.1:8080 IRISPLANE_TOKEN=irp_…
    ansible-inventory -i playbooks/inventory.py --graph
    ansible-playbook -i playbooks/inventory.py playbooks/show_version.yml --limit role_core

``IRISPLANE_SELECT`` narrows it (``role=access,site=TH-21009``). Needs nothing but Python's standard library, so it
can be copied to any desk. It holds no credential: log-in names come with the inventory, passwords from Ansible's own
vault or asking.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request

_PATIENCE = 30


def main(arguments: list[str]) -> int:
    """Print the inventory (``--list``) or the variables of one host (``--host NAME``)."""
    if arguments[:1] == ["--host"]:
        sys.stdout.write("{}\n")  # every host's variables come with --list, under _meta
        return 0
    if arguments != ["--list"]:
        _say(__doc__)
        return 2
    url, token = os.environ.get("IRISPLANE_URL", "http://127.0.0.1:8080"), os.environ.get("IRISPLANE_TOKEN", "")
    if not url.startswith(("http://", "https://")) or not token:
        _say("Set IRISPLANE_URL and IRISPLANE_TOKEN ('irisplane token create' makes one).")
        return 2
    query = urllib.parse.urlencode({"select": os.environ.get("IRISPLANE_SELECT", "all")})
    request = urllib.request.Request(  # noqa: S310 - http and https only, checked above
        f"{url.rstrip('/')}/api/v1/ansible-inventory?{query}", headers={"Authorization": f"Bearer {token}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE) as answer:  # noqa: S310 - as above
            sys.stdout.write(answer.read().decode() + "\n")
    except urllib.error.HTTPError as error:
        _say(_told(error.read()))
        return 1
    except OSError as error:
        _say(f"{url} does not answer: {error}")
        return 1
    return 0


def _say(line: str | None) -> None:
    sys.stderr.write(f"{line}\n")


def _told(body: bytes) -> str:
    """What the API says is wrong, and the way out."""
    try:
        problem = json.loads(body)
        return f"{problem['code']}: {problem['detail']} {problem.get('hint', '')}".strip()
    except (ValueError, KeyError, TypeError):
        return "The API refused, without saying why."


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
