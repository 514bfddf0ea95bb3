"""Where a secret will stand in a rendered text, until the last step.

Rendered text is memoised and compared with placeholders in it; only :func:`fill` ever sees a value, and what it
returns goes to a device and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from network.device_model import SecretRef
from network.render.errors import UnprintableSecret

__all__ = ["PLACEHOLDER", "REDACTED", "Resolver", "fill", "placeholder", "redacting"]

Resolver = Callable[[SecretRef], str]
REDACTED = "<redacted>"
OSPF_MD5_LENGTH = 16  # RFC 2328, D.3; FRR cuts what is longer, and running would never be the intent
_OSPF_MD5 = re.compile(r"message-digest-key \d+ md5 (?:clear )?$")
PLACEHOLDER = re.compile(r"<secret-ref:([^<>\s]+)>")


def placeholder(secret: SecretRef) -> str:
    """The mark that stands for a secret in a text."""
    return f"<secret-ref:{secret.name}>"


def redacting(_secret: SecretRef) -> str:
    """A resolver that knows nothing: for plans, diffs and everything else that people read."""
    return REDACTED


def fill(text: str, secrets: Resolver) -> str:
    """The text with every placeholder replaced by its value.

    Raises:
        UnknownSecret: raised by the resolver for a name it does not know.
        UnprintableSecret: a value holds a line break or another control character.
    """

    def value(match: re.Match[str]) -> str:
        found = secrets(SecretRef(match[1]))
        if not found or not found.isprintable():
            raise UnprintableSecret(f"The value of secret {match[1]!r} cannot be written in a configuration line.")
        if len(found) > OSPF_MD5_LENGTH and _OSPF_MD5.search(text, max(0, match.start() - 60), match.start()):
            raise UnprintableSecret(
                f"Secret {match[1]!r} is longer than the {OSPF_MD5_LENGTH} characters of an OSPF key."
            )
        return found

    return PLACEHOLDER.sub(value, text)
