"""Secrets in configurations: values put in on the way to a router, and never anywhere else."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Connection

from core.errors import InvalidInput
from core.keyring import KeyFile
from core.secrets import SecretStore, SecretValue
from core.settings import get_settings
from network.redact import find_secrets
from network.render.placeholders import PLACEHOLDER, fill

__all__ = ["fill_for", "keep_found", "refuse_plain_secrets"]


def fill_for(tx: Connection, tenant_id: UUID, text: str) -> str:
    """The text with the tenant's secrets in place of their references.

    Raises:
        NotFound: a secret it names is not in the store.
        UnprintableSecret: a value cannot stand in a configuration line.
    """
    names = sorted(set(PLACEHOLDER.findall(text)))
    if not names:
        return text
    values = SecretStore(KeyFile(get_settings().key_file)).get_many(tx, tenant_id, names)
    return fill(text, lambda secret: values[secret.name].reveal())


def keep_found(tx: Connection, tenant_id: UUID, found: dict[str, str]) -> None:
    """Put secrets that an adopted configuration held into the store, under the names its references have."""
    store = SecretStore(KeyFile(get_settings().key_file))
    for name, value in sorted(found.items()):
        store.put(tx, tenant_id, name, SecretValue(value))


def refuse_plain_secrets(text: str, platform: str, *, name: str) -> None:
    """Refuse lines that hold a secret in the open: they would stand in plans, events and backups.

    Raises:
        InvalidInput: names the line, never its content.
    """
    for span in find_secrets(text, platform):
        if not PLACEHOLDER.fullmatch(text[span.start : span.end].strip('"')):
            raise InvalidInput(
                f"Line {span.line} of {name} holds a secret in the open.",
                hint="Store it with 'irisplane secret put NAME' and write {{ secret('NAME') }} in its place.",
                pointer="/intent/template",
                line=span.line,
            )
