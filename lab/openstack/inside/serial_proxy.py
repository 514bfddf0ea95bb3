"""Start nova-serialproxy with its far end among the machines: arguments as ``nova-serialproxy``.

It listens on this machine's loopback; the serial port that a token opens is reached in the machines' namespace. What
it says of a connection leaves the token out.
"""

from __future__ import annotations

import re
import sys
from typing import Any

from nova.cmd.serialproxy import main  # first: it chooses how Nova runs its threads

from namespace import among_the_machines  # isort: skip
from nova.console import websocketproxy  # isort: skip

_TOKEN = re.compile(r"(token=)[^&\s'\"]+")


class ToTheMachines(websocketproxy.NovaProxyRequestHandler):  # type: ignore[misc] # Nova publishes no types
    """One connection, in a process of its own."""

    def socket(self, *address: Any, **how: Any) -> Any:
        """The way to a serial port."""
        with among_the_machines():
            return super().socket(*address, **how)

    def log_message(self, format: str, *values: Any) -> None:  # noqa: A002 - the base class's name
        """What is worth a line, without what would open a console."""
        super().log_message("%s", _TOKEN.sub(r"\1...", format % values))


if __name__ == "__main__":
    websocketproxy.NovaProxyRequestHandler = ToTheMachines
    sys.exit(main())
