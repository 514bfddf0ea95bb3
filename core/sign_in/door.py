"""The providers of this installation, ready to be asked; and machines that come with an access token of one."""

from __future__ import annotations

import base64
import binascii
import json
import threading
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from core.db import Database
from core.errors import Denied, Misconfigured, Unavailable
from core.identity import Principal
from core.keyring import KeyFile
from core.roles import STAFF_ROLES, expand, scopes_of
from core.scope import EVERY_TENANT, Scope
from core.secrets import SecretStore
from core.settings import Settings
from core.sign_in.claims import external_id
from core.sign_in.issuers import Issuer, IssuersFile
from core.sign_in.provider import Provider
from core.tokens import refused

__all__ = ["LONGEST_ACCESS_TOKEN", "Door"]

LONGEST_ACCESS_TOKEN: Final = 4096
"""Characters; a longer one is none of ours."""


class Door:
    """Providers by name, each asked through one object that keeps its keys.

    Args:
        database: where secrets and principals are.
        settings: name the file of providers and the keys of the secret store.
    """

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings
        self._file = IssuersFile(settings.oidc_file)
        self._providers: dict[str, Provider] = {}
        self._guard = threading.Lock()

    def issuers(self) -> dict[str, Issuer]:
        """The providers by name.

        Raises:
            Misconfigured: the file is not what it must be.
        """
        return self._file.all()

    def provider(self, name: str) -> Provider:
        """A provider by name.

        Raises:
            NotFound: there is none.
            Misconfigured: the file is not what it must be.
        """
        issuer = self._file.named(name)
        with self._guard:
            found = self._providers.get(name)
            if found is None or found.issuer != issuer:
                found = self._providers[name] = Provider(issuer, lambda: self._secret(issuer))
            return found

    def machine(self, token: str) -> Principal:
        """The service account that a machine's access token stands for, with the token's scopes as far as its roles go.

        Raises:
            Unauthenticated: no provider of ours gave it for our resource, it is over, or nobody knows that client here.
            Denied: the client's account holds roles in several tenants, and the token does not say which is meant.
            ProviderUnavailable, Unavailable: the provider's keys or the database cannot be had.
        """
        if len(token) > LONGEST_ACCESS_TOKEN:
            raise refused()
        said = _unverified_issuer(token)
        issuer = next((one for one in self.issuers().values() if one.issuer == said and one.resource), None)
        if issuer is None:
            raise refused()
        claims = self.provider(issuer.name).verify_machine(token)
        return self._account(issuer, claims)

    def _account(self, issuer: Issuer, claims: dict[str, Any]) -> Principal:
        try:
            with self._database.connection("api").execution_options(isolation_level="AUTOCOMMIT") as connection:
                rows = connection.execute(
                    text("select * from authenticate_external(:name)"),
                    {"name": external_id(issuer, str(claims["client_id"]))},
                ).all()
        except OperationalError as error:
            raise Unavailable("The database does not answer.") from error
        if not rows or rows[0].kind != "service":
            raise refused()
        meant = issuer.tenants.get(str(claims.get(issuer.claims.tenant, "")))
        chosen = [row for row in rows if meant is None or row.tenant_code == meant]
        if len(chosen) != 1:
            raise Denied(
                "This client's account holds roles in several administrations; its token must say which is meant.",
                hint=f"Let the provider add the claim {issuer.claims.tenant!r}, or make an account for each.",
                tenants=[row.tenant_code for row in rows],
            )
        row = chosen[0]
        roles = frozenset(row.roles)
        asked = str(claims.get("scope", "")).split()
        return Principal(
            id=row.principal_id,
            handle=row.handle,
            kind=row.kind,
            tenant_id=row.tenant_id,
            tenant_code=row.tenant_code,
            roles=roles,
            scopes=expand(asked) & scopes_of(roles),
            token_id=None,
            staff=row.of_region and bool(roles & STAFF_ROLES),
        )

    def _secret(self, issuer: Issuer) -> str | None:
        if issuer.client_secret_file is not None:
            try:
                return issuer.client_secret_file.read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                raise Misconfigured(f"issuer {issuer.name}: {issuer.client_secret_file} cannot be read.") from error
        if issuer.client_secret_name is None:
            return None
        with self._database.transaction("api", Scope(EVERY_TENANT, reason="sign in")) as tx:
            region = tx.execute(text("select id from tenant where kind = 'region' order by id limit 1")).scalar_one()
            return SecretStore(KeyFile(self._settings.key_file)).get(tx, region, issuer.client_secret_name).reveal()


def _unverified_issuer(token: str) -> str:
    """Whose key to try; nothing else is believed of a token before its signature holds."""
    parts = token.split(".")
    if len(parts) != 3:
        raise refused()
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise refused() from error
    return str(claims.get("iss", "")) if isinstance(claims, dict) else ""
