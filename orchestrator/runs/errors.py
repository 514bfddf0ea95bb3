"""What stops a run from the inside.

::

    IrisplaneError
    └── RunStopped               ORC-160  this process no longer carries the run
        ├── FencedOut            ORC-161  another worker took the run over
        └── LeaseLost            ORC-162  the others have declared this worker lost
    Unavailable
    └── TargetSilent             ORC-163  a target did not answer in time
"""

from __future__ import annotations

from core.errors import IrisplaneError, Unavailable

__all__ = ["FencedOut", "LeaseLost", "RunStopped", "TargetSilent"]


class RunStopped(IrisplaneError):
    """This process no longer carries the run; it goes on elsewhere."""

    code = "ORC-160"
    title = "Run stopped here"
    hint = "Nothing to do: another worker carries it on."


class FencedOut(RunStopped):
    """Another worker took the run over: its number is newer."""

    code = "ORC-161"
    title = "Taken over"


class LeaseLost(RunStopped):
    """The others have declared this worker lost; it must stop and start anew."""

    code = "ORC-162"
    title = "Declared lost"


class TargetSilent(Unavailable):
    """A target did not answer within the time that the phase has."""

    code = "ORC-163"
    title = "No answer in time"
    hint = "Look at the device: does it answer on its console? Its own timer takes back what was not confirmed."
