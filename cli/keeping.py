"""Backup, restore and key rotation, as the service's user: ``python -m cli.keeping`` beside ``irisplane backup``.

The command runs as whoever typed it (root, or the owner of the instance); the database and the keys belong to the
service's user. So the work is done by a process of that user, in folders of its own, and the command carries the
folders to and fro. Asked by one JSON object on standard input; answers with one on standard output.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from core.bringup import Platform, alone
from core.errors import Conflict, InvalidInput, IrisplaneError, NotFound
from core.settings import get_settings

__all__ = ["Refused", "backup", "main", "restore", "rotate"]

_PATIENCE: Final = 3600


class Refused(IrisplaneError):
    """What the service's process refused, in its own words."""

    code = "CLI-110"
    title = "Not done"

    def __init__(self, told: Mapping[str, Any]) -> None:
        super().__init__(str(told.get("message")), hint=str(told.get("hint") or ""))
        self.told = told

    def as_dict(self) -> dict[str, object]:
        """The error as the other process gave it."""
        return dict(self.told)


def backup(out: Path, keys_to: Path) -> dict[str, Any]:
    """Write a backup below ``out`` and its keys below ``keys_to``; gives both folders.

    Raises:
        InvalidInput: the keys would lie with the archive.
        Refused, Unavailable: see ``core.backup.backup``.
    """
    out, keys_to = out.resolve(), keys_to.resolve()
    if out == keys_to or out.is_relative_to(keys_to) or keys_to.is_relative_to(out):
        raise InvalidInput(
            "The keys must not lie with the archive: who finds one must not have the other.",
            hint="Give --keys-to a folder that is neither inside the backup's folder nor around it.",
        )
    platform = _platform()
    with _staging(platform) as staging:
        asked = {"do": "backup", "out": str(staging / "archive"), "keys_to": str(staging / "keys")}
        name = Path(_ask(platform, asked)["folder"]).name
        places = {}
        # the keys first: an archive that is in its place must not be one whose keys were lost on the way
        for what, target in (("keys", keys_to), ("archive", out)):
            target.mkdir(parents=True, exist_ok=True)
            moved = shutil.move(staging / what / name, target / name)
            _give_to_me(Path(moved))
            places[what] = str(moved)
    return places


def restore(folder: Path, keys_from: Path | None) -> dict[str, Any]:
    """Bring a backup back into this instance's empty database; its programs must not run.

    Raises:
        NotFound: a folder is not there.
        Conflict: the programs run.
        Refused, Unavailable: see ``core.backup.restore``.
    """
    for path in (folder, keys_from):
        if path is not None and not path.is_dir():
            raise NotFound(f"There is no folder {path}.", hint="Name one that is there.")
    platform = Platform(get_settings(), create_user=True)
    with alone(platform.instance):  # an 'up' meanwhile would fill the database under our hands
        if any(part.state == "running" and part.name in {"api", "worker"} for part in platform.states()):
            raise Conflict(
                "The region runs here.", hint="'irisplane down' first; a restore needs an empty, stopped instance."
            )
        platform.folders()
        platform.database()
        with _staging(platform) as staging:
            asked: dict[str, Any] = {"do": "restore", "folder": str(_bring(folder, staging / "archive", platform))}
            if keys_from is not None:
                asked["keys_from"] = str(_bring(keys_from, staging / "keys", platform))
            return _ask(platform, asked)


def rotate(reason: str) -> dict[str, Any]:
    """Make a new master key and seal every secret under it."""
    return _ask(_platform(), {"do": "rotate", "reason": reason})


# --------------------------------------------------------------------------------------------- the command's process
def _platform() -> Platform:
    settings = get_settings()
    if not settings.place.state_dir.is_dir():
        raise NotFound("There is no instance here.", hint="'irisplane up' makes one.")
    return Platform(settings, create_user=os.geteuid() == 0)


@contextmanager
def _staging(platform: Platform) -> Iterator[Path]:
    """A folder of the service's user, gone afterwards."""
    folder = platform.instance.state_dir / f"keeping-{uuid4().hex[:12]}"
    for path in (folder, folder / "archive", folder / "keys"):
        path.mkdir(mode=0o700)
        _give_to(platform, path)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _bring(source: Path, target: Path, platform: Platform) -> Path:
    shutil.copytree(source, target, dirs_exist_ok=True)
    for path in (target, *target.rglob("*")):
        _give_to(platform, path)
    return target


def _give_to(platform: Platform, path: Path) -> None:
    if platform.user.apart:
        os.chown(path, platform.user.uid, platform.user.gid, follow_symlinks=False)


def _give_to_me(path: Path) -> None:
    if os.geteuid() == 0:
        for each in (path, *path.rglob("*")):
            os.chown(each, 0, 0, follow_symlinks=False)


def _ask(platform: Platform, asked: Mapping[str, Any]) -> dict[str, Any]:
    said = platform.user.run(
        [sys.executable, "-m", "cli.keeping"], platform.instance, stdin=json.dumps(asked), timeout=_PATIENCE
    )
    answer: dict[str, Any] = json.loads(said)
    if "error" in answer:
        raise Refused(answer["error"])
    return answer


# --------------------------------------------------------------------------------------------- the service's process
def main() -> int:
    """Do what standard input asks for."""
    asked: dict[str, Any] = json.load(sys.stdin)
    done: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
        "backup": _backup,
        "restore": _restore,
        "rotate": _rotate,
    }
    try:
        answer = done[asked["do"]](asked)
    except IrisplaneError as error:
        answer = {"error": error.as_dict()}
    sys.stdout.write(json.dumps(answer, default=str))
    return 0


def _backup(asked: Mapping[str, Any]) -> dict[str, Any]:
    from core import backup as kept
    from core.connect import database

    settings = get_settings()
    places = kept.Places.of(settings.key_file, settings.state_dir)
    opened = database(settings, pool_size=1)
    try:
        folder = kept.backup(
            opened, places, Path(asked["out"]), keys_to=Path(asked["keys_to"]), instance=settings.instance
        )
    finally:
        opened.close()
    return {"folder": str(folder)}


def _restore(asked: Mapping[str, Any]) -> dict[str, Any]:
    from core import backup as kept
    from core.connect import database

    settings = get_settings()
    places = kept.Places.of(settings.key_file, settings.state_dir)
    keys_from = Path(asked["keys_from"]) if "keys_from" in asked else None
    opened = database(settings, pool_size=1)
    try:
        done = kept.restore(opened, places, Path(asked["folder"]), keys_from=keys_from)
    finally:
        opened.close()
    return {
        "made_at": done.manifest.made_at,
        "release": done.manifest.release,
        "intact": done.audit.intact,
        "entries": done.audit.entries,
        "findings": [finding.what for finding in done.audit.findings],
        "notes": list(done.audit.notes),
        "faithful": done.faithful,
        "upgraded": done.upgraded,
        "missing_keys": list(done.missing_keys),
    }


def _rotate(asked: Mapping[str, Any]) -> dict[str, Any]:
    from core.connect import database
    from core.keyring import KeyFile
    from core.rotation import rotate as turn
    from core.scope import EVERY_TENANT, Scope

    settings = get_settings()
    opened = database(settings, pool_size=1)
    try:
        done = turn(opened, KeyFile(settings.key_file), Scope(EVERY_TENANT, reason=str(asked["reason"])))
    finally:
        opened.close()
    return asdict(done)


if __name__ == "__main__":
    sys.exit(main())
