"""Errors of sign-in.

::

    IrisplaneError
    ├── Denied
    │   └── SignInRefused        CORE-140  the provider knows this person, Irisplane gives them nothing to do
    ├── Unauthenticated
    │   └── SignInBroken         CORE-141  what came back from the provider does not belong to what was begun
    └── Unavailable
        └── ProviderUnavailable  CORE-142  the provider does not answer, or not as it should
"""

from __future__ import annotations

from core.errors import Denied, Unauthenticated, Unavailable

__all__ = ["ProviderUnavailable", "SignInBroken", "SignInRefused"]


class SignInRefused(Denied):
    """The provider knows this person or machine, but its claims give no place here; the message names the claim."""

    code = "CORE-140"
    title = "Sign-in refused"
    hint = "Ask the administrator of your organisation for a group or an invitation that gives access to Irisplane."


class SignInBroken(Unauthenticated):
    """What came back from the provider does not belong to a sign-in that this browser began, or is too old."""

    code = "CORE-141"
    title = "Sign-in not completed"
    hint = "Begin again at /sign-in, in one window, within ten minutes."


class ProviderUnavailable(Unavailable):
    """The identity provider does not answer, or not as OpenID Connect says."""

    code = "CORE-142"
    title = "Identity provider not available"
    hint = "Try again in a minute; tokens and sessions that exist keep working. The log of the API has the details."
