"""The kinds of Change about SSH keys: they only write our own table, so they are carried out on the spot."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, Row, text

from core.ids import uuid7
from core.scope import EVERY_TENANT
from datacenter.hosting import keys
from datacenter.hosting.names import Name, Ref
from datacenter.hosting.networks.errors import NoSuchThing
from datacenter.hosting.standing import must_be_version
from orchestrator import commands
from orchestrator.kinds import ChangeKind, World
from orchestrator.plan import Draft

__all__ = ["KeyCreate", "KeyDelete", "KeyOrder", "KeyRef", "key_named", "keys_json"]

_SHOWN: Final = (
    "jsonb_build_object('id', r.id, 'tenant', t.code, 'name', r.name, 'public_key', r.public_key, 'comment', r.comment,"
    " 'algorithm', r.algorithm, 'bits', r.bits, 'fingerprint', r.fingerprint, 'version', r.version,"
    " 'created_at', r.created_at, 'updated_at', r.updated_at)::text as shown"
)
_FROM: Final = f"select {_SHOWN}, r.* from ssh_key r join tenant t on t.id = r.tenant_id"  # noqa: S608 - texts of this code alone


class KeyOrder(BaseModel):
    """A public key that is brought in."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    public_key: str = Field(min_length=1, max_length=20_000, description="The one line of a .pub file.")


class KeyRef(BaseModel):
    """A key that is there."""

    model_config = ConfigDict(extra="forbid")

    key: Ref
    version: int | None = None


class KeyCreate(ChangeKind[KeyOrder]):
    """Bring a public key in."""

    name = "hosting.ssh_key.create"
    title = "Bring an SSH key in"
    intent = KeyOrder
    undo_keeps = frozenset({"bounded"})
    needs_network = False

    def plan(self, intent: KeyOrder, world: World) -> Draft:
        """The key is read, and a weak or private one refused, before anything is kept of it."""
        key = keys.parse(intent.public_key)
        row = {
            "id": str(uuid7()), "tenant_id": str(_tenant(world)), "name": intent.name, "public_key": key.line,
            "comment": key.comment, "algorithm": key.algorithm, "bits": key.bits, "fingerprint": key.fingerprint,
        }  # fmt: skip
        return Draft(
            f"Bring in the SSH key {intent.name} ({key.algorithm}, {key.fingerprint})",
            commands=(commands.insert("ssh_key", [row]),),
            facts={"bounded": True},
            undo_note="Forgets the key; servers that have it keep it.",
        )


class KeyDelete(ChangeKind[KeyRef]):
    """Forget a public key."""

    name = "hosting.ssh_key.delete"
    title = "Forget an SSH key"
    intent = KeyRef
    undo_keeps = frozenset({"bounded"})
    needs_network = False

    def plan(self, intent: KeyRef, world: World) -> Draft:
        """Servers that were made with it keep it."""
        row = key_named(world.tx, intent.key)
        must_be_version(row, intent.version)
        return Draft(
            f"Forget the SSH key {row.name} ({row.fingerprint})",
            commands=(commands.delete("ssh_key", [{"id": str(row.id), "version": row.version}]),),
            facts={"bounded": True},
            undo_note="Brings the same key in again.",
        )


def key_named(tx: Connection, ref: str, *, tenant: UUID | None = None, pointer: str | None = "/key") -> Row[Any]:
    """The row of a key by id, or by name in an administration; its JSON stands in ``shown``.

    Args:
        tenant: whose keys; what the caller sees when absent.
    Raises:
        NoSuchThing: there is none, or it is not yours, or several administrations have one of this name.
    """
    found = tx.execute(
        text(
            f"{_FROM} where (r.id::text = lower(:ref) or r.name = :ref)"
            " and (cast(:tenant as uuid) is null or r.tenant_id = :tenant)"
            " order by r.id::text = lower(:ref) desc limit 2"
        ),
        {"ref": ref, "tenant": tenant},
    ).all()
    if not found or (len(found) > 1 and found[0].tenant_id != found[1].tenant_id and str(found[0].id) != ref.lower()):
        raise NoSuchThing(f"There is no SSH key {ref!r}.", pointer=pointer)
    return found[0]


def keys_json(
    tx: Connection, *, name: str | None, q: str | None, after: UUID | None, limit: int
) -> list[tuple[str, tuple[UUID]]]:
    """JSON text and cursor key of each key, oldest first."""
    found = tx.execute(
        text(
            f"{_FROM} where (cast(:name as text) is null or r.name = :name)"
            " and (cast(:q as text) is null or position(lower(:q) in lower(r.name)) > 0)"
            " and (cast(:after as uuid) is null or r.id > :after) order by r.id limit :limit"
        ),
        {"name": name, "q": q, "after": after, "limit": limit},
    )
    return [(row.shown, (row.id,)) for row in found]


def _tenant(world: World) -> UUID:
    """Whose key it becomes: the requester's administration; of the region's staff, the region."""
    if world.scope.tenant != EVERY_TENANT:
        return UUID(str(world.scope.tenant))
    return UUID(str(world.tx.execute(text("select id from tenant where kind = 'region'")).scalar_one()))
