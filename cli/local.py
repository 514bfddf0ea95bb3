"""The verbs that act on this machine: up, down, status, logs, clean.

Everything else the command line does through the REST API. These return data; how it is shown is the caller's.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from cli import local_cloud
from core.bringup import Outcome, Platform, Step, alone, carry_out
from core.doctor import CHECKS, Finding, Verdict, ask_database, examine
from core.errors import Conflict, Denied, IrisplaneError, NotFound
from core.instance import ROOT
from core.service_user import place_file
from core.settings import get_settings
from core.supervisor import State

__all__ = ["Part", "clean", "doctor", "down", "log_names", "logs", "profiles_file", "status", "up"]

Tell = Callable[[str], None]
_FORGOTTEN: Final = "database, keys, audit checkpoints, backups, logs, lab, cloud"


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the running region.

    Attributes:
        name: what people call it.
        state: running, starting, stopped, failed, or skipped where this machine cannot hold it.
        since: when it got into that state, where known.
        detail: a few words.
    """

    name: str
    state: State
    since: datetime | None = None
    detail: str = ""

    def as_dict(self) -> dict[str, str | None]:
        """The part as JSON-able data."""
        return {**asdict(self), "since": self.since.isoformat(timespec="seconds") if self.since else None}


# ----------------------------------------------------------------------------------------------------------- up, down
def up(tell: Tell) -> None:
    """Bring the region up. A second run changes nothing.

    Args:
        tell: gets the lines of progress, in pieces that carry their own line ends.
    Raises:
        IrisplaneError: a step failed; what came up before it stays up, and the next ``up`` goes on from there.
    """
    platform = Platform(get_settings(), create_user=True)
    begun = time.monotonic()
    with alone(platform.instance):
        steps = [
            Step("folders and user", platform.folders),
            Step("database", platform.database),
            Step("keys, schema, people", lambda: _prepare(platform)),
            Step("programs", platform.serve),
            Step("health", platform.healthy),
            Step("lab routers", lambda: _lab_up(platform)),
            Step("region and first configuration", lambda: _seed(platform, tell)),
            Step("people of two administrations", lambda: _agencies(platform)),
            Step("lab cloud", lambda: local_cloud.begin(platform)),  # last: it takes both cores for a minute
        ]
        outcomes = carry_out(steps, tell)
    changed = any(outcome.changed for outcome in outcomes)
    tell(f"The region serves ({time.monotonic() - begun:.0f} s{'' if changed else '; nothing had to be done'}).\n\n")
    tell(_where_to_look(platform))


def down(tell: Tell) -> bool:
    """Stop everything of this instance; give whether anything ran. What was stored stays.

    Raises:
        Denied: the instance's programs belong to root, and we are not.
    """
    if not get_settings().place.state_dir.is_dir():
        return False
    platform = Platform(get_settings(), create_user=True)
    _not_another_users(platform)
    with alone(platform.instance):
        stopped = []
        if local_cloud.down(platform):
            stopped.append("lab cloud")
        if _lab_down(platform):
            stopped.append("lab routers")
        if _lab_hosts_down(platform):
            stopped.append("lab hosts")
        from lab.oidc import control as oidc

        if oidc.down(platform.instance):
            stopped.append("identity provider")
        if platform.stop():
            stopped.append("programs")
    tell(f"Stopped: {', '.join(stopped)}.\n" if stopped else "Nothing ran.\n")
    return bool(stopped)


def clean(tell: Tell) -> None:
    """Stop everything of this instance and forget it: says what it removes, and removes it.

    Raises:
        Conflict: the state folder holds this code or a home, by a slip in ``IRISPLANE_STATE_DIR``.
    """
    state = get_settings().place.state_dir
    if any(precious.is_relative_to(state) for precious in (ROOT, Path.home().resolve())):
        raise Conflict(
            f"{state} holds more than an instance of Irisplane; nothing was forgotten.",
            hint="Set IRISPLANE_STATE_DIR to a folder of its own, and remove by hand what Irisplane made here.",
        )
    down(tell)
    if not state.is_dir():
        tell("Nothing to forget.\n")
        return
    others = state / "instances"
    removed = sorted(entry for entry in state.iterdir() if entry != others)
    tell(f"Removing {state}: {_FORGOTTEN}.\n")
    for entry in removed:
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    if not any(state.iterdir()):
        state.rmdir()


# ------------------------------------------------------------------------------------------------------------- asking
def status() -> list[Part]:
    """Every part of this instance as it is now.

    Raises:
        Denied: another user's instance; only they see its programs.
    """
    platform = Platform(get_settings(), create_user=os.geteuid() == 0)
    _not_another_users(platform)
    parts = [Part(each.name, each.state, each.since, each.detail) for each in platform.states()]
    parts.append(_sequencer(platform))
    parts.append(_lab(platform))
    parts.append(local_cloud.part(platform))
    from lab.oidc import control as oidc

    if oidc.running(platform.instance):
        parts.append(Part("identity provider", "running", detail=f"the lab's, 127.0.0.1:{platform.instance.oidc_port}"))
    return parts


def doctor() -> list[Finding]:
    """What is wrong on this machine, and how to mend it."""
    from core.sign_in.check import identity_providers

    platform = Platform(get_settings(), create_user=os.geteuid() == 0)
    _not_another_users(platform)
    return examine(
        platform,
        {
            **CHECKS,
            "identity providers": identity_providers,
            "workers": _workers,
            "lab tools": _lab_tools,
            "lab cloud": local_cloud.check,
        },
    )


def log_names() -> list[str]:
    """Which logs there are."""
    return sorted(_log_files())


def logs(name: str, *, lines: int = 50, follow: bool = False) -> Iterator[str]:
    """The last lines of a program's log; with ``follow`` also what is added, until the caller stops asking.

    Raises:
        NotFound: there is no such log.
    """
    files = _log_files()
    path = files.get(name)
    if path is None:
        known = ", ".join(sorted(files)) or "none: nothing was started yet"
        raise NotFound(f"There is no log named '{name}'.", hint=f"There are: {known}.")
    log = path.open(encoding="utf-8", errors="replace")
    try:
        yield from deque(log, maxlen=lines)
        while follow:
            line = log.readline()
            if line:
                yield line
            elif _rotated(path, log.fileno()):
                log.close()
                log = path.open(encoding="utf-8", errors="replace")
            else:
                time.sleep(0.2)
    finally:
        log.close()


def profiles_file() -> Path:
    """Where the tokens of this machine's first people are kept, for the one who brought the region up."""
    return get_settings().place.state_dir / "credentials" / "cli.json"


# -------------------------------------------------------------------------------------------------------------- steps
def _prepare(platform: Platform) -> Outcome:
    kept = _profiles()
    asked = json.dumps(sorted(kept))
    said = platform.user.run([sys.executable, "-m", "cli.prepare"], platform.instance, stdin=asked, timeout=600)
    answer: dict[str, Any] = json.loads(said)
    made: dict[str, Any] = answer["profiles"]
    _keep_profiles(platform, {**kept, **made})
    altered = "made" if answer["fresh"] else "brought up to date" if answer["changed"] else ""
    detail = altered or (f"tokens for {', '.join(made)}" if made else "as they should be")
    return Outcome(detail, changed=bool(answer["changed"] or made))


def _agencies(platform: Platform) -> Outcome:
    """Their people can be there only after the region's data; from the second time on, ``_prepare`` sees to them."""
    from core.bootstrap import AGENCIES

    if AGENCIES.keys() <= _profiles().keys():
        return Outcome("as they should be")
    return _prepare(platform)


def _profiles() -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(profiles_file().read_text(encoding="utf-8"))["profiles"]
    except (FileNotFoundError, ValueError, KeyError):
        return {}
    return found


def _keep_profiles(platform: Platform, profiles: Mapping[str, Any]) -> None:
    settings = platform.settings
    content: dict[str, Any] = {"url": settings.url, "profiles": profiles}
    if settings.tls_cert:
        content["ca"] = str(settings.tls_cert.resolve())
    text = json.dumps(content, indent=2)
    place_file(profiles_file(), text + "\n", platform.user, private=True)


def _lab_up(platform: Platform) -> Outcome:
    if platform.settings.lab == "off":
        return Outcome("IRISPLANE_LAB=off", skipped=True)
    from lab.network import control

    why_not = control.possible()
    if why_not:
        return Outcome(why_not, skipped=True)
    report = control.up(platform.settings.lab_routers, platform.instance, keep_disks=True)
    return Outcome(f"{report.routers} routers, {report.started} started", changed=report.started > 0)


def _lab_down(platform: Platform) -> bool:
    if os.geteuid() != 0:
        return False
    from lab.network import control

    if control.possible():  # what cannot be held here was never started here
        return False
    return control.down(platform.instance)


def _lab_hosts_down(platform: Platform) -> bool:
    from lab.errors import LabImpossible
    from lab.network import hosts

    try:
        return hosts.down(platform.instance)
    except LabImpossible:  # what cannot be held here was never started here
        return False


def _seed(platform: Platform, tell: Tell) -> Outcome:
    from lab import seed

    done = seed.run(platform.settings, profiles_file(), tell)
    return Outcome(done.detail, changed=done.changed, skipped=done.skipped)


def _where_to_look(platform: Platform) -> str:
    command = _shown(Path(sys.executable).parent / "irisplane")
    ssh = platform.instance.state_dir / "lab" / "ssh" / "config"
    enter = f"  enter a router      ssh -F {_shown(ssh)} cr01 'show ip ospf neighbor'\n" if ssh.exists() else ""
    return (
        f"  in a browser        {command} web        or  {command} --profile agency web\n"
        f"  the API             {platform.settings.url}/docs\n"
        f"  devices             {command} device list\n"
        f"  what differs        {command} config diff --all\n"
        f"  order as an agency  {command} --profile agency catalogue list\n"
        f"{enter}{local_cloud.where_to_look(platform, _shown)}"
        f"  how it fares        {command} status\n"
        f"  something wrong?    {command} doctor\n"
        f"  tokens              {_shown(profiles_file())}\n"
    )


def _shown(path: Path) -> Path:
    """A path as somebody who stands here would type it."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


# -------------------------------------------------------------------------------------------------------------- parts
def _sequencer(platform: Platform) -> Part:
    token = next((str(each["token"]) for each in _profiles_or_none().values() if "token" in each), "")
    if not token:
        return Part("sequencer", "stopped", detail="not asked: no token of ours on this machine")
    try:
        code, answer = platform.ask_api("/api/v1/status", token=token)
    except OSError:
        return Part("sequencer", "stopped", detail="the API does not answer")
    if code != 200 or not isinstance(answer, dict):
        return Part("sequencer", "failed", detail=f"the API answered {code}")
    lag = float(answer.get("sequencer_lag_seconds", 0))
    state: State = "running" if answer.get("workers") and lag < 60 else "failed"
    return Part("sequencer", state, detail=f"lag {lag:g} s")


def _profiles_or_none() -> dict[str, Any]:
    try:
        return _profiles()
    except PermissionError:
        return {}


def _lab(platform: Platform) -> Part:
    if platform.settings.lab == "off":
        return Part("lab", "skipped", detail="IRISPLANE_LAB=off")
    from lab.network import control

    why_not = control.possible()
    if why_not:
        return Part("lab", "skipped", detail=why_not)
    try:
        found = control.status(platform.instance)
    except (IrisplaneError, OSError) as error:
        return Part("lab", "failed", detail=str(error))
    if not found.running:
        return Part("lab", "stopped")
    well = [each for each in found.routers if each.power == "on" and not each.hung and not each.missing]
    odd = [each.name for each in found.routers if each not in well]
    detail = f"{len(well)} of {len(found.routers)} routers up" + (f"; not: {', '.join(odd[:5])}" if odd else "")
    return Part("lab", "failed" if odd else "running", detail=detail)


def _workers(platform: Platform) -> Finding:
    row = ask_database(
        platform,
        "select count(*) filter (where lost_at is null and beat_at > now() - interval '15 seconds'),"
        " count(*) filter (where lost_at is null and beat_at <= now() - interval '15 seconds') from executor_lease",
    )
    if row is None:
        return Finding(Verdict.UNKNOWN, "the database does not answer", "See 'database'.")
    alive, silent = row
    if silent:
        said = f"{alive} alive, {silent} silent and not declared lost"
        return Finding(
            Verdict.WARN, said, "A living worker takes over in seconds; if none lives, 'make up' starts one."
        )
    return Finding(Verdict.OK, f"{alive} alive")


def _lab_tools(_platform: Platform) -> Finding:
    from lab.network import control

    why_not = control.possible()
    if why_not is None:
        return Finding(Verdict.OK, "routers can run here")
    return Finding(
        Verdict.WARN, why_not, "Without the lab the rest works; as root on Debian, 'make up' installs what it needs."
    )


def _not_another_users(platform: Platform) -> None:
    state = platform.instance.state_dir
    if state.is_dir() and os.geteuid() not in {0, state.stat().st_uid}:
        raise Denied("This instance was brought up by another user.", hint="Do it as that user, or as root.")


def _log_files() -> dict[str, Path]:
    place = get_settings().place
    found = {path.stem: path for path in (place.state_dir / "log").glob("*.log")}
    cloud = place.cloud_dir / "cloud.log"
    return {**found, "cloud": cloud} if os.access(cloud, os.R_OK) else found


def _rotated(path: Path, descriptor: int) -> bool:
    try:
        return os.fstat(descriptor).st_ino != path.stat().st_ino
    except OSError:
        return False
