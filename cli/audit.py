"""`irisplane audit`: who did what, when and why; is it all still there?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter

from cli import output
from cli.asking import moment
from cli.client import connect
from cli.errors import FAILED, Ended
from core.errors import NotFound

__all__ = ["app"]

app = App(name="audit", help="The journal: list, verify, export.")


@app.command(name="list")
def list_(
    *,
    kind: Literal["audit", "log", "event"] = "audit",
    action: str | None = None,
    actor: str | None = None,
    subject: str | None = None,
    change: str | None = None,
    since: str | None = None,
    until: str | None = None,
    limit: int = 50,
) -> None:
    """Entries of the journal, newest first.

    Args:
        kind: audit: what was done and decided; log: rows that were altered; event: what others may wait for.
        action: beginning of an action, change.approved.
        actor: handle of who did it.
        subject: id of what it is about.
        change: id of the change it belongs to.
        since: not before this time, 2027-01-31.
        until: before this time.
    """
    query = {"kind": kind, "action": action, "actor": actor, "subject": subject, "change": change,
             "since": moment(since), "until": moment(until), "limit": min(limit, 1000)}  # fmt: skip
    with connect() as client:
        found = client.items("/api/v1/audit", most=limit, **query)
    rows = [
        {**one, "when": output.local_time(one["at"]), "about": f"{one['subject_type']} {one['subject_id']}"}
        for one in found
    ]
    columns = {"seq": "number", "when": "at", "actor": "by", "action": "action", "about": "about", "reason": "reason"}
    output.give(found, lambda: output.table(rows, columns, empty="No entries."))


@app.command
def show(number: int) -> None:
    """One entry, with the rows it altered before and after."""
    with connect() as client:
        found = client.get(f"/api/v1/audit/{number}")

    def shown() -> None:
        output.facts([(name.replace("_", " "), value) for name, value in found["entry"].items()])
        output.facts([("hash", found["hash"])])
        for row in found["rows"]:
            output.heading(f"{row['op']} {row['table']} {row['id']}")
            before, after = row["before"] or {}, row["after"] or {}
            for name in {**before, **after}:
                if before.get(name) != after.get(name):
                    output.diff(
                        "\n".join(
                            f"{sign}{name}: {side[name]}"
                            for sign, side in (("-", before), ("+", after))
                            if name in side
                        )
                    )

    output.give(found, shown)


@app.command
def verify(
    *,
    file: Annotated[Path | None, Parameter(help="An export, instead of the region's database.")] = None,
    checkpoints: Annotated[
        Path | None, Parameter(help="Copy of checkpoints.jsonl, journal-keys.json beside it.")
    ] = None,
) -> None:
    """Recompute the chain, compare it with the signed checkpoints, name the first broken link."""
    found = _of_file(file, checkpoints) if file is not None else _of_region()

    def shown() -> None:
        if found["intact"]:
            output.say(
                f"Intact: {found['entries']} entries up to number {found['last']}, {found['checkpoints']} checkpoints.",
                "green",
            )
            output.say(f"  hash {found['hash']}")
        else:
            output.say("NOT intact. First broken link:", "bold red")
            for one in found["findings"]:
                where = f"entry {one['seq']}: " if one["seq"] is not None else ""
                output.say(f"  {where}{one['what']}")
        for note in found["notes"]:
            output.say(f"  {note}", "dim")

    output.give(found, shown)
    if not found["intact"]:
        raise Ended(FAILED)


@app.command
def export(file: Path, *, after: int = 0) -> None:
    """Write every entry as JSON lines, for `audit verify --file` on another machine.

    Args:
        after: only entries after this number.
    """
    with connect() as client:
        content = client.content("/api/v1/audit/export", after=after)
    file.write_bytes(content)
    count = content.count(b"\n") - 1
    output.give({"file": str(file), "entries": count}, lambda: output.say(f"{count} entries in {file}."))


def _of_region() -> dict[str, Any]:
    with connect() as client:
        found: dict[str, Any] = client.get("/api/v1/audit/verify")
    return found


def _of_file(file: Path, checkpoints: Path | None) -> dict[str, Any]:
    from core.journal.checkpoints import CheckpointFile, public_keys
    from core.journal.verify import verify_export

    for path in (file, checkpoints):
        if path is not None and not path.is_file():
            raise NotFound(f"There is no file {path}.", hint="Name one that is there.")
    points = CheckpointFile(checkpoints or file.with_name("checkpoints.jsonl"))
    report = verify_export(file, points, public_keys(points.keys_path))
    return report.as_dict()
