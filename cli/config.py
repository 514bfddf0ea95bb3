"""`irisplane config`: what routers run, what they should run, and the road between the two."""

from __future__ import annotations

import io
import zipfile
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from cyclopts import App, Parameter

from cli import output, session
from cli.asking import read_text, submit
from cli.client import connect
from cli.errors import FAILED, Ended, WrongUse
from cli.rollout import Rollout

__all__ = ["app"]

app = App(name="config", help="Push, compare, restore and export configurations.")

Select = Annotated[
    str | None, Parameter(name=["--select", "-s"], help="Which devices: role=access,site=DC-ARTS,name~ac0*")
]
All = Annotated[bool, Parameter(name="--all", help="Every device.", negative="")]
Reason = Annotated[str, Parameter(name=["--reason", "-r"], help="Why: it stands in the journal for good.")]
_AS_USUAL = Rollout()


@app.command
def push(
    *,
    reason: Reason,
    select: Select = None,
    all_: All = False,
    snippet: Path | None = None,
    atomic: bool = False,
    rollout: Rollout = _AS_USUAL,
) -> None:
    """Bring devices to their intended configuration, or push a snippet to a selection.

    Args:
        snippet: lines in the router's own grammar, a Jinja2 template over the device's facts; - for standard input.
        atomic: one transaction over all devices: all commit or none.
    """
    kind, intent = "network.config", {"select": _chosen(select, every=all_)}
    if snippet is not None:
        name = "standard input" if str(snippet) == "-" else snippet.name
        kind, intent = "network.snippet", {**intent, "template": read_text(snippet), "name": name}
    rollout.submit(kind, intent, reason, atomic=atomic)


@app.command
def diff(*, select: Select = None, all_: All = False) -> None:
    """What a push of the intent would do, asked of the devices now. Nothing at all when they run their intent."""
    chosen = _chosen(select, every=all_)
    with connect() as client:
        found = client.items("/api/v1/network/diff", select=chosen)
    output.give(found, lambda: _show_diffs(found))
    if any(one["in_sync"] is None for one in found):
        raise Ended(FAILED)


@app.command
def drift(*, select: Select = None) -> None:
    """Devices that run something else than their intent, and what is done about it; at most a minute old."""
    with connect() as client:
        found = client.items("/api/v1/network/drift", select=select or "all")

    def shown() -> None:
        if not found:
            output.say("No drift.", "green")
        for one in found:
            output.heading(
                f"{one['device']} ({one['role']}, {one['site']}) since {output.local_time(one['drifted_since'])}"
            )
            output.diff(one["diff"] or "")
            if one.get("change"):
                output.say(f"    change {one['change']}: {one.get('change_state')}")

    output.give(found, shown)


@app.command
def show(device: str, *, version: str = "@0", intended: bool = False) -> None:
    """A device's configuration, secrets withheld.

    Args:
        version: @0 the newest that was kept, @1 the one before, or the beginning of a digest.
        intended: what it should run, instead.
    """
    with connect() as client:
        text = client.text(f"{_of(device)}/config", version="intended" if intended else version)
    output.give(
        {"device": device, "config": text}, lambda: print(output.clean(text), end="" if text.endswith("\n") else "\n")
    )


@app.command
def history(device: str, *, limit: int = 50) -> None:
    """Every configuration that was kept of a device, newest first."""
    with connect() as client:
        found = client.items(f"{_of(device)}/versions", limit=limit)
    rows = [{**one, "short": one["digest"][:12], "when": output.local_time(one["taken_at"])} for one in found]
    columns = {"version": "version", "short": "digest", "when": "kept at", "source": "because"}
    columns |= {"lines": "lines", "change": "change"}
    output.give(found, lambda: output.table(rows, columns, empty="Nothing was kept yet."))


@app.command
def compare(device: str, a: str, b: str) -> None:
    """The difference of two versions of a device's configuration: @1 @0, digests, or `intended`."""
    with connect() as client:
        found = client.get(f"{_of(device)}/compare", a=a, b=b)
    output.give(found, lambda: output.diff(found["diff"], indent="") if found["diff"] else output.say("No difference."))


@app.command
def restore(
    device: str,
    version: str,
    *,
    reason: Reason,
    dry_run: bool = False,
    wait: bool = False,
    yes: Annotated[bool, Parameter(name=["--yes", "-y"])] = False,
) -> None:
    """Give a device an earlier configuration: @1, or the beginning of a digest."""
    intent = {"device": device, "version": version}
    submit({"kind": "network.restore", "intent": intent, "reason": reason}, dry_run=dry_run, wait=wait, yes=yes)


@app.command
def adopt(
    *,
    select: Select = None,
    all_: All = False,
    reason: Reason,
    dry_run: bool = False,
    wait: bool = False,
    yes: Annotated[bool, Parameter(name=["--yes", "-y"])] = False,
) -> None:
    """Make what devices run their intent, block by block: a brownfield router, or drift that is right."""
    intent = {"select": _chosen(select, every=all_)}
    submit({"kind": "network.adopt", "intent": intent, "reason": reason}, dry_run=dry_run, wait=wait, yes=yes)


@app.command
def enrol(
    *,
    select: Select = None,
    all_: All = False,
    reason: Reason,
    dry_run: bool = False,
    wait: bool = False,
    yes: Annotated[bool, Parameter(name=["--yes", "-y"])] = False,
) -> None:
    """Enrol the host keys of new devices; the plan shows the fingerprints to compare."""
    intent = {"select": _chosen(select, every=all_)}
    submit({"kind": "network.enrol", "intent": intent, "reason": reason}, dry_run=dry_run, wait=wait, yes=yes)


@app.command
def replace(
    device: str,
    *,
    fingerprint: str,
    reason: Reason,
    dry_run: bool = False,
    wait: bool = False,
    yes: Annotated[bool, Parameter(name=["--yes", "-y"])] = False,
) -> None:
    """Take a new router into the place of a dead one.

    Args:
        fingerprint: the host key read at the new one's console, SHA256:…
    """
    intent = {"device": device, "fingerprint": fingerprint}
    submit({"kind": "network.replace", "intent": intent, "reason": reason}, dry_run=dry_run, wait=wait, yes=yes)


@app.command
def upgrade(
    version: str,
    *,
    select: Select = None,
    all_: All = False,
    reason: Reason,
    playbook: str = "frr_upgrade",
    canary: int = 1,
    share: int = 25,
    dry_run: bool = False,
    wait: bool = False,
    yes: Annotated[bool, Parameter(name=["--yes", "-y"])] = False,
) -> None:
    """Bring routers to another software version, in waves, each drained meanwhile.

    Args:
        version: the Debian version of FRR; the one that is installed restarts the daemons.
        playbook: the play in playbooks/ that does it.
        canary: routers in the first wave.
        share: percent of the rest that follows, before all others.
    """
    intent = {"select": _chosen(select, every=all_), "version": version, "playbook": playbook}
    body = {"kind": "network.upgrade", "intent": intent, "reason": reason}
    submit({**body, "options": {"canary": canary, "share": share}}, dry_run=dry_run, wait=wait, yes=yes)


@app.command
def export(folder: Path, *, select: Select = None, commit: bool = True) -> None:
    """Write every device's newest configuration, secrets withheld, into a git folder.

    Args:
        folder: made when it is not there.
        commit: make it a git repository and commit what differs.
    """
    from cli.git_folder import keep

    with connect() as client:
        packed = client.content("/api/v1/network/export", select=select or "all")
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        texts = {Path(name).name: archive.read(name) for name in archive.namelist()}
    done = keep(folder, texts, commit=commit)
    output.give(done, lambda: output.say(f"{done['files']} configurations in {folder}; {done['altered']} altered."))


def _chosen(select: str | None, *, every: bool) -> str:
    if every == (select is not None):
        raise WrongUse("Say which devices: --select SELECTOR, or --all.", hint="For example --select role=access.")
    return "all" if every else str(select)


def _of(device: str) -> str:
    return f"/api/v1/network/devices/{quote(device, safe='')}"


def _show_diffs(found: list[Mapping[str, Any]]) -> None:
    alike: dict[str, list[str]] = defaultdict(list)
    for one in found:
        if one["in_sync"] is None:
            error = one.get("error") or {}
            output.say(f"{one['device']}: cannot be told: {error.get('message', '')}", "magenta")
        elif not one["in_sync"]:
            alike[one["diff"]].append(one["device"])
    for text, names in alike.items():
        output.heading(names[0] if len(names) == 1 else f"{len(names)} alike: {', '.join(names)}")
        output.diff(text)
    if not session.current.quiet and not alike and all(one["in_sync"] for one in found):
        output.notice(f"{len(found)} devices run their intent.", "green")
