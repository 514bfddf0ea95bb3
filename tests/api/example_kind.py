"""A kind of Change with targets and nothing behind them, for tests of the faces."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pydantic import BaseModel

from core.domain import domains
from orchestrator import registry
from orchestrator.kinds import ChangeKind, World
from orchestrator.plan import Draft, Impact, Target

__all__ = ["Example", "only_example"]


class Intent(BaseModel):
    """What the test's kind takes."""

    names: list[str]


class Example(ChangeKind[Intent]):
    """A network change on named targets."""

    name = "network.example"
    title = "Example"
    intent = Intent

    def plan(self, intent: Intent, world: World) -> Draft:
        targets = tuple(
            Target(f"device:{name}", name, "base", "+ line of all\n- old line\n", facts={"role": "access"})
            for name in intent.names
        )
        return Draft("An example", targets, impact=Impact(sites=("BXL-1",)), facts={"lines": len(targets)})


@contextmanager
def only_example(*, beside: bool = False) -> Iterator[None]:
    """The installed kinds are this one; ``beside``: those that are installed, and this one."""
    own = registry.Registry(domains() if beside else ())
    own.add(Example())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "installed", lambda: own)
        yield
