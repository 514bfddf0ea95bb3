"""Backup, restore and key rotation of the instance on this machine, each half by the user whose it is.

The database's archive is written and read by whoever calls (root may be the role ``owner``). Keys and checkpoints
belong to the user Irisplane runs as: what is done with them runs as that user, ``python -m core.upkeep``, told over a
pipe.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.backup import Manifest, Places, Restored, backup, files_of, read_manifest, restore_database, settle
from core.connect import database
from core.errors import IrisplaneError
from core.journal.verify import Finding, Report
from core.keyring import KeyFile
from core.rotation import Rotation, rotate
from core.scope import EVERY_TENANT, Scope
from core.service_user import ServiceUser
from core.settings import Settings, get_settings

__all__ = ["backup_here", "restore_here", "rotate_here"]


def backup_here(settings: Settings, out_dir: Path, *, keys_to: Path) -> Path:
    """Back this instance up; gives the new folder. See ``core.backup.backup``."""
    opened = database(settings, pool_size=1)
    try:
        places = Places.of(settings.key_file, settings.state_dir)
        return backup(opened, places, out_dir, keys_to=keys_to, instance=settings.instance)
    finally:
        opened.close()


def restore_here(settings: Settings, user: ServiceUser, folder: Path, *, keys_from: Path | None) -> Restored:
    """Restore into this instance, whose server runs, whose database is empty and whose programs do not run.

    See ``core.backup.restore``.
    """
    manifest = read_manifest(folder)
    files = files_of(folder, keys_from)
    opened = database(settings, pool_size=1)
    try:
        upgraded = restore_database(opened, manifest, folder)
    finally:
        opened.close()
    answer = _as_service(user, settings, {"do": "settle", "manifest": asdict(manifest), "files": files})
    audit = dict(answer["audit"])
    audit["findings"] = tuple(Finding(**each) for each in audit["findings"])
    audit["notes"] = tuple(audit["notes"])
    return Restored(manifest, Report(**audit), tuple(answer["missing_keys"]), answer["faithful"], upgraded)


def rotate_here(settings: Settings, user: ServiceUser, reason: str) -> Rotation:
    """Give this instance a new master key; the programs may run meanwhile. See ``core.rotation.rotate``."""
    answer = _as_service(user, settings, {"do": "rotate", "reason": reason})
    return Rotation(answer["key_id"], answer["resealed"], tuple(answer["dropped"]), answer["resumed"])


def _as_service(user: ServiceUser, settings: Settings, request: dict[str, Any]) -> dict[str, Any]:
    said = user.run([sys.executable, "-m", "core.upkeep"], settings.place, stdin=json.dumps(request), timeout=3600)
    answer: dict[str, Any] = json.loads(said)
    return answer


def main() -> int:
    """Do what standard input asks and answer on standard output; what goes wrong goes to standard error, status 1."""
    request = json.load(sys.stdin)
    try:
        settings = get_settings()
        opened = database(settings, pool_size=1)
        if request["do"] == "rotate":
            scope = Scope(EVERY_TENANT, request_id="key rotation", reason=request["reason"])
            done: Rotation | Restored = rotate(opened, KeyFile(settings.key_file), scope)
        else:
            places = Places.of(settings.key_file, settings.state_dir)
            done = settle(opened, places, Manifest(**request["manifest"]), request["files"], upgraded=False)
        opened.close()
    except IrisplaneError as error:
        sys.stderr.write(f"{error.message}\n{error.hint}\n")
        return 1
    sys.stdout.write(json.dumps(asdict(done)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
