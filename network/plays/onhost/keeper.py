"""What runs on a host beside a play: keeps the files that it will alter, lets one play at a time in, puts files back.

Sent to the host's Python at each use, as root; an order on standard input, an answer on standard output, both JSON.

A play's modules run under ``<run>/<epoch>/python3``, which this program makes. Whoever enters with a newer epoch takes
the older one's away, after the module that is under way: so the play of a worker that was frozen and replaced stops at
its next task, whatever it believes.
"""

from __future__ import annotations

import contextlib
import fcntl
import grp
import hashlib
import json
import os
import pwd
import shutil
import stat
import sys
import time

TYPE_CHECKING = False  # what typing would say, without loading it
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    Order = dict[str, Any]
    State = dict[str, str]
    Manifest = dict[str, Any]

KEPT = "/var/lib/irisplane/plays"
RUN = "/run/irisplane/plays"
MOST = 20
LARGEST = 16 * 1024 * 1024


class Refusal(Exception):
    """An order that cannot be obeyed; ``code`` is known at the other end."""

    def __init__(self, code: str, message: str, **fields: Any) -> None:
        super().__init__(message)
        self.code = code
        self.fields = fields


# ------------------------------------------------------------------------------------------------------- what is there
def state(path: str) -> State:
    """What stands at a path: kind, rights, and content by its digest."""
    try:
        found = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return {"kind": "absent"}
    told = {"mode": f"{stat.S_IMODE(found.st_mode):04o}", "owner": owner(found.st_uid), "group": group(found.st_gid)}
    if stat.S_ISLNK(found.st_mode):
        return {"kind": "link", "to": os.readlink(path)}
    if stat.S_ISDIR(found.st_mode):
        return {"kind": "folder", **told}
    if not stat.S_ISREG(found.st_mode):
        return {"kind": "other", **told}
    if found.st_size > LARGEST:
        raise Refusal("large", f"{path} is larger than {LARGEST} bytes")
    with open(path, "rb") as file:
        return {"kind": "file", **told, "sha256": hashlib.sha256(file.read()).hexdigest()}


def owner(uid: int) -> str:
    """An account's name, or its number."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def group(gid: int) -> str:
    """A group's name, or its number."""
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def states(paths: Sequence[str]) -> dict[str, State]:
    """What stands at each of these."""
    return {path: state(path) for path in paths}


# --------------------------------------------------------------------------------------------------------------- fence
def enter(order: Order) -> dict[str, Any]:
    """Let this epoch's play in and nobody older; whether it was let in before, so that it is a run taken up again."""
    os.makedirs(RUN, 0o755, exist_ok=True)
    os.makedirs(KEPT, 0o700, exist_ok=True)
    epoch = int(order["epoch"])
    with locked(float(order["patience"])):
        seen = max([int(name) for name in os.listdir(RUN) if name.isdigit()] + [remembered()])
        if epoch < seen:
            raise Refusal("fenced", f"epoch {epoch} is older than {seen}", epoch=epoch, seen=seen)
        for name in os.listdir(RUN):
            if name.isdigit() and int(name) < epoch:
                shutil.rmtree(os.path.join(RUN, name))
        write(os.path.join(KEPT, "epoch"), str(epoch).encode(), 0o600)
        folder = os.path.join(RUN, str(epoch))
        os.makedirs(folder, 0o755, exist_ok=True)
        program = os.path.join(folder, "python3")
        # The lock is held for as long as the module lives: who takes the host over waits for it.
        text = (
            f"#!/bin/sh\nexec 9<{RUN}/lock\nflock -s 9 || exit 75\n[ -e {program} ] || exit 75\n"
            'exec /usr/bin/python3 "$@"\n'
        )
        write(program, text.encode(), 0o755)
        manifest = read_manifest(order["change"])
        again = bool(manifest and manifest.get("begun"))
        if manifest:
            manifest["begun"] = True
            write_manifest(order["change"], manifest)
    return {"python": program, "again": again}


def remembered() -> int:
    """The newest epoch that was ever let in; a restart of the host does not forget it."""
    try:
        with open(os.path.join(KEPT, "epoch")) as file:
            return int(file.read())
    except (FileNotFoundError, ValueError):
        return 0


@contextlib.contextmanager
def locked(patience: float) -> Iterator[None]:
    """Nobody's module runs meanwhile."""
    descriptor = os.open(os.path.join(RUN, "lock"), os.O_RDWR | os.O_CREAT, 0o644)
    os.fchmod(descriptor, 0o644)
    end = time.monotonic() + patience
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise Refusal("busy", f"another play has been at work for {patience:.0f} s") from None
                time.sleep(0.05)
        yield
    finally:
        os.close(descriptor)


# ---------------------------------------------------------------------------------------------------------------- kept
def keep(order: Order) -> dict[str, Any]:
    """Keep what stands at these paths, once for a change: asked again, the first keeping stands."""
    os.makedirs(KEPT, 0o700, exist_ok=True)
    manifest = read_manifest(order["change"])
    if manifest is None:
        folder = os.path.join(KEPT, order["change"])
        draft = folder + ".draft"
        shutil.rmtree(draft, ignore_errors=True)
        os.makedirs(draft, 0o700)
        before = states(order["paths"])
        for number, path in enumerate(order["paths"]):
            if before[path]["kind"] == "file":
                shutil.copyfile(path, os.path.join(draft, str(number)))
                os.chmod(os.path.join(draft, str(number)), 0o600)
        manifest = {"paths": order["paths"], "before": before, "begun": False, "after": None}
        write(os.path.join(draft, "manifest.json"), json.dumps(manifest).encode(), 0o600)
        os.rename(draft, folder)
        forget_old()
    return {"before": manifest["before"]}


def settle(order: Order) -> dict[str, Any]:
    """It stays: remember how it is now, so that taking it back later can see whether anybody altered it since."""
    manifest = read_manifest(order["change"])
    if manifest is None:
        raise Refusal("gone", "nothing was kept of this change")
    if manifest["after"] is None:
        manifest["after"] = states(manifest["paths"])
        write_manifest(order["change"], manifest)
    return {"after": manifest["after"]}


def look(order: Order) -> dict[str, Any]:
    """What was kept of a change, and what stands there now."""
    manifest = read_manifest(order["change"])
    if manifest is None:
        raise Refusal("gone", "nothing is kept of this change any more")
    return {"before": manifest["before"], "after": manifest["after"], "now": states(manifest["paths"])}


def put_back(order: Order) -> dict[str, Any]:
    """Every file as it was kept: content, rights, or its absence."""
    manifest = read_manifest(order["change"])
    if manifest is None:
        raise Refusal("gone", "nothing is kept of this change any more")
    folder = os.path.join(KEPT, order["change"])
    restored = []
    # Folders first, from the top; what was not there goes last, from the bottom.
    for number, path in sorted(enumerate(manifest["paths"]), key=lambda one: one[1].count("/")):
        before = manifest["before"][path]
        if before["kind"] in ("absent", "other") or state(path) == before:
            continue
        restore(path, before, os.path.join(folder, str(number)))
        restored.append(path)
    for path in sorted(manifest["paths"], key=lambda one: -one.count("/")):
        if manifest["before"][path]["kind"] == "absent" and os.path.lexists(path):
            take_away(path)
            restored.append(path)
    left = [path for path in manifest["paths"] if state(path) != manifest["before"][path]]
    return {"restored": restored, "left": left}


def restore(path: str, before: State, kept: str) -> None:
    """One path as it was."""
    if before["kind"] == "link":
        if os.path.lexists(path):
            os.unlink(path)
        os.symlink(before["to"], path)
        return
    uid, gid, mode = (
        number_of(before["owner"], pwd.getpwnam),
        number_of(before["group"], grp.getgrnam),
        int(before["mode"], 8),
    )
    if before["kind"] == "folder":
        os.makedirs(path, mode, exist_ok=True)
        os.chown(path, uid, gid)
        os.chmod(path, mode)
        return
    with open(kept, "rb") as file:
        write(path, file.read(), mode, uid, gid)


def take_away(path: str) -> None:
    """What was not there; a folder only when nothing else came into it."""
    if os.path.isdir(path) and not os.path.islink(path):
        with contextlib.suppress(OSError):
            os.rmdir(path)
    else:
        os.unlink(path)


def number_of(name: str, find: Callable[[str], Any]) -> int:
    """The number of an account or group by its name."""
    if name.isdigit():
        return int(name)
    try:
        found = find(name)
    except KeyError:
        return 0
    return int(found[2])


def forget_old() -> None:
    """Only so many changes are kept."""
    folders = [os.path.join(KEPT, name) for name in os.listdir(KEPT)]
    folders = sorted((one for one in folders if os.path.isdir(one)), key=lambda one: -os.path.getmtime(one))
    for old in folders[MOST:]:
        shutil.rmtree(old, ignore_errors=True)


def read_manifest(change: str) -> Manifest | None:
    """What was kept of a change, or nothing."""
    try:
        with open(os.path.join(KEPT, change, "manifest.json")) as file:
            found: Manifest = json.load(file)
            return found
    except FileNotFoundError:
        return None


def write_manifest(change: str, manifest: Manifest) -> None:
    """Write it whole."""
    write(os.path.join(KEPT, change, "manifest.json"), json.dumps(manifest).encode(), 0o600)


def write(path: str, content: bytes, mode: int, uid: int = 0, gid: int = 0) -> None:
    """A reader sees the old file or the new one, and never wider rights."""
    draft = f"{path}.irisplane-{os.getpid()}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fchown(descriptor, uid, gid)
        os.fchmod(descriptor, mode)
        os.fsync(descriptor)
    os.replace(draft, path)


def guarded(act: Callable[[Order], dict[str, Any]]) -> Callable[[Order], dict[str, Any]]:
    """Under the lock, and for the newest epoch alone."""

    def obey(order: Order) -> dict[str, Any]:
        entered = enter(order)
        with locked(float(order["patience"])):
            return {**act(order), "python": entered["python"]}

    return obey


ORDERS = {
    "states": lambda order: {"states": states(order["paths"])},
    "keep": keep,
    "enter": enter,
    "settle": settle,
    "look": look,
    "put back": guarded(put_back),
}


def main() -> None:
    """Obey one order."""
    order = json.loads(sys.stdin.read())
    try:
        said: dict[str, Any] = {"ok": ORDERS[order["do"]](order)}
    except Refusal as refusal:
        said = {"refused": refusal.code, "message": str(refusal), **refusal.fields}
    except OSError as error:
        said = {"refused": "os", "message": f"{error.strerror or error}: {error.filename or ''}"}
    sys.stdout.write(json.dumps(said))


if __name__ == "__main__":
    main()
