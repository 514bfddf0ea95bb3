"""The lab's routers for the drivers' tests."""

from tests.lab.running import lab

__all__ = ["lab"]
