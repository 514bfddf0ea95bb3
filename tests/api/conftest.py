"""What the tests of the API stand on; the same for the command line's."""

from tests.api.oidc_lab import world
from tests.api.people import agent, app, client, engineer, hire, lead, manager, settings, tenants

__all__ = ["agent", "app", "client", "engineer", "hire", "lead", "manager", "settings", "tenants", "world"]
