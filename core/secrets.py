"""Secrets: named values of a tenant (device credentials, signing keys), sealed at rest, opened where they are used.

Sealed with AES-256-GCM under the master key of ``core.keyring``, with ``secret:<tenant>:<name>:<version>`` as the
associated data.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NoReturn
from uuid import UUID

from sqlalchemy import Connection, text

from core.errors import InvalidInput, NotFound
from core.journal.record import record
from core.keyring import KeyFile
from core.masking import WITHHELD, remember

__all__ = ["SecretInfo", "SecretStore", "SecretValue", "associated_data"]

_NAME_CHARACTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:/@-")


class SecretValue:
    """A secret in memory: never printed, formatted or pickled, and masked in every log line once made."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        remember(value)
        self._value = value

    def reveal(self) -> str:
        """The value itself. Call it where it goes over the wire, nowhere else."""
        return self._value

    def __repr__(self) -> str:
        return WITHHELD

    __str__ = __repr__

    def __format__(self, _spec: str) -> str:
        return WITHHELD

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SecretValue) and hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        raise TypeError("a secret is no key of a mapping")

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not written anywhere")


@dataclass(frozen=True, slots=True)
class SecretInfo:
    """A secret as lists show it: never its value."""

    name: str
    version: int
    key_id: str
    updated_at: datetime


class SecretStore:
    """The table ``secret``, opened with the keys of a key file.

    Args:
        keys: the key file; read again whenever it changed, so a rotation needs no restart.
    """

    def __init__(self, keys: KeyFile) -> None:
        self._keys = keys

    def put(self, tx: Connection, tenant_id: UUID, name: str, value: SecretValue) -> int:
        """Set a secret; gives its version.

        Raises:
            InvalidInput: the name is not 1 to 200 of ``a-z A-Z 0-9 . _ : / @ -``.
        """
        if not 0 < len(name) <= 200 or not set(name) <= _NAME_CHARACTERS:
            raise InvalidInput(
                "A secret's name has 1 to 200 of a-z A-Z 0-9 . _ : / @ -",
                pointer="/name",
                hint="For example device/cr01/irisplane.",
            )
        place = {"tenant": tenant_id, "name": name}
        # The lock comes before the key is chosen, and a rotation waits for it before it drops a key: what is written
        # here always opens later. The second lock settles the version, which is part of what seals the value.
        tx.execute(text("lock table secret in row exclusive mode"))
        tx.execute(
            text(
                "select pg_advisory_xact_lock("
                "hashtextextended(concat(cast(:tenant as uuid), ':', cast(:name as text)), 0))"
            ),
            place,
        )
        before = tx.execute(
            text("select version from secret where tenant_id = :tenant and name = :name"), place
        ).scalar()
        version = int(before or 0) + 1
        aad = associated_data(tenant_id, name, version)
        key_id, nonce, sealed = self._keys.ring().encrypt(value.reveal().encode(), aad)
        tx.execute(
            text(
                "insert into secret (tenant_id, name, key_id, nonce, sealed, version)"
                " values (:tenant, :name, :key_id, :nonce, :sealed, :version)"
                " on conflict (tenant_id, name) do update set key_id = excluded.key_id, nonce = excluded.nonce,"
                " sealed = excluded.sealed, version = excluded.version, updated_at = now()"
            ),
            {**place, "key_id": key_id, "nonce": nonce, "sealed": sealed, "version": version},
        )
        record(tx, "audit", "secret.set", "secret", name, body={"version": version}, tenant_id=tenant_id)
        return version

    def get(self, tx: Connection, tenant_id: UUID, name: str) -> SecretValue:
        """The value of a secret.

        Raises:
            NotFound: there is none of that name in this scope.
            KeyMissing, Unreadable: it does not open.
        """
        return self.get_many(tx, tenant_id, [name])[name]

    def get_many(self, tx: Connection, tenant_id: UUID, names: Sequence[str]) -> dict[str, SecretValue]:
        """The values of several secrets, in one statement.

        Raises:
            NotFound: one of them does not exist in this scope (names it).
            KeyMissing, Unreadable: one does not open.
        """
        rows = tx.execute(
            text(
                "select name, key_id, nonce, sealed, version from secret"
                " where tenant_id = :tenant and name = any(:names)"
            ),
            {"tenant": tenant_id, "names": list(names)},
        ).all()
        ring = self._keys.ring()
        opened = {
            row.name: ring.decrypt(row.key_id, row.nonce, row.sealed, associated_data(tenant_id, row.name, row.version))
            for row in rows
        }
        for name in names:
            if name not in opened:
                raise NotFound(
                    f"There is no secret {name!r}.", hint="'irisplane secret set' makes it.", pointer=None, name=name
                )
        return {name: SecretValue(plain.decode()) for name, plain in opened.items()}

    def delete(self, tx: Connection, tenant_id: UUID, name: str) -> None:
        """Forget a secret.

        Raises:
            NotFound: there is none of that name in this scope.
        """
        statement = text("delete from secret where tenant_id = :tenant and name = :name")
        if tx.execute(statement, {"tenant": tenant_id, "name": name}).rowcount != 1:
            raise NotFound(f"There is no secret {name!r}.", name=name)
        record(tx, "audit", "secret.deleted", "secret", name, tenant_id=tenant_id)

    def names(self, tx: Connection, tenant_id: UUID, *, prefix: str = "") -> list[SecretInfo]:
        """What is stored, by name; never a value."""
        rows = tx.execute(
            text(
                "select name, version, key_id, updated_at from secret"
                " where tenant_id = :tenant and starts_with(name, :prefix) order by name"
            ),
            {"tenant": tenant_id, "prefix": prefix},
        )
        return [SecretInfo(row.name, row.version, row.key_id, row.updated_at) for row in rows]


def associated_data(tenant_id: UUID, name: str, version: int) -> bytes:
    """What binds a sealed value to its row."""
    return f"secret:{tenant_id}:{name}:{version}".encode()
