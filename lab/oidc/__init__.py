"""The lab's identity provider: a real OpenID Connect server on loopback, with people from a file."""
