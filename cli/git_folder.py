"""Configurations in a git folder: one file a device, a commit when something differs."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from core.errors import Conflict, Unavailable

__all__ = ["keep"]

_MARK: Final = ".irisplane-export"


def keep(folder: Path, texts: Mapping[str, bytes], *, commit: bool) -> dict[str, int]:
    """Write the files, take away those of devices that are gone, commit; gives how many there are and were altered.

    Raises:
        Conflict: the folder holds something that we did not write.
        Unavailable: git is not installed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    mark = folder / _MARK
    if not mark.exists() and any(entry.name != ".git" for entry in folder.iterdir()):
        raise Conflict(f"{folder} holds other things.", hint="Choose an empty folder, or one that this command made.")
    mark.write_text("Written by 'irisplane config export'; files here are replaced.\n", encoding="utf-8")
    before = {path.name: path.read_bytes() for path in folder.glob("*.conf")}
    for name in before.keys() - texts.keys():
        (folder / name).unlink()
    for name, text in texts.items():
        if before.get(name) != text:
            (folder / name).write_bytes(text)
    altered = sum(before.get(name) != text for name, text in texts.items()) + len(before.keys() - texts.keys())
    if commit:
        _commit(folder, altered)
    return {"files": len(texts), "altered": altered}


def _commit(folder: Path, altered: int) -> None:
    if not (folder / ".git").is_dir():
        _git(folder, ["init", "--quiet"])
    _git(folder, ["add", "--all", "."])
    if _git(folder, ["status", "--porcelain"]):
        who = ["-c", "user.name=Irisplane", "-c", "user.email=irisplane@localhost", "-c", "commit.gpgsign=false"]
        _git(folder, [*who, "commit", "--quiet", "--no-verify", "-m", f"{altered} configurations altered"])


def _git(folder: Path, arguments: Sequence[str]) -> str:
    # hooks, attributes and the like of whoever runs this have no say in an export
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    try:
        done = subprocess.run(
            ["git", "-c", "core.hooksPath=/dev/null", *arguments],
            cwd=folder, env=environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
    except FileNotFoundError:
        raise Unavailable("git is not installed.", hint="Install it, or leave committing out: --no-commit.") from None
    except subprocess.CalledProcessError as error:
        raise Unavailable(
            f"git {arguments[0]} failed: {error.stderr.strip()}", hint="--no-commit leaves it out."
        ) from None
    return done.stdout
