"""Speak with one provider: what it says of itself, its keys, a code for tokens, and what it has signed.

Discovery is kept for an hour and keys for ten minutes; a signature by an unknown key asks for the keys at once, at most
every ten seconds, so a rotation is met without a restart and a forger makes no traffic.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2
from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from core.errors import Unauthenticated
from core.logs import get_logger
from core.settings import is_loopback
from core.sign_in.errors import ProviderUnavailable, SignInBroken
from core.sign_in.issuers import Issuer
from core.tokens import refused

__all__ = ["Begun", "Provider"]

_ALGORITHMS: Final = ["RS256", "PS256", "ES256"]
"""Asymmetric ones only: what a provider signs with a key that we share proves nothing."""

_DISCOVERY_SECONDS: Final = 3600.0
_KEYS_SECONDS: Final = 600.0
_KEYS_AT_MOST: Final = 10.0
_DOWN_SECONDS: Final = 5.0
"""How long nobody asks again a provider that did not answer: else every request would wait for it."""
_LEEWAY: Final = 30
_TIMEOUT: Final = httpx2.Timeout(5.0)
_LARGEST: Final = 512 * 1024

_log = get_logger("irisplane.sign_in")


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-in that a browser was sent away for.

    Attributes:
        url: the provider's page.
        state: comes back in the address; nonce: comes back inside the ID token.
        verifier: what PKCE proves at the token endpoint.
    """

    url: str
    state: str
    nonce: str
    verifier: str


class Provider:
    """One issuer, reached over the network.

    Args:
        issuer: as configured.
        secret: gives the client's secret when it is needed; ``None`` for a public client.
        clock: seconds that only grow.
    """

    def __init__(
        self, issuer: Issuer, secret: Callable[[], str | None], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.issuer = issuer
        self._secret = secret
        self._clock = clock
        self._guard = threading.Lock()
        self._about: dict[str, Any] = {}
        self._about_at = -_DISCOVERY_SECONDS
        self._keys: KeySet | None = None
        self._keys_at = -_KEYS_SECONDS
        self._down_until = -1.0

    # ------------------------------------------------------------------------------------------------------- people
    def begin(self, redirect_uri: str) -> Begun:
        """Where to send a browser, with fresh state, nonce and PKCE verifier.

        Raises:
            ProviderUnavailable: it does not say where.
        """
        about = self.about()
        nonce, verifier = generate_token(43), generate_token(64)
        with self._client(redirect_uri) as client:
            url, state = client.create_authorization_url(
                str(about["authorization_endpoint"]), state=generate_token(43), code_verifier=verifier, nonce=nonce
            )
        return Begun(url, state, nonce, verifier)

    def finish(self, redirect_uri: str, answer: Mapping[str, str], begun: Begun) -> dict[str, Any]:
        """The claims of who came back, from the ID token and, for what it lacks, from the userinfo endpoint.

        Args:
            answer: the query that the browser brought.
            begun: what it was sent away with; its ``state`` was compared already.
        Raises:
            SignInBroken: the provider refused, or what it gave is not what was asked for.
            ProviderUnavailable: it does not answer.
        """
        about = self.about()
        if "error" in answer:
            raise SignInBroken(f"The identity provider refused: {answer['error'][:80]}.")
        named = answer.get("iss")
        if (named or about.get("authorization_response_iss_parameter_supported")) and named != self.issuer.issuer:
            raise SignInBroken("The answer comes from another identity provider than was asked.")  # RFC 9207
        with self._client(redirect_uri) as client:
            try:
                tokens = client.fetch_token(
                    str(about["token_endpoint"]), code=answer.get("code", ""), code_verifier=begun.verifier,
                    grant_type="authorization_code",
                )  # fmt: skip
            except OAuthError as error:
                raise SignInBroken(f"The identity provider refused: {error.error}.") from error
            except (httpx2.HTTPError, ValueError) as error:
                raise self._away("its token endpoint", error) from error
        claims = self._id_token(str(tokens.get("id_token", "")), begun.nonce, str(tokens.get("access_token", "")))
        return self._with_userinfo(claims, str(tokens.get("access_token", "")))

    def sign_out_url(self) -> str | None:
        """Where people end their session at the provider itself, if it says."""
        found = self.about().get("end_session_endpoint")
        return found if isinstance(found, str) and _trusted(found) else None

    # ----------------------------------------------------------------------------------------------------- machines
    def verify_machine(self, token: str) -> dict[str, Any]:
        """The claims of an access token that a machine got for our resource (RFC 9068), verified.

        Raises:
            Unauthenticated: it is not that, or is over; always the same error.
            ProviderUnavailable: its keys cannot be had.
        """
        resource = self.issuer.resource
        if resource is None:
            raise refused()
        header, claims = self._verified(token)
        kind = str(header.get("typ", "")).lower().removeprefix("application/")
        registry = jwt.JWTClaimsRegistry(
            leeway=_LEEWAY,
            iss={"essential": True, "value": self.issuer.issuer},
            aud={"essential": True, "value": resource},
            exp={"essential": True},
            sub={"essential": True},
            client_id={"essential": True},
        )
        try:
            registry.validate(claims)
        except JoseError as error:
            raise refused() from error
        # a client's own token: its subject is the client itself, not a person who lent it something
        if kind != "at+jwt" or claims["sub"] != claims["client_id"]:
            raise refused()
        return claims

    def verify_sign_out(self, token: str) -> dict[str, Any]:
        """The claims of a logout token (OpenID Connect Back-Channel Logout 1.0), verified.

        Raises:
            Unauthenticated: it is not that.
        """
        _, claims = self._verified(token)
        registry = jwt.JWTClaimsRegistry(
            leeway=_LEEWAY,
            iss={"essential": True, "value": self.issuer.issuer},
            aud={"essential": True, "value": self.issuer.client_id},
            exp={"essential": True},
        )
        try:
            registry.validate(claims)
        except JoseError as error:
            raise refused() from error
        events = claims.get("events")
        event = "http://schemas.openid.net/event/backchannel-logout"
        if not isinstance(events, dict) or event not in events or "nonce" in claims:
            raise refused()
        return claims

    # ------------------------------------------------------------------------------------------------------- inside
    def about(self) -> dict[str, Any]:
        """The provider's own description (discovery), at most an hour old.

        Raises:
            ProviderUnavailable: it cannot be had, or is another issuer's.
        """
        with self._guard:
            if self._clock() - self._about_at < _DISCOVERY_SECONDS:
                return self._about
            try:
                found = self._fetch(f"{self.issuer.issuer.rstrip('/')}/.well-known/openid-configuration")
            except ProviderUnavailable:
                if self._about:
                    return self._about  # an older one is better than nobody signing in
                raise
            if found.get("issuer") != self.issuer.issuer:
                raise ProviderUnavailable(f"{self.issuer.name}: the description is of issuer {found.get('issuer')!r}.")
            for needed in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                if not isinstance(found.get(needed), str) or not _trusted(found[needed]):
                    raise ProviderUnavailable(f"{self.issuer.name}: the description has no usable {needed}.")
            self._about, self._about_at = found, self._clock()
            return found

    def _key_set(self, *, unknown_key: bool = False) -> KeySet:
        address = str(self.about()["jwks_uri"])
        with self._guard:
            age = self._clock() - self._keys_at
            if self._keys is not None and age < (_KEYS_AT_MOST if unknown_key else _KEYS_SECONDS):
                return self._keys
            try:
                found = self._fetch(address)
                keys = [key for key in found.get("keys", []) if key.get("kty") in {"RSA", "EC"}]
                self._keys = KeySet.import_key_set({"keys": keys})
                self._keys_at = self._clock()
            except (JoseError, ValueError, TypeError, AttributeError) as error:
                raise self._away("its keys", error) from error
            except ProviderUnavailable:
                if self._keys is None:
                    raise
            return self._keys

    def _verified(self, token: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Header and claims of what the provider signed; the signature holds, nothing else is checked."""
        for unknown_key in (False, True):
            keys = self._key_set(unknown_key=unknown_key)
            try:
                found = jwt.decode(token, keys, algorithms=_ALGORITHMS)
            except (JoseError, ValueError, TypeError) as error:
                problem = error
            else:
                return dict(found.header), dict(found.claims)
        raise refused() from problem

    def _id_token(self, token: str, nonce: str, access_token: str) -> dict[str, Any]:
        try:
            header, claims = self._verified(token)
            checked = CodeIDToken(
                claims,
                header,
                {"iss": {"essential": True, "value": self.issuer.issuer},
                 "aud": {"essential": True, "value": self.issuer.client_id}},
                {"nonce": nonce, "client_id": self.issuer.client_id, "access_token": access_token},
            )  # fmt: skip
            checked.validate(leeway=_LEEWAY)
        except (Unauthenticated, JoseError) as error:
            raise SignInBroken("The ID token is not what was asked for.") from error
        return claims

    def _with_userinfo(self, claims: dict[str, Any], access_token: str) -> dict[str, Any]:
        names = self.issuer.claims
        wanted = {names.groups, names.name, names.email} | (set() if self.issuer.tenant else {names.tenant})
        address = self.about().get("userinfo_endpoint")
        if wanted <= claims.keys() or not isinstance(address, str) or not _trusted(address):
            return claims
        more = self._fetch(address, {"Authorization": f"Bearer {access_token}"})
        if more.get("sub") != claims["sub"]:
            raise SignInBroken("The userinfo endpoint speaks of another person.")
        return {**more, **claims}

    def _client(self, redirect_uri: str) -> OAuth2Client:
        secret = self._secret()
        return OAuth2Client(
            client_id=self.issuer.client_id,
            client_secret=secret,
            token_endpoint_auth_method="client_secret_basic" if secret else "none",
            scope=" ".join(self.issuer.scopes),
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
            timeout=_TIMEOUT,
            follow_redirects=False,
            trust_env=not is_loopback(urlsplit(self.issuer.issuer).hostname or ""),
        )

    def _fetch(self, address: str, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        if self._clock() < self._down_until:
            raise ProviderUnavailable(f"The identity provider {self.issuer.name} did not answer a moment ago.")
        trust_env = not is_loopback(urlsplit(address).hostname or "")
        try:
            with httpx2.Client(timeout=_TIMEOUT, trust_env=trust_env, follow_redirects=False) as client:
                answer = client.get(address, headers={"Accept": "application/json", **(headers or {})})
            found = answer.json() if answer.status_code == 200 and len(answer.content) <= _LARGEST else None
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
            self._down_until = self._clock() + _DOWN_SECONDS
            raise self._away(urlsplit(address).path, error) from error
        if not isinstance(found, dict):
            raise ProviderUnavailable(
                f"{self.issuer.name}: {urlsplit(address).path} gave {answer.status_code}, no object."
            )
        return found

    def _away(self, what: str, error: Exception) -> ProviderUnavailable:
        _log.warning("identity provider", issuer=self.issuer.name, what=what, error=type(error).__name__)
        return ProviderUnavailable(f"The identity provider {self.issuer.name} does not give {what}.")


def _trusted(address: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
