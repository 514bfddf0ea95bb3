"""The lab's routers for the lab's own tests."""

from tests.lab.running import lab

__all__ = ["lab"]
