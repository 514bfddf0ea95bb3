"""What the tests of the data centre stand on; the same as the API's."""

from tests.api.people import agent, app, client, engineer, hire, lead, manager, settings, tenants

__all__ = ["agent", "app", "client", "engineer", "hire", "lead", "manager", "settings", "tenants"]
