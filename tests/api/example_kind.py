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
            Target(f"device:{name}", name, "base", _difference(name), facts={"role": "access"}) for name in intent.names
        )
        return Draft("An example", targets, impact=Impact(sites=("BXL-1",)), facts={"lines": len(targets)})


def _difference(name: str) -> str:
    """The same for all; of a name that begins with ``own-``, thirty lines that no other has."""
    if not name.startswith("own-"):
        return "+ line of all\n- old line\n"
    return "\n".join(f"-  description {name} {n}\n+  description {name} port {n}" for n in range(15))


@contextmanager
def only_example(*, beside: bool = False) -> Iterator[None]:
    """The installed kinds are this one; ``beside``: those that are installed, and this one."""
    own = registry.Registry(domains() if beside else ())
    own.add(Example())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "installed", lambda: own)
        yield
