"""`irisplane up | down | status | logs | doctor | backup | restore | worker | clean`: what acts on this machine."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from cli import output, session
from cli.errors import FAILED, Ended, WrongUse

__all__ = ["backup", "clean", "doctor", "down", "logs", "restore", "status", "up", "worker"]

_WELL = {"running", "skipped"}


def _tell(text: str) -> None:
    """Progress, for people; programs get it on standard error."""
    stream = sys.stderr if session.current.as_json else sys.stdout
    if not session.current.quiet:
        stream.write(text)
        stream.flush()


def up() -> None:
    """Bring the region up on this machine, and leave it running. Again: nothing changes."""
    from cli import local

    local.up(_tell)
    if session.current.as_json:
        output.give([part.as_dict() for part in local.status()], lambda: None)


def down() -> None:
    """Stop everything of this instance; what was stored stays."""
    from cli import local

    stopped = local.down(_tell)
    if session.current.as_json:
        output.give({"stopped": stopped}, lambda: None)


def status() -> None:
    """Every part of this instance, and whether it runs; the exit code is 1 when one does not."""
    from cli import local

    parts = local.status()
    rows = [part.as_dict() for part in parts]
    shown = [{**row, "since": output.local_time(row["since"])} for row in rows]
    columns = {"name": "part", "state": "state", "since": "since", "detail": ""}
    output.give(rows, lambda: output.table(shown, columns))
    # the cloud comes up behind a region that serves already
    if any(part.state not in _WELL and (part.name, part.state) != ("cloud", "starting") for part in parts):
        raise Ended(FAILED)


def logs(
    name: str | None = None,
    *,
    lines: Annotated[int, Parameter(name=["--lines", "-n"])] = 50,
    follow: Annotated[bool, Parameter(name=["--follow", "-f"], negative="")] = False,
) -> None:
    """The last lines of a part's log; without a name, which logs there are.

    Args:
        lines: how many.
        follow: go on until interrupted.
    """
    from cli import local

    if name is None:
        names = local.log_names()
        output.give(names, lambda: output.say("\n".join(names) or "No logs yet: nothing was started."))
        return
    for line in local.logs(name, lines=lines, follow=follow):
        sys.stdout.write(output.clean(line.rstrip("\n")) + "\n")
        if follow:
            sys.stdout.flush()


def doctor() -> None:
    """What is wrong on this machine, and how to mend it; the exit code is 1 when something is."""
    from cli import local

    found = local.doctor()
    rows = [asdict(one) for one in found]
    columns = {"name": "looked at", "verdict": "verdict", "detail": "seen", "hint": "how to mend it"}
    output.give(rows, lambda: output.table([{**row, "verdict": str(row["verdict"])} for row in rows], columns))
    if any(str(one.verdict) == "fail" for one in found):
        raise Ended(FAILED)


def backup(
    folder: Path, *, keys_to: Annotated[Path, Parameter(help="Folder for the keys, on another medium if you can.")]
) -> None:
    """Write a backup of database and journal below FOLDER; the region goes on meanwhile."""
    from cli import keeping

    places = keeping.backup(folder, keys_to)
    output.give(
        places,
        lambda: output.facts([("archive", places["archive"]), ("keys", f"{places['keys']} (keep them apart)")]),
    )


def restore(folder: Path, *, keys_from: Path | None = None) -> None:
    """Bring a backup back into an empty, stopped instance, and verify its journal.

    Args:
        folder: the one with manifest.json in it.
        keys_from: the folder with that backup's keys.
    """
    from cli import keeping

    done = keeping.restore(folder, keys_from)

    def shown() -> None:
        intact = (
            f"intact, {done['entries']} entries" if done["intact"] else "NOT intact: " + "; ".join(done["findings"])
        )
        output.facts(
            [
                ("backup of", done["made_at"]),
                ("journal", intact),
                ("as backed up", "yes" if done["faithful"] else "no"),
                ("schema", "brought forward" if done["upgraded"] else "as it is"),
                ("keys missing", ", ".join(done["missing_keys"])),
                ("notes", "\n".join(done["notes"])),
            ]
        )
        output.say("'irisplane up' starts the region again.")

    output.give(done, shown)
    if not done["intact"] or done["missing_keys"]:
        raise Ended(FAILED)


def worker() -> None:
    """Carry out changes in this process until interrupted: one more worker for the region.

    Root steps down to the service's user first.
    """
    from core.bringup import Platform
    from core.instance import ROOT
    from core.settings import get_settings

    platform = Platform(get_settings(), create_user=True)
    platform.folders()
    line = platform.user.command([sys.executable, "-m", "orchestrator.worker"], instance=platform.instance)
    os.chdir(ROOT)
    os.execve(line[0], line, platform.user.environment(platform.instance))


def clean(*, yes: Annotated[bool, Parameter(name=["--yes", "-y"], help="Without asking.")] = False) -> None:
    """Stop everything of this instance and forget it: database, keys, audit, backups, logs, lab.

    Args:
        yes: do not ask.
    """
    from cli import local

    if not yes:
        if not sys.stdin.isatty():
            raise WrongUse("This forgets the whole instance.", hint="Say --yes if that is meant.")
        if input("Forget this whole instance, its database, keys and journal? Type 'forget': ").strip() != "forget":
            output.notice("Nothing was forgotten.")
            return
    local.clean(_tell)
