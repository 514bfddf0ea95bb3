"""What a phase of a push needs from the database, read for all its targets at once.

Sixty routers in one batch would otherwise ask sixty times for the same contexts, loopbacks and credentials, and the
answers cost more than what is said to the routers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from uuid import UUID

from sqlalchemy import Connection

from core.secrets import SecretValue
from network.drivers.protocol import ConfigDriver
from network.fleet import Access, access, fleet_of, reach_one
from network.secrets import fill_for
from network.verify import Expectation, expectations
from orchestrator import blobs
from orchestrator.kinds import Surroundings
from orchestrator.plan import Target

__all__ = ["Brief", "Briefing", "brief_for", "device_of", "gather"]


@dataclass(frozen=True, slots=True)
class Brief:
    """What is known of one target before it is spoken to.

    Attributes:
        secret: its log-in's password.
        expectation: what should be seen of it; only before ``prepare`` and ``verify``.
        wanted: the candidate with its secrets in place; only before ``prepare``.
    """

    reach: Access
    secret: SecretValue
    expectation: Expectation = field(default_factory=Expectation)
    wanted: str = field(default="", repr=False)

    def session(self, around: Surroundings, *, fresh: bool = False) -> AbstractContextManager[ConfigDriver]:
        """An open driver, see ``Fleet.session``."""
        return fleet_of(around.database).session(around.scope, self.reach, fresh=fresh, secret=self.secret)


@dataclass(frozen=True, slots=True)
class Briefing:
    """Briefs of a phase's targets, by target id."""

    phase: str
    briefs: Mapping[str, Brief]


def gather(phase: str, targets: Sequence[Target], around: Surroundings) -> Briefing:
    """Read for all targets.

    Raises:
        NotFound: a target, its credentials or its candidate does not exist.
        InvalidInput: a check that an engineer attached to one cannot be read.
    """
    with around.database.transaction("worker", around.scope) as tx:
        ids = {device_of(target): target for target in targets}
        reached = access(tx, list(ids))
        for device in ids.keys() - reached.keys():
            reach_one(tx, device)  # says what is missing
        for device, target in ids.items():
            if key := target.data.get("host_key"):
                # A new device in an old one's place: the inventory learns its key when it has proved itself.
                reached[device] = replace(reached[device], host_key=str(key))
        secrets = fleet_of(around.database).open_secrets(tx, list(reached.values()))
        expected = expectations(tx, list(ids), around.scope.change_id) if phase in ("prepare", "verify") else {}
        wanted = _candidates(tx, ids, reached) if phase == "prepare" else {}
        return Briefing(
            phase,
            {
                target.id: Brief(
                    reached[device],
                    secrets[reached[device].tenant_id, reached[device].secret_name],
                    expected.get(device, Expectation()),
                    wanted.get(device, ""),
                )
                for device, target in ids.items()
            },
        )


def brief_for(phase: str, target: Target, around: Surroundings) -> Brief:
    """A target's brief: out of what was gathered for the phase, else read for it alone.

    Raises:
        NotFound, InvalidInput: see :func:`gather`.
    """
    known = around.gathered
    if isinstance(known, Briefing) and known.phase == phase and target.id in known.briefs:
        return known.briefs[target.id]
    return gather(phase, [target], around).briefs[target.id]


def device_of(target: Target) -> UUID:
    """The device that a target means."""
    return UUID(target.id.removeprefix("device:"))


def _candidates(tx: Connection, ids: Mapping[UUID, Target], reached: Mapping[UUID, Access]) -> dict[UUID, str]:
    digests = {device: str(target.data["candidate"]) for device, target in ids.items()}
    texts = blobs.read_many(tx, set(digests.values()))
    return {device: fill_for(tx, reached[device].tenant_id, texts[digest]) for device, digest in digests.items()}
