"""Under which user does Irisplane run, and how is a program started as that user?

As root, everything but the lab runs as the system user ``irisplane``, in a mount namespace of its own where the clone
lies below a closed home (``core.private_view``). Not as root, everything runs as the caller.

Folders are laid so that root never follows a link which the service could have planted: ``var/`` belongs to root, is
group-writable and sticky; what root writes or reads there (``lab``, ``credentials``) it made itself, before the service
first ran.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import Misconfigured, Unavailable
from core.instance import ROOT, Instance
from core.masking import mask
from core.settings import READ_ELSEWHERE

__all__ = ["NAME", "ServiceUser", "lay_folders", "place_file", "service_user"]

NAME = "irisplane"

_OF_SERVICE = ("log", "home", "tmp", "prometheus")
_OF_CALLER = ("credentials", "lab")


@dataclass(frozen=True, slots=True)
class ServiceUser:
    """Who runs the programs.

    Attributes:
        name: log-in name; the PostgreSQL identity map names it.
        uid: user id.
        gid: primary group id.
        apart: it is another user than the caller (we are root).
    """

    name: str
    uid: int
    gid: int
    apart: bool

    def command(
        self,
        argv: Sequence[str],
        *,
        instance: Instance | None = None,
        needs: Sequence[Path] = (),
        die_with_parent: bool = False,
    ) -> list[str]:
        """The command line that runs ``argv`` as this user, with everything it must read within reach.

        Args:
            argv: the program and its arguments; as root, a path below the clone or the Python prefix.
            instance: whose state and runtime folders the program needs.
            needs: further folders.
            die_with_parent: the program is interrupted when the process that starts it dies.
        """
        if not self.apart:
            return list(argv)
        wanted = [*_code_folders(), *needs]
        if instance:
            wanted += [instance.state_dir, instance.runtime_dir]
        line = [sys.executable, "-m", "core.private_view", "--cwd", str(ROOT)]
        for path in wanted:
            line += ["--need", str(path)]
        if die_with_parent:
            line.append("--die-with-parent")
        return [*line, self.name, "--", *argv]

    def environment(self, instance: Instance, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """The environment of a program: our own settings, the folders of the instance, and little else.

        Nothing is inherited but our settings, the time zone, and how certificates are trusted here; in particular not
        the token that the caller's command line sends.
        """
        kept = {
            key: value
            for key, value in os.environ.items()
            if (key.startswith("IRISPLANE_") and key not in READ_ELSEWHERE)
            or key in {"TZ", "SSL_CERT_FILE", "SSL_CERT_DIR"}
        }
        bin_dir = Path(sys.executable).parent
        return {
            **kept,
            "PATH": f"{bin_dir}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": str(instance.state_dir / "home"),
            "TMPDIR": str(instance.state_dir / "tmp"),
            "USER": self.name,
            "LOGNAME": self.name,
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
            "IRISPLANE_INSTANCE": instance.name,
            "IRISPLANE_STATE_DIR": str(instance.state_dir),
            "IRISPLANE_RUNTIME_DIR": str(instance.runtime_dir),
            **(extra or {}),
        }

    def run(
        self,
        argv: Sequence[str],
        instance: Instance,
        *,
        needs: Sequence[Path] = (),
        stdin: str = "",
        timeout: float = 120,
    ) -> str:
        """Run a program to its end as this user and give its output.

        Raises:
            Unavailable: it could not be started, failed, or took longer than ``timeout`` seconds.
        """
        line = self.command(argv, instance=instance, needs=needs)
        try:
            done = subprocess.run(
                line,
                input=stdin,
                capture_output=True,
                text=True,
                timeout=timeout,
                cwd=ROOT,
                env=self.environment(instance),
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Unavailable(f"{Path(argv[0]).name} could not be run as {self.name}: {error}") from error
        if done.returncode != 0:
            said = (done.stderr.strip() or done.stdout.strip() or f"exit code {done.returncode}")[-2000:]
            raise Unavailable(f"{Path(argv[0]).name} failed as user {self.name}: {mask(said)}")
        return done.stdout


def service_user(*, create: bool = False, name: str = NAME) -> ServiceUser:
    """The user under whom the programs run.

    Args:
        create: make the system user when it is absent (root only).
        name: another system user, for programs that ours must not be able to touch.
    Raises:
        Misconfigured: we are root, the user is absent, and it was not to be made or could not be; or we are a user
            without a name.
    """
    if os.geteuid() != 0:
        try:
            me = pwd.getpwuid(os.geteuid())
        except KeyError:
            raise Misconfigured(
                f"User id {os.geteuid()} has no name on this machine, and PostgreSQL knows people by their names.",
                hint="Run this as a user that /etc/passwd names, or add a line for this id.",
            ) from None
        return ServiceUser(me.pw_name, me.pw_uid, me.pw_gid, apart=False)
    entry = _lookup(name)
    if entry is None and create:
        _add_system_user(name)
        entry = _lookup(name)
    if entry is None:
        raise Misconfigured(
            f"There is no system user '{name}'.",
            hint=f"'make up' makes it as root; by hand: useradd --system --user-group --no-create-home {name}",
        )
    if entry.pw_uid == 0:
        raise Misconfigured(
            f"The system user '{name}' is root itself.", hint=f"Remove the user '{name}' and run 'make up' again."
        )
    return ServiceUser(name, entry.pw_uid, entry.pw_gid, apart=True)


def lay_folders(instance: Instance, user: ServiceUser) -> None:
    """Make the folders of an instance with the owners and modes they must have. Idempotent.

    Raises:
        Misconfigured: a folder exists and belongs to somebody else, or the disk refuses.
    """
    caller = (os.geteuid(), os.getegid())
    service = (user.uid, user.gid)
    if instance.state_dir.is_relative_to(ROOT / "var") and instance.state_dir != ROOT / "var":
        # Parents that we make ourselves are passable, so that only the clone's own ancestors may be closed.
        _folder(ROOT / "var", (caller[0], user.gid), 0o1775 if user.apart else 0o755)
        _folder(instance.state_dir.parent, caller, 0o755)
    _folder(instance.state_dir, (caller[0], user.gid), 0o1775 if user.apart else 0o700)
    for name in _OF_SERVICE:
        _folder(instance.state_dir / name, service, 0o700)
    for name in _OF_CALLER:
        _folder(instance.state_dir / name, caller, 0o700)
    if user.apart:
        _folder(instance.runtime_dir.parent, caller, 0o755)
    _folder(instance.runtime_dir, (caller[0], user.gid), 0o1770 if user.apart else 0o700)


def place_file(path: Path, text: str, user: ServiceUser, *, private: bool = False) -> bool:
    """Write a file of ours that the programs may read but not alter; give whether it differs from what was there.

    With ``private`` the programs may not read it either. It appears whole or not at all, and no link that stands in its
    place is followed.
    """
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    made = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            out.write(text)
            if user.apart and not private:
                os.fchown(out.fileno(), os.geteuid(), user.gid)
                os.fchmod(out.fileno(), 0o640)
        same = path.is_file() and not path.is_symlink() and path.read_text(encoding="utf-8") == text
        made.rename(path)
    except BaseException:
        made.unlink(missing_ok=True)
        raise
    return not same


def _folder(path: Path, owner: tuple[int, int], mode: int) -> None:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise Misconfigured(
            f"{path} cannot be used: {error.strerror}.",
            hint="Move what stands there, or choose another IRISPLANE_STATE_DIR.",
        ) from error
    try:
        about = os.fstat(descriptor)
        if (about.st_uid, about.st_gid) != owner:
            if os.geteuid() != 0:
                raise Misconfigured(
                    f"{path} belongs to {_name_of(about.st_uid)}.",
                    hint="It was made by another user: run as that user, or let that user run 'make clean'.",
                )
            os.fchown(descriptor, *owner)
        if about.st_mode & 0o7777 != mode:
            os.fchmod(descriptor, mode)
    finally:
        os.close(descriptor)


def _code_folders() -> list[Path]:
    """What a program must read to run at all: the clone, the virtual environment, and the Python beneath it."""
    found = {ROOT, Path(sys.prefix), Path(sys.base_prefix), Path(sys.base_prefix).resolve()}
    link = Path(sys.executable)
    for _ in range(8):  # each name on the way of links must exist in the view
        if not link.is_symlink():
            break
        link = Path(os.path.normpath(link.parent / link.readlink()))
        if not link.is_relative_to(sys.prefix):
            found.add(link.parent.parent)
    return sorted(path for path in found if path not in {Path("/"), Path("/usr")})


def _add_system_user(user: str) -> None:
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if useradd is None:
        raise Misconfigured("useradd is not installed.", hint=f"Make a system user '{user}' by hand.")
    nologin = shutil.which("nologin", path="/usr/sbin:/sbin:/usr/bin:/bin") or "/bin/false"
    done = subprocess.run(
        [
            useradd,
            "--system",
            "--user-group",
            "--no-create-home",
            "--home-dir",
            "/nonexistent",
            "--shell",
            nologin,
            user,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0 and _lookup(user) is None:  # two instances may have asked at once: the second finds it made
        raise Misconfigured(f"The system user '{user}' could not be made: {done.stderr.strip()}")


def _lookup(user: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(user)
    except KeyError:
        return None


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
