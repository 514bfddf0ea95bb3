"""Sign-in by OpenID Connect: which providers vouch for people and machines, and what their claims mean here."""
