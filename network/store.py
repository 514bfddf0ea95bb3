"""Configurations kept: content-addressed, the redacted text in the open, the router's own text sealed.

A version is never overwritten. The digest is over the normalised raw text, so a router that went back to an earlier
configuration costs one small row.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, text

from core.errors import NotFound
from core.keyring import KeyFile
from network.redact import redact

__all__ = ["Version", "digest_of", "keep", "raw", "redacted", "version", "versions"]


@dataclass(frozen=True, slots=True)
class Version:
    """One configuration that a device was seen with, or given."""

    id: UUID
    digest: str
    source: str
    taken_at: datetime
    change_id: UUID | None
    lines: int


def digest_of(configuration: str) -> str:
    """SHA-256 (hex) of a normalised configuration: the same as a driver's fingerprint of it."""
    return hashlib.sha256(configuration.encode()).hexdigest()


_KEEP_TEXT: Final = text("""
insert into config_text (digest, tenant_id, platform, redacted, lines, sealed)
values (:digest, :tenant, :platform, :redacted, :lines, :sealed) on conflict do nothing
""")
_KEEP_VERSION: Final = text("""
insert into config_version (device_id, tenant_id, digest, source, change_id)
select :device, :tenant, :digest, :source, :change
where not exists (select from (select digest, source, change_id from config_version where device_id = :device
                               order by id desc limit 1) last
                  where last.digest = :digest
                    and (:source in ('backup', 'drift') or (last.source = :source and last.change_id = :change)))
""")


def keep(
    tx: Connection,
    keyring: KeyFile,
    *,
    device_id: UUID,
    tenant_id: UUID,
    platform: str,
    configuration: str,
    source: str,
    change_id: UUID | None = None,
) -> str:
    """Keep a running configuration (normalised, raw); gives its digest. The same as the newest is not kept twice."""
    digest = digest_of(configuration)
    known = tx.execute(
        text("select 1 from config_text where tenant_id = :tenant and digest = :digest"),
        {"tenant": tenant_id, "digest": digest},
    ).scalar()
    if not known:
        # Before the key is chosen: a rotation waits for this lock before it drops a key (KeyFile.seal).
        tx.execute(text("lock table config_text in row exclusive mode"))
        tx.execute(
            _KEEP_TEXT,
            {
                "digest": digest,
                "tenant": tenant_id,
                "platform": platform,
                "redacted": redact(configuration, platform),
                "lines": configuration.count("\n"),
                "sealed": keyring.seal(configuration.encode(), _place(tenant_id, digest)),
            },
        )
    tx.execute(
        _KEEP_VERSION,
        {"device": device_id, "tenant": tenant_id, "digest": digest, "source": source, "change": change_id},
    )
    return digest


def raw(tx: Connection, keyring: KeyFile, tenant_id: UUID, digest: str) -> str:
    """A kept configuration with its secrets: for a device and nothing else.

    Raises:
        NotFound: it was never kept.
        KeyMissing, Unreadable: it does not open.
    """
    sealed = tx.execute(
        text("select sealed from config_text where tenant_id = :tenant and digest = :digest"),
        {"tenant": tenant_id, "digest": digest},
    ).scalar()
    if sealed is None:
        raise NotFound(f"No configuration {digest[:12]} is kept.", digest=digest)
    return keyring.unseal(bytes(sealed), _place(tenant_id, digest)).decode()


def redacted(tx: Connection, tenant_id: UUID, digest: str) -> str:
    """A kept configuration as people may read it.

    Raises:
        NotFound: it was never kept.
    """
    found = tx.execute(
        text("select redacted from config_text where tenant_id = :tenant and digest = :digest"),
        {"tenant": tenant_id, "digest": digest},
    ).scalar()
    if found is None:
        raise NotFound(f"No configuration {digest[:12]} is kept.", digest=digest)
    return str(found)


_VERSIONS: Final = """
select v.id, v.digest, v.source, v.taken_at, v.change_id, t.lines
from config_version v join config_text t on t.tenant_id = v.tenant_id and t.digest = v.digest
where v.device_id = :device
"""
_DIFFERENT: Final = f"""
select id, digest, source, taken_at, change_id, lines
from (select s.*, lag(digest) over (order by id desc) as newer from ({_VERSIONS}) s) t
where newer is distinct from digest
"""  # noqa: S608 - made of constants


def versions(tx: Connection, device_id: UUID, *, limit: int = 200) -> list[Version]:
    """What a device was seen with, newest first."""
    rows = tx.execute(text(_VERSIONS + " order by v.id desc limit :limit"), {"device": device_id, "limit": limit})
    return [Version(*row) for row in rows]


_ORDINAL: Final = re.compile(r"@[0-9]{1,9}")


def version(tx: Connection, device_id: UUID, which: str) -> Version:
    """One version: by the beginning of its digest, by id, or ``@N``: the N-th different one before the newest (``@0``).

    Raises:
        NotFound: none, or more than one, is meant.
    """
    if _ORDINAL.fullmatch(which):
        statement = text(_DIFFERENT + " order by id desc offset :skip limit 1")
        found = tx.execute(statement, {"device": device_id, "skip": int(which[1:])}).all()
    else:
        statement = text(_VERSIONS + " and (starts_with(v.digest, :which) or v.id::text = :which) order by v.id desc")
        found = tx.execute(statement, {"device": device_id, "which": which.lower()}).all()
    if not found or len({row.digest for row in found}) > 1:
        raise NotFound(
            f"{which!r} names {'no' if not found else 'more than one'} version of this device.",
            hint="'irisplane config history DEVICE' lists them; use a digest's first characters, or @0, @1, …",
            version=which,
        )
    return Version(*found[0])


def _place(tenant_id: UUID, digest: str) -> str:
    return f"config:{tenant_id}:{digest}"
