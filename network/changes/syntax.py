"""Does the router take these lines? Asked while a change is planned, so that nobody approves what cannot be pushed.

The router's own grammar judges, and nothing is loaded there. A grammar belongs to a software version: the same lines
are asked of one router for each version, however many they go to.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from network.drivers.frr.delta import typed, understood
from network.drivers.frr.halves import split
from network.drivers.frr.single import KEPT_NO
from network.drivers.protocol import ConfigDriver, SyntaxChecking
from network.errors import NotReady, SyntaxRefused
from network.fleet import Access, access, fleet_of
from orchestrator.kinds import World
from orchestrator.plan import digest_of

__all__ = ["Lines", "as_typed", "must_be_accepted"]

_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}")


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines for a router, with its secrets in them.

    Attributes:
        file: where an engineer wrote them; empty for lines of the intent.
        template: as the engineer wrote them.
    """

    text: str
    software: str
    file: str = ""
    template: str = ""


def as_typed(running: str, wanted: str) -> str:
    """What a router that runs one text would be told to become the other."""
    have, want = split(understood(running))[0], understood(wanted)
    frr, linux = split(want)
    # The Linux half is not typed: it is brought about as a whole.
    return "\n".join(typed(have, frr)) + "\n" + linux


def must_be_accepted(world: World, wanted: Mapping[UUID, Lines]) -> None:
    """Ask the routers whether they take these lines.

    Raises:
        SyntaxRefused: names file, line and text, as the engineer wrote them, never a secret.
        NotReady: a router gives no answer.
    """
    asked: dict[tuple[str, str], UUID] = {}
    for device, lines in wanted.items():
        # A router that does not say what it runs stands for itself alone.
        asked.setdefault((lines.software or str(device), digest_of(lines.text)), device)
    reach = access(world.tx, list(asked.values()))
    for answer in fleet_of(world.surroundings().database).ask(
        world.scope, list(reach.values()), lambda driver, one: _ask(driver, one, wanted)
    ):
        if isinstance(answer.error, SyntaxRefused):
            raise _in_their_words(answer.error, answer.access.name, wanted[answer.access.device_id])
        if answer.error is not None:
            name = answer.access.name
            raise NotReady(f"{name} cannot be asked about the lines: {answer.error.message}", devices=[name])


def _ask(driver: ConfigDriver, one: Access, wanted: Mapping[UUID, Lines]) -> None:
    if isinstance(driver, SyntaxChecking):
        lines = wanted[one.device_id]
        driver.check(_without_removals(lines.text) if lines.file else lines.text)


def _without_removals(text: str) -> str:
    """An engineer's ``no …`` may be shorter than the router's: it takes lines out of the intent, and is never typed."""
    return "\n".join(
        "!" if line.strip().startswith("no ") and not KEPT_NO.match(line.strip()) else line
        for line in text.splitlines()
    ) + ("\n" if text else "")


def _in_their_words(error: SyntaxRefused, device: str, lines: Lines) -> SyntaxRefused:
    number, shown = error.fields.get("line"), str(error.fields.get("text", ""))
    if not lines.file:
        return SyntaxRefused(
            f"{device} refuses a line of its intent: {shown}",
            hint="Correct the object or the configuration context that gives this line. Nothing was changed.",
            device=device,
            text=shown,
        )
    rendered = lines.text.splitlines()
    if not (isinstance(number, int) and 0 < number <= len(rendered)):
        return SyntaxRefused(f"{device} refuses {lines.file}.", device=device, file=lines.file, pointer=_POINTER)
    there = _line_of(lines.template.splitlines(), rendered[number - 1], number)
    where = f"line {there} of {lines.file}" if there else f"line {number} of what {lines.file} renders to"
    return SyntaxRefused(
        f"{device} refuses {where}: {shown}",
        hint="Correct that line. No router was touched.",
        device=device,
        line=there or number,
        text=shown,
        file=lines.file,
        pointer=_POINTER,
    )


_POINTER = "/intent/template"


def _line_of(template: Sequence[str], rendered: str, near: int) -> int | None:
    """The line of the template that gave a rendered line: the one that fits it best, the nearest of several."""

    def fits(line: str) -> bool:
        literal = [re.escape(part) for part in _JINJA.split(line.strip())]
        return any(literal) and re.fullmatch(".*".join(literal), rendered.strip()) is not None

    found = [number for number, line in enumerate(template, 1) if fits(line)]
    exact = [number for number in found if template[number - 1].strip() == rendered.strip()]
    return min(exact or found, key=lambda number: abs(number - near), default=None)
