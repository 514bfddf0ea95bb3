"""``network.snippet``: a few templated lines on a selection of routers, kept as part of their intent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from core.errors import InvalidInput
from network.changes.overlays import rows_of_change
from network.changes.planning import Planned, Written, draft_push, selected
from network.changes.push import PushKind
from network.device_model import SecretRef
from network.drivers.frr.merge import merge
from network.errors import NotOffered
from network.intent import Intended, Overlay, intended, relaid
from network.render import placeholder, render_snippet
from network.secrets import refuse_plain_secrets
from orchestrator.kinds import Step, World
from orchestrator.plan import Draft

__all__ = ["ConfigSnippet", "SnippetIntent"]


class SnippetIntent(BaseModel):
    """Lines in the router's own grammar, as a Jinja2 template over the device's facts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    select: str = Field(min_length=1, max_length=2000)
    template: str = Field(min_length=1, max_length=65_536)
    name: str = Field("snippet", min_length=1, max_length=100, pattern=r"^[^\x00-\x1f]+$")


class ConfigSnippet(PushKind[SnippetIntent]):
    """Type the rendered lines into the intent of every selected router, and push the result."""

    name: ClassVar[str] = "network.snippet"
    title: ClassVar[str] = "Push a configuration snippet"
    intent = SnippetIntent

    def plan(self, intent: SnippetIntent, world: World) -> Draft:
        """Each router's text with the lines in it, compared with what it runs.

        Raises:
            TemplateError: the template does not render for a device; names line and variable.
            InvalidInput: the lines hold a secret in the open, or render to nothing.
            SyntaxRefused: a router does not take a line of them.
        """
        devices = intended(world.tx, selected(world, intent.select))
        planned = [_with_lines(one, intent) for one in devices.values()]
        return draft_push(
            world,
            planned,
            summary=f"Push {intent.name} to {{n}} routers ({intent.select})",
            undo_note="The lines leave the routers' intent and the routers; later changes to them stay.",
        )

    def plan_undo(self, done: Sequence[Step], world: World) -> Draft:
        """Each router's present intent without these lines."""
        ids = [UUID(step.target.id.removeprefix("device:")) for step in done]
        now = intended(world.tx, ids)
        planned: list[Planned] = []
        for step in done:
            one = now.get(UUID(step.target.id.removeprefix("device:")))
            if one is None:
                continue
            laid = rows_of_change(world.tx, one.device_id, step.change_id)
            gone = {row["id"] for row in laid}
            planned.append(Planned(relaid(one, [o for o in one.overlays if str(o.id) not in gone]), drop=laid))
        return draft_push(
            world, planned, summary="Take the lines away from {n} routers", undo_note="The lines are pushed again."
        )


def _with_lines(one: Intended, intent: SnippetIntent) -> Planned:
    if one.platform != "frr":
        raise NotOffered(
            f"{one.name} runs {one.platform!r}: snippets are typed into configurations of FRR only.",
            hint="Put the lines under 'verbatim' in its configuration context, and push its intent.",
            device=one.name,
        )
    facts: dict[str, Any] = {**one.facts, "secret": lambda name: placeholder(SecretRef(str(name)))}
    lines = render_snippet(intent.template, facts, name=intent.name)
    refuse_plain_secrets(lines, one.platform, name=intent.name)
    if not any(line.strip() and not line.strip().startswith(("!", "#")) for line in lines.splitlines()):
        raise InvalidInput(
            f"{intent.name} renders to nothing for {one.name}.",
            hint="Select only devices that it has lines for, or put an else branch in.",
            pointer="/intent/template",
        )
    overlay = Overlay("snippet", intent.name, lines)
    idle = merge(one.text, lines).without_effect if one.platform == "frr" else ()
    after = relaid(one, [*one.overlays, overlay])
    if after.text == one.text:
        return Planned(one, notes=("these lines are already part of its intent",))
    return Planned(
        after,
        add=(overlay,),
        notes=tuple(f"'{line}' finds nothing to remove" for line in idle),
        written=Written(intent.name, intent.template, lines),
    )
