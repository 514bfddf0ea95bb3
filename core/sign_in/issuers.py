"""Which OpenID Connect providers vouch for whom, and what do their claims mean here? One YAML file, checked whole.

::

    issuers:
      - name: region                        # in addresses: /sign-in/region
        label: Brussels Region
        issuer: https://login.example.brussels
        client_id: irisplane
        client_secret_file: /etc/irisplane/oidc-region.secret
        tenants: {"21009": ixelles, region: region}
        roles: {irisplane-engineers: engineer, agency-admins: agency-admin}

The file is read again when it has changed; docs/identity.md explains every line.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from core.errors import Misconfigured, NotFound
from core.roles import ROLES
from core.settings import is_loopback

__all__ = ["ClaimNames", "Issuer", "IssuersFile"]


class ClaimNames(BaseModel):
    """Under which names the provider tells what we ask for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tenant: str = "tenant"
    groups: str = "groups"
    name: str = "name"
    email: str = "email"
    handle: str = "preferred_username"
    locale: str = "locale"


class Issuer(BaseModel):
    """One provider.

    Attributes:
        issuer: its identifier; ``/.well-known/openid-configuration`` below it describes the rest.
        client_secret_file: a file that holds the secret; or
        client_secret_name: the secret's name in the region's secret store. Neither: a public client (PKCE alone).
        resource: the audience of machines' access tokens (RFC 8707); none: machines cannot come with its tokens.
        tenant: everybody from here belongs to this tenant; otherwise
        tenants: the claim's value → the tenant's code. Values that are not listed are refused.
        roles: group → role. Groups that are not listed give nothing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")
    label: str = Field(min_length=1, max_length=80)
    issuer: str
    client_id: str = Field(min_length=1, max_length=200)
    client_secret_file: Path | None = None
    client_secret_name: str | None = Field(default=None, max_length=200)
    scopes: tuple[str, ...] = ("openid", "profile", "email")
    resource: str | None = None
    claims: ClaimNames = ClaimNames()
    tenant: str | None = None
    tenants: Mapping[str, str] = Field(default_factory=dict)
    roles: Mapping[str, str] = Field(default_factory=dict)

    @field_validator("issuer")
    @classmethod
    def _address(cls, value: str) -> str:
        parts = urlsplit(value)
        encrypted = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
        if not encrypted or not parts.hostname or parts.query or parts.fragment or parts.username:
            raise ValueError("an https:// address without query (http:// on loopback only)")
        return value

    @field_validator("resource")
    @classmethod
    def _audience(cls, value: str | None) -> str | None:
        if value is not None and (not urlsplit(value).scheme or urlsplit(value).fragment):
            raise ValueError("an absolute URI without fragment, as https://irisplane.example/api/v1")
        return value

    @field_validator("roles")
    @classmethod
    def _known_roles(cls, value: Mapping[str, str]) -> Mapping[str, str]:
        for group, role in value.items():
            if role not in ROLES:
                raise ValueError(f"group {group!r}: {role!r} is no role; one of {', '.join(ROLES)}")
        return value

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if self.client_secret_file and self.client_secret_name:
            raise ValueError("client_secret_file or client_secret_name, not both")
        if (self.tenant is None) == (not self.tenants):
            raise ValueError("either 'tenant' (everybody's) or 'tenants' (value of the claim: code)")
        if "openid" not in self.scopes:
            raise ValueError("scopes must hold openid")
        return self


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    issuers: list[Issuer] = Field(max_length=50)

    @field_validator("issuers")
    @classmethod
    def _once(cls, value: list[Issuer]) -> list[Issuer]:
        for what in ("name", "issuer"):
            seen = [getattr(one, what) for one in value]
            twice = {one for one in seen if seen.count(one) > 1}
            if twice:
                raise ValueError(f"the {what} {min(twice)!r} stands there twice")
        return value


_LARGEST: Final = 1_000_000


class IssuersFile:
    """The providers of a file, read again when it has changed.

    Args:
        path: the file; that it is absent means that nobody signs in with a provider.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._guard = threading.Lock()
        self._seen: tuple[int, int] | None = None
        self._known: dict[str, Issuer] = {}

    def all(self) -> dict[str, Issuer]:
        """The providers by name, in the order of the file.

        Raises:
            Misconfigured: the file is not what it must be; names the provider and the line's key.
        """
        try:
            about = self.path.stat()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise Misconfigured(f"{self.path} cannot be read: {error.strerror}.") from error
        with self._guard:
            if (about.st_mtime_ns, about.st_size) != self._seen:
                self._known = {one.name: one for one in read(self.path)}
                self._seen = (about.st_mtime_ns, about.st_size)
            return self._known

    def named(self, name: str) -> Issuer:
        """The provider of that name.

        Raises:
            NotFound: there is none.
        """
        found = self.all().get(name)
        if found is None:
            raise NotFound(f"There is no identity provider {name!r}.", hint="/sign-in lists those there are.")
        return found


def read(path: Path) -> list[Issuer]:
    """The providers that a file names.

    Raises:
        Misconfigured: one line for each mistake, with the provider's name and the key.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise Misconfigured(f"{path} has more than {_LARGEST} bytes.")
        given = yaml.safe_load(path.read_text(encoding="utf-8"))
        return _File.model_validate({"issuers": []} if given is None else given).issuers
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise Misconfigured(f"{path} cannot be read as YAML: {error}.", variable="IRISPLANE_OIDC_FILE") from error
    except ValidationError as error:
        lines = [_complaint(one["loc"], one["msg"], given) for one in error.errors()]
        raise Misconfigured(
            f"{path}: {'; '.join(lines)}",
            hint="docs/identity.md explains every line of that file.",
            variable="IRISPLANE_OIDC_FILE",
        ) from None


def _complaint(where: tuple[int | str, ...], what: str, given: object) -> str:
    place = ".".join(str(part) for part in where)
    if len(where) > 1 and isinstance(where[1], int) and isinstance(given, dict):
        entry = given["issuers"][where[1]]
        name = entry.get("name", where[1]) if isinstance(entry, dict) else where[1]
        place = f"issuer {name}: {'.'.join(str(part) for part in where[2:])}".rstrip(": ")
    return f"{place}: {what.removeprefix('Value error, ')}"
