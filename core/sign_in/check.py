"""Are the identity providers set up well, and do they answer? For ``irisplane doctor``."""

from __future__ import annotations

from core.bringup import Platform
from core.doctor import Finding, Verdict
from core.errors import Misconfigured
from core.sign_in.errors import ProviderUnavailable
from core.sign_in.issuers import IssuersFile
from core.sign_in.provider import Provider

__all__ = ["identity_providers"]


def identity_providers(platform: Platform) -> Finding:
    """What stands in the file of providers, and whether each describes itself."""
    file = IssuersFile(platform.settings.oidc_file)
    try:
        issuers = file.all()
    except Misconfigured as error:
        return Finding(Verdict.FAIL, error.message, "docs/identity.md explains every line; nobody signs in until then.")
    if not issuers:
        return Finding(Verdict.OK, "none is set up: people and programs come with tokens")
    silent = []
    for issuer in issuers.values():
        try:
            Provider(issuer, lambda: None).about()
        except ProviderUnavailable:
            silent.append(issuer.name)
        if issuer.client_secret_file is not None and not issuer.client_secret_file.is_file():
            said = f"issuer {issuer.name}: {issuer.client_secret_file} is not there"
            return Finding(Verdict.FAIL, said, "Put the client's secret there, readable for the service user.")
    if silent:
        said = f"does not answer, or not as OpenID Connect says: {', '.join(silent)}"
        return Finding(Verdict.WARN, said, "Sessions and tokens go on; nobody new signs in there.")
    return Finding(Verdict.OK, f"{', '.join(issuers)} answer" if len(issuers) > 1 else f"{next(iter(issuers))} answers")
