"""From wanted intents to a draft: read every router once, compare, say who is touched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from core.errors import InvalidInput
from inventory.selector import parse_selector, select_devices
from network.changes.offered import must_be_offered
from network.changes.running import Running, look_at
from network.changes.syntax import Lines, as_typed, must_be_accepted
from network.checks import must_be_readable
from network.diff import count_lines, redacted_difference
from network.drivers.protocol import ConfigDriver
from network.errors import NotOffered, NotReady
from network.fleet import Access, Reached, access, fleet_of
from network.intent import Intended, Overlay
from network.secrets import fill_for
from network.verify import settle_seconds
from orchestrator.kinds import World
from orchestrator.plan import Draft, Impact, Target, digest_of

__all__ = [
    "Planned",
    "Running",
    "Written",
    "draft_push",
    "impact_of",
    "must_be_intended",
    "read_running",
    "refuse_silent",
    "selected",
]

_ORDER: Final = {"access": 0, "edge": 1, "aggregation": 2, "core": 4}
"""Canaries are taken from the front: where least depends on it."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What one device is to become, how its overlays change with it, and whose lines make it so."""

    intent: Intended
    add: tuple[Overlay, ...] = ()
    drop: tuple[Mapping[str, Any], ...] = ()
    notes: tuple[str, ...] = ()
    written: Written | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """Lines that an engineer wrote: the file's name, the template, and what it renders to for a device."""

    file: str
    template: str
    lines: str


def selected(world: World, select: str, *, pointer: str = "/intent/select") -> list[UUID]:
    """Devices that a selector means, retired ones left out.

    Raises:
        UnknownSelector: see ``inventory.selector``.
        InvalidInput: every device it means is retired.
    """
    ids = select_devices(world.tx, parse_selector(select))
    live = world.tx.execute(
        text("select id from device where id = any(:ids) and status <> 'retired' order by name"), {"ids": ids}
    )
    found = list(live.scalars())
    if not found:
        raise InvalidInput(f"Every device that {select!r} means is retired.", pointer=pointer)
    return found


def read_running(world: World, device_ids: Sequence[UUID]) -> dict[UUID, Reached[Running]]:
    """What these devices run, all asked at once.

    Raises:
        NotReady: one of them has no address or credentials.
    """
    reach = access(world.tx, device_ids)
    missing = [one for one in device_ids if one not in reach]
    if missing:
        names = world.tx.execute(text("select name from device where id = any(:ids)"), {"ids": missing}).scalars()
        raise NotReady(f"No way to log in is known for {', '.join(sorted(names))}.", devices=[str(m) for m in missing])
    around = world.surroundings()

    def read(driver: ConfigDriver, _: Access) -> Running:
        return look_at(driver)

    answers = fleet_of(around.database).ask(world.scope, list(reach.values()), read)
    return {one.access.device_id: one for one in answers}


def refuse_silent(answers: Mapping[UUID, Reached[Any]]) -> None:
    """Raises ``NotReady`` when a device gave no answer; names them and why."""
    silent = [answer for answer in answers.values() if answer.error]
    if silent:
        told = "; ".join(f"{one.access.name}: {one.error.message}" for one in silent[:5] if one.error)
        raise NotReady(
            f"{len(silent)} of {len(answers)} devices cannot be read, so nothing can be planned for them: {told}",
            devices=[one.access.name for one in silent],
            codes=sorted({one.error.code for one in silent if one.error}),
        )


def draft_push(world: World, planned: Sequence[Planned], *, summary: str, undo_note: str) -> Draft:
    """The draft of a push; devices that are already so, with nothing to note, are left out.

    Raises:
        NotReady: some routers cannot be read now; names them and why.
        InvalidInput: a configuration context holds checks that cannot be read.
        SyntaxRefused: a router does not take a line; names it as it was written.
        NotOffered: a device cannot be changed as safely as this road is, and nobody accepted that; or nothing says
            what it should be.
    """
    for one in planned:
        must_be_intended(one.intent)
    ids = [one.intent.device_id for one in planned]
    must_be_readable(world.tx, ids)
    running = read_running(world, ids)
    refuse_silent(running)
    targets: list[Target] = []
    blobs: dict[str, str] = {}
    asked: dict[UUID, Lines] = {}
    lines = 0
    notes = [f"{one.intent.name}: {note}" for one in planned for note in one.notes]
    for one in sorted(planned, key=lambda p: (_ORDER.get(str(p.intent.facts["role"]), 3), p.intent.name)):
        answer = running[one.intent.device_id].value
        assert answer is not None, "devices that gave no answer were refused above"
        after = fill_for(world.tx, one.intent.tenant_id, one.intent.text)
        diff = redacted_difference(answer.text, after, one.intent.platform)
        if not diff and not one.add and not one.drop:
            continue
        if diff:
            notes += [
                f"{one.intent.name}: {note}" for note in must_be_offered(running[one.intent.device_id].access, answer)
            ]
        if diff and one.intent.platform == "frr":
            asked[one.intent.device_id] = _to_ask(world, one, answer, after)
        digest = digest_of(one.intent.text)
        blobs[digest] = one.intent.text
        lines += sum(count_lines(diff))
        targets.append(_target(one, answer, diff, digest))
    must_be_accepted(world, asked)
    return Draft(
        summary=summary.format(n=len(targets)).replace(" 1 routers", " 1 router"),
        targets=tuple(targets),
        blobs=blobs,
        impact=impact_of(
            world,
            [UUID(target.id.removeprefix("device:")) for target in targets],
            notes,
        ),
        facts={"lines": lines, "verify_seconds": 25 + settle_seconds([t.diff for t in targets], planned)},
        undo_note=undo_note,
    )


def must_be_intended(one: Intended) -> None:
    """Raises ``NotOffered`` for a device of a platform without templates: an empty text would wipe it."""
    if not one.text:
        raise NotOffered(
            f"{one.name} runs {one.platform!r}, for which there are no templates: nothing says what it should be.",
            hint="Leave it out of the selection; or restore a kept version of it, which then is its intent.",
            device=one.name,
        )


def _to_ask(world: World, one: Planned, running: Running, after: str) -> Lines:
    """The lines that the router's grammar is asked about: the engineer's own, else those that would be typed."""
    if one.written is None:
        return Lines(as_typed(running.text, after), running.software)
    filled = fill_for(world.tx, one.intent.tenant_id, one.written.lines)
    return Lines(filled, running.software, one.written.file, one.written.template)


def _target(one: Planned, running: Running, diff: str, digest: str) -> Target:
    facts = one.intent.facts
    return Target(
        id=f"device:{one.intent.device_id}",
        name=one.intent.name,
        base=running.fingerprint,
        diff=diff,
        data={
            "candidate": digest,
            "overlays": {
                "add": [{"kind": new.kind, "name": new.name, "body": new.body} for new in one.add],
                "drop": [dict(row) for row in one.drop],
            },
        },
        facts={"role": facts["role"], "site": facts["site"], "tenant": facts["tenant"], "platform": facts["platform"]},
    )


def impact_of(world: World, ids: Sequence[UUID], notes: Sequence[str] = ()) -> Impact:
    """Sites that the devices stand at, and whoever has something there."""
    rows = world.tx.execute(
        text(
            "select distinct s.code as site, t.code as tenant from device d join site s on s.id = d.site_id"
            " join tenant t on t.id in (d.tenant_id, s.tenant_id)"
            " or t.id in (select p.tenant_id from prefix p where p.site_id = s.id) where d.id = any(:ids)"
        ),
        {"ids": list(ids)},
    ).all()
    return Impact(
        sites=tuple(sorted({row.site for row in rows})),
        tenants=tuple(sorted({row.tenant for row in rows})),
        notes=tuple(notes),
    )
