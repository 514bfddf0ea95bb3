"""What stands between a browser and the application in tests of bad days: it is served in the application's place."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import FastAPI
from starlette.datastructures import State

__all__ = ["Between"]


@dataclass
class Between:
    """Hands on to the application, whose state is its own."""

    app: FastAPI

    @property
    def state(self) -> State:
        """The application's."""
        return self.app.state
