"""`irisplane key`: the public SSH keys that open your servers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from cyclopts import App

from cli import output
from cli.asking import read_text
from cli.client import connect
from cli.errors import WrongUse
from cli.hosting.finding import KEY, find
from cli.hosting.looking import list_all, show_one
from cli.hosting.ordering import Manner, Order, place

__all__ = ["app"]

app = App(name="key", help="Public SSH keys that open your servers.")
_HOW = Manner()

_PRIVATE: Final = re.compile(r"PRIVATE KEY|^PuTTY-User-Key-File|^SSHSECRET", re.MULTILINE)
_PUBLIC: Final = re.compile(r"(?:ssh|ecdsa|sk)-[\w@.-]+ [A-Za-z0-9+/]+={0,3}(?: .*)?")
_MOST: Final = 16_384


@app.command(name="list")
def list_() -> None:
    """The keys of your administration."""
    columns = {"name": "key", "algorithm": "kind", "bits": "bits", "fingerprint": "fingerprint", "comment": "comment"}
    list_all(KEY, columns)


@app.command
def show(name: str) -> None:
    """One key.

    Args:
        name: its name or id.
    """
    show_one(KEY, name)


@app.command
def add(name: str, *, file: Path, how: Manner = _HOW) -> None:
    """Bring a public key in, ~/.ssh/id_ed25519.pub.

    Args:
        name: how it is called here.
        file: with the public key; - for standard input.
    """
    body = {"name": name, "public_key": _public_key(file)}
    with connect() as client:
        place(
            client,
            Order(KEY.path, body, certain=True, named=(KEY, name)),
            how,
            shown=lambda made: output.say(f"{made['name']} is here: {made['fingerprint']}"),
        )


@app.command
def delete(name: str, *, how: Manner = _HOW) -> None:
    """Forget a key. Servers that were made with it keep it.

    Args:
        name: its name or id.
    """
    with connect() as client:
        found = find(client, KEY, name)
        question = f"Forget the key {found['name']}? Servers that were made with it keep it."
        place(client, Order(KEY.at(found), method="DELETE", match=found, question=question), how)


def _public_key(file: Path) -> str:
    """The public key in a file. Nothing of a private one is shown, kept or sent.

    Raises:
        WrongUse: it is a private key, or no key.
    """
    text = read_text(file.expanduser()).strip()
    if _PRIVATE.search(text):
        raise WrongUse(
            f"{file} holds a private key: it was not sent.",
            hint=f"Give the public one beside it, {file}.pub. A private key never leaves the desk of its owner.",
        )
    if len(text) > _MOST or not _PUBLIC.fullmatch(text):
        raise WrongUse(
            f"{file} holds no public SSH key.",
            hint="One line such as 'ssh-ed25519 AAAA… comment'; ssh-keygen makes it.",
        )
    return text
