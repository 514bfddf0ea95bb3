"""The lab's routers for the lab's own tests, and the API for what is entered into it."""

from tests.api.people import app, client, hire, settings, tenants
from tests.lab.running import lab

__all__ = ["app", "client", "hire", "lab", "settings", "tenants"]
