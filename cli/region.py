"""`irisplane region`: bring region data in from files, take the region out as files."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from cli import live, output, session
from cli.asking import submitted
from cli.client import connect
from cli.errors import WrongUse
from core.errors import Conflict, NotFound

__all__ = ["app"]

app = App(name="region", help="Bring region data in, take it out.")

_SHOWN = 20
_OF_A_FILE = ("file", "form", "taken", "refused", "not_taken")
"""What is told of each file, in this order."""


@app.command(name="import")
def import_(
    paths: Annotated[list[Path] | None, Parameter(name="PATH", negative="")] = None,
    *,
    builtin: str | None = None,
    reason: Annotated[str, Parameter(name=["--reason", "-r"])] = "import region data",
    check: Annotated[bool, Parameter(negative="")] = False,
) -> None:
    """Import files or folders: CSV, GeoJSON, NetBox's REST export, or what `region export` wrote. Again: no difference.

    Args:
        builtin: the region that comes with Irisplane: brussels.
        check: say what would be taken and refused; alter nothing.
    """
    if bool(paths) == bool(builtin):
        raise WrongUse("Name files or folders to import, or --builtin brussels.")
    packed = _packed(paths or [])
    verb = "check" if check else "import"
    with connect() as client:
        done = client.upload(f"/api/v1/region:{verb}", packed, "application/zip", reason=reason, builtin=builtin)
    output.give(done, lambda: _report(done))


@app.command
def export(folder: Path, *, name: str = "brussels") -> None:
    """Write the whole region as files into a folder; importing them into an empty database gives the same region.

    Args:
        folder: made when it is not there; files of an earlier export in it are replaced.
        name: name of the region.
    """
    with connect() as client:
        packed = client.content("/api/v1/region:export", name=name)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        for entry in archive.infolist():
            target = (folder / entry.filename).resolve()
            if not target.is_relative_to(folder.resolve()):
                raise Conflict(f"The archive holds a file outside its folder: {entry.filename}.")
            if not entry.is_dir():
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(archive.read(entry))
                written.append(entry.filename)
    output.give({"folder": str(folder), "files": written}, lambda: output.say(f"{len(written)} files in {folder}."))


def _packed(paths: Iterable[Path]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in paths:
            if path.is_dir():
                for file in sorted(path.rglob("*")):
                    if file.is_file():
                        archive.write(file, str(file.relative_to(path)))
            elif path.is_file():
                archive.write(path, path.name)
            else:
                raise NotFound(f"There is no file or folder {path}.", hint="Name one that is there.")
    return out.getvalue()


def _report(done: Mapping[str, Any]) -> None:
    if sources := done.get("sources") or []:
        _sources(sources)
    refused = done.get("refused") or []
    if refused:
        output.heading(f"{len(refused)} rows were refused")
        for one in refused[:_SHOWN]:
            output.say(f"  {one['file']}, line {one['line']}: {one['reason']}")
        if len(refused) > _SHOWN:
            output.say(f"  … and {len(refused) - _SHOWN} more; --json gives all", "dim")
    if "summary" in done:
        output.say(str(done["summary"]), "bold")
    change = done.get("change")
    if change:
        output.say(str(change["title"]), "bold")
        submitted(change)
        if change["state"] in live.ENDED and not session.current.quiet:
            output.notice(f"irisplane change show {change['id']} tells the rest.", "dim")


def _sources(sources: Sequence[Mapping[str, Any]]) -> None:
    """What was made of each file; why of some nothing; and whom to name wherever the data is shown."""
    told = [name for name in _OF_A_FILE if any(source.get(name) for source in sources)]
    output.table(sources, {name: name.replace("_", " ") for name in told})
    parts = {
        "Why nothing was taken": [f"{source['file']}: {source['why']}" for source in sources if source.get("why")],
        "Sources": dict.fromkeys(
            part for source in sources for part in str(source.get("attribution") or "").split("; ") if part
        ),
    }
    for title, lines in parts.items():
        if lines:
            output.heading(title)
            for line in lines:
                output.say(f"  {line}")
    output.say()
